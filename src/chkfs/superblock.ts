/**
 * The superblock as numbers, and the geometry that follows from it.
 *
 * Reading never judges: any bytes give numbers. `src/fsck` says what is wrong with them, and
 * nobody walks a disk whose superblock has not passed.
 */
import type { ByteReader } from "../base/byte-store.ts";
import { bitsPerBlock, inodesPerBlock, superblockLayout, superblockOffset } from "./layout.ts";

/** The superblock's fields under their on-disk names; see `superblockLayout`. */
export interface Superblock {
    readonly magic: bigint;
    readonly nblocks: number;
    readonly nswap: number;
    /** As the unsigned number that the same 32 bits are. */
    readonly ninodes: number;
    readonly njournal: number;
    readonly swap_bn: number;
    readonly fbb_bn: number;
    readonly inode_bn: number;
    readonly data_bn: number;
    readonly journal_bn: number;
}

/** Reads the superblock of a disk of at least one block. */
export function readSuperblock(disk: ByteReader): Superblock {
    const bytes = new Uint8Array(superblockLayout.sizeBytes);
    disk.read(superblockOffset, bytes);
    return decodeSuperblock(bytes);
}

/** The numbers in a superblock's 48 bytes. */
export function decodeSuperblock(bytes: Uint8Array): Superblock {
    const view = superblockLayout.at(bytes);
    return {
        magic: view.magic,
        nblocks: view.nblocks,
        nswap: view.nswap,
        ninodes: view.ninodes >>> 0,
        njournal: view.njournal,
        swap_bn: view.swap_bn,
        fbb_bn: view.fbb_bn,
        inode_bn: view.inode_bn,
        data_bn: view.data_bn,
        journal_bn: view.journal_bn,
    };
}

/** The 48 bytes of a superblock. */
export function encodeSuperblock(superblock: Superblock): Uint8Array {
    const bytes = new Uint8Array(superblockLayout.sizeBytes);
    Object.assign(superblockLayout.at(bytes), {
        ...superblock,
        ninodes: superblock.ninodes | 0,
    });
    return bytes;
}

/** Blocks that a free-block bitmap for `blockCount` blocks takes. */
export function bitmapBlockCount(blockCount: number): number {
    return Math.ceil(blockCount / bitsPerBlock);
}

/** Blocks that `inodeCount` inodes take. */
export function inodeBlockCount(inodeCount: number): number {
    return Math.ceil(inodeCount / inodesPerBlock);
}
