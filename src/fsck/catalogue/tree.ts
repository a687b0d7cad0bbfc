/** Findings of the walk over inodes, blocks and directories that every check makes. */
import type { ByteString } from "../../base/byte-string.ts";
import type { CatalogueEntry } from "./entry.ts";

/** A user of a block, in words: "f2.txt[0] as regular". */
export interface BlockUse {
    name: ByteString;
    /** The block of the file, of its indirect extent or of the disk's part; -1 for the only. */
    index: number;
    /** The inode, or 0 for a part of the disk. */
    inodeNo: number;
    role: string;
}

export function useText({ name, index, role }: BlockUse): ByteString {
    return `${name}${index < 0 ? "" : `[${index}]`} as ${role}`;
}

export const blockFindings = {
    "block-reused": {
        severity: "error",
        help:
            "Two places use the same block: writing to one changes the other. Save both, delete " +
            "one.",
        more:
            "Which of the two is right only a person can tell: look at what both places should " +
            "hold.",
        text: (p: { user: BlockUse; owner: BlockUse }) => [
            `reusing block for ${useText(p.user)}`,
            `originally used for ${useText(p.owner)}`,
        ],
    },
    "block-used-but-free": {
        severity: "error",
        help:
            "The bitmap calls a block free that is in use; the next file to grow may overwrite " +
            "it.",
        more:
            "A kernel that lets an inode and the bitmap reach the disk in different " +
            "transactions leaves this.",
        text: () => "used block is marked free",
    },
    "block-leaked": {
        severity: "warning",
        help:
            "The bitmap calls a block allocated that nothing uses; the space is lost until a " +
            "repair.",
        text: () => "leaked block (unreferenced but allocated)",
    },
    "check-incomplete": {
        severity: "error",
        help: "Blocks are used again and again, so the walk was cut short; see block-reused first.",
        more: "The allowance grows with the disk, and no sound disk comes near it.",
        text: (p: { stepCount: number }) =>
            `check stopped after ${p.stepCount} uses of blocks; the rest was not looked at`,
    },
} as const satisfies Record<string, CatalogueEntry>;

export const inodeFindings = {
    "inode-lost": {
        severity: "error",
        help:
            "The inode is in use, but no directory names it: the file is there and cannot be " +
            "opened.",
        more:
            "A crash between making an inode and its entry leaves this, without a journal. A " +
            "repair names it in /lost+found.",
        text: () => "lost inode appears live",
    },
    "inode-zero-referenced": {
        severity: "error",
        help: "Inode 0 is never used; only --reference says it in these words.",
        text: () => "refers to inode number 0",
    },
    "inode-zero-live": {
        severity: "error",
        help: "Inode 0 is never used, but its type is not 0; it must be cleared.",
        text: (p: { type: number }) => `inode 0 is never used, but has type ${p.type}`,
    },
    "inode-unknown-type": {
        severity: "error",
        help: "An inode's type is neither 1 for a file nor 2 for a directory; it was overwritten.",
        text: (p: { type: number }) => `unknown type ${p.type}`,
    },
    "root-not-directory": {
        severity: "error",
        help: "Inode 1 is the root directory, but its type is not 2; no file can be found.",
        text: (p: { type: number }) => `root directory has type ${p.type} (expected 2)`,
    },
    "directory-linked-twice": {
        severity: "error",
        help: "A directory has more than one name; only one entry may name it.",
        more:
            "A rename of a directory that stops between adding the new entry and clearing the " +
            "old leaves this.",
        text: (p: { linkNo: number; name: ByteString }) => [
            "more than one link to directory",
            `other link is #${p.linkNo} from ${p.name}`,
        ],
    },
    "directory-size": {
        severity: "error",
        help: "A directory consists of whole entries of 128 bytes; its size was written wrong.",
        text: (p: { size: number }) => `directory size ${p.size} not multiple of 128`,
    },
    "extent-after-empty": {
        severity: "error",
        help:
            "An extent of count 0 ends the list, but others follow; kernels ignore what they " +
            "hold.",
        text: () => "nonempty extent follows empty extent",
    },
    "extent-beyond-size": {
        severity: "warning",
        help:
            "The file has blocks behind its end. A crash can leave them; they are wasted, not " +
            "lost.",
        more:
            "A kernel that allocates before it writes the new size leaves this when it stops in " +
            "between.",
        text: (p: { size: number; first: number; count: number; startIndex: number }) => [
            "file has extra extents beyond its size",
            `file size is ${p.size}, extent ${p.first}+${p.count} covers offsets ` +
                `${p.startIndex * 4096}-${(p.startIndex + p.count) * 4096 - 1}`,
        ],
    },
    "extent-out-of-range": {
        severity: "error",
        help: "The file has blocks that are not on the disk; that part of it is lost.",
        text: (p: { blockNo: number; furtherCount: number }) => [
            `block number ${p.blockNo} out of range`,
            ...(p.furtherCount === 0 ? [] : [`so are the ${p.furtherCount} blocks after it`]),
        ],
    },
    "extent-zero-block": {
        severity: "error",
        help: "The reference tool calls every hole an error; only --reference does.",
        text: () => "nonempty extent starts at zero block",
    },
    "file-hole": {
        severity: "warning",
        help: "A part of the file has no blocks and reads as zeros. The format allows it.",
        text: () => "hole in file",
    },
    "indirect-out-of-range": {
        severity: "error",
        help: "The indirect extent lies outside the data; the extents it should hold are lost.",
        text: (p: { first: number; count: number }) =>
            `indirect extent ${p.first}+${p.count} out of range`,
    },
    "indirect-zero-block": {
        severity: "error",
        help: "The indirect extent has a count but begins at block 0; nothing can be there.",
        text: () => "nonempty indirect extent starts at zero block",
    },
    "indirect-missing": {
        severity: "error",
        help:
            "The extents end before the file does, and there are no indirect ones; the rest is " +
            "lost.",
        more:
            "A kernel that writes the new size before it allocates leaves this when it stops in " +
            "between.",
        text: () => "missing indirect block",
    },
    "extents-end-early": {
        severity: "error",
        help: "The extents end before the file does; the rest of it is lost.",
        more:
            "A kernel that writes the new size before it allocates leaves this when it stops in " +
            "between.",
        text: (p: { size: number; coveredBytes: number }) =>
            `extents end at offset ${p.coveredBytes}, before file size ${p.size}`,
    },
} as const satisfies Record<string, CatalogueEntry>;

export const directoryFindings = {
    "dirent-empty-name": {
        severity: "error",
        help: "A directory entry in use has no name, so nobody can open or remove what it names.",
        text: (p: { slot: number }) => `dirent ${p.slot} empty name`,
    },
    "dirent-long-name": {
        severity: "error",
        help:
            "A name fills its entry without a NUL at the end; 123 bytes are the most it may " +
            "have.",
        text: (p: { slot: number; name: ByteString }) => [
            `dirent ${p.slot} name too long`,
            `name is "${p.name}"`,
        ],
    },
    "dirent-reserved-name": {
        severity: "error",
        help: "A name is . or .. or has a slash in it; no path can ever lead to it.",
        more: "Kernels take . and .. and slashes for parts of paths, so chkfs never stores them.",
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
        help: "A directory entry names an inode that the disk does not have; it leads nowhere.",
        text: (p: { slot: number; inodeNo: number }) =>
            `dirent ${p.slot} inode ${p.inodeNo} out of range`,
    },
} as const satisfies Record<string, CatalogueEntry>;
