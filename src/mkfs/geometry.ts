/**
 * Where the parts of a new disk begin, from what was asked for.
 *
 * The parts follow each other without gaps: superblock, swap, free-block bitmap, inodes, data,
 * journal. Numbers are exact here, where 32-bit arithmetic would wrap, so that no request, however
 * large, passes a check that it should fail.
 */
import { UserError } from "../base/user-error.ts";
import { inodesPerBlock, maxBlockCount, minInodeCount, superblockMagic } from "../chkfs/layout.ts";
import { bitmapBlockCount, inodeBlockCount, type Superblock } from "../chkfs/superblock.ts";

/** What was asked for; undefined where the default decides. Each from 1 to 2^31-1. */
export interface GeometryRequest {
    /** Blocks on the disk; 1024 by default. */
    readonly blockCount?: number | undefined;
    /** Inodes, counting the unused inode 0. The default fills the blocks up to the data. */
    readonly inodeCount?: number | undefined;
    readonly swapBlockCount?: number | undefined;
    /** Blocks of journal; may be 0. */
    readonly journalBlockCount?: number | undefined;
    /** Where data must begin. */
    readonly firstDataBlock?: number | undefined;
    /** True to accept disks that a checker refuses, as the reference tool does. */
    readonly isReference?: boolean;
}

/** What files and directories take up. */
export interface ContentSize {
    readonly dataBlockCount: number;
    /** Counting the unused inode 0. */
    readonly inodeCount: number;
}

const defaultBlockCount = 1024;

/** Blocks before the data on a small disk, and blocks of inodes on a large one, by default. */
const defaultHeadBlockCount = 16;

/** The largest number that a superblock's signed `ninodes` holds. */
const maxInodeCount = 0x7fff_ffff;

/** More files than a computer's folder holds, in a fraction of the largest disk. */
const largestOpenInodeCount = 0x1000_0000;

/** The superblock for a request. Throws `UserError` when the request cannot be met. */
export function planGeometry(request: GeometryRequest): Superblock {
    const nblocks = request.blockCount ?? defaultBlockCount;
    const isReference = request.isReference === true;
    if (nblocks >= maxBlockCount && !isReference) {
        throw new UserError(`too many blocks, at most ${maxBlockCount - 1}`);
    }
    const nswap = request.swapBlockCount ?? 0;
    const njournal = request.journalBlockCount ?? 0;
    const swapBlock = 1;
    const bitmapBlock = swapBlock + nswap;
    const inodeBlock = bitmapBlock + bitmapBlockCount(nblocks);
    const ninodes = request.inodeCount ?? defaultInodeCount(inodeBlock, request.firstDataBlock);
    const dataBlock = inodeBlock + inodeBlockCount(ninodes);
    if (ninodes < minInodeCount && !isReference) {
        throw new UserError(`too few inodes, need at least ${minInodeCount}`);
    }
    if (ninodes < 2) {
        throw new UserError("too few inodes, need at least 2: inode 1 is the root directory");
    }
    if (dataBlock + njournal > nblocks) {
        throw new UserError(`too few blocks, need at least ${dataBlock + njournal}`);
    }
    if (request.firstDataBlock !== undefined && request.firstDataBlock !== dataBlock) {
        throw new UserError(
            `expected first data block ${request.firstDataBlock}, computed ${dataBlock}`,
        );
    }
    if (ninodes > maxInodeCount) {
        throw new UserError(
            `data from block ${dataBlock} leaves room for ${ninodes} inodes, ` +
                `but there are at most ${maxInodeCount}; choose their number with -i`,
        );
    }
    return {
        magic: superblockMagic,
        nblocks,
        nswap,
        ninodes,
        njournal,
        swap_bn: swapBlock,
        fbb_bn: bitmapBlock,
        inode_bn: inodeBlock,
        data_bn: dataBlock,
        journal_bn: nblocks - njournal,
    };
}

/** Inodes that fill the blocks up to the first data block, wanted or by custom the 16th. */
function defaultInodeCount(inodeBlock: number, firstDataBlock: number | undefined): number {
    if (firstDataBlock !== undefined && firstDataBlock > inodeBlock) {
        return (firstDataBlock - inodeBlock) * inodesPerBlock;
    }
    // On a disk with little swap and a bitmap of one or two blocks, data begins at block 16.
    const isSmallHead = inodeBlock <= 3;
    return (defaultHeadBlockCount - (isSmallHead ? inodeBlock : 0)) * inodesPerBlock;
}

/**
 * The smallest disk that meets `request` and has `dataBlockCount` blocks for data, in blocks.
 */
export function neededBlockCount(request: GeometryRequest, dataBlockCount: number): number {
    let blockCount = dataBlockCount;
    // A larger disk may need a larger bitmap, which needs a larger disk; it settles at once.
    for (;;) {
        const inodeBlock = 1 + (request.swapBlockCount ?? 0) + bitmapBlockCount(blockCount);
        const ninodes = request.inodeCount ?? defaultInodeCount(inodeBlock, request.firstDataBlock);
        const needed =
            inodeBlock +
            inodeBlockCount(ninodes) +
            dataBlockCount +
            (request.journalBlockCount ?? 0);
        if (needed <= blockCount) {
            return blockCount;
        }
        blockCount = needed;
    }
}

/** The largest disk that `request` allows, for content whose size is not known yet. */
export function largestGeometry(request: GeometryRequest): Superblock {
    const inodeCount = request.inodeCount ?? largestOpenInodeCount;
    return planGeometry({ ...request, blockCount: maxBlockCount - 1, inodeCount });
}

/**
 * A disk with room for `content` and an eighth more, of no fewer blocks and inodes than the
 * default. The number of inodes stays as `request` has it; its number of blocks does not count.
 */
export function fittingGeometry(request: GeometryRequest, content: ContentSize): Superblock {
    const dataBlockCount = withSpare(content.dataBlockCount);
    const plan = (inodeCount: number | undefined) => {
        const sized = { ...request, inodeCount };
        const neededCount = neededBlockCount(sized, dataBlockCount);
        // The bitmap's bytes are full when the blocks are a multiple of eight.
        const blockCount = Math.max(defaultBlockCount, Math.ceil(neededCount / 8) * 8);
        return planGeometry({ ...sized, blockCount: Math.min(blockCount, maxBlockCount - 1) });
    };
    const superblock = plan(request.inodeCount);
    const inodeCount = withSpare(content.inodeCount);
    if (request.inodeCount !== undefined || superblock.ninodes >= inodeCount) {
        return superblock;
    }
    return plan(Math.ceil(inodeCount / inodesPerBlock) * inodesPerBlock);
}

function withSpare(count: number): number {
    return count + Math.ceil(count / 8);
}
