/** Findings about the superblock: nothing else can be checked until these are gone. */
import type { CatalogueEntry } from "./entry.ts";

export const superblockFindings = {
    "size-unaligned": {
        severity: "error",
        help:
            "The image's size is no multiple of 4096 bytes: its last block is cut off. Copy it " +
            "again.",
        text: (p: { sizeBytes: number }) =>
            `unexpected size ${p.sizeBytes} is not a multiple of blocksize 4096`,
    },
    "size-too-small": {
        severity: "error",
        help: "The image has not even one block, so it has no superblock; it is the wrong file.",
        text: (p: { sizeBytes: number }) => `file size ${p.sizeBytes} too small`,
    },
    "size-truncated": {
        severity: "error",
        help: "The image is shorter than its superblock says; copy it again, whole.",
        more:
            "A copy that was interrupted looks like this. The blocks that are missing cannot be " +
            "brought back.",
        text: (p: { sizeBytes: number; blockCount: number }) =>
            `file size ${p.sizeBytes} too small for ${p.blockCount} blocks ` +
            `(expected ${p.blockCount * 4096})`,
    },
    "superblock-magic": {
        severity: "error",
        help:
            "Block 0 holds no chkfs superblock: the image is of another kind, or block 0 was " +
            "lost.",
        more:
            "The superblock begins at byte 512 with EF BE E9 3E 00 BB BF FB. Nothing else is " +
            "checked without it.",
        text: (p: { magic: bigint }) => `bad magic number 0x${p.magic.toString(16).toUpperCase()}`,
    },
    "superblock-nblocks": {
        severity: "error",
        help: "A disk has more than 2 and fewer than 268435456 blocks; nblocks was overwritten.",
        text: (p: { blockCount: number }) => `bad number of blocks ${p.blockCount}`,
    },
    "superblock-swap-bn": {
        severity: "error",
        help: "Swap space begins right behind the superblock; swap_bn must be 1.",
        text: (p: { actual: number }) => `unexpected swap_bn ${p.actual} (expected 1)`,
    },
    "superblock-nswap": {
        severity: "error",
        help: "Swap space reaches past the end of the disk; nswap or nblocks is wrong.",
        text: (p: { blockCount: number }) => `too many swap blocks ${p.blockCount}`,
    },
    "superblock-fbb-bn": {
        severity: "error",
        help: "The free-block bitmap begins right behind swap space; fbb_bn or nswap is wrong.",
        text: (p: { actual: number; expected: number }) =>
            `unexpected fbb_bn ${p.actual} (expected ${p.expected})`,
    },
    "superblock-inode-bn": {
        severity: "error",
        help:
            "The inodes begin right behind the bitmap, which has a block for every 32768 blocks " +
            "of the disk.",
        text: (p: { actual: number; expected: number }) =>
            `unexpected inode_bn ${p.actual} (expected ${p.expected})`,
    },
    "superblock-ninodes": {
        severity: "error",
        help: "A disk has at least 10 inodes; ninodes was overwritten.",
        text: (p: { inodeCount: number }) =>
            `expected at least 10 inodes (have ${p.inodeCount | 0})`,
    },
    "superblock-data-bn": {
        severity: "error",
        help: "The data begin behind the last block of inodes; data_bn or ninodes is wrong.",
        text: (p: { actual: number; expected: number }) =>
            `unexpected data_bn ${p.actual} (expected at least ${p.expected})`,
    },
    "superblock-data-bn-range": {
        severity: "error",
        help: "The data begin past the end of the disk; data_bn or nblocks is wrong.",
        text: (p: { actual: number; blockCount: number }) =>
            `data_bn ${p.actual} too large for disk (nblocks ${p.blockCount})`,
    },
    "superblock-journal-bn": {
        severity: "error",
        help:
            "The journal begins behind the data and on the disk, or at its end where there is " +
            "none.",
        text: (p: { actual: number }) => `unexpected journal_bn ${p.actual}`,
    },
    "superblock-njournal": {
        severity: "error",
        help: "The journal reaches past the end of the disk; njournal or journal_bn is wrong.",
        text: (p: { actual: number; expected: number }) =>
            `unexpected njournal ${p.actual} (expected at most ${p.expected})`,
    },
    "reference-njournal": {
        severity: "error",
        help: "The reference tool's own words for superblock-njournal; only --reference uses them.",
        text: (p: { actual: number; expected: number }) =>
            `unexpected njournal ${p.actual} (expected at least ${p.expected})`,
    },
    "journal-length": {
        severity: "error",
        help:
            "The journal does not reach the disk's end, so that nobody knows where a record " +
            "wraps around.",
        more:
            "Nothing is replayed. A journal always reaches from journal_bn to the last block of " +
            "the disk.",
        text: (p: { actual: number; expected: number }) =>
            `njournal is ${p.actual}, but ${p.expected} blocks lie from journal_bn to the end ` +
            "of the disk; journal not replayed",
    },
    "journal-too-long": {
        severity: "error",
        help:
            "A journal of more than 65535 blocks can hold more metablocks than there are " +
            "numbers for them.",
        more: "Sequence numbers have 16 bits. Nothing is replayed.",
        text: (p: { actual: number; limit: number }) =>
            `journal of ${p.actual} blocks is too long (at most ${p.limit}); journal not replayed`,
    },
} as const satisfies Record<string, CatalogueEntry>;
