/**
 * What the analysis of a journal says, in whose order, and what it then plans. Each journal here
 * has one thing wrong with it; a second notice stands only where the first one entails it.
 */
import { describe, expect, it } from "vitest";
import { analyzeJournal, type JournalAnalysis } from "../../src/chkfs/journal/analysis.ts";
import { encodeRecord, type JournalRecord, placeRecord } from "../../src/chkfs/journal/codec.ts";
import { noticeKinds, noticeText } from "../../src/chkfs/journal/notices.ts";
import { type JournalRules, referenceRules, soundRules } from "../../src/chkfs/journal/rules.ts";
import { droppedCount } from "../support/journal-cases.ts";

const start = 0x10;
const commit = 0x20;
const complete = 0x40;

/** Blocks 2 to 89 of a disk of 100 may be written; the journal is behind them. */
const targets = { blockCount: 100, firstTarget: 2, endTarget: 90 };

/** A block's content: zeros where a magic number would be, then one byte. */
function filled(byte: number): Uint8Array {
    return new Uint8Array(4096).fill(byte, 8);
}

/** A record: its transaction's only one, committed, unless the fields say otherwise. */
function record(fields: Partial<JournalRecord> = {}): JournalRecord {
    const tid = fields.tid ?? 5;
    return {
        seq: 10,
        tid,
        commitBoundary: tid + 1,
        completeBoundary: 5,
        flags: start | commit,
        ...fields,
    };
}

/** A journal with records from the given blocks on. */
function journal(blockCount: number, records: readonly [number, JournalRecord][]): Uint8Array {
    const bytes = new Uint8Array(blockCount * 4096);
    for (const [blockIndex, one] of records) {
        placeRecord(bytes, blockIndex, one);
    }
    return bytes;
}

/** Changes a 16-bit field of a metablock that has no checksum. */
function poked(bytes: Uint8Array, byteOffset: number, value: number): Uint8Array {
    new DataView(bytes.buffer).setUint16(byteOffset, value, true);
    return bytes;
}

function analyze(bytes: Uint8Array, rules: JournalRules = soundRules): JournalAnalysis {
    return analyzeJournal(bytes, targets, rules);
}

/** The notices as lines, without those of metablocks that were found. */
function lines({ log }: JournalAnalysis): string[] {
    return log.notices
        .filter(({ kind }) => kind !== "found-metablock")
        .map((notice) => `${notice.blockIndex}: ${noticeText(notice)}`);
}

/**
 * A journal between whose first and last record the boundaries go once around the circle, which
 * is the only way to get past the checks of each metablock against the one before it.
 */
function aroundTheCircle(first: JournalRecord, last: JournalRecord): Uint8Array {
    const between = (seq: number, boundary: number): JournalRecord => ({
        ...record({ seq, tid: boundary, flags: 0 }),
        commitBoundary: boundary,
        completeBoundary: boundary,
    });
    return journal(6, [
        [0, first],
        [1, between(11, 30_000)],
        [2, between(12, 50_000)],
        [3, last],
    ]);
}

interface Case {
    readonly bytes: Uint8Array;
    /** Every notice but those of metablocks that were found. */
    readonly lines: readonly string[];
    /** Whether there is something to carry out. */
    readonly isPlanned: boolean;
}

const one = (blockNo: number) => ({ blockNo, content: filled(blockNo) });
const region = (from: number, to: number) => `-1: committable region is [${from},${to})`;

const torn = journal(4, [[0, record({ writes: [one(20)] })]]);
torn[4096 + 100] ^= 1;

const checksumGone = journal(4, [[1, record()]]);
new DataView(checksumGone.buffer).setUint32(4096 + 8, 0x1234, true);

