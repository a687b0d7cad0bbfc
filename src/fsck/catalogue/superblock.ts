/** Findings about the superblock: nothing else can be checked until these are gone. */
import type { CatalogueEntry } from "./entry.ts";

export const superblockFindings = {
    "size-unaligned": {
        severity: "error",
        help: "The image's size is no multiple of 4096 bytes, so its last block is incomplete.",
        text: (p: { sizeBytes: number }) =>
            `unexpected size ${p.sizeBytes} is not a multiple of blocksize 4096`,
    },
    "size-too-small": {
        severity: "error",
        help: "The image has not even one block, so it has no superblock.",
        text: (p: { sizeBytes: number }) => `file size ${p.sizeBytes} too small`,
    },
    "size-truncated": {
        severity: "error",
        help: "The image is shorter than its superblock says; copy it again, whole.",
        text: (p: { sizeBytes: number; blockCount: number }) =>
            `file size ${p.sizeBytes} too small for ${p.blockCount} blocks ` +
            `(expected ${p.blockCount * 4096})`,
    },
    "superblock-magic": {
        severity: "error",
        help: "Block 0 does not hold a chkfs superblock: not a chkfs image, or block 0 was lost.",
        text: (p: { magic: bigint }) => `bad magic number 0x${p.magic.toString(16).toUpperCase()}`,
    },
    "superblock-nblocks": {
        severity: "error",
        help: "A disk has more than 2 and fewer than 268435456 blocks.",
        text: (p: { blockCount: number }) => `bad number of blocks ${p.blockCount}`,
    },
    "superblock-swap-bn": {
        severity: "error",
        help: "Swap space begins right after the superblock, at block 1.",
        text: (p: { actual: number }) => `unexpected swap_bn ${p.actual} (expected 1)`,
    },
    "superblock-nswap": {
        severity: "error",
        help: "Swap space reaches past the end of the disk.",
        text: (p: { blockCount: number }) => `too many swap blocks ${p.blockCount}`,
    },
    "superblock-fbb-bn": {
        severity: "error",
        help: "The free-block bitmap begins right after swap space.",
        text: (p: { actual: number; expected: number }) =>
            `unexpected fbb_bn ${p.actual} (expected ${p.expected})`,
    },
    "superblock-inode-bn": {
        severity: "error",
        help: "The inodes begin right after the free-block bitmap, one block per 32768 blocks.",
        text: (p: { actual: number; expected: number }) =>
            `unexpected inode_bn ${p.actual} (expected ${p.expected})`,
    },
    "superblock-ninodes": {
        severity: "error",
        help: "A disk has at least 10 inodes.",
        text: (p: { inodeCount: number }) =>
            `expected at least 10 inodes (have ${p.inodeCount | 0})`,
    },
    "superblock-data-bn": {
        severity: "error",
        help: "The data begin after the last block of inodes.",
        text: (p: { actual: number; expected: number }) =>
            `unexpected data_bn ${p.actual} (expected at least ${p.expected})`,
    },
    "superblock-data-bn-range": {
        severity: "error",
        help: "The data begin past the end of the disk.",
        text: (p: { actual: number; blockCount: number }) =>
            `data_bn ${p.actual} too large for disk (nblocks ${p.blockCount})`,
    },
    "superblock-journal-bn": {
        severity: "error",
        help: "The journal begins after the data and not past the end of the disk.",
        text: (p: { actual: number }) => `unexpected journal_bn ${p.actual}`,
    },
    "superblock-njournal": {
        severity: "error",
        help: "The journal reaches past the end of the disk.",
        text: (p: { actual: number; expected: number }) =>
            `unexpected njournal ${p.actual} (expected at most ${p.expected})`,
    },
    "reference-njournal": {
        severity: "error",
        help: "The reference's own words for superblock-njournal; only with --reference.",
        text: (p: { actual: number; expected: number }) =>
            `unexpected njournal ${p.actual} (expected at least ${p.expected})`,
    },
    "journal-length": {
        severity: "error",
        help: "The journal does not fill the disk from journal_bn to its end, so where a record wraps around is unknown; nothing is replayed.",
        text: (p: { actual: number; expected: number }) =>
            `njournal is ${p.actual}, but ${p.expected} blocks lie from journal_bn to the end ` +
            "of the disk; journal not replayed",
    },
    "journal-too-long": {
        severity: "error",
        help: "A journal of more than 65535 blocks could hold more metablocks than there are sequence numbers; nothing is replayed.",
        text: (p: { actual: number; limit: number }) =>
            `journal of ${p.actual} blocks is too long (at most ${p.limit}); journal not replayed`,
    },
} as const satisfies Record<string, CatalogueEntry>;
