/**
 * From a file's blocks to the disk's.
 *
 * A file's extents are four in its inode, then those in the blocks of its indirect extent, 512 a
 * block, up to the first whose count is 0. Both numbers of every extent are hostile: blocks
 * outside the data area are reported and never read, and no step of the work is a block, so that
 * a count of 2^32-1 costs what a count of 1 does.
 */
import { type Extent, fileBlockCount, type Inode } from "./inode.ts";
import { blockSize, directExtentCount, extentLayout, extentsPerBlock } from "./layout.ts";
import type { VolumeBudget } from "./volume-budget.ts";

/** Where files may have blocks. */
export interface DataArea {
    /** The first block of data. */
    readonly dataStart: number;
    /** The block after the last that is data and that the image really has. */
    readonly dataEnd: number;
    /** Fills `target` from the start of a block that the image has. */
    readBlock(blockNo: number, target: Uint8Array): void;
}

/** An extent in the place where it stands. */
export interface ExtentSlot extends Extent {
    /** 0 to 3 in the inode, then through the indirect blocks. */
    readonly index: number;
}

/**
 * What stands behind a stretch of a file: `data` can be read; a `hole` is zeros; `invalid` is an
 * extent outside the data area or the image; `unmapped` is past the file's last extent.
 */
export type StretchKind = "data" | "hole" | "invalid" | "unmapped";

/** Blocks of a file that stand in a row on the disk. */
export interface Stretch {
    readonly kind: StretchKind;
    /** The first of the blocks, counted from the start of the file. */
    readonly fileBlockNo: number;
    /** The first of the blocks on the disk; 0 for a hole and where nothing is mapped. */
    readonly first: number;
    /** Blocks, at least 1. */
    readonly count: number;
}

/**
 * A file's extents as they stand on the disk, holes included, without regard to its size. Ends at
 * the first of count 0, at an indirect block that cannot be read, or with the budget.
 */
export function* extentSlots(
    area: DataArea,
    inode: Inode,
    budget: VolumeBudget,
): Generator<ExtentSlot, void> {
    for (const [index, { first, count }] of inode.direct.entries()) {
        if (count === 0 || !isGranted(area, first, count, budget)) {
            return;
        }
        yield { index, first, count };
    }
    const bytes = new Uint8Array(blockSize);
    const extent = extentLayout.at(bytes);
    const blockCount = readableCount(area, inode.indirect);
    for (let blockIndex = 0; blockIndex < blockCount; blockIndex++) {
        if (!budget.takeBlock()) {
            return;
        }
        area.readBlock(inode.indirect.first + blockIndex, bytes);
        const firstIndex = directExtentCount + blockIndex * extentsPerBlock;
        for (let slot = 0; slot < extentsPerBlock; slot++) {
            extent.byteOffset = slot * extentLayout.sizeBytes;
            const { first, count } = extent;
            if (count === 0 || !isGranted(area, first, count, budget)) {
                return;
            }
            yield { index: firstIndex + slot, first, count };
        }
    }
}

/** Draws an extent, and its claim where it reaches into the data. */
function isGranted(area: DataArea, first: number, count: number, budget: VolumeBudget): boolean {
    return budget.takeExtent() && (!isClaim(area, first, count) || budget.takeClaim());
}

/** Whether any of an extent's blocks are data that the image has. */
export function isClaim(area: DataArea, first: number, count: number): boolean {
    return first !== 0 && first < area.dataEnd && first + count > area.dataStart;
}

/** Blocks from an extent's start on that can be read: all, some, or 0. */
export function readableCount(area: DataArea, { first, count }: Extent): number {
    return first < area.dataStart ? 0 : Math.max(Math.min(count, area.dataEnd - first), 0);
}

/**
 * A file's blocks from its first to the last that its size asks for, in order and without gaps:
 * the counts add up to `ceil(size / 4096)` unless the budget ran out.
 */
export function* fileStretches(
    area: DataArea,
    inode: Inode,
    budget: VolumeBudget,
): Generator<Stretch, void> {
    const endBlockNo = fileBlockCount(inode.size);
    let fileBlockNo = 0;
    if (endBlockNo === 0) {
        return;
    }
    for (const extent of extentSlots(area, inode, budget)) {
        const count = Math.min(extent.count, endBlockNo - fileBlockNo);
        yield* stretchesOf(area, extent.first, count, fileBlockNo);
        fileBlockNo += count;
        if (fileBlockNo === endBlockNo) {
            return;
        }
    }
    yield { kind: "unmapped", fileBlockNo, first: 0, count: endBlockNo - fileBlockNo };
}

/** An extent of at least one block, cut where it enters and leaves the data area. */
export function* stretchesOf(
    area: DataArea,
    first: number,
    count: number,
    fileBlockNo: number,
): Generator<Stretch, void> {
    if (first === 0) {
        yield { kind: "hole", fileBlockNo, first, count };
        return;
    }
    const end = first + count;
    const dataFirst = Math.min(Math.max(first, area.dataStart), end);
    const dataEnd = Math.max(Math.min(end, area.dataEnd), dataFirst);
    if (dataFirst > first) {
        yield { kind: "invalid", fileBlockNo, first, count: dataFirst - first };
    }
    if (dataEnd > dataFirst) {
        const before = dataFirst - first;
        const length = dataEnd - dataFirst;
        yield { kind: "data", fileBlockNo: fileBlockNo + before, first: dataFirst, count: length };
    }
    if (end > dataEnd) {
        const before = dataEnd - first;
        const length = end - dataEnd;
        yield { kind: "invalid", fileBlockNo: fileBlockNo + before, first: dataEnd, count: length };
    }
}
