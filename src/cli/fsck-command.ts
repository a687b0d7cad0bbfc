/** `chickadeefsck`: checks an image, and on request replays its journal into it. */
import { type ByteString, printable, utf8Encode } from "../base/byte-string.ts";
import { UserError } from "../base/user-error.ts";
import type { ReplayWrite } from "../chkfs/journal/plan.ts";
import { saveReplay } from "../chkfs/journal/replay.ts";
import type { Superblock } from "../chkfs/superblock.ts";
import { checkImage } from "../fsck/check.ts";
import { isFailure } from "../fsck/finding.ts";
import type { CheckEvent } from "../fsck/reporter.ts";
import { referenceCheckRules, soundCheckRules } from "../fsck/rules.ts";
import { FindingCollector, fsckDocument } from "../report/fsck-json.ts";
import { checkSummary } from "../report/fsck-summary.ts";
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
import { packageVersion } from "./package-folder.ts";
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
    if (options.version) {
        out.text(`${fsckName} ${packageVersion()}\n`);
        return 0;
    }
    if (options.explain !== undefined) {
        explain(options.explain, out);
        return 0;
    }
    if (options.image === undefined && host.stdin.isTerminal) {
        throw new UserError(
            `no image given, and standard input is a terminal; try '${fsckName} --help'`,
            fsckFailureExitCode,
        );
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
    const style: TextStyle = { isColored, isTerminal: log.isTerminal, showsCodes: strict };
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
    const shownName = printable(utf8Encode(image.name));
    const isSaved = options.saveJournal && superblock !== undefined && journal?.plan !== undefined;
    if (isSaved) {
        warnOfProtected(shownName, superblock, journal.plan, err);
        saveReplay(image.store, superblock.journal_bn, journal);
    }
    let status = isFailure(counts, options.failOn) ? 1 : 0;
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
        const summary = checkSummary(result, { isIgnored: ignoreJournal, isSaved });
        err.text(`${shownName}: ${summary}\n`);
    }
    return status;
}

/**
 * Says which block a replay is about to spoil. Only the reference's rules let one write over the
 * superblock, over swap space or over the journal.
 */
function warnOfProtected(
    name: string,
    { fbb_bn, journal_bn }: Superblock,
    plan: readonly ReplayWrite[],
    err: Printer,
): void {
    const isProtected = (blockNo: number) => blockNo < fbb_bn || blockNo >= journal_bn;
    const [first, ...rest] = plan.map(({ blockNo }) => blockNo).filter(isProtected);
    if (first !== undefined) {
        const more = rest.length === 0 ? "" : ` and ${rest.length} more`;
        err.text(`${name}: warning: replaying over block ${first}${more}, as the reference does\n`);
        // It has to be there even if the writing ends in a crash.
        err.flush();
    }
}
