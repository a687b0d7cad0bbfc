/**
 * A short campaign of the fuzzers, and proof that they would notice: `npm run fuzz` runs long ones.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeBaseImages } from "../../fuzz/base-images.ts";
import { type CampaignResult, emptyResult, runCase } from "../../fuzz/campaign.ts";
import { examine, realTools, type Tools } from "../../fuzz/oracle.ts";
import { tokensOf } from "../../fuzz/plan.ts";
import { makeCase, makeImage, parseToken, tokenText } from "../../fuzz/registry.ts";
import { failureLines, summaryLines } from "../../fuzz/summary.ts";
import type { ByteReader, ByteStore } from "../../src/base/byte-store.ts";
import { journalFindings } from "../../src/fsck/catalogue/journal.ts";
import { superblockFindings } from "../../src/fsck/catalogue/superblock.ts";
import { blockFindings, directoryFindings, inodeFindings } from "../../src/fsck/catalogue/tree.ts";

const seed = 20_261;
const bases = makeBaseImages();

function campaign(count: number, only?: string, tools?: Tools): CampaignResult {
    const result = emptyResult();
    for (const token of tokensOf({ seed, count, only })) {
        runCase(token, bases, result, tools);
    }
    return result;
}

/**
 * Codes that chance does not bring about: the commit and complete boundaries would have to go
 * half around the circle of transaction numbers between two metablocks of one transaction.
 */
const outOfReach = [
    "journal-continues-after-commit",
    "journal-continues-after-complete",
    "journal-completes-below-boundary",
];

const baseCodes = Object.keys({
    ...superblockFindings,
    ...journalFindings,
    ...blockFindings,
    ...inodeFindings,
    ...directoryFindings,
});

/** Runs the built program, as `npm run fuzz` does. */
function fuzz(...args: readonly string[]) {
    const program = join(import.meta.dirname, "../../dist/fuzz/main.js");
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
        encoding: "utf8",
    });
    return { status, stdout, stderr };
}

describe("3,000 damaged images", () => {
    it("break nothing, and bring about every finding of a plain check", () => {
        const { status, stdout, stderr } = fuzz(
            "--count",
            "3051",
            "--seed",
            "20261",
            "--jobs",
            "2",
        );
        expect([status, stderr, stdout.match(/FAILURE[\s\S]*/)?.[0]]).toEqual([0, "", undefined]);
        expect(stdout).toMatch(/^3051 images, \d+ of \d+ codes, 0 failures$/m);
        expect(stdout).toMatch(/^ {6}270 {2}superblock: fields of the superblock$/m);
        const missed = /^Codes never found: (.*)$/m.exec(stdout)?.[1].split(", ") ?? baseCodes;
        const missedBase = missed.filter((code) => baseCodes.includes(code));
        expect(missedBase.filter((code) => !outOfReach.includes(code))).toEqual([]);
    }, 300_000);
});

describe("npm run fuzz", () => {
    it("replays a token, and says what was damaged and found", () => {
        const first = fuzz("--replay", "inodes:1:7");
        expect([first.status, first.stderr]).toEqual([0, ""]);
        expect(first.stdout).toMatch(
            /^inodes:1:7: [a-z-]+\n( {2}damage: .*\n)+[\s\S]*\nno failure\n$/,
        );
        expect(fuzz("--replay", "inodes:1:7")).toEqual(first);
    });

    it.each([
        [["--replay", "nobody:1:2"], "not a token: nobody:1:2; one looks like superblock:1:17"],
        [["--count", "many"], "--count needs a number from 1 on, not many"],
        [["--jobs", "0"], "--jobs needs a number from 1 on, not 0"],
    ])("refuses %j", (args, message) => {
        const { status, stdout, stderr } = fuzz(...args);
        expect([status, stdout, stderr.split("\n")[0]]).toEqual([2, "", message]);
    });
});

describe("a base image", () => {
    it("is sound, for all damage must be the fuzzers' own", () => {
        for (const base of bases) {
            const verdict = examine(makeImage({ base, damages: [] }));
            expect(verdict.failure).toBeUndefined();
            const codes = verdict.failure === undefined ? [...verdict.codes] : [];
            expect([base.name, codes.filter((code) => baseCodes.includes(code))]).toEqual([
                base.name,
                base.name === "endless-journal" ? ["journal-too-long"] : [],
            ]);
        }
    });
});

/** The first extents of the first inodes, as they stand on the disk. */
function firstExtents(disk: ByteReader): { first: number; count: number }[] {
    const view = new DataView(new ArrayBuffer(4096));
    const bytes = new Uint8Array(view.buffer);
    disk.read(0, bytes);
    disk.read(view.getUint32(512 + 32, true) * 4096, bytes);
    return Array.from({ length: 16 }, (_, inodeNo) => ({
        first: view.getUint32(inodeNo * 64 + 24, true),
        count: view.getUint32(inodeNo * 64 + 28, true),
    }));
}

/** A checker that is right except for what `defect` does once the superblock has passed. */
function defective(defect: (disk: ByteReader) => void): Tools {
    return {
        ...realTools,
        checkImage(disk, listener, options) {
            const result = realTools.checkImage(disk, listener, options);
            if (result.superblock !== undefined) {
                defect(disk);
            }
            return result;
        },
    };
}