const cases: Readonly<Record<string, Case>> = {
    "no-metablocks": {
        bytes: journal(4, []),
        lines: ["-1: no metablocks found"],
        isPlanned: false,
    },
    "not-metablock-magic": {
        bytes: poked(journal(4, [[0, record()]]), 2 * 4096, 0xabcd),
        lines: ["2: not a metablock (magic number abcd)", region(5, 6)],
        isPlanned: true,
    },
    "not-metablock-checksum": {
        bytes: checksumGone,
        lines: ["1: not a metablock (checksum 1234)", "-1: no metablocks found"],
        isPlanned: false,
    },
    "committable-region": {
        bytes: journal(4, [
            [0, record({ tid: 65_535, commitBoundary: 0, completeBoundary: 65_535 })],
        ]),
        lines: [region(65_535, 0)],
        isPlanned: true,
    },
    "marked-error": {
        bytes: journal(4, [
            [0, record()],
            [1, record({ seq: 11, tid: 6, flags: 0x02 })],
        ]),
        lines: ["1: metablock marked jf_error (recoverable)", region(5, 6)],
        isPlanned: true,
    },
    "marked-error by the corrupt bit": {
        bytes: journal(4, [
            [0, record()],
            [1, record({ seq: 11, tid: 6, flags: 0x04 })],
        ]),
        lines: ["1: metablock marked jf_error (recoverable)", region(5, 6)],
        isPlanned: true,
    },
    "not-marked-meta": {
        bytes: poked(
            journal(4, [
                [0, record()],
                [1, record({ unchecked: true })],
            ]),
            4096 + 24,
            0x30,
        ),
        lines: ["1: metablock not marked with jf_meta (recoverable)", region(5, 6)],
        isPlanned: true,
    },
    "too-many-refs": {
        bytes: poked(
            journal(4, [
                [0, record()],
                [
                    1,
                    record({
                        writes: Array.from({ length: 339 }, () => ({ blockNo: 20 })),
                        unchecked: true,
                    }),
                ],
            ]),
            4096 + 26,
            340,
        ),
        lines: ["1: metablock has too many refs (recoverable)", region(5, 6)],
        isPlanned: true,
    },
    "data-looks-like-metablock": {
        bytes: journal(4, [
            [1, record({ seq: 11, tid: 6, commitBoundary: 7, writes: [one(20)] })],
            [2, record()],
        ]),
        lines: ["2: referenced datablock looks like metablock (recoverable)", region(5, 6)],
        isPlanned: true,
    },
    "data-bad-checksum": {
        bytes: torn,
        lines: [
            "1: referenced datablock has bad checksum (recoverable)",
            "-1: no metablocks found",
        ],
        isPlanned: false,
    },
    // The third data block would lie where the record itself begins.
    "too-many-data-blocks": {
        bytes: journal(4, [[1, record({ writes: [one(20), one(21), one(22)] })]]).slice(4096),
        lines: [
            "0: too many referenced datablocks",
            "0: referenced datablock looks like metablock (recoverable)",
        ],
        isPlanned: false,
    },
    "duplicate-seq": {
        bytes: journal(4, [
            [0, record()],
            [1, record({ tid: 6, commitBoundary: 7 })],
        ]),
        lines: ["1: duplicate journal seqno"],
        isPlanned: false,
    },
    "commit-backtracked": {
        bytes: journal(4, [
            [0, record({ seq: 10, commitBoundary: 6 })],
            [1, record({ seq: 11, tid: 5, commitBoundary: 5, flags: 0 })],
        ]),
        lines: ["1: journal commit_boundary backtracked"],
        isPlanned: false,
    },
    "complete-backtracked": {
        bytes: journal(4, [
            [0, record({ tid: 5, completeBoundary: 5 })],
            [1, record({ seq: 11, tid: 6, commitBoundary: 7, completeBoundary: 4 })],
        ]),
        lines: ["1: journal complete_boundary backtracked"],
        isPlanned: false,
    },
    "complete-above-commit": {
        bytes: journal(4, [
            [0, record({ tid: 6, commitBoundary: 6, completeBoundary: 7, flags: 0 })],
        ]),
        lines: ["0: journal complete_boundary above commit_boundary"],
        isPlanned: false,
    },
    "adds-to-committed": {
        bytes: journal(6, [
            [0, record()],
            [1, record({ seq: 11, flags: 0, writes: [one(20)] })],
        ]),
        lines: ["1: journal adds data to a committed transaction"],
        isPlanned: false,
    },
    "adds-to-completed": {
        bytes: journal(6, [[0, record({ completeBoundary: 6, writes: [one(20)] })]]),
        lines: ["0: journal adds data to a completed transaction"],
        isPlanned: false,
    },
    "completed-above-boundary": {
        bytes: journal(4, [[0, record({ flags: start | commit | complete })]]),
        lines: ["0: completed transaction above complete_boundary"],
        isPlanned: false,
    },
    "committed-above-boundary": {
        bytes: journal(4, [[0, record({ commitBoundary: 5 })]]),
        lines: ["0: committed transaction above commit_boundary"],
        isPlanned: false,
    },
    "seq-missing": {
        bytes: journal(4, [
            [0, record({ commitBoundary: 5, flags: start })],
            [1, record({ seq: 12, flags: commit })],
        ]),
        lines: [region(5, 6), "1: tid 5: seq number 11 missing"],
        isPlanned: false,
    },
    "start-misplaced where it is missing": {
        bytes: journal(4, [[0, record({ flags: commit })]]),
        lines: [region(5, 6), "0: tid 5: jf_start flag in improper place"],
        isPlanned: false,
    },
    "start-misplaced where it comes again": {
        bytes: journal(4, [
            [0, record({ commitBoundary: 5, flags: start })],
            [1, record({ seq: 11 })],
        ]),
        lines: [region(5, 6), "1: tid 5: jf_start flag in improper place"],
        isPlanned: false,
    },
    "continues-after-commit": {
        bytes: aroundTheCircle(record(), record({ seq: 13, flags: 0, writes: [one(20)] })),
        lines: [region(5, 6), "3: tid 5: continues after commit"],
        isPlanned: false,
    },
    "completes-below-boundary": {
        bytes: aroundTheCircle(
            record({ completeBoundary: 6, flags: start | commit | complete }),
            record({ seq: 13, tid: 7, commitBoundary: 6, flags: 0 }),
        ),
        lines: [region(5, 6), "0: tid 5: completes below complete_boundary"],
        isPlanned: false,
    },
    "continues-after-complete, which completes below the boundary": {
        bytes: aroundTheCircle(
            record({ completeBoundary: 6, flags: start | commit | complete }),
            record({ seq: 13, flags: 0 }),
        ),
        lines: [
            region(5, 6),
            "0: tid 5: completes below complete_boundary",
            "3: tid 5: continues after complete",
        ],
        isPlanned: false,
    },
    "not-committed": {
        bytes: journal(4, [[0, record({ tid: 6, commitBoundary: 7, completeBoundary: 5 })]]),
        lines: [region(5, 7), "-1: tid 5 in committable region is not committed"],
        isPlanned: false,
    },
    "target-out-of-range": {
        bytes: journal(4, [[0, record({ writes: [one(100)] })]]),
        lines: [region(5, 6), "0: tid 5: writes block 100, which is not on the disk"],
        isPlanned: false,
    },
    "target-protected in front": {
        bytes: journal(4, [[0, record({ writes: [one(1)] })]]),
        lines: [region(5, 6), "0: tid 5: writes block 1, which no transaction may write"],
        isPlanned: false,
    },
    "target-protected in the journal": {
        bytes: journal(4, [[0, record({ writes: [one(90)] })]]),
        lines: [region(5, 6), "0: tid 5: writes block 90, which no transaction may write"],
        isPlanned: false,
    },
};

