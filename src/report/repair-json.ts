/** A repair's part of the JSON document; what comes before it is the check of what it left. */
import type { Refusal, RepairChange } from "../fsck/repair/change.ts";
import { textsOf } from "./fsck-json.ts";

/** What a document tells of a repair. */
export interface RepairReport {
    readonly isDryRun: boolean;
    /** The changes; where there are very many of a kind, the first of them. */
    readonly changes: readonly RepairChange[];
    readonly changeCount: number;
    readonly refusals: readonly Refusal[];
    /** Undo files of repairs that were interrupted and taken back. */
    readonly rolledBack: readonly string[];
    readonly undoFile: string | undefined;
}

/** The fields of a repair. `format` of the document is theirs too. */
export function repairFields(report: RepairReport): object {
    return {
        dryRun: report.isDryRun,
        repairs: report.changes.map(lineDocument),
        repairCount: report.changeCount,
        refused: report.refusals.map(lineDocument),
        rolledBack: report.rolledBack,
        undoFile: report.undoFile ?? null,
    };
}

function lineDocument({ code, place, message }: RepairChange | Refusal): unknown {
    return textsOf({ code, place, message });
}
