/** Inodes as numbers, exactly as they stand on the disk; reading never judges. */
import { blockSize, directExtentCount, extentLayout, inodeLayout } from "./layout.ts";

/** The two numbers of an extent on a disk; either may be anything up to 2^32-1. */
export interface Extent {
    /** First block, or 0 for a hole. */
    readonly first: number;
    /** Blocks; 0 ends a list of extents. */
    readonly count: number;
}

/** An inode's fields under their on-disk names; see `inodeLayout`. */
export interface Inode {
    readonly inodeNo: number;
    /** See `InodeType`; a damaged inode may hold any number. */
    readonly type: number;
    readonly size: number;
    readonly nlink: number;
    readonly flags: number;
    readonly mlock: number;
    readonly mbcindex: number;
    /** Always four. */
    readonly direct: readonly Extent[];
    readonly indirect: Extent;
}

/** The inode at `byteOffset`, which must leave 64 bytes. */
export function decodeInode(bytes: Uint8Array, byteOffset: number, inodeNo: number): Inode {
    const view = inodeLayout.at(bytes, byteOffset);
    const extent = extentLayout.at(bytes);
    const extentAt = (offset: number): Extent => {
        extent.byteOffset = byteOffset + offset;
        return { first: extent.first, count: extent.count };
    };
    const direct: Extent[] = [];
    for (let index = 0; index < directExtentCount; index++) {
        direct.push(extentAt(inodeLayout.fields.direct.offset + index * extentLayout.sizeBytes));
    }
    return {
        inodeNo,
        type: view.type,
        size: view.size,
        nlink: view.nlink,
        flags: view.flags,
        mlock: view.mlock,
        mbcindex: view.mbcindex,
        direct,
        indirect: extentAt(inodeLayout.fields.indirect.offset),
    };
}

/** Blocks that a file of `sizeBytes` takes, from 0 to 2^20. */
export function fileBlockCount(sizeBytes: number): number {
    return Math.ceil(sizeBytes / blockSize);
}
