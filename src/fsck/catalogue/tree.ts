/** Findings of the walk over inodes, blocks and directories that every check makes. */
import type { ByteString } from "../../base/byte-string.ts";
import type { CatalogueEntry } from "./entry.ts";

/** A user of a block, in words: "f2.txt[0] as regular". */
export interface BlockUse {
    name: ByteString;
    /** The file block, or -1 where there is only one. */
    index: number;
    role: string;
}

function useText({ name, index, role }: BlockUse): ByteString {
    return `${name}${index < 0 ? "" : `[${index}]`} as ${role}`;
}

export const blockFindings = {
    "block-reused": {
        severity: "error",
        help: "Two places use the same block; writing to one changes the other.",
        text: (p: { user: BlockUse; first: BlockUse }) => [
            `reusing block for ${useText(p.user)}`,
            `originally used for ${useText(p.first)}`,
        ],
    },
    "block-used-but-free": {
        severity: "error",
        help: "The free-block bitmap calls a block free that is in use; it may be given away.",
        text: () => "used block is marked free",
    },
    "block-leaked": {
        severity: "warning",
        help: "The free-block bitmap calls a block allocated that nothing uses; space is lost.",
        text: () => "leaked block (unreferenced but allocated)",
    },
    "check-incomplete": {
        severity: "error",
        help: "So many blocks are claimed more than once that the walk was cut short; repair or restore the image first.",
        text: (p: { claimCount: number }) =>
            `check stopped after ${p.claimCount} uses of blocks; the rest was not looked at`,
    },
} as const satisfies Record<string, CatalogueEntry>;

export const inodeFindings = {
    "inode-lost": {
        severity: "error",
        help: "The inode is in use, but no directory names it.",
        text: () => "lost inode appears live",
    },
    "inode-zero-referenced": {
        severity: "error",
        help: "Inode 0 is never used; only --reference says it in these words.",
        text: () => "refers to inode number 0",
    },
    "inode-zero-live": {
        severity: "error",
        help: "Inode 0 is never used, but its type is not 0.",
        text: (p: { type: number }) => `inode 0 is never used, but has type ${p.type}`,
    },
    "inode-unknown-type": {
        severity: "error",
        help: "An inode's type is 1 for a regular file or 2 for a directory.",
        text: (p: { type: number }) => `unknown type ${p.type}`,
    },
    "directory-linked-twice": {
        severity: "error",
        help: "A directory has exactly one name.",
        text: (p: { linkNo: number; name: ByteString }) => [
            "more than one link to directory",
            `other link is #${p.linkNo} from ${p.name}`,
        ],
    },
    "directory-size": {
        severity: "error",
        help: "A directory consists of whole entries of 128 bytes.",
        text: (p: { size: number }) => `directory size ${p.size} not multiple of 128`,
    },
    "extent-after-empty": {
        severity: "error",
        help: "An extent with count 0 ends the list; what follows it is ignored by the kernel.",
        text: () => "nonempty extent follows empty extent",
    },
    "extent-beyond-size": {
        severity: "warning",
        help: "The file has blocks behind its end. A crash can leave them; they are not lost.",
        text: (p: { size: number; first: number; count: number; startIndex: number }) => [
            "file has extra extents beyond its size",
            `file size is ${p.size}, extent ${p.first}+${p.count} covers offsets ` +
                `${p.startIndex * 4096}-${(p.startIndex + p.count) * 4096 - 1}`,
        ],
    },
    "extent-out-of-range": {
        severity: "error",
        help: "The file has a block that is not on the disk.",
        text: (p: { blockNo: number; furtherCount: number }) => [
            `block number ${p.blockNo} out of range`,
            ...(p.furtherCount === 0 ? [] : [`so are the ${p.furtherCount} blocks after it`]),
        ],
    },
    "extent-zero-block": {
        severity: "error",
        help: "The reference calls every hole an error; only with --reference.",
        text: () => "nonempty extent starts at zero block",
    },
    "file-hole": {
        severity: "warning",
        help: "A part of the file has no blocks and reads as zeros. The format allows it.",
        text: () => "hole in file",
    },
    "indirect-out-of-range": {
        severity: "error",
        help: "The indirect extent does not lie inside the data; the extents in it are lost.",
        text: (p: { first: number; count: number }) =>
            `indirect extent ${p.first}+${p.count} out of range`,
    },
    "indirect-zero-block": {
        severity: "error",
        help: "The indirect extent has a count, but begins at block 0.",
        text: () => "nonempty indirect extent starts at zero block",
    },
    "indirect-missing": {
        severity: "error",
        help: "The direct extents end before the file does, and there are no indirect ones.",
        text: () => "missing indirect block",
    },
    "extents-end-early": {
        severity: "error",
        help: "The extents end before the file does; what follows is lost.",
        text: (p: { size: number; coveredBytes: number }) =>
            `extents end at offset ${p.coveredBytes}, before file size ${p.size}`,
    },
} as const satisfies Record<string, CatalogueEntry>;

export const directoryFindings = {
    "dirent-empty-name": {
        severity: "error",
        help: "A directory entry in use has a name of no characters.",
        text: (p: { slot: number }) => `dirent ${p.slot} empty name`,
    },
    "dirent-long-name": {
        severity: "error",
        help: "A name is at most 123 bytes and ends in a NUL.",
        text: (p: { slot: number; name: ByteString }) => [
            `dirent ${p.slot} name too long`,
            `name is "${p.name}"`,
        ],
    },
    "dirent-reserved-name": {
        severity: "error",
        help: 'The names "." and ".." and names with a slash are not stored on the disk.',
        text: (p: { slot: number; name: ByteString }) =>
            `dirent ${p.slot} name "${p.name}" reserved`,
    },
    "dirent-duplicate-name": {
        severity: "error",
        help: "Two entries of one directory have the same name; only the first is ever found.",
        text: (p: { slot: number; name: ByteString }) => `dirent ${p.slot} reuses name "${p.name}"`,
    },
    "dirent-inode-range": {
        severity: "error",
        help: "A directory entry names an inode that the disk does not have.",
        text: (p: { slot: number; inodeNo: number }) =>
            `dirent ${p.slot} inode ${p.inodeNo} out of range`,
    },
    "extract-not-found": {
        severity: "warning",
        help: "The file to extract is not in the root directory.",
        text: (p: { name: ByteString }) => `${p.name}: No such file or directory`,
    },
} as const satisfies Record<string, CatalogueEntry>;
