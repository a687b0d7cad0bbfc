/** What a check must not let slip, however large its numbers or however crowded its journal. */
import { describe, expect, it } from "vitest";
import { analyzeJournal } from "../../src/chkfs/journal/analysis.ts";
import { type JournalRecord, placeRecord } from "../../src/chkfs/journal/codec.ts";
import { referenceRules, soundRules } from "../../src/chkfs/journal/rules.ts";
import { chickadeefsck } from "../../src/cli/fsck-command.ts";
import { buildImage, fragmented, type TestImage } from "../support/image-builder.ts";
import { runProgram } from "../support/memory-host.ts";

const blockSize = 4096;

function check(image: TestImage | Uint8Array, ...args: string[]) {
    const bytes = image instanceof Uint8Array ? image : image.bytes;
    const run = runProgram(chickadeefsck, [...args, "x.img"], { files: { "x.img": bytes } });
    return { status: run.status, lines: run.stdout().split("\n") };
}

function record(fields: Partial<JournalRecord>): JournalRecord {
    const { start, commit } = { start: 0x10, commit: 0x20 };
    return {
        seq: 1,
        tid: 5,
        commitBoundary: 6,
        completeBoundary: 5,
        flags: start | commit,
        ...fields,
    };
}

describe("a journal that is refused", () => {
    /** 80 records of 300 torn blocks each, then two records of one sequence number. */
    function crowded(): Uint8Array {
        const { bytes, journal_bn } = buildImage({
            root: {},
            blockCount: 500,
            inodeCount: 64,
            journalBlockCount: 400,
        });
        const journal = bytes.subarray(journal_bn * blockSize);
        const content = new Uint8Array(blockSize).fill(1);
        const torn = new Uint8Array(301 * blockSize);
        placeRecord(torn, 0, {
            ...record({ seq: 100, tid: 9 }),
            writes: Array.from({ length: 300 }, () => ({ blockNo: 3, content })),
        });
        for (let blockIndex = 0; blockIndex < 80; blockIndex++) {
            journal.set(torn.subarray(0, blockSize), blockIndex * blockSize);
        }
        placeRecord(journal, 390, { ...record({}), writes: [{ blockNo: 3, content }] });
        placeRecord(journal, 394, record({ tid: 6, completeBoundary: 6, commitBoundary: 7 }));
        return bytes;
    }

    it("is refused aloud behind any number of torn records", () => {
        const { status, lines } = check(crowded());
        expect(status).toBe(1);
        expect(lines).toContain("journal: block 394/400: duplicate journal seqno");
        expect(lines).toContain("... and 10840 more of journal-data-bad-checksum");
    });
});

describe("a journal of 22 million references", () => {
    it("is analysed, for what is overwritten is a bit for each block", () => {
        const blockCount = 65_535;
        const bytes = new Uint8Array(blockCount * blockSize);
        const block = new Uint8Array(blockSize);
        const writes = Array.from({ length: 339 }, () => ({ blockNo: 0 }));
        placeRecord(block, 0, { ...record({ flags: 0 }), writes, unchecked: true });
        const view = new DataView(block.buffer);
        for (let index = 0; index < blockCount; index++) {
            view.setUint16(16, index, true);
            view.setUint16(24, index === 0 ? 0x11 : index === blockCount - 1 ? 0x21 : 0x01, true);
            view.setUint16(20, index === blockCount - 1 ? 6 : 5, true);
            for (let at = 28; at < blockSize; at += 12) {
                view.setUint32(at, index * 339 + (at - 28) / 12, true);
            }
            bytes.set(block, index * blockSize);
        }
        const targets = { blockCount: 2 ** 28, firstTarget: 1, endTarget: 2 ** 28 };
        const { plan, log } = analyzeJournal(bytes, targets, soundRules);
        expect(log.isFatal).toBe(false);
        expect(plan).toEqual([]);
    });
});

describe("numbers half a circle apart", () => {
    const journalOf = (...records: JournalRecord[]) => {
        const bytes = new Uint8Array(16 * blockSize);
        for (const [index, fields] of records.entries()) {
            placeRecord(bytes, 4 * index, fields);
        }
        return bytes;
    };
    const targets = { blockCount: 100, firstTarget: 1, endTarget: 80 };
    const content = new Uint8Array(blockSize).fill(7);

    it.each([soundRules, referenceRules])("lie before each other for the second pass", (rules) => {
        // The commit flag of tid 5 with boundary 5 + 0x8000 is in order: 5 lies before it.
        const boundary = 0x8005;
        const sound = analyzeJournal(
            journalOf(record({ commitBoundary: boundary, completeBoundary: boundary })),
            targets,
            rules,
        );
        expect(sound.log.notices.map(({ kind }) => kind)).toEqual([
            "found-metablock",
            "committable-region",
        ]);
        // Data for tid 5 behind that boundary are not.
        const late = analyzeJournal(
            journalOf(
                record({ tid: 4, flags: 0, commitBoundary: boundary, completeBoundary: 4 }),
                record({
                    seq: 2,
                    commitBoundary: boundary,
                    writes: [{ blockNo: 30, content }],
                }),
            ),
            targets,
            rules,
        );
        expect(late.log.notices.map(({ kind }) => kind)).toContain("adds-to-committed");
    });
});

describe("a sound disk", () => {
    it("may have a file of thousands of holes, one extent each", () => {
        const content = new Uint8Array(8000 * blockSize);
        const runs = Array.from({ length: 8000 }, (_, index) => (index === 0 ? 1 : -1));
        const image = buildImage({
            root: { "holes.bin": fragmented(content, runs) },
            blockCount: 256,
            inodeCount: 64,
        });
        const { status, lines } = check(image, "-Wno-holes");
        expect({ status, lines }).toEqual({ status: 0, lines: [""] });
    });
});

describe("a root that is a regular file", () => {
    it("fails every check, but not the reference's", () => {
        const image = buildImage({ root: {}, inodeCount: 64 });
        image.pokeInode(1, "type", 1);
        expect(check(image).lines).toContain(
            "\x1b[1minode 1:\x1b[m error: root directory has type 1 (expected 2)",
        );
        expect(check(image).status).toBe(1);
        expect(check(image, "--reference").status).toBe(0);
    });
});

describe("a hole that reaches behind the end of the file", () => {
    it("is a hole and an extra extent", () => {
        const image = buildImage({
            root: { f: fragmented(new Uint8Array(51 * blockSize), [1, -50]) },
            blockCount: 128,
            inodeCount: 64,
        });
        image.pokeInode(2, "size", 4097);
        expect(check(image)).toEqual({
            status: 0,
            lines: [
                "\x1b[1minode 2 (f) [1]:\x1b[m warning: hole in file",
                "\x1b[1minode 2 (f) [2]:\x1b[m warning: file has extra extents beyond its size",
                "  file size is 4097, extent 0+50 covers offsets 4096-208895",
                "",
            ],
        });
    });
});
