/**
 * The images of `finding-images` for the journal: one of 8 blocks at the end of a disk of 64.
 *
 * Sequence and transaction numbers are chosen so that a record's first transaction is 1 and the
 * boundary in front of it is 1 too. Home blocks are free ones, from 20 on.
 */

import { crc32c } from "../../src/base/crc32c.ts";
import {
    encodeRecord,
    type JournalRecord,
    metablockChecksum,
    placeRecord,
} from "../../src/chkfs/journal/codec.ts";
import { damaged, type FindingImage } from "./finding-image.ts";

const blockSize = 4096;
const error = 0x02;
const start = 0x10;
const commit = 0x20;
const complete = 0x40;

const content = (byte: number) => new Uint8Array(blockSize).fill(byte);
const write = (blockNo: number) => ({ blockNo, content: content(blockNo) });

/** A metablock of transaction `tid` that does nothing but move the boundaries. */
function mark(seq: number, tid: number, completeBoundary: number, commitBoundary: number) {
    return { seq, tid, completeBoundary, commitBoundary, flags: 0 };
}

/** Transaction 1 in one record that writes block 20, committed and not completed. */
const record: JournalRecord = {
    ...mark(1, 1, 1, 2),
    flags: start | commit,
    writes: [write(20)],
};

/** The same without its commit: it will not be replayed. */
const idle: JournalRecord = { ...mark(1, 1, 1, 1), flags: start, writes: [write(20)] };

/** Damage to the blocks of a journal. */
type Damage = (journal: Uint8Array) => void;

/** Records that follow each other from the journal's first block on, then damaged. */
function journal(
    records: readonly JournalRecord[],
    damage: Damage,
    ...lines: string[]
): FindingImage {
    return damaged(
        { root: { f: "text" }, journalBlockCount: 8 },
        (image) => {
            const blocks = image.bytes.subarray(image.journal_bn * blockSize);
            let blockIndex = 0;
            for (const one of records) {
                placeRecord(blocks, blockIndex, one);
                blockIndex += encodeRecord(one).length / blockSize;
            }
            damage(blocks);
        },
        ...lines,
    );
}

const unharmed: Damage = () => {};

/** Overwrites bytes of the first metablock, and makes its checksum right again. */
function rewrite(byteOffset: number, ...values: number[]): Damage {
    return (blocks) => {
        blocks.set(values, byteOffset);
        const view = new DataView(blocks.buffer, blocks.byteOffset);
        view.setUint32(8, metablockChecksum(blocks), true);
    };
}

/** A block of zeros that begins with the journal's magic number. */
const metablockLike = content(0);
metablockLike.set([0xed, 0xce, 0xeb, 0x9e, 0x00, 0xbb, 0xbf, 0xfb]);

/** Takes the escape of the second block's content back, by hand. */
const takeEscapeBack: Damage = (blocks) => {
    const view = new DataView(blocks.buffer, blocks.byteOffset);
    view.setBigUint64(blockSize, 0xfbbfbb009eebceedn, true);
    view.setUint32(28 + 4, crc32c(blocks, blockSize, 2 * blockSize), true);
    rewrite(28 + 8, 0, 0)(blocks);
};

/** Where the first reference's `bflags` are. */
const bflagsOffset = 28 + 8;

const rejectedImages = {
    "journal-marked-error": journal(
        [{ ...record, writes: [], flags: start | commit | error }],
        unharmed,
        "journal: block 0/8: error: metablock marked jf_error (recoverable)",
    ),
    "journal-not-marked-meta": journal(
        [{ ...record, writes: [] }],
        rewrite(24, start | commit),
        "journal: block 0/8: error: metablock not marked with jf_meta (recoverable)",
    ),
    "journal-too-many-refs": journal(
        [{ ...record, writes: Array.from({ length: 339 }, () => ({ blockNo: 20 })) }],
        rewrite(26, 84, 1),
        "journal: block 0/8: error: metablock has too many refs (recoverable)",
    ),
    "journal-data-looks-like-metablock": journal(
        [record],
        (blocks) => placeRecord(blocks, 1, mark(2, 2, 2, 2)),
        "journal: block 1/8: warning: referenced datablock looks like metablock (recoverable)",
    ),
    "journal-data-bad-checksum": journal(
        [record],
        (blocks) => blocks.fill(0, blockSize + 512, blockSize + 1024),
        "journal: block 1/8: warning: referenced datablock has bad checksum (recoverable)",
    ),
    "journal-too-many-data-blocks": {
        ...journal(
            [],
            (blocks) => {
                const writes = Array.from({ length: 8 }, (_, index) => write(20 + index));
                blocks.set(encodeRecord({ ...record, writes }).subarray(0, blocks.length));
            },
            "journal: block 0/8: error: too many referenced datablocks",
        ),
        also: ["journal-data-looks-like-metablock"],
        why: "the journal is a ring, so that the data end in the metablock itself",
    },
} satisfies Record<string, FindingImage>;

