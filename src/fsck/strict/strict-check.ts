/**
 * What a correct file system satisfies besides what every check looks at; `--strict`.
 *
 * It runs behind the walk and stands on what the walk found out: who owns a block, how many
 * entries name an inode. Other parts of a strict check are in the walk itself, which then says
 * more exactly what some of its findings are (`ancestry.ts`, `lost-trees.ts`).
 *
 * Work: block 0 and the last block of the bitmap once; each inode once; each indirect block and
 * each block of a directory as often as the walk read it, which the walk's allowance bounds (after
 * a walk that was cut short, no inode is looked at); each metablock of the journal and each of its
 * references once. One buffer serves all blocks of a kind.
 */
import type { JournalAnalysis } from "../../chkfs/journal/analysis.ts";
import type { WalkState } from "../walk-state.ts";
import { checkBitmapEnd } from "./bitmap-end.ts";
import { checkDiskParts } from "./disk-parts.ts";
import { checkInodes } from "./inodes.ts";
import { checkJournalStrictly } from "./journal.ts";

/**
 * Reports to `state.reporter` what a walk over `state` left unsaid.
 *
 * @param imageSizeBytes the image's real size
 * @param journal undefined where there is none, or none that could be read
 */
export function checkStrictly(
    state: WalkState,
    imageSizeBytes: number,
    journal: JournalAnalysis | undefined,
): void {
    checkDiskParts(state, imageSizeBytes);
    checkBitmapEnd(state);
    if (!state.isExhausted) {
        checkInodes(state);
    }
    if (journal !== undefined) {
        checkJournalStrictly(journal, state.superblock, state.reporter);
    }
}
