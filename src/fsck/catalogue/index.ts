/** Every kind of finding, by its code. */
import { journalFindings } from "./journal.ts";
import { strictDirectoryFindings } from "./strict-directories.ts";
import { strictDiskFindings } from "./strict-disk.ts";
import { strictInodeFindings } from "./strict-inodes.ts";
import { strictJournalFindings } from "./strict-journal.ts";
import { superblockFindings } from "./superblock.ts";
import { blockFindings, directoryFindings, inodeFindings } from "./tree.ts";

/** What only a strict check reports. */
const strictFindings = {
    ...strictDiskFindings,
    ...strictInodeFindings,
    ...strictDirectoryFindings,
    ...strictJournalFindings,
};

export const catalogue = {
    ...superblockFindings,
    ...journalFindings,
    ...blockFindings,
    ...inodeFindings,
    ...directoryFindings,
    ...strictFindings,
};

export type Catalogue = typeof catalogue;

/** Whether only a strict check reports a code. */
export function isStrictCode(code: keyof Catalogue): boolean {
    return Object.hasOwn(strictFindings, code);
}
