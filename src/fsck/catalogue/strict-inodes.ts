/** Findings of a strict check about inodes and their extents. */
import type { ByteString } from "../../base/byte-string.ts";
import type { CatalogueEntry } from "./entry.ts";
import { counted } from "./strict-disk.ts";
import { type BlockUse, useText } from "./tree.ts";

/** How many inodes have something, and which is the first. */
export interface InodeCount {
    inodeCount: number;
    firstInode: number;
}

function inodesText({ inodeCount, firstInode }: InodeCount): string {
    return `${counted(inodeCount, "inode")} (the first is ${firstInode})`;
}

export const strictInodeFindings = {
    "inode-nlink-low": {
        severity: "error",
        help: "nlink is smaller than the number of names; removing one frees a file still in use.",
        more:
            "A kernel frees the blocks when nlink reaches 0; the names left then lead to " +
            "others' data.",
        text: (p: { actual: number; expected: number }) =>
            `nlink ${p.actual} is too low (expected ${p.expected})`,
    },
    "inode-nlink-high": {
        severity: "warning",
        help:
            "nlink is larger than the number of names; the file is never freed when they are " +
            "gone.",
        more: "A directory's nlink is 1, for chkfs stores no entries . and .. in directories.",
        text: (p: { actual: number; expected: number }) =>
            `nlink ${p.actual} is too high (expected ${p.expected})`,
    },
    "inode-flags": {
        severity: "warning",
        help:
            "The inode's flags are not 0, but no flag has a meaning; a kernel wrote past a " +
            "field.",
        text: (p: { flags: number }) => `unknown flags 0x${p.flags.toString(16)}`,
    },
    "inode-mlock": {
        severity: "note",
        help:
            "mlock, a lock in the kernel's memory, was written to the disk; loaders must zero " +
            "it.",
        more:
            "A kernel that synchronises while it holds an inode's lock leaves this. " +
            "One that does not clear the field when it loads the block then waits for ever.",
        text: (p: InodeCount) => `mlock not 0: ${inodesText(p)}`,
    },
    "inode-mbcindex": {
        severity: "note",
        help:
            "mbcindex, a place in the kernel's cache, was written to the disk; loaders must set " +
            "it.",
        more: "Most kernels leave it in all 64 inodes of each block that they write back.",
        text: (p: InodeCount) => `mbcindex not 0: ${inodesText(p)}`,
    },
    "inode-free-leftover": {
        severity: "note",
        help: "Free inodes hold what they held in use; whoever takes one must clear it first.",
        more: "Kernels that free an inode by setting only its type to 0 leave this.",
        text: (p: InodeCount) => `leftovers in free inodes: ${inodesText(p)}`,
    },
    "inode-table-tail": {
        severity: "note",
        help: "The last block of inodes holds something behind the last inode; nothing reads it.",
        text: (p: { byteCount: number; inodeCount: number }) =>
            `${counted(p.byteCount, "byte")} behind the last of ${p.inodeCount} inodes not zero`,
    },
    "directory-lost": {
        severity: "error",
        help: "A directory is in use, but nothing names it: it and all below it cannot be reached.",
        more: "Only the top of each lost tree is reported; what lies below it hangs together.",
        text: () => "lost directory, with everything below it",
    },
    "directory-cycle": {
        severity: "error",
        help: "Directories name each other in a circle off the root; none of them can be reached.",
        more: "A rename that moved a directory into its own subtree makes such a circle.",
        text: () => "lost directory is below itself, in a circle that the root does not reach",
    },
    "extent-empty-first": {
        severity: "warning",
        help:
            "An extent has no blocks but a first one; a kernel that forgets to look at count " +
            "uses it.",
        text: (p: { extentCount: number; firstSlot: number }) =>
            `${counted(p.extentCount, "extent")} of count 0 with a first block, ` +
            (p.firstSlot < 0 ? "the indirect one" : `the first is extent ${p.firstSlot}`),
    },
    "extents-adjacent": {
        severity: "note",
        help: "Neighbouring extents continue each other; one would do, and leave room for more.",
        text: (p: { pairCount: number; firstSlot: number }) =>
            `${counted(p.pairCount, "extent")} could be joined to the one before, ` +
            `the first is extent ${p.firstSlot}`,
    },
    "indirect-empty": {
        severity: "note",
        help: "The inode has an indirect extent, but no extent is in it; it only takes up space.",
        text: (p: { first: number; count: number }) =>
            `no extent in indirect extent ${p.first}+${p.count}`,
    },
    "indirect-before-direct": {
        severity: "error",
        help:
            "Indirect extents follow an unused direct one, which ends the list; they are " +
            "ignored.",
        text: () => "indirect extents are in use, but not all direct ones",
    },
    "block-not-data": {
        severity: "error",
        help: "A file uses a block of the disk's own parts; writing the file destroys them.",
        more:
            "Files lie from data_bn up to journal_bn; all other blocks belong to the disk " +
            "itself.",
        text: (p: { user: BlockUse; owner: BlockUse }): ByteString[] => [
            `no block of data for ${useText(p.user)}`,
            `it belongs to ${useText(p.owner)}`,
        ],
    },
} as const satisfies Record<string, CatalogueEntry>;
