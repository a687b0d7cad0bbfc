/**
 * A layout as the bytes of a disk: which content goes where.
 *
 * Nothing is copied here. Every part of the disk, the metadata too, is a reader of its content
 * and a run of blocks that shows it, so whoever writes the disk can go through it once, in
 * ascending order, with one buffer.
 */
import type { ByteReader } from "../base/byte-store.ts";
import {
    blockSize,
    directExtentCount,
    extentLayout,
    inodeLayout,
    superblockOffset,
} from "../chkfs/layout.ts";
import { encodeSuperblock, inodeBlockCount, type Superblock } from "../chkfs/superblock.ts";
import { MemoryStore } from "../disk/memory-store.ts";
import { FreeBlockBitmap } from "./bitmap.ts";
import type { Extent } from "./extent.ts";
import type { ImageLayout, PlacedInode } from "./image-builder.ts";

/** A run of blocks and what it holds. */
export interface Segment {
    readonly first: number;
    readonly count: number;
    readonly content: ByteReader;
    /** Where in `content` the first block begins. Past the content's end blocks hold zeros. */
    readonly contentOffset: number;
}

/** The longest boot sector's code: the signature's two bytes end its 512. */
export const maxBootSectorSize = 510;

/** Bytes 510 and 511 of a disk that a BIOS boots from. */
const bootSignature = [0x55, 0xaa];

/**
 * Bytes 44 to 47 of the superblock pad it, and nobody reads them. The reference tool leaves there
 * what its stack held, recorded as 4; we write the same, so that images compare equal.
 */
const superblockPadding = { offset: 44, value: 4 };

/**
 * Everything on the disk that is not zeros, in ascending order of blocks.
 *
 * @param bootSector at most 510 bytes of boot code, or undefined for a disk without
 */
export function imageSegments(layout: ImageLayout, bootSector: Uint8Array | undefined): Segment[] {
    const { superblock, inodes, allocated } = layout;
    const bitmap = new FreeBlockBitmap(superblock.nblocks, allocated);
    const segments = [
        whole({ first: 0, count: 1 }, new MemoryStore(headBlock(superblock, bootSector))),
        whole({ first: superblock.fbb_bn, count: bitmap.sizeBytes / blockSize }, bitmap),
        inodeSegment(superblock, inodes),
        ...inodes.flatMap(contentSegments),
    ];
    return segments.sort((a, b) => a.first - b.first);
}

function whole(extent: Extent, content: ByteReader): Segment {
    return { first: extent.first, count: extent.count, content, contentOffset: 0 };
}

/** Block 0: the boot sector and the superblock. */
function headBlock(superblock: Superblock, bootSector: Uint8Array | undefined): Uint8Array {
    const block = new Uint8Array(blockSize);
    if (bootSector !== undefined) {
        block.set(bootSector);
        block.set(bootSignature, maxBootSectorSize);
    }
    block.set(encodeSuperblock(superblock), superblockOffset);
    block[superblockOffset + superblockPadding.offset] = superblockPadding.value;
    return block;
}

/** The blocks of inodes that are used, from the first on. */
function inodeSegment(superblock: Superblock, inodes: readonly PlacedInode[]): Segment {
    const lastNumber = inodes.reduce((last, inode) => Math.max(last, inode.number), 0);
    const blockCount = inodeBlockCount(lastNumber + 1);
    const bytes = new Uint8Array(blockCount * blockSize);
    const slot = inodeLayout.at(bytes);
    for (const inode of inodes) {
        slot.byteOffset = inode.number * inodeLayout.sizeBytes;
        slot.type = inode.type;
        slot.size = inode.sizeBytes;
        slot.nlink = 1;
        slot.direct = encodeExtents(inode.extents.slice(0, directExtentCount), directExtentCount);
        slot.indirect = encodeExtents(inode.indirect === undefined ? [] : [inode.indirect], 1);
    }
    return whole({ first: superblock.inode_bn, count: blockCount }, new MemoryStore(bytes));
}

/** `slotCount` extents, those past the list empty. */
function encodeExtents(extents: readonly Extent[], slotCount: number): Uint8Array {
    const bytes = new Uint8Array(slotCount * extentLayout.sizeBytes);
    const slot = extentLayout.at(bytes);
    for (const { first, count } of extents) {
        slot.first = first;
        slot.count = count;
        slot.byteOffset += extentLayout.sizeBytes;
    }
    return bytes;
}

/** A file's blocks, and the blocks that list its extents. */
function contentSegments({ content, extents, indirect }: PlacedInode): Segment[] {
    let contentOffset = 0;
    const segments: Segment[] = extents.map(({ first, count }) => {
        const segment = { first, count, content, contentOffset };
        contentOffset += count * blockSize;
        return segment;
    });
    if (indirect !== undefined) {
        const slotCount = (indirect.count * blockSize) / extentLayout.sizeBytes;
        const list = encodeExtents(extents.slice(directExtentCount), slotCount);
        segments.push(whole(indirect, new MemoryStore(list)));
    }
    return segments;
}
