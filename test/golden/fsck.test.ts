/**
 * What the reference `chickadeefsck` printed, returned and wrote, replayed against ours.
 *
 * Ours differs by default where the reference is wrong. Each such case is listed here with its
 * reason, must differ, and must equal the record under `--reference`.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { utf8Encode } from "../../src/base/byte-string.ts";
import { chickadeefsck } from "../../src/cli/fsck-command.ts";
import { runProgram } from "../support/memory-host.ts";

interface Recorded {
    readonly args: readonly string[];
    readonly exit: number;
    readonly stdout: string;
    readonly stderr: string;
    readonly image_sha256: string;
    readonly after_sha256?: string;
}

const folder = new URL("recorded/fsck/", import.meta.url);

const names = readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.replace(".json", ""))
    .sort();

const reasons = {
    torn: "a record that a crash tore is no error: the exit status is 0",
    wrap: "sequence numbers that cross 65535 are in order",
    hole: "a hole is not an error; behind the end of the file it is an extra extent",
    end: "a block right behind the end of the file is beyond it",
    early: "extents that end before the file are an error with indirect extents too",
    njournal: "the message about njournal has the right numbers",
} as const;

/** Case by case: why ours differs. */
const differences: Readonly<Record<string, string>> = {
    "0045-journal-random-journal": reasons.wrap,
    "0052-journal-random-journal": reasons.wrap,
    "0066-journal-random-journal": reasons.hole,
    "0079-corrupt-name-dup": reasons.end,
    "0088-corrupt-random-many": reasons.hole,
    "0091-corrupt-names": reasons.njournal,
    "0096-corrupt-random": reasons.hole,
    "0100-corrupt-names": reasons.hole,
    "0104-journal-random-journal": reasons.torn,
    "0115-corrupt-many-files": reasons.end,
    "0116-corrupt-random": reasons.hole,
    "0119-corrupt-name-dup": reasons.hole,
    "0123-journal-random-journal": reasons.torn,
    "0129-corrupt-first-data": reasons.hole,
    "0135-corrupt-random": reasons.hole,
    "0139-corrupt-default": reasons.hole,
    "0150-journal-random-journal": reasons.hole,
    "0163-journal-all-options": reasons.torn,
    "0168-corrupt-name-dup": reasons.hole,
    "0198-corrupt-all-options": reasons.hole,
    "0208-journal-long-options": reasons.torn,
    "0214-corrupt-names": reasons.hole,
    "0223-corrupt-names": reasons.end,
    "0226-journal-all-options": reasons.hole,
    "0228-corrupt-default": reasons.hole,
    "0232-journal-random-journal": reasons.torn,
    "0237-corrupt-random": reasons.early,
    "0238-journal-all-options": reasons.wrap,
    "0240-corrupt-empty": reasons.hole,
    "0250-corrupt-name-dup": reasons.hole,
    "0283-corrupt-first-data": reasons.hole,
    "0290-corrupt-all-options": reasons.end,
    "0297-corrupt-all-options": reasons.hole,
};

function sha256(bytes: Uint8Array): string {
    return createHash("sha256").update(bytes).digest("hex");
}

function read(name: string): { recorded: Recorded; image: Uint8Array } {
    const recorded = JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8"));
    const image = gunzipSync(readFileSync(new URL(`${name}.img.gz`, folder)));
    return { recorded, image };
}

function replay(recorded: Recorded, image: Uint8Array, extraArgs: readonly string[] = []) {
    const run = runProgram(chickadeefsck, [...extraArgs, ...recorded.args], {
        files: { "disk.img": image },
    });
    return {
        exit: run.status,
        stdout: run.stdout(),
        stderr: run.stderr(),
        after: sha256(run.readFile("disk.img")),
    };
}

function expectation({ exit, stdout, stderr, image_sha256, after_sha256 }: Recorded) {
    return {
        exit,
        stdout: utf8Encode(stdout),
        stderr: utf8Encode(stderr),
        after: after_sha256 ?? image_sha256,
    };
}

describe("chickadeefsck does what the reference did", () => {
    it("has all 300 records", () => {
        expect(names).toHaveLength(300);
    });

    it.each(names)("%s", (name) => {
        const { recorded, image } = read(name);
        expect(sha256(image)).toBe(recorded.image_sha256);
        const expected = expectation(recorded);
        expect(replay(recorded, image, ["--reference"])).toEqual(expected);
        const byDefault = replay(recorded, image);
        if (Object.hasOwn(differences, name)) {
            expect(byDefault).not.toEqual(expected);
        } else {
            expect(byDefault).toEqual(expected);
        }
    });
});