describe("a journal is analysed", () => {
    it.each(Object.keys(cases))("and noticed: %s", (name) => {
        const { bytes, lines: expected, isPlanned } = cases[name];
        const analysis = analyze(bytes);
        expect(lines(analysis)).toEqual(expected);
        expect(analysis.plan !== undefined).toBe(isPlanned);
    });

    it("and every kind of notice is among these", () => {
        const kinds = new Set(Object.keys(cases).map((name) => name.split(/[ ,]/)[0]));
        const all: string[] = Object.values(noticeKinds).flat();
        expect([...kinds, "found-metablock"].sort()).toEqual(all.sort());
    });

    it("in the order of its blocks first, then of its sequence, then of its transactions", () => {
        const bytes = journal(8, [
            [0, record({ seq: 12, tid: 8, commitBoundary: 9 })],
            [2, record({ seq: 10, tid: 6, commitBoundary: 7, flags: commit })],
            [3, record({ seq: 11, tid: 7, commitBoundary: 8, flags: start | commit | 0x02 })],
        ]);
        bytes[7 * 4096] = 0xff;
        const { log } = analyze(bytes);
        expect(log.notices.map((notice) => `${notice.blockIndex}: ${noticeText(notice)}`)).toEqual([
            "0: found potential metablock",
            "2: found potential metablock",
            "3: found potential metablock",
            "3: metablock marked jf_error (recoverable)",
            "7: not a metablock (magic number ff)",
            "-1: committable region is [5,9)",
            "-1: tid 5 in committable region is not committed",
            "2: tid 6: jf_start flag in improper place",
            "-1: tid 7 in committable region is not committed",
        ]);
    });
});

