/** A check in one line, for a person at a terminal; scripts read the exit status. */
import type { CheckResult } from "../fsck/check.ts";
import { counted } from "./size.ts";

/** What the caller did with the journal. */
export interface JournalUse {
    readonly isIgnored: boolean;
    /** The replay was written into the image. */
    readonly isSaved: boolean;
}

/** Such as "no errors, 1 warning; journal refused, nothing replayed". */
export function checkSummary(result: CheckResult, use: JournalUse): string {
    if (result.superblock === undefined) {
        return "not checked further";
    }
    const journal = journalText(result, use);
    return `${countsText(result)}${journal === undefined ? "" : `; ${journal}`}`;
}

function countsText({ counts }: CheckResult): string {
    const { error, warning, note } = counts;
    if (error + warning + note === 0) {
        return "clean";
    }
    return [
        error === 0 ? "no errors" : counted(error, "error"),
        ...(warning === 0 ? [] : [counted(warning, "warning")]),
        ...(note === 0 ? [] : [counted(note, "note")]),
    ].join(", ");
}

/** What happened to the journal; undefined where there is nothing to say. */
function journalText({ superblock, journal }: CheckResult, use: JournalUse): string | undefined {
    if (superblock === undefined || superblock.njournal === 0) {
        return undefined;
    }
    if (use.isIgnored) {
        return "journal ignored";
    }
    // A journal without metablocks has no plan either, and nobody refused it.
    const isEmpty = journal?.log.isFatal === false && journal.sequence.length === 0;
    const plan = journal?.plan ?? (isEmpty ? [] : undefined);
    if (plan === undefined) {
        return "journal refused, nothing replayed";
    }
    if (plan.length === 0) {
        return use.isSaved ? "nothing to replay, journal cleared" : undefined;
    }
    const tids = new Set(plan.map(({ tid }) => tid));
    const transactions = counted(tids.size, "transaction");
    const what = `${counted(plan.length, "block")} of ${transactions} replayed`;
    return use.isSaved ? `${what} and saved` : `${what} (not saved; -s saves them)`;
}
