/**
 * Journals as a correct kernel writes them: transactions of one or more records, one after
 * another around the journal, each committed by its last record, completed some time later.
 */
import { assert } from "../src/base/assert.ts";
import type { Random } from "../src/base/random.ts";
import { type JournalRecord, type JournalWrite, placeRecord } from "../src/chkfs/journal/codec.ts";
import { blockSize, journalMagic, MetablockFlag, metablockLayout } from "../src/chkfs/layout.ts";

/** A record and where it stands. */
export interface PlacedRecord {
    /** The block of the journal that holds its metablock. */
    readonly blockIndex: number;
    readonly record: JournalRecord;
}

export interface RandomJournal {
    /** The whole journal. */
    readonly bytes: Uint8Array;
    /** In the order of their sequence numbers. */
    readonly records: readonly PlacedRecord[];
    /** What a replay writes, by block; a block that is freed in the end is not in it. */
    readonly replayed: ReadonlyMap<number, Uint8Array>;
}

export interface JournalShape {
    readonly blockCount: number;
    /** Blocks that may be written, in any order. */
    readonly targets: readonly number[];
    /** New content for a block. */
    readonly contentFor: (blockNo: number) => Uint8Array;
    /** Every write to a target changes it; otherwise some are references without a block. */
    readonly onlyJournaled?: boolean;
}

/** Numbers from which 16 bits soon wrap, more often than others. */
function startNumber(random: Random): number {
    return random.pick([0, 1, random.below(65_536), random.between(65_520, 65_535), 32_765]);
}

/** A journal of up to `blockCount` blocks of records, the last transaction perhaps uncommitted. */
export function randomJournal(random: Random, shape: JournalShape): RandomJournal {
    const { blockCount } = shape;
    const bytes = new Uint8Array(blockCount * blockSize);
    const records: PlacedRecord[] = [];
    let blockIndex = random.below(blockCount);
    let left = random.between(1, blockCount);
    let seq = startNumber(random);
    let commitBoundary = startNumber(random);
    let completeBoundary = commitBoundary;
    const add = (record: JournalRecord, lengthBlocks: number) => {
        placeRecord(bytes, blockIndex, record);
        records.push({ blockIndex, record });
        blockIndex = (blockIndex + lengthBlocks) % blockCount;
        left -= lengthBlocks;
        seq = (seq + 1) & 0xffff;
    };
    for (let isOpen = true; isOpen && left > 0; ) {
        const tid = commitBoundary;
        const recordCount = random.pick([1, 1, 1, 2, 3]);
        for (let index = 0; index < recordCount && left > 0; index++) {
            const writes = randomWrites(random, shape, left - 1);
            const lengthBlocks = 1 + writes.filter(({ content }) => content !== undefined).length;
            // The last record that fits is committed too, or the transaction stays open.
            const isLast = index === recordCount - 1 || left - lengthBlocks <= 0;
            const commits = isLast && !random.chance(1, 12);
            if (random.chance(1, 4)) {
                completeBoundary = (completeBoundary + random.below(2)) & 0xffff;
                completeBoundary = isAfter(completeBoundary, tid) ? tid : completeBoundary;
            }
            commitBoundary = commits ? (tid + 1) & 0xffff : tid;
            const flags =
                (index === 0 ? MetablockFlag.start : 0) | (commits ? MetablockFlag.commit : 0);
            const unchecked = random.chance(1, 12);
            add(
                { seq, tid, commitBoundary, completeBoundary, flags, writes, unchecked },
                lengthBlocks,
            );
            isOpen = isLast ? commits && !random.chance(1, 8) : isOpen;
        }
    }
    return { bytes, records, replayed: replayedBlocks(records, completeBoundary, commitBoundary) };
}

function isAfter(a: number, b: number): boolean {
    return a !== b && ((a - b) & 0xffff) < 0x8000;
}

function randomWrites(
    random: Random,
    shape: JournalShape,
    maxContentCount: number,
): JournalWrite[] {
    const { targets, contentFor, onlyJournaled = false } = shape;
    const count = Math.min(random.pick([0, 1, 2, 3, 6]), maxContentCount);
    return Array.from({ length: count }, () => {
        const blockNo = random.pick(targets);
        return !onlyJournaled && random.chance(1, 10)
            ? { blockNo }
            : { blockNo, content: contentFor(blockNo), unchecked: random.chance(1, 12) };
    });
}

/** The model of a replay: every committed write in order, the later over the earlier. */
function replayedBlocks(
    records: readonly PlacedRecord[],
    completeBoundary: number,
    commitBoundary: number,
): Map<number, Uint8Array> {
    const blocks = new Map<number, Uint8Array>();
    for (const { record } of records) {
        const { tid, writes = [] } = record;
        if (isAfter(completeBoundary, tid) || !isAfter(commitBoundary, tid)) {
            continue;
        }
        for (const { blockNo, content } of writes) {
            if (content === undefined) {
                blocks.delete(blockNo);
            } else {
                blocks.set(blockNo, content);
            }
        }
    }
    return blocks;
}

/** A block that begins as a metablock does, so that a journal must escape it. */
export function magicBlock(fill: number): Uint8Array {
    const block = new Uint8Array(blockSize).fill(fill);
    metablockLayout.at(block).magic = journalMagic;
    assert(block[0] === 0xed, "the magic number is little-endian");
    return block;
}