describe("what a journal replays", () => {
    const planned = (bytes: Uint8Array, rules?: JournalRules) =>
        analyze(bytes, rules).plan?.map(({ tid, blockNo, dataIndex }) => [tid, blockNo, dataIndex]);

    it("is the newest write to each block, in the order of the sequence", () => {
        const bytes = journal(10, [
            [0, record({ writes: [one(20), one(21), one(20)] })],
            [4, record({ seq: 11, tid: 6, commitBoundary: 7, writes: [one(22), one(21)] })],
        ]);
        expect(planned(bytes)).toEqual([
            [5, 20, 3],
            [6, 22, 5],
            [6, 21, 6],
        ]);
    });

    it("leaves out what was later not journaled, and what is not committed", () => {
        const bytes = journal(10, [
            [0, record({ writes: [one(20), one(21)] })],
            [3, record({ seq: 11, tid: 6, commitBoundary: 7, writes: [{ blockNo: 20 }] })],
            [
                4,
                record({
                    seq: 12,
                    tid: 7,
                    commitBoundary: 7,
                    flags: start,
                    writes: [{ blockNo: 21 }],
                }),
            ],
        ]);
        expect(planned(bytes)).toEqual([[5, 21, 2]]);
    });

    it("is in order across 65535, which the reference's rules refuse", () => {
        const bytes = journal(6, [
            [0, record({ seq: 65_535, writes: [one(20)] })],
            [2, record({ seq: 0, tid: 6, commitBoundary: 7, writes: [one(20)] })],
        ]);
        expect(planned(bytes)).toEqual([[6, 20, 3]]);
        expect(planned(bytes, referenceRules)).toBeUndefined();
        expect(lines(analyze(bytes, referenceRules))).toEqual([
            "0: journal commit_boundary backtracked",
            "0: journal adds data to a committed transaction",
        ]);
    });

    it("includes what the disk calls overwritten, which the reference's rules leave out", () => {
        const bytes = journal(4, [[0, record({ writes: [one(20)], unchecked: true })]]);
        poked(bytes, 28 + 8, 0x400);
        expect(planned(bytes)).toEqual([[5, 20, 1]]);
        expect(planned(bytes, referenceRules)).toEqual([]);
    });

    it("may be the superblock under the reference's rules, but nothing off the disk", () => {
        const writes = (blockNo: number) => journal(4, [[0, record({ writes: [one(blockNo)] })]]);
        expect(planned(writes(0))).toBeUndefined();
        expect(planned(writes(0), referenceRules)).toEqual([[5, 0, 1]]);
        expect(planned(writes(100), referenceRules)).toBeUndefined();
    });
});

describe("a hostile journal", () => {
    /** A journal as long as can be, each of its blocks a metablock that `fill` has changed. */
    function longest(fill: (view: DataView, byteOffset: number, index: number) => void) {
        const block = encodeRecord({ ...record(), unchecked: true });
        const bytes = new Uint8Array(65_535 * 4096);
        const view = new DataView(bytes.buffer);
        for (let index = 0; index < 65_535; index++) {
            bytes.set(block.subarray(0, 28), index * 4096);
            fill(view, index * 4096, index);
        }
        return bytes;
    }

    it("of metablocks that claim 65535 references each is told in 10,000 notices of a kind", () => {
        const { log, plan } = analyze(longest((view, at) => view.setUint16(at + 26, 65_535, true)));
        expect(plan).toBeUndefined();
        // Of each: that it was found, that it claims too much, and 339 data blocks that are none;
        // and at the end that no metablock is left.
        expect(log.notices.length + droppedCount(log)).toBe(65_535 * (2 + 339) + 1);
        // Progress is told whole, what is wrong 10,000 times a kind.
        expect(log.notices).toHaveLength(65_535 + 2 * 10_000 + 1);
    });

    it("with a gap before each metablock and no whole transaction is told briefly", () => {
        const bytes = longest((view, at, index) => {
            view.setUint16(at + 16, index, true);
            view.setUint16(at + 18, index % 2 === 0 ? 5 : 40_000, true);
            view.setUint16(at + 20, 32_000, true);
            view.setUint16(at + 22, 5, true);
            view.setUint16(at + 24, 0x01, true);
        });
        const { log, plan } = analyze(bytes);
        expect(plan).toBeUndefined();
        expect(log.notices.length).toBeLessThanOrEqual(100_000);
        expect(log.isFatal).toBe(true);
    });
});
