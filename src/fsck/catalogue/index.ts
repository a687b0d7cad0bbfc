/** Every kind of finding, by its code. */
import { journalFindings } from "./journal.ts";
import { superblockFindings } from "./superblock.ts";
import { blockFindings, directoryFindings, inodeFindings } from "./tree.ts";

export const catalogue = {
    ...superblockFindings,
    ...journalFindings,
    ...blockFindings,
    ...inodeFindings,
    ...directoryFindings,
};

export type Catalogue = typeof catalogue;