const block = new Uint8Array(4096);
let runs = 0;

/** Checkers with one defect each; the fuzzers must find every one. */
const canaries: readonly { name: string; kind: string; only: string; tools: Tools }[] = [
    {
        name: "reads where an extent says",
        kind: "range",
        only: "inodes",
        tools: defective((disk) => {
            for (const { first } of firstExtents(disk)) {
                disk.read(first * 4096, block);
            }
        }),
    },
    {
        name: "takes a count near 2^32 at its word",
        kind: "work",
        only: "inodes",
        tools: defective((disk) => {
            for (const { count } of firstExtents(disk)) {
                for (let left = count; left > 0; left--) {
                    disk.read(0, block);
                }
            }
        }),
    },
    {
        name: "throws at a hole",
        kind: "throw",
        only: "inodes",
        tools: defective((disk) => {
            if (firstExtents(disk).some(({ first, count }) => first === 0 && count > 0)) {
                throw new RangeError("no hole");
            }
        }),
    },
    {
        name: "mends what it checks",
        kind: "write",
        only: "inodes",
        tools: defective((disk) => (disk as ByteStore).write(0, block)),
    },
    {
        name: "says something else every third time",
        kind: "differs",
        only: "inodes",
        tools: {
            ...realTools,
            checkImage(disk, listener, options) {
                runs++;
                return realTools.checkImage(disk, runs % 3 === 0 ? () => {} : listener, options);
            },
        },
    },
    {
        name: "says a whole block where a name should be",
        kind: "work",
        only: "directories",
        tools: {
            ...realTools,
            checkImage: (disk, listener, options) =>
                realTools.checkImage(
                    disk,
                    (event) =>
                        listener(
                            event.kind === "dirent"
                                ? { ...event, name: event.name.padEnd(4096, "?") }
                                : event,
                        ),
                    options,
                ),
        },
    },
    {
        name: "forgets the last block of a replay",
        kind: "differs",
        only: "journal-sound",
        tools: {
            ...realTools,
            saveReplay: (disk, journalBlockNo, analysis) =>
                realTools.saveReplay(disk, journalBlockNo, {
                    ...analysis,
                    plan: analysis.plan?.slice(0, -1),
                }),
        },
    },
    {
        name: "replays over the boot sector",
        kind: "write",
        only: "journal-sound",
        tools: {
            ...realTools,
            saveReplay(disk, journalBlockNo, analysis) {
                realTools.saveReplay(disk, journalBlockNo, analysis);
                disk.write(0, block.subarray(0, 8));
            },
        },
    },
];

describe("a checker", () => {
    it.each(canaries)("that $name is found out (canary)", ({ kind, only, tools }) => {
        const { failures } = campaign(120, only, tools);
        expect(failures.map((failure) => failure.kind)).toContain(kind);
    });
});

describe("a failure", () => {
    const [{ tools, only }] = canaries;

    it("comes again from its token alone, with only the damages that it needs", () => {
        const failed = campaign(120, only, tools).failures[0];
        const token = parseToken(tokenText(failed.token));
        if (token === undefined) {
            throw new Error("the token of a failure is a token");
        }
        const again = emptyResult();
        runCase(token, makeBaseImages(), again, tools);
        expect(again.failures).toEqual([failed]);
        const made = makeCase(token, bases).damages.map(({ description }) => description);
        expect(made).toEqual(expect.arrayContaining([...failed.damages]));
        expect(failed.damages).toHaveLength(1);
        expect(failed.damages[0]).toMatch(/^inode \d+: direct\[0\]: first (=|\+=) -?\d+$/);
    });

    it("is told with its token, image and damages", () => {
        const failure = {
            token: { fuzzer: "inodes", seed: 7, index: 12 },
            kind: "range",
            message: "read 4096+4096 of 4096 bytes",
            base: "small",
            damages: ["inode 1: size = 0"],
        };
        expect(failureLines(failure)).toEqual([
            "FAILURE (range): read 4096+4096 of 4096 bytes",
            "  replay with: npm run fuzz -- --replay inodes:7:12",
            "  image: small",
            "  damage: inode 1: size = 0",
        ]);
        const lines = summaryLines({ ...emptyResult(), failures: [failure] });
        expect(lines).toEqual(expect.arrayContaining(failureLines(failure)));
        expect(lines.at(-1)).toMatch(/^0 images, 0 of \d+ codes, 1 failures$/);
    });
});

describe("a token", () => {
    it("stands for the same image on every computer", () => {
        const image = makeImage(makeCase({ fuzzer: "everything", seed: 1, index: 2 }, bases));
        const again = makeImage(makeCase({ fuzzer: "everything", seed: 1, index: 2 }, bases));
        expect(Buffer.compare(image.bytesAt(0, 160 * 4096), again.bytesAt(0, 160 * 4096))).toBe(0);
    });

    it.each(["", "inodes", "inodes:1", "inodes:1:x", "nobody:1:2", "inodes:-1:2"])(
        "is not %j",
        (text) => expect(parseToken(text)).toBeUndefined(),
    );
});
