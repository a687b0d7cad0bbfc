/**
 * Random layouts: the extents of a finished layout move to new places.
 *
 * Extents keep their length and their content; only their order on the disk changes, and free
 * blocks come between them. What was laid out compactly becomes a permutation of block numbers.
 */
import type { Superblock } from "../chkfs/superblock.ts";
import type { MovableExtent } from "./extent.ts";
import type { LayoutChance } from "./layout-chance.ts";

/**
 * Shuffles `extents`, in which each one's place in the list decides its place on the disk.
 *
 * @param firstMovable index of the first extent that may leave its place; those before it stay
 * @param freeBlock the first block that no extent uses; gaps take blocks from there
 */
export function scatterExtents(
    extents: MovableExtent[],
    firstMovable: number,
    superblock: Superblock,
    freeBlock: number,
    chance: LayoutChance,
): void {
    chance.shuffle(extents, firstMovable);
    let freeBlockCount = superblock.journal_bn - freeBlock;
    let blockNo = superblock.data_bn;
    for (const [index, extent] of extents.entries()) {
        if (index > 0) {
            const gap = Math.min(chance.gapLength(), freeBlockCount);
            freeBlockCount -= gap;
            blockNo += gap;
        }
        extent.first = blockNo;
        blockNo += extent.count;
    }
}
