/**
 * The recorded runs of the reference `mkchickadeefs`: same bytes, messages and exit statuses.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { mkchickadeefs } from "../../src/cli/mkfs-command.ts";
import { runProgram } from "../support/memory-host.ts";

interface RecordedRun {
    readonly args: readonly string[];
    readonly exit: number;
    readonly stdout?: string;
    readonly stdout_sha256?: string;
    readonly stderr: string;
    readonly image?: { readonly path: string; readonly bytes: number; readonly sha256: string };
}

interface Outcome {
    readonly exit: number;
    /** The text, or the digest of what is no text. */
    readonly stdout: string;
    readonly stderr: string;
    readonly image: { readonly bytes: number; readonly sha256: string } | undefined;
}

const recorded = join(import.meta.dirname, "recorded");
const cases = readdirSync(join(recorded, "mkfs"))
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.slice(0, -".json".length));

/**
 * Where the default does better than the reference: why, and what it says instead. These runs are
 * exact with `--reference`.
 */
const differences: Readonly<Record<string, { why: string; stderr: string; exit: number }>> = {
    "006-names": {
        why: "an empty name is no name, and a checker complains about it",
        stderr: "f2.txt:: bad name\n",
        exit: 1,
    },
    "015-name-dup": {
        why: "of two files with one name only the first could be opened",
        stderr: "f2.txt: name 'f1.txt' is already taken\n",
        exit: 1,
    },
    "018-out-of-inodes": {
        why: "a disk of fewer than ten inodes does not pass a check",
        stderr: "too few inodes, need at least 10\n",
        exit: 1,
    },
    "033-help": { why: "help knows the new options", stderr: "", exit: 0 },
    "036-stdout": { why: "writing an image to a pipe works", stderr: "", exit: 0 },
    "046-randomize-as-helped": { why: "--randomize is what help promises", stderr: "", exit: 0 },
};

function readRun(name: string): RecordedRun {
    return JSON.parse(readFileSync(join(recorded, "mkfs", `${name}.json`), "utf8"));
}

/** The folder of input files, by their paths in it. */
const inputs: Readonly<Record<string, Uint8Array>> = Object.fromEntries(
    readdirSync(join(recorded, "input"), { recursive: true, encoding: "utf8" })
        .filter((path) => statSync(join(recorded, "input", path)).isFile())
        .map((path) => [path, readFileSync(join(recorded, "input", path))]),
);

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

function runAgain(args: readonly string[], imagePath: string | undefined): Outcome {
    const result = runProgram(mkchickadeefs, args, { files: inputs });
    const image =
        imagePath !== undefined && result.exists(imagePath)
            ? result.readFile(imagePath)
            : undefined;
    const stdout = result.stdoutBytes();
    return {
        exit: result.status,
        stdout: stdout.length < 10_000 ? result.stdout() : sha256(stdout),
        stderr: result.stderr(),
        image: image && { bytes: image.length, sha256: sha256(image) },
    };
}

function recordedOutcome(run: RecordedRun): Outcome {
    return {
        exit: run.exit,
        stdout: run.stdout_sha256 ?? run.stdout ?? "",
        stderr: run.stderr,
        image: run.image && { bytes: run.image.bytes, sha256: run.image.sha256 },
    };
}

describe("recorded runs of mkchickadeefs", () => {
    it("are all there", () => {
        expect(cases.length).toBe(48);
        expect(Object.keys(differences).filter((name) => !cases.includes(name))).toEqual([]);
    });

    it.each(cases)("%s is exact with --reference", (name) => {
        const run = readRun(name);
        expect(runAgain(["--reference", ...run.args], run.image?.path)).toEqual(
            recordedOutcome(run),
        );
    });

    it.each(cases.filter((name) => !(name in differences)))("%s is exact by default", (name) => {
        const run = readRun(name);
        expect(runAgain(run.args, run.image?.path)).toEqual(recordedOutcome(run));
    });

    it.each(Object.entries(differences))("%s differs by default", (name, { stderr, exit }) => {
        const run = readRun(name);
        const outcome = runAgain(run.args, run.image?.path);
        expect({ stderr: outcome.stderr, exit: outcome.exit }).toEqual({ stderr, exit });
        expect(outcome).not.toEqual(recordedOutcome(run));
    });

    it("leave no other file behind, whether they work or fail", () => {
        for (const name of cases) {
            const { args, image } = readRun(name);
            const result = runProgram(mkchickadeefs, ["--reference", ...args], { files: inputs });
            const expected = Object.keys(inputs).map((path) => path.split("/")[0]);
            expect(result.list(process.cwd())).toEqual(
                [...new Set([...expected, ...(image ? [image.path] : [])])].sort(),
            );
        }
    });

    it("would show a wrong byte", () => {
        const name = "001-empty";
        const image = gunzipSync(readFileSync(join(recorded, "mkfs", `${name}.img.gz`)));
        expect(sha256(image)).toBe(readRun(name).image?.sha256);
        image[image.length - 1] ^= 1;
        expect(sha256(image)).not.toBe(readRun(name).image?.sha256);
    });
});
