/**
 * What a replay will write: the fourth pass.
 *
 * Of all references to one block only the newest in the committable region counts; a newer one
 * that is not journaled (the block was freed, or written in place) silences the older ones too.
 * What is left is written in the order of the sequence.
 */
import { BlockFlag } from "../layout.ts";
import { isWithin16 } from "./arithmetic.ts";
import type { JournalBlocks, JournalMetablock, JournalReference } from "./metablocks.ts";
import type { NoticeLog } from "./notices.ts";
import type { JournalRules } from "./rules.ts";

/** One block that the replay writes to its home. */
export interface ReplayWrite {
    readonly tid: number;
    /** The block's home. */
    readonly blockNo: number;
    /** The block of the journal that holds the content. */
    readonly dataIndex: number;
    /** Whether the journal's magic number belongs into the first eight bytes. */
    readonly isEscaped: boolean;
}

/** Which blocks a transaction may write. */
export interface TargetRange {
    /** Blocks on the disk. */
    readonly blockCount: number;
    /** The first block that may be journaled: the free-block bitmap's. */
    readonly firstTarget: number;
    /** The first block behind those that may be journaled: the journal's. */
    readonly endTarget: number;
}

/**
 * The writes of the transactions from `completeBoundary` up to `commitBoundary`, in order.
 * A target that is off the disk is always fatal; one that belongs to the superblock, swap or the
 * journal is fatal under `checkTargets`.
 */
export function planWrites(
    blocks: JournalBlocks,
    sequence: readonly JournalMetablock[],
    completeBoundary: number,
    commitBoundary: number,
    targets: TargetRange,
    rules: JournalRules,
    log: NoticeLog,
): ReplayWrite[] {
    const newestFirst: ReplayWrite[] = [];
    // A bit for each block of the disk: millions of references may silence each other.
    const silenced = new Uint8Array(Math.ceil(targets.blockCount / 8));
    for (let index = sequence.length - 1; index >= 0; index--) {
        const metablock = sequence[index];
        if (!isWithin16(metablock.tid, completeBoundary, commitBoundary)) {
            continue;
        }
        const references: JournalReference[] = [];
        blocks.forEachReference(metablock, rules, (reference) => references.push(reference));
        for (const reference of references.reverse()) {
            const { blockNo, dataIndex, bflags } = reference;
            const bit = 1 << (blockNo & 7);
            const isOverwritten =
                (silenced[blockNo >>> 3] & bit) !== 0 ||
                (!rules.ignoreOverwrittenBit && (bflags & BlockFlag.overwritten) !== 0);
            if (isOverwritten) {
                continue;
            }
            silenced[blockNo >>> 3] |= bit;
            if (dataIndex >= 0) {
                checkTarget(metablock, blockNo, targets, rules, log);
                const isEscaped = (bflags & BlockFlag.escaped) !== 0;
                newestFirst.push({ tid: metablock.tid, blockNo, dataIndex, isEscaped });
            }
        }
    }
    return newestFirst.reverse();
}

function checkTarget(
    { blockIndex, tid }: JournalMetablock,
    blockNo: number,
    targets: TargetRange,
    rules: JournalRules,
    log: NoticeLog,
): void {
    if (blockNo >= targets.blockCount) {
        log.add("target-out-of-range", blockIndex, tid, blockNo);
    } else if (
        rules.checkTargets &&
        (blockNo < targets.firstTarget || blockNo >= targets.endTarget)
    ) {
        log.add("target-protected", blockIndex, tid, blockNo);
    }
}