const sequenceImages = {
    "journal-duplicate-seq": journal(
        [mark(1, 2, 2, 2), mark(1, 2, 2, 2)],
        unharmed,
        "journal: block 1/8: error: duplicate journal seqno",
    ),
    "journal-commit-backtracked": journal(
        [mark(1, 3, 2, 3), mark(2, 3, 2, 2)],
        unharmed,
        "journal: block 1/8: error: journal commit_boundary backtracked",
    ),
    "journal-complete-backtracked": journal(
        [mark(1, 3, 3, 3), mark(2, 3, 2, 3)],
        unharmed,
        "journal: block 1/8: error: journal complete_boundary backtracked",
    ),
    "journal-complete-above-commit": journal(
        [mark(1, 3, 3, 2)],
        unharmed,
        "journal: block 0/8: error: journal complete_boundary above commit_boundary",
    ),
    "journal-adds-to-committed": journal(
        [mark(1, 1, 1, 2), { ...mark(2, 1, 1, 2), writes: [write(20)] }],
        unharmed,
        "journal: block 1/8: error: journal adds data to a committed transaction",
    ),
    "journal-adds-to-completed": journal(
        [{ ...mark(1, 1, 2, 2), writes: [write(20)] }],
        unharmed,
        "journal: block 0/8: error: journal adds data to a completed transaction",
    ),
    "journal-completed-above-boundary": journal(
        [{ ...mark(1, 1, 1, 2), flags: complete }],
        unharmed,
        "journal: block 0/8: error: completed transaction above complete_boundary",
    ),
    "journal-committed-above-boundary": journal(
        [{ ...mark(1, 1, 1, 1), flags: commit }],
        unharmed,
        "journal: block 0/8: error: committed transaction above commit_boundary",
    ),
} satisfies Record<string, FindingImage>;

// Boundaries cannot go back, but 16 bits wrap around: in steps of less than half a circle they
// come again to where a transaction was committed before.
const transactionImages = {
    "journal-seq-missing": journal(
        [
            { ...mark(1, 1, 1, 1), flags: start, writes: [write(20)] },
            { ...mark(3, 1, 1, 2), flags: commit },
        ],
        unharmed,
        "journal: block 2/8: error: tid 1: seq number 2 missing",
    ),
    "journal-start-misplaced": journal(
        [{ ...record, flags: commit }],
        unharmed,
        "journal: block 0/8: error: tid 1: jf_start flag in improper place",
    ),
    "journal-continues-after-commit": journal(
        [
            { ...mark(1, 5, 5, 6), flags: start },
            mark(2, 29_999, 20_000, 30_000),
            mark(3, 44_999, 40_000, 45_000),
            { ...mark(4, 5, 40_000, 45_000), writes: [write(20)] },
            mark(5, 59_999, 60_000, 60_000),
            mark(6, 6, 5, 6),
        ],
        unharmed,
        "journal: block 3/8: error: tid 5: continues after commit",
    ),
    "journal-continues-after-complete": {
        ...journal(
            [
                { ...mark(1, 10, 20_000, 20_000), flags: start },
                mark(2, 39_999, 40_000, 40_000),
                mark(3, 10, 45_000, 45_000),
                mark(4, 59_999, 60_000, 60_000),
                mark(5, 11, 10, 11),
            ],
            unharmed,
            "journal: block 2/8: error: tid 10: continues after complete",
        ),
        also: ["journal-completes-below-boundary"],
        why: "what goes on after its completion was completed before",
    },
    "journal-completes-below-boundary": journal(
        [
            { ...mark(1, 10, 20_000, 20_000), flags: start },
            mark(2, 39_999, 40_000, 40_000),
            mark(3, 59_999, 60_000, 60_000),
            mark(4, 11, 10, 11),
        ],
        unharmed,
        "journal: block 0/8: error: tid 10: completes below complete_boundary",
    ),
    "journal-not-committed": journal(
        [mark(1, 6, 5, 6)],
        unharmed,
        "journal: error: tid 5 in committable region is not committed",
    ),
    "journal-target-out-of-range": journal(
        [{ ...record, writes: [write(20), { ...write(20), blockNo: 999 }] }],
        unharmed,
        "journal: block 0/8: error: tid 1: writes block 999, which is not on the disk",
    ),
    "journal-target-protected": journal(
        [{ ...record, writes: [{ ...write(20), blockNo: 0 }] }],
        unharmed,
        "journal: block 0/8: error: tid 1: writes block 0, which no transaction may write",
    ),
} satisfies Record<string, FindingImage>;

