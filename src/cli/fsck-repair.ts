/** `chickadeefsck --repair`: repairs an image and says what it did. */
import type { ByteString } from "../base/byte-string.ts";
import { counted } from "../fsck/repair/change.ts";
import type { CheckEvent } from "../fsck/reporter.ts";
import type { Host } from "../host/host.ts";
import { FindingCollector, fsckDocument } from "../report/fsck-json.ts";
import { eventText, type TextStyle } from "../report/fsck-text.ts";
import { jsonDocument } from "../report/json.ts";
import { repairFields } from "../report/repair-json.ts";
import { changeLine, refusalLine } from "../report/repair-text.ts";
import { type FsckOptions, fsckName } from "./fsck-options.ts";
import type { Printer } from "./printer.ts";
import { type RepairOutcome, repairImage } from "./repair-image.ts";

/** Repairs the image that the options name; returns the exit status. */
export function repairCommand(
    host: Host,
    options: FsckOptions,
    isColored: boolean,
    out: Printer,
): number {
    const { image, dryRun: isDryRun, strict, muted, json, failOn } = options;
    const check = { strict, muted, isObserving: options.verbose && !json };
    const collector = new FindingCollector();
    const style: TextStyle = { isColored, isTerminal: out.isTerminal, showsCodes: true };
    let findings: ByteString = "";
    const print = (event: CheckEvent) => {
        findings += eventText(event, style);
    };
    const listener = json ? collector.listener : print;
    const outcome = repairImage(host, { image, isDryRun, check, failOn }, listener);
    if (json) {
        out.text(jsonDocument(outcomeDocument(outcome, strict, collector)));
    } else {
        printOutcome(outcome, findings, out);
    }
    return outcome.status;
}

/** The outcome line by line; findings that are left come before the last line. */
function printOutcome(outcome: RepairOutcome, findings: ByteString, out: Printer): void {
    const { name, changes, changeCount, refusals, undoFile } = outcome;
    for (const path of outcome.rolledBack) {
        out.text(`${path}: a repair that was interrupted, taken back\n`);
    }
    for (const change of changes) {
        out.byteString(changeLine(change, out.isTerminal));
    }
    if (changeCount > changes.length) {
        out.text(`... and ${changeCount - changes.length} more\n`);
    }
    if (refusals.length > 0) {
        out.text(`${name}: not repaired, because of what follows\n`);
        for (const refusal of refusals) {
            out.byteString(refusalLine(refusal, out.isTerminal));
        }
        return;
    }
    out.byteString(findings);
    out.text(`${name}: ${summary(outcome)}\n`);
    if (undoFile !== undefined) {
        out.text(`To take it back: ${fsckName} --undo ${undoFile} ${name}\n`);
    }
}

/** How much was done, and what is left to do. */
function summary({ changeCount, isDryRun, check }: RepairOutcome): string {
    const { error: errorCount } = check.counts;
    const left = errorCount === 0 ? "no error left" : `${counted(errorCount, "error")} left`;
    if (changeCount === 0) {
        return `nothing to repair, ${errorCount === 0 ? "no errors" : left}`;
    }
    const changes = counted(changeCount, "change");
    return `${isDryRun ? `dry run: ${changes} to make` : `${changes} made`}, ${left}`;
}

/** The check of what the repair left, and the repair. */
function outcomeDocument(
    outcome: RepairOutcome,
    isStrict: boolean,
    { findings, omitted }: FindingCollector,
): object {
    const document = fsckDocument({
        image: outcome.name,
        sizeBytes: outcome.sizeBytes,
        rules: "sound",
        isStrict,
        findings,
        omitted,
        result: outcome.check,
        ignoresJournal: false,
        isSaved: false,
        exitStatus: outcome.status,
    });
    return { ...document, ...repairFields(outcome) };
}
