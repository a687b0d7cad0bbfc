/** Runs of blocks, as the parts of this folder hand them to each other. */
import { blockSize } from "../chkfs/layout.ts";

/** `count` blocks from `first` on; see `extentLayout`. */
export interface Extent {
    readonly first: number;
    readonly count: number;
}

/** An extent whose place on the disk is not final: a random layout moves it whole. */
export interface MovableExtent {
    first: number;
    readonly count: number;
}

/** Blocks that `sizeBytes` bytes take. */
export function blocksFor(sizeBytes: number): number {
    return Math.ceil(sizeBytes / blockSize);
}

/** The same blocks in ascending order, in the fewest runs. The extents are disjoint. */
export function mergedExtents(extents: readonly Extent[]): Extent[] {
    const merged: { first: number; count: number }[] = [];
    for (const { first, count } of [...extents].sort((a, b) => a.first - b.first)) {
        const last = merged.at(-1);
        if (last !== undefined && last.first + last.count === first) {
            last.count += count;
        } else if (count > 0) {
            merged.push({ first, count });
        }
    }
    return merged;
}

/** The extents without one block, which splits the extent that holds it. */
export function withoutBlock(extents: readonly Extent[], blockNo: number): Extent[] {
    return extents.flatMap(({ first, count }) => {
        if (blockNo < first || blockNo >= first + count) {
            return [{ first, count }];
        }
        const before = { first, count: blockNo - first };
        const after = { first: blockNo + 1, count: first + count - blockNo - 1 };
        return [before, after].filter((part) => part.count > 0);
    });
}
