/** `chickadeefsck`: checks an image, and on request replays its journal into it. */
import { type ByteString, utf8Encode } from "../base/byte-string.ts";
import { saveReplay } from "../chkfs/journal/replay.ts";
import { type CheckResult, checkImage } from "../fsck/check.ts";
import type { CheckEvent } from "../fsck/reporter.ts";
import { referenceCheckRules, soundCheckRules } from "../fsck/rules.ts";
import { FindingCollector, fsckDocument } from "../report/fsck-json.ts";
import { eventText, type TextStyle } from "../report/fsck-text.ts";
import { jsonDocument } from "../report/json.ts";
import { explain } from "./fsck-explain.ts";
import { extractFile } from "./fsck-extract.ts";
import {
    type FsckOptions,
    fsckFailureExitCode,
    fsckHelp,
    fsckName,
    parseFsckOptions,
} from "./fsck-options.ts";
import { repairCommand } from "./fsck-repair.ts";
import { undoImage } from "./fsck-undo.ts";
import { type OpenImage, openImage } from "./open-image.ts";
import type { Printer } from "./printer.ts";
import type { Invocation, Program } from "./run.ts";

export const chickadeefsck: Program = {
    name: fsckName,
    failureExitCode: fsckFailureExitCode,
    main,
};

function main({ args, host, out, err }: Invocation): number {
    const options = parseFsckOptions(args);
    if (options.help) {
        out.text(fsckHelp());
        return 0;
    }
    if (options.explain !== undefined) {
        explain(options.explain, out);
        return 0;
    }
    if (options.undo !== undefined) {
        return undoImage(host, options.undo, options.image, out);
    }
    const isColored = options.color ?? (out.isTerminal && !host.environment.NO_COLOR);
    if (options.repair) {
        return repairCommand(host, options, isColored, out);
    }
    const mode = options.saveJournal ? "update" : "read";
    const failureExitCode = fsckFailureExitCode;
    const image = openImage(host, options.image, { mode, failureExitCode });
    try {
        return check(image, options, isColored, out, err);
    } finally {
        image.close();
    }
}

function check(
    image: OpenImage,
    options: FsckOptions,
    isColored: boolean,
    out: Printer,
    err: Printer,
): number {
    const log = options.extract === undefined ? out : err;
    const { strict, ignoreJournal, muted } = options;
    const style: TextStyle = { isColored, escapesControls: log.isTerminal, showsCodes: strict };
    const collector = options.json ? new FindingCollector() : undefined;
    const print = (event: CheckEvent) => log.byteString(eventText(event, style));
    const result = checkImage(image.store, collector?.listener ?? print, {
        rules: options.reference ? referenceCheckRules : soundCheckRules,
        ignoreJournal,
        strict,
        muted,
        isObserving: options.verbose && !options.json,
    });
    const { superblock, journal, counts } = result;
    const isSaved = options.saveJournal && superblock !== undefined && journal?.plan !== undefined;
    if (isSaved) {
        saveReplay(image.store, superblock.journal_bn, journal);
    }
    let status = counts.error > 0 ? 1 : 0;
    if (collector !== undefined) {
        const document = fsckDocument({
            image: image.name,
            sizeBytes: image.store.sizeBytes,
            rules: options.reference ? "reference" : "sound",
            isStrict: strict,
            findings: collector.findings,
            omitted: collector.omitted,
            result,
            ignoresJournal: ignoreJournal,
            isSaved,
            exitStatus: status,
        });
        out.text(jsonDocument(document));
        return status;
    }
    if (options.extract !== undefined && superblock !== undefined) {
        const name: ByteString = utf8Encode(options.extract);
        if (!extractFile(result.replayed, superblock, name, out)) {
            err.byteString(`error: ${name}: No such file or directory\n`);
            status = 1;
        }
    } else if (out.isTerminal) {
        err.text(summary(image.name, result));
    }
    return status;
}

/** One line for a person who waits for an answer; scripts read the exit status. */
function summary(name: string, { counts, superblock }: CheckResult): string {
    const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? "" : "s"}`;
    if (superblock === undefined) {
        return `${name}: not checked further\n`;
    }
    if (counts.error + counts.warning === 0) {
        return `${name}: clean\n`;
    }
    return `${name}: ${plural(counts.error, "error")}, ${plural(counts.warning, "warning")}\n`;
}
