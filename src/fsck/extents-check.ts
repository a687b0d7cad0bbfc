/**
 * The extents of one inode: what they cover, in the order in which they cover it.
 *
 * The reference's order of complaints is kept. Positions are counted in blocks; extents of up to
 * 2^32 blocks add up exactly.
 */
import {
    blockSize,
    directExtentCount,
    extentLayout,
    extentsPerBlock,
    inodeLayout,
} from "../chkfs/layout.ts";
import type { Place } from "./finding.ts";
import type { WalkState } from "./walk-state.ts";

/** The inode whose extents are checked. */
export interface ExtentOwner {
    readonly inodeNo: number;
    readonly size: number;
    readonly role: "directory" | "regular";
}

/** Called for each block of the file that lies on the disk. */
export type BlockVisitor = (blockNo: number, index: number) => void;

interface ExtentList {
    /** File block at which the next extent begins. */
    position: number;
    sawEmpty: boolean;
    /** What an extent that follows an empty one is. */
    afterEmptyCode: "extent-after-empty" | "indirect-before-direct";
}

/** Checks all extents of an inode, given the inode's own 64 `bytes`. */
export function checkExtents(
    state: WalkState,
    owner: ExtentOwner,
    bytes: Uint8Array,
    visitBlock: BlockVisitor,
): void {
    const list: ExtentList = {
        position: 0,
        sawEmpty: false,
        afterEmptyCode: "extent-after-empty",
    };
    const extent = extentLayout.at(bytes, inodeLayout.fields.direct.offset);
    for (let i = 0; i < directExtentCount && !state.isExhausted; i++) {
        checkExtent(state, owner, list, extent.first, extent.count, visitBlock);
        extent.byteOffset += extentLayout.sizeBytes;
    }
    extent.byteOffset = inodeLayout.fields.indirect.offset;
    const { first, count } = extent;
    if (first !== 0 && count !== 0) {
        checkIndirect(state, owner, list, first, count, visitBlock);
        if (!state.rules.trustIndirect && !state.isExhausted) {
            checkEnd(state, owner, list);
        }
        return;
    }
    const place = placeOf(state, owner);
    if (count !== 0) {
        state.reporter.report("indirect-zero-block", place, {});
    }
    if (list.position * blockSize < owner.size && !state.isExhausted) {
        state.reporter.report("indirect-missing", place, {});
    }
}

function checkIndirect(
    state: WalkState,
    owner: ExtentOwner,
    list: ExtentList,
    first: number,
    count: number,
    visitBlock: BlockVisitor,
): void {
    const { data_bn, journal_bn } = state.superblock;
    if (first < data_bn || first + count > journal_bn) {
        state.reporter.report("indirect-out-of-range", placeOf(state, owner), { first, count });
        return;
    }
    for (let index = 0; index < count; index++) {
        if (!state.claim(first + index, "indirect", owner.inodeNo, index)) {
            return;
        }
    }
    if (list.sawEmpty && state.isStrict) {
        list.afterEmptyCode = "indirect-before-direct";
    }
    const bytes = new Uint8Array(blockSize);
    const extent = extentLayout.at(bytes);
    for (let blockNo = first; blockNo < first + count; blockNo++) {
        state.disk.read(blockNo * blockSize, bytes);
        for (let i = 0; i < extentsPerBlock; i++) {
            extent.byteOffset = i * extentLayout.sizeBytes;
            if (extent.count !== 0 && !state.takeExtent()) {
                return;
            }
            checkExtent(state, owner, list, extent.first, extent.count, visitBlock);
            if (state.isExhausted) {
                return;
            }
        }
    }
}

/** Extents that end before the file does, although the inode has indirect ones. */
function checkEnd(state: WalkState, owner: ExtentOwner, list: ExtentList): void {
    const coveredBytes = list.position * blockSize;
    if (coveredBytes < owner.size) {
        const parameters = { size: owner.size, coveredBytes };
        state.reporter.report("extents-end-early", placeOf(state, owner), parameters);
    }
}

function checkExtent(
    state: WalkState,
    owner: ExtentOwner,
    list: ExtentList,
    first: number,
    count: number,
    visitBlock: BlockVisitor,
): void {
    const { reporter, rules } = state;
    const start = list.position;
    if (count === 0) {
        list.sawEmpty = true;
        return;
    }
    if (list.sawEmpty) {
        reporter.report(list.afterEmptyCode, placeOf(state, owner, start), {});
    }
    if (first === 0) {
        const place = placeOf(state, owner, start);
        if (rules.holesAreErrors) {
            reporter.report("extent-zero-block", place, {});
        }
        if (start * blockSize < owner.size) {
            const isDirectory = owner.role === "directory" && state.isStrict;
            reporter.report(isDirectory ? "directory-hole" : "file-hole", place, {});
        }
        const firstBeyond = Math.max(start, Math.ceil(owner.size / blockSize));
        if (!rules.holesAreErrors && start + count > firstBeyond) {
            reportBeyondSize(state, owner, firstBeyond, { first, count, startIndex: start });
        }
    } else {
        if (reporter.isObserving) {
            reporter.observe({ kind: "extent", index: start, first, count });
        }
        checkBlocks(state, owner, start, first, count, visitBlock);
    }
    list.position += count;
}

function checkBlocks(
    state: WalkState,
    owner: ExtentOwner,
    start: number,
    first: number,
    count: number,
    visitBlock: BlockVisitor,
): void {
    const { reporter, rules, superblock } = state;
    const { size, role, inodeNo } = owner;
    const firstBeyond = rules.endIsInside
        ? Math.floor(size / blockSize) + 1
        : Math.ceil(size / blockSize);
    let warnAt = Math.max(start, firstBeyond);
    const end = Math.min(first + count, superblock.nblocks);
    for (let blockNo = first; blockNo < end; ) {
        const index = start + blockNo - first;
        if (index === warnAt) {
            reportBeyondSize(state, owner, index, { first, count, startIndex: start });
            warnAt = -1;
        }
        // Many blocks at once, where there is nothing to say in the middle of them.
        const runEnd = warnAt < 0 ? end : Math.min(end, first + warnAt - start);
        const claimed = role === "regular" ? state.claimRun(blockNo, runEnd, inodeNo, index) : 0;
        if (claimed > 0) {
            blockNo += claimed;
            continue;
        }
        if (!state.claim(blockNo, role, inodeNo, index)) {
            return;
        }
        visitBlock(blockNo, index);
        blockNo++;
    }
    if (first + count > superblock.nblocks) {
        const blockNo = Math.max(first, superblock.nblocks);
        const index = start + blockNo - first;
        if (warnAt >= index && warnAt < start + count) {
            reportBeyondSize(state, owner, warnAt, { first, count, startIndex: start });
        }
        const furtherCount = first + count - blockNo - 1;
        const parameters = { blockNo, furtherCount };
        reporter.report("extent-out-of-range", placeOf(state, owner, index), parameters);
    }
}

function reportBeyondSize(
    state: WalkState,
    owner: ExtentOwner,
    index: number,
    extent: { first: number; count: number; startIndex: number },
): void {
    const parameters = { size: owner.size, ...extent };
    state.reporter.report("extent-beyond-size", placeOf(state, owner, index), parameters);
}

function placeOf(state: WalkState, { inodeNo }: ExtentOwner, fileBlock?: number): Place {
    const name = state.nameOf(inodeNo);
    return fileBlock === undefined
        ? { kind: "inode", inodeNo, name }
        : { kind: "inode", inodeNo, name, fileBlock };
}
