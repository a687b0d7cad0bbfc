/** Findings of a strict check about directories and their entries. */
import type { ByteString } from "../../base/byte-string.ts";
import type { CatalogueEntry } from "./entry.ts";
import { counted } from "./strict-disk.ts";

/** A link to a directory that has one already. */
export interface SecondLink {
    linkNo: number;
    name: ByteString;
}

export const strictDirectoryFindings = {
    "directory-size-partial": {
        severity: "note",
        help: "The directory's size is whole entries but not whole blocks, as other tools make it.",
        text: (p: { size: number }) => `directory size ${p.size} not multiple of 4096`,
    },
    "directory-hole": {
        severity: "error",
        help: "A part of the directory has no blocks; a kernel that adds an entry there loses it.",
        text: () => "hole in directory",
    },
    "directory-names-root": {
        severity: "error",
        help: "A directory entry names the root directory, which makes the tree a circle.",
        more: "Whoever walks the tree without remembering where it has been never ends.",
        text: (p: SecondLink) => ["an entry names the root directory", `the entry is ${p.name}`],
    },
    "directory-names-ancestor": {
        severity: "error",
        help: "A directory entry names a directory above it, which makes the tree a circle.",
        more: "Whoever walks the tree without remembering where it has been never ends.",
        text: (p: SecondLink) => [
            "an entry below this directory names it",
            `the entry is ${p.name}`,
        ],
    },
    "dirent-inode-free": {
        severity: "error",
        help:
            "A directory entry names a free inode; the next new file will appear under this " +
            "name.",
        more:
            "A crash between freeing an inode and clearing its entry leaves this, without a " +
            "journal.",
        text: () => "directory entry names a free inode",
    },
    "dirent-name-tail": {
        severity: "note",
        help: "Entries hold remains of longer names behind the NUL; readers must stop at the NUL.",
        text: (p: { entryCount: number; firstSlot: number }) =>
            `bytes behind the NUL of a name in ${entriesText(p)}`,
    },
    "dirent-free-leftover": {
        severity: "note",
        help: "Free entries hold remains of old names; only the inode number says what is free.",
        text: (p: { entryCount: number; firstSlot: number }) =>
            `leftovers in free entries: ${entriesText(p)}`,
    },
    "dirent-name-control": {
        severity: "note",
        help: "A name holds control characters, which are hard to type and can confuse a terminal.",
        text: (p: { slot: number; name: ByteString }) =>
            `dirent ${p.slot} name "${p.name}" has control characters`,
    },
    "dirent-name-encoding": {
        severity: "note",
        help: "A name is not UTF-8, so other systems may refuse it or show it differently.",
        text: (p: { slot: number; name: ByteString }) =>
            `dirent ${p.slot} name "${p.name}" is not UTF-8`,
    },
} as const satisfies Record<string, CatalogueEntry>;

function entriesText(p: { entryCount: number; firstSlot: number }): string {
    return `${counted(p.entryCount, "dirent")} (the first is ${p.firstSlot})`;
}
