/** Every inode of the disk, in use or free. */

import type { InodeView } from "../../chkfs/inode-table.ts";
import { blockSize, InodeType, inodeLayout, inodesPerBlock } from "../../chkfs/layout.ts";
import type { Place } from "../finding.ts";
import type { WalkState } from "../walk-state.ts";
import { ExtentShape } from "./extent-shape.ts";
import { hasNonzeroByte, nonzeroBytes, Tally } from "./nonzero.ts";

/** The fields that only mean something in memory: from the first on, to the end of the second. */
const memoryFieldsStart = inodeLayout.fields.mlock.offset;
const memoryFieldsEnd = inodeLayout.fields.direct.offset;

export function checkInodes(state: WalkState): void {
    const { inodes } = state;
    const locked = new Tally();
    const cached = new Tally();
    const leftover = new Tally();
    const shape = new ExtentShape(state);
    for (let inodeNo = 0; inodeNo < inodes.inodeCount; inodeNo++) {
        const view = inodes.view(inodeNo);
        // Most slots were never used.
        const { bytes, byteOffset } = view;
        if (!hasNonzeroByte(bytes, byteOffset, byteOffset + inodeLayout.sizeBytes)) {
            continue;
        }
        if (view.mlock !== 0) {
            locked.add(inodeNo);
        }
        if (view.mbcindex !== 0) {
            cached.add(inodeNo);
        }
        if (view.type !== InodeType.free) {
            checkLiveInode(state, shape, inodeNo, view);
        } else if (hasLeftovers(view)) {
            leftover.add(inodeNo);
        }
    }
    reportTally(state, "inode-mlock", locked);
    reportTally(state, "inode-mbcindex", cached);
    reportTally(state, "inode-free-leftover", leftover);
    checkTableEnd(state);
}

function reportTally(
    { reporter }: WalkState,
    code: "inode-mlock" | "inode-mbcindex" | "inode-free-leftover",
    tally: Tally,
): void {
    if (tally.count > 0) {
        const parameters = { inodeCount: tally.count, firstInode: tally.first };
        reporter.report(code, { kind: "image" }, parameters);
    }
}

function hasLeftovers({ bytes, byteOffset }: InodeView): boolean {
    const end = byteOffset + inodeLayout.sizeBytes;
    return (
        hasNonzeroByte(bytes, byteOffset, byteOffset + memoryFieldsStart) ||
        hasNonzeroByte(bytes, byteOffset + memoryFieldsEnd, end)
    );
}

function checkLiveInode(
    state: WalkState,
    shape: ExtentShape,
    inodeNo: number,
    { type, flags, nlink, size, bytes, byteOffset }: InodeView,
): void {
    if (inodeNo === 0) {
        return;
    }
    const { reporter } = state;
    const place: Place = { kind: "inode", inodeNo, name: state.nameOf(inodeNo) };
    if (flags !== 0) {
        reporter.report("inode-flags", place, { flags });
    }
    checkLinks(state, place, inodeNo, type, nlink);
    const inode = bytes.subarray(byteOffset, byteOffset + inodeLayout.sizeBytes);
    shape.check(place, inode, type === InodeType.directory ? size : undefined);
}

/** Lost inodes and unknown types have been reported; no nlink is right for them. */
function checkLinks(
    { reporter, visits, visited }: WalkState,
    place: Place,
    inodeNo: number,
    type: number,
    nlink: number,
): void {
    const isDirectory = type === InodeType.directory;
    if (visited.isLost(inodeNo) || (type !== InodeType.regular && !isDirectory)) {
        return;
    }
    const expected = isDirectory ? 1 : visits.get(inodeNo);
    const parameters = { actual: nlink, expected };
    if (nlink < expected) {
        reporter.report("inode-nlink-low", place, parameters);
    } else if (nlink > expected) {
        reporter.report("inode-nlink-high", place, parameters);
    }
}

/** What stands behind the last inode in the last of their blocks. */
function checkTableEnd({ disk, superblock, reporter }: WalkState): void {
    const { inode_bn, ninodes } = superblock;
    const slotCount = ninodes % inodesPerBlock;
    if (slotCount === 0) {
        return;
    }
    const bytes = new Uint8Array(blockSize);
    disk.read((inode_bn + Math.floor(ninodes / inodesPerBlock)) * blockSize, bytes);
    const { byteCount } = nonzeroBytes(bytes, slotCount * inodeLayout.sizeBytes, blockSize);
    if (byteCount > 0) {
        const parameters = { byteCount, inodeCount: ninodes };
        reporter.report("inode-table-tail", { kind: "image" }, parameters);
    }
}
