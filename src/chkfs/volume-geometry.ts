/**
 * Whether a disk can be walked at all.
 *
 * The view of a tree trusts the superblock to say where the inodes and the data are. Here is all
 * that it needs to hold, and no more: a checker may ask for more before it is content. The fields
 * are below 2^32, so that their sums are exact.
 */
import { blockSize, maxBlockCount, superblockMagic } from "./layout.ts";
import { bitmapBlockCount, inodeBlockCount, type Superblock } from "./superblock.ts";

/**
 * Says in words why a disk of `sizeBytes` with this superblock cannot be walked, or undefined when
 * it can. A disk cut short inside its data can be: the blocks that are missing are not read.
 */
export function geometryProblem(superblock: Superblock, sizeBytes: number): string | undefined {
    if (superblock.magic !== superblockMagic) {
        return (
            `not a chkfs image: magic number is 0x${superblock.magic.toString(16)}, ` +
            `expected 0x${superblockMagic.toString(16)}`
        );
    }
    return (
        countProblem(superblock) ?? orderProblem(superblock) ?? lengthProblem(superblock, sizeBytes)
    );
}

function countProblem({ nblocks, ninodes }: Superblock): string | undefined {
    if (nblocks < 3 || nblocks >= maxBlockCount) {
        return `nblocks is ${nblocks}; a disk has 3 to ${maxBlockCount - 1} blocks`;
    }
    if (ninodes < 2 || ninodes >= 2 ** 31) {
        return `ninodes is ${ninodes | 0}; a disk has at least inodes 0 and 1`;
    }
    return undefined;
}

/** Each part of the disk begins where the part before it ends, or later. */
function orderProblem(superblock: Superblock): string | undefined {
    const { nblocks, nswap, ninodes, swap_bn, fbb_bn, inode_bn, data_bn, journal_bn } = superblock;
    if (swap_bn !== 1) {
        return `swap_bn is ${swap_bn}; swap space begins at block 1`;
    }
    const swapEnd = swap_bn + nswap;
    if (fbb_bn < swapEnd) {
        return `fbb_bn is ${fbb_bn}; swap space ends at block ${swapEnd}`;
    }
    const bitmapEnd = fbb_bn + bitmapBlockCount(nblocks);
    if (inode_bn < bitmapEnd) {
        return `inode_bn is ${inode_bn}; the free-block bitmap ends at block ${bitmapEnd}`;
    }
    const inodesEnd = inode_bn + inodeBlockCount(ninodes);
    if (data_bn < inodesEnd) {
        return `data_bn is ${data_bn}; the inodes end at block ${inodesEnd}`;
    }
    if (journal_bn < data_bn || journal_bn > nblocks) {
        return (
            `journal_bn is ${journal_bn}; data begins at block ${data_bn} ` +
            `and the disk ends at block ${nblocks}`
        );
    }
    return undefined;
}

function lengthProblem({ data_bn }: Superblock, sizeBytes: number): string | undefined {
    const neededBytes = data_bn * blockSize;
    return sizeBytes < neededBytes
        ? `cut short: ${sizeBytes} bytes, but the inodes alone reach to byte ${neededBytes}`
        : undefined;
}
