/** What mkchickadeefs writes, the recorded reference's images too, satisfies a strict check. */
import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { mkchickadeefs } from "../../src/cli/mkfs-command.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { checkImage } from "../../src/fsck/check.ts";
import type { FindingCode } from "../../src/fsck/finding.ts";
import { runProgram } from "../support/memory-host.ts";

const folder = new URL("../golden/recorded/mkfs/", import.meta.url);
const names = readdirSync(folder)
    .filter((name) => name.endsWith(".img.gz"))
    .map((name) => name.replace(".img.gz", ""))
    .sort();

function strictCodes(bytes: Uint8Array): string[] {
    const codes = new Set<FindingCode>();
    checkImage(
        new MemoryStore(bytes),
        (event) => {
            if (event.kind === "finding") {
                codes.add(event.finding.code);
            }
        },
        { strict: true },
    );
    return [...codes];
}
/** What is found in images that are not as they should be, or that are unusual. */
const expected: Readonly<Record<string, readonly FindingCode[]>> = {
    // Made so on purpose: an empty name, and a name twice.
    "006-names": ["dirent-empty-name"],
    "015-name-dup": ["dirent-duplicate-name"],
    // Random layouts cut a file where they need not; only a note.
    "042-random": ["extents-adjacent"],
    "043-random-journal": ["extents-adjacent"],
    "044-random-first-data": ["extents-adjacent"],
};

describe("a strict check", () => {
    it("would not pass a folder's image with one bit wrong", () => {
        const image = gunzipSync(readFileSync(new URL("000-default.img.gz", folder)));
        // Inode 1's nlink, in block 2.
        image[2 * 4096 + 64 + 8] = 2;
        expect(strictCodes(image)).toEqual(["inode-nlink-high"]);
    });

    it("finds nothing in what our own mkchickadeefs writes", () => {
        const options = [
            [],
            ["-b", "300", "-i", "70", "-w", "5", "-j", "9"],
            ["-b", "4096", "-f", "16"],
        ];
        for (const args of options) {
            const run = runProgram(mkchickadeefs, [...args, "-o", "out.img", "a.txt", "b.txt"], {
                files: { "a.txt": "text", "b.txt": new Uint8Array(50_000).fill(7) },
            });
            expect(run.status).toBe(0);
            expect(strictCodes(run.readFile("out.img"))).toEqual([]);
        }
    });

    it.each(names)("has nothing to say of %s but what is true", (name) => {
        const image = gunzipSync(readFileSync(new URL(`${name}.img.gz`, folder)));
        expect(strictCodes(image)).toEqual(expected[name] ?? []);
    });
});
