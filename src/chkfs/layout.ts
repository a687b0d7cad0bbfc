/**
 * The on-disk format of chkfs: every struct, magic number and limit, in one place.
 *
 * A disk is an array of 4096-byte blocks; every integer is little-endian. In this order it holds
 * the superblock's block, swap, the free-block bitmap, the inodes, the data, the journal.
 * docs/FORMAT.md is the prose; a test holds its tables against these.
 */
import { assert } from "../base/assert.ts";
import { defineStruct } from "../base/struct.ts";

/** Bytes in a block. */
export const blockSize = 4096;

/** Blocks whose bits fill one block of the free-block bitmap. */
export const bitsPerBlock = blockSize * 8;

/** Where the superblock stands inside block 0, after the boot sector. */
export const superblockOffset = 512;

/** A checker refuses disks of this many blocks or more (1 TiB). */
export const maxBlockCount = 0x1000_0000;

/** A checker refuses disks of fewer inodes than this. */
export const minInodeCount = 10;

export const superblockMagic = 0xfbbf_bb00_3ee9_beefn;

/** Where the disk's parts begin. Block numbers count from the start of the disk. */
export const superblockLayout = defineStruct("superblock", 48, {
    magic: { offset: 0, type: "u64", doc: "0xFBBFBB003EE9BEEF" },
    nblocks: { offset: 8, type: "u32", doc: "blocks on the disk" },
    nswap: { offset: 12, type: "u32", doc: "blocks of swap space" },
    ninodes: { offset: 16, type: "i32", doc: "inodes, counting the unused inode 0" },
    njournal: { offset: 20, type: "u32", doc: "blocks of journal" },
    swap_bn: { offset: 24, type: "u32", doc: "first block of swap space; always 1" },
    fbb_bn: { offset: 28, type: "u32", doc: "first block of the free-block bitmap" },
    inode_bn: { offset: 32, type: "u32", doc: "first block of inodes" },
    data_bn: { offset: 36, type: "u32", doc: "first block of data" },
    journal_bn: { offset: 40, type: "u32", doc: "first block of journal, or nblocks" },
});

/** A run of blocks. `first` 0 with a `count` is a hole; `count` 0 ends an extent list. */
export const extentLayout = defineStruct("extent", 8, {
    first: { offset: 0, type: "u32", doc: "first block, or 0 for a hole" },
    count: { offset: 4, type: "u32", doc: "blocks in the run; 0 ends the list" },
});

/** Extents that an inode holds itself. */
export const directExtentCount = 4;

/** Extents in one block of an indirect extent. */
export const extentsPerBlock = blockSize / extentLayout.sizeBytes;

/** What an inode's `type` says. */
export const InodeType = { free: 0, regular: 1, directory: 2 } as const;

/** Inode 0 is never used; inode 1 is the root directory. */
export const rootInodeNumber = 1;

/** A file, a directory, or a free slot. */
export const inodeLayout = defineStruct("inode", 64, {
    type: { offset: 0, type: "u32", doc: "0 free, 1 regular file, 2 directory" },
    size: { offset: 4, type: "u32", doc: "length in bytes" },
    nlink: { offset: 8, type: "u32", doc: "directory entries that name this inode" },
    flags: { offset: 12, type: "u32", doc: "0" },
    mlock: { offset: 16, type: "u32", doc: "the kernel's lock, in memory only; ignored on disk" },
    mbcindex: { offset: 20, type: "u32", doc: "the kernel's cache slot, in memory only; ignored" },
    direct: { offset: 24, type: extentLayout, count: 4, doc: "the file's first extents" },
    indirect: { offset: 56, type: extentLayout, doc: "blocks full of the extents that follow" },
});

export const inodesPerBlock = blockSize / inodeLayout.sizeBytes;

/** The longest name of a directory entry in bytes, without its NUL. */
export const maxNameLength = 123;

/** A directory's content is an array of these; `inum` 0 is a free slot. */
export const direntLayout = defineStruct("dirent", 128, {
    inum: { offset: 0, type: "i32", doc: "inode number, or 0 when the slot is free" },
    name: { offset: 4, type: "bytes", count: 124, doc: "the name, ended by a NUL" },
});

export const direntsPerBlock = blockSize / direntLayout.sizeBytes;

export const journalMagic = 0xfbbf_bb00_9eeb_ceedn;

/** In place of a checksum: there is none, and none is checked. */
export const noChecksum = 0x8260_0a5f;

/** What a metablock's `flags` says. */
export const MetablockFlag = {
    meta: 0x01,
    error: 0x02,
    corrupt: 0x04,
    start: 0x10,
    commit: 0x20,
    complete: 0x40,
} as const;

/** What a block reference's `bflags` says. */
export const BlockFlag = { escaped: 0x100, nonjournaled: 0x200, overwritten: 0x400 } as const;

/** A block that a transaction writes. Its content is a data block behind the metablock. */
export const blockReferenceLayout = defineStruct("block reference", 12, {
    bn: { offset: 0, type: "u32", doc: "the block's home" },
    bchecksum: { offset: 4, type: "u32", doc: "CRC32C of the journaled data block, or 0x82600A5F" },
    bflags: { offset: 8, type: "u16", doc: "0x100 escaped, 0x200 nonjournaled, 0x400 overwritten" },
});

/** Block references that fit into one metablock. */
export const maxBlockReferences = 339;

/** The checksum of a metablock covers everything from here to the end of the block. */
export const metablockChecksumStart = 16;

/** A journal record's head. The data blocks of its journaled references follow it in order. */
export const metablockLayout = defineStruct("metablock", blockSize, {
    magic: { offset: 0, type: "u64", doc: "0xFBBFBB009EEBCEED" },
    checksum: { offset: 8, type: "u32", doc: "CRC32C of bytes 16 to 4095, or 0x82600A5F" },
    seq: { offset: 16, type: "u16", doc: "number of the metablock, modulo 65536" },
    tid: { offset: 18, type: "u16", doc: "its transaction, modulo 65536" },
    commit_boundary: { offset: 20, type: "u16", doc: "the first transaction not committed" },
    complete_boundary: { offset: 22, type: "u16", doc: "the first transaction not completed" },
    flags: {
        offset: 24,
        type: "u16",
        doc: "0x01 meta, 0x02 error, 0x04 corrupt, 0x10 start, 0x20 commit, 0x40 complete",
    },
    nref: { offset: 26, type: "u16", doc: "references that follow, at most 339" },
    ref: { offset: 28, type: blockReferenceLayout, count: 339, doc: "the blocks written" },
});

assert(extentsPerBlock === 512, "a block holds 512 extents");
assert(inodesPerBlock === 64, "a block holds 64 inodes");
assert(direntsPerBlock === 32, "a block holds 32 directory entries");
assert(inodeLayout.fields.direct.count === directExtentCount, "an inode holds 4 direct extents");
assert(direntLayout.fields.name.count === maxNameLength + 1, "a longest name ends in a NUL");
assert(
    metablockLayout.fields.ref.count === maxBlockReferences &&
        metablockLayout.fields.ref.offset + maxBlockReferences * blockReferenceLayout.sizeBytes ===
            blockSize,
    "block references fill a metablock to its end",
);
assert(
    superblockOffset + superblockLayout.sizeBytes <= blockSize,
    "the superblock lies inside block 0",
);
