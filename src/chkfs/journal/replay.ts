/**
 * Carrying out a replay plan, safely against a crash at any write of its own.
 *
 * 1. Every home block is written, then made durable. A crash before that leaves the journal as it
 *    was, and the next replay writes the same blocks again.
 * 2. The journal is marked as completed, in one block, and that is made durable. This is the
 *    commit point: from here on nothing in the journal is to be replayed. Without the mark a
 *    crash during the wiping could leave an older metablock as the newest one, and the next
 *    replay would put old contents over new.
 * 3. Everything but the mark is wiped and made durable: first the records that were left out as
 *    torn (wiping what lies around them could complete them), then the rest.
 * 4. The mark is wiped.
 *
 * The mark is a metablock of its own in a block that no live record uses, so that a write of it
 * that tears is just no metablock. In a journal that is full of live records the newest metablock
 * becomes the mark: only its first 512 bytes are written, which a disk writes whole or not at all.
 */
import { assert } from "../../base/assert.ts";
import type { ByteStore } from "../../base/byte-store.ts";
import { blockSize, metablockLayout } from "../layout.ts";
import type { JournalAnalysis } from "./analysis.ts";
import { isWithin16, next16 } from "./arithmetic.ts";
import { encodeRecord, metablockChecksum, unescapeBlock } from "./codec.ts";
import { soundRules } from "./rules.ts";

/** What a disk writes whole or not at all (ATA: one logical sector). */
const sectorSize = 512;

/** Writes every block of the plan to its home in `disk`. Without a plan it writes nothing. */
export function writeHomeBlocks(disk: ByteStore, analysis: JournalAnalysis): void {
    const block = new Uint8Array(blockSize);
    for (const { blockNo, dataIndex, isEscaped } of analysis.plan ?? []) {
        const start = dataIndex * blockSize;
        block.set(analysis.blocks.bytes.subarray(start, start + blockSize));
        if (isEscaped) {
            unescapeBlock(block);
        }
        disk.write(blockNo * blockSize, block);
    }
}

/**
 * Replays a journal that has a plan into `disk` and wipes it, in an order that no crash can
 * spoil. `journalBlockNo` is the journal's first block.
 */
export function saveReplay(
    disk: ByteStore,
    journalBlockNo: number,
    analysis: JournalAnalysis,
): void {
    writeHomeBlocks(disk, analysis);
    disk.flush();
    const mark = markCompleted(disk, journalBlockNo, analysis);
    const zeros = new Uint8Array(blockSize);
    const wipe = (blockIndex: number) =>
        disk.write((journalBlockNo + blockIndex) * blockSize, zeros);
    const torn = analysis.metablocks.filter(
        ({ isAccepted, blockIndex }) => !isAccepted && blockIndex !== mark,
    );
    if (torn.length > 0) {
        for (const { blockIndex } of torn) {
            wipe(blockIndex);
        }
        disk.flush();
    }
    for (let blockIndex = 0; blockIndex < analysis.blocks.blockCount; blockIndex++) {
        if (blockIndex !== mark) {
            wipe(blockIndex);
        }
    }
    disk.flush();
    wipe(mark);
    disk.flush();
}

/** Makes "nothing is left to replay" durable; returns the block of the journal that says it. */
function markCompleted(
    disk: ByteStore,
    journalBlockNo: number,
    { blocks, sequence, region }: JournalAnalysis,
): number {
    const newest = sequence[sequence.length - 1];
    if (region === undefined || region.completeBoundary === region.commitBoundary) {
        return newest.blockIndex;
    }
    const { commitBoundary } = region;
    const free = findFreeBlock({ blocks, sequence, region });
    if (free === undefined) {
        const start = newest.blockIndex * blockSize;
        const block = blocks.bytes.slice(start, start + blockSize);
        const view = metablockLayout.at(block);
        view.complete_boundary = commitBoundary;
        view.nref = 0;
        view.checksum = metablockChecksum(block);
        disk.write((journalBlockNo + newest.blockIndex) * blockSize, block.subarray(0, sectorSize));
        disk.flush();
        return newest.blockIndex;
    }
    const mark = encodeRecord({
        seq: next16(newest.seq),
        tid: commitBoundary,
        commitBoundary,
        completeBoundary: commitBoundary,
        flags: 0,
    });
    disk.write((journalBlockNo + free) * blockSize, mark);
    disk.flush();
    return free;
}

/** A block of the journal that no record from the first live one on uses. */
function findFreeBlock({
    blocks,
    sequence,
    region,
}: Pick<JournalAnalysis, "blocks" | "sequence"> & {
    region: { completeBoundary: number; commitBoundary: number };
}): number | undefined {
    const firstLive = sequence.findIndex(({ tid }) =>
        isWithin16(tid, region.completeBoundary, region.commitBoundary),
    );
    assert(firstLive >= 0, "a region that is replayed has a metablock");
    const used = new Uint8Array(blocks.blockCount);
    for (const metablock of sequence.slice(firstLive)) {
        used[metablock.blockIndex] = 1;
        blocks.forEachReference(metablock, soundRules, ({ dataIndex }) => {
            if (dataIndex >= 0) {
                used[dataIndex] = 1;
            }
        });
    }
    const free = used.indexOf(0);
    return free < 0 ? undefined : free;
}