const strictMetablockImages = {
    "journal-short": damaged(
        { root: { f: "text" }, journalBlockCount: 2 },
        () => {},
        "note: journal has only 2 blocks",
    ),
    "journal-metablock-unchecked": journal(
        [{ ...record, unchecked: true }],
        unharmed,
        "journal: block 0/8: warning: metablock without checksum",
    ),
    "journal-metablock-torn": journal(
        [record, mark(2, 2, 1, 2)],
        (blocks) => blocks.fill(7, 3 * blockSize - 512, 3 * blockSize),
        "journal: block 2/8: note: torn metablock",
    ),
    "journal-metablock-flags": journal(
        [{ ...record, flags: start | commit | 0x8000 }],
        unharmed,
        "journal: block 0/8: warning: metablock with unknown flags 0x8000",
    ),
    "journal-metablock-padding": journal(
        [record],
        (blocks) => blocks.fill(1, 12, 13),
        "journal: block 0/8: note: metablock padding not zero",
    ),
    "journal-metablock-leftover": journal(
        [record],
        rewrite(28 + 12, 1),
        "journal: block 0/8: note: metablock not zero behind its 1 reference",
    ),
} satisfies Record<string, FindingImage>;

const strictReferenceImages = {
    "journal-reference-flags": journal(
        [record],
        rewrite(bflagsOffset, 1),
        "journal: block 0/8: warning: unknown flags in 1 reference (the first is 0)",
    ),
    "journal-reference-padding": journal(
        [{ ...record, writes: [write(20), write(21)] }],
        rewrite(bflagsOffset + 12 + 2, 1),
        "journal: block 0/8: note: padding not zero in 1 reference (the first is 1)",
    ),
    "journal-reference-overwritten": journal(
        [record],
        rewrite(bflagsOffset + 1, 0x04),
        "journal: block 0/8: error: marked as overwritten: 1 reference (the first is 0)",
    ),
    "journal-reference-contradiction": journal(
        [{ ...record, writes: [{ blockNo: 20 }] }],
        rewrite(bflagsOffset + 1, 0x03),
        "journal: block 0/8: warning: escaped but not journaled: 1 reference (the first is 0)",
    ),
    "journal-reference-unchecked": journal(
        [{ ...record, writes: [write(20), { ...write(21), unchecked: true }] }],
        unharmed,
        "journal: block 0/8: warning: no checksum of data for 1 reference (the first is 1)",
    ),
    "journal-target-repeated": journal(
        [{ ...record, writes: [write(20), write(21), write(20)] }],
        unharmed,
        "journal: block 0/8: note: 1 reference to a block that the metablock wrote before " +
            "(the first is 2, to block 20)",
    ),
    "journal-idle-target-range": journal(
        [{ ...idle, writes: [write(20), { ...write(21), blockNo: 64 }] }],
        unharmed,
        "journal: block 0/8: error: 1 reference to a block off the disk " +
            "(the first is 1, to block 64)",
    ),
    "journal-idle-target-protected": journal(
        [{ ...idle, writes: [{ ...write(20), blockNo: 63 }, { blockNo: 0 }] }],
        unharmed,
        "journal: block 0/8: error: 2 references to a block that no transaction may write " +
            "(the first is 0, to block 63)",
    ),
    "journal-escape-overwrites": journal(
        [record],
        rewrite(bflagsOffset + 1, 0x01),
        "journal: block 1/8: error: escaped data block does not begin with zeros",
    ),
    "journal-escape-missing": journal(
        [
            {
                ...record,
                writes: [
                    {
                        blockNo: 20,
                        content: metablockLike,
                    },
                ],
            },
        ],
        takeEscapeBack,
        "journal: block 1/8: warning: data block begins with the journal's magic number " +
            "but is not escaped",
    ),
} satisfies Record<string, FindingImage>;

const strictNumberImages = {
    "journal-seq-gap": journal(
        [record, { ...mark(5, 2, 1, 3), flags: start | commit, writes: [write(21)] }],
        unharmed,
        "journal: block 2/8: warning: seq number 5 follows 1 (expected 2)",
    ),
    "journal-seq-reused": journal(
        [record, mark(1, 2, 1, 2)],
        (blocks) => blocks.fill(7, 3 * blockSize - 512, 3 * blockSize),
        "journal: block 2/8: warning: torn metablock reuses seq number 1",
    ),
    "journal-tid-reused": journal(
        [
            { ...mark(1, 5, 5, 5), flags: start },
            { ...mark(2, 5, 5, 5), flags: start },
        ],
        unharmed,
        "journal: block 1/8: warning: tid 5 starts a second time",
    ),
} satisfies Record<string, FindingImage>;

export const journalFindingImages = {
    ...rejectedImages,
    ...sequenceImages,
    ...transactionImages,
    ...strictMetablockImages,
    ...strictReferenceImages,
    ...strictNumberImages,
};
