/**
 * How a check judges: soundly, or with the reference checker's defects.
 *
 * Each switch is one defect of the reference that `--reference` brings back; docs/DIFFERENCES.md
 * has an example of each.
 */
import { type JournalRules, referenceRules, soundRules } from "../chkfs/journal/rules.ts";

export interface CheckRules {
    readonly journal: JournalRules;
    /** A record that a crash tore makes the check fail. A correct kernel leaves such records. */
    readonly tornRecordsFail: boolean;
    /** A block right at the end of the file is not seen as beyond it. */
    readonly endIsInside: boolean;
    /** Every hole is also an error. */
    readonly holesAreErrors: boolean;
    /** Extents that end before the file are not seen when the inode has an indirect extent. */
    readonly trustIndirect: boolean;
    /** A live inode 0 is a lost inode that refers to inode number 0. */
    readonly inodeZeroIsLost: boolean;
    /** An image may end inside its data; what is missing reads as zeros. */
    readonly allowTruncated: boolean;
    /** A root that is a regular file is as good as a directory. */
    readonly rootMayBeFile: boolean;
    /** The journal may be shorter than the blocks that are left for it. */
    readonly allowShortJournal: boolean;
    /** A superblock without the magic number is judged as if it were one. */
    readonly judgeWithoutMagic: boolean;
    /** The message about njournal has the wrong numbers. */
    readonly misprintNjournal: boolean;
}

export const soundCheckRules: CheckRules = {
    journal: soundRules,
    tornRecordsFail: false,
    endIsInside: false,
    holesAreErrors: false,
    trustIndirect: false,
    inodeZeroIsLost: false,
    rootMayBeFile: false,
    allowTruncated: false,
    allowShortJournal: false,
    judgeWithoutMagic: false,
    misprintNjournal: false,
};

export const referenceCheckRules: CheckRules = {
    journal: referenceRules,
    tornRecordsFail: true,
    endIsInside: true,
    holesAreErrors: true,
    trustIndirect: true,
    inodeZeroIsLost: true,
    rootMayBeFile: true,
    allowTruncated: true,
    allowShortJournal: true,
    judgeWithoutMagic: true,
    misprintNjournal: true,
};
