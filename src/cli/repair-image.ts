/**
 * Repairing an image in a file, with an undo file beside it.
 *
 * A repair that was interrupted is taken back first, so that what comes out is what would have
 * come out without the interruption.
 */
import type { ByteStore } from "../base/byte-store.ts";
import { UserError } from "../base/user-error.ts";
import { OverlayStore } from "../disk/overlay-store.ts";
import { type CheckOptions, type CheckResult, checkImage } from "../fsck/check.ts";
import { isFailure, type Severity } from "../fsck/finding.ts";
import { applyRepair, undoProblem, undoRepair } from "../fsck/repair/apply.ts";
import { planRepair, type RepairPlan } from "../fsck/repair/repair.ts";
import { UndoState } from "../fsck/repair/undo-format.ts";
import { planUndoLog, readUndoLog, writeUndoLog } from "../fsck/repair/undo-log.ts";
import type { CheckListener } from "../fsck/reporter.ts";
import type { FileSystem, Host } from "../host/host.ts";
import { quietly } from "../host/replacement.ts";
import {
    createUndoFile,
    openUndoFile,
    removeUndoFile,
    type UndoFile,
    undoFilesOf,
} from "../host/undo-file.ts";
import { fsckFailureExitCode, fsckName } from "./fsck-options.ts";
import { openImage } from "./open-image.ts";

export interface RepairOptions {
    /** Undefined for standard input, which only a dry run can read. */
    readonly image: string | undefined;
    /** Say what would be done, and write nothing. */
    readonly isDryRun: boolean;
    /** How to check what the repair leaves. */
    readonly check: Pick<CheckOptions, "strict" | "muted" | "isObserving">;
    /** The mildest severity of what is left that makes the status 1. */
    readonly failOn: Severity;
}

/** What came of a repair. */
export interface RepairOutcome extends Pick<RepairPlan, "changes" | "changeCount" | "refusals"> {
    /** What the image is called. */
    readonly name: string;
    readonly sizeBytes: number;
    readonly isDryRun: boolean;
    /** Undo files of interrupted repairs that were, or in a dry run would be, taken back. */
    readonly rolledBack: readonly string[];
    /** The undo file that was made; undefined where nothing was written. */
    readonly undoFile: string | undefined;
    /** The check of what the repair leaves. */
    readonly check: CheckResult;
    /** The exit status: 0 when nothing is left that fails. */
    readonly status: 0 | 1;
}

/** Repairs an image. The findings that are left go to `listener`. */
export function repairImage(
    host: Host,
    { image: path, isDryRun, check: checkOptions, failOn }: RepairOptions,
    listener: CheckListener,
): RepairOutcome {
    const mode = isDryRun ? "read" : "update";
    const image = openImage(host, path, { mode, failureExitCode: fsckFailureExitCode });
    try {
        // A dry run takes interrupted repairs back too, but only before its own eyes.
        const disk = isDryRun ? new OverlayStore(image.store) : image.store;
        const rolledBack =
            path === undefined || path === "-" ? [] : rollBackAll(host.fs, path, disk, isDryRun);
        const plan = planRepair(disk);
        const isWritten = !isDryRun && path !== undefined && plan.changeCount > 0;
        const undoFile = isWritten ? apply(host.fs, path, disk, plan) : undefined;
        const check = checkImage(isDryRun ? plan.recording : disk, listener, checkOptions);
        const { changes, changeCount, refusals } = plan;
        return {
            name: image.name,
            sizeBytes: disk.sizeBytes,
            isDryRun,
            changes,
            changeCount,
            refusals,
            rolledBack,
            undoFile,
            check,
            status: refusals.length === 0 && !isFailure(check.counts, failOn) ? 0 : 1,
        };
    } finally {
        image.close();
    }
}

/** Takes back every repair of the image that was interrupted, the newest first. */
function rollBackAll(
    fs: FileSystem,
    imagePath: string,
    disk: ByteStore,
    isDryRun: boolean,
): string[] {
    const rolledBack: string[] = [];
    for (const path of undoFilesOf(fs, imagePath, fsckFailureExitCode)) {
        const file = openUndoFile(fs, path, isDryRun ? "r" : "r+", fsckFailureExitCode);
        try {
            if (!rollBack(file, imagePath, disk, isDryRun)) {
                continue;
            }
        } finally {
            file.close();
        }
        rolledBack.push(path);
        if (!isDryRun) {
            // The image is as it was, so the file has nothing more to tell.
            removeUndoFile(fs, path, fsckFailureExitCode);
        }
    }
    return rolledBack;
}

/** Takes a repair back if it was interrupted; a file that is no undo file is left alone. */
function rollBack(
    { path, store }: UndoFile,
    imagePath: string,
    disk: ByteStore,
    isDryRun: boolean,
): boolean {
    const log = readUndoLog(store);
    if (typeof log === "string" || log.state !== UndoState.begun) {
        return false;
    }
    const problem = undoProblem(log, disk);
    if (problem !== undefined) {
        throw new UserError(
            `${path}: of a repair that was interrupted, but ${problem}; ` +
                `${imagePath} is left as it is (move ${path} away to repair it all the same)`,
        );
    }
    if (isDryRun) {
        log.restore(disk);
    } else {
        undoRepair(disk, log, store);
    }
    return true;
}

/** Carries a plan out; returns the path of the undo file. */
function apply(fs: FileSystem, imagePath: string, disk: ByteStore, plan: RepairPlan): string {
    const undo = planUndoLog(disk, plan.recording);
    const file = createUndoFile(fs, imagePath, undo.sizeBytes, fsckFailureExitCode);
    let isWhole = false;
    try {
        writeUndoLog(disk, undo, file.store);
        isWhole = true;
        applyRepair(disk, plan.recording, file.store);
    } catch (error) {
        throw isWhole && error instanceof UserError ? halfDone(error, imagePath, file) : error;
    } finally {
        file.close();
        if (!isWhole) {
            // The image was not touched yet.
            quietly(() => fs.unlinkSync(file.path));
        }
    }
    return file.path;
}

/** What to do when the image could not be written to the end. */
function halfDone(error: UserError, imagePath: string, { path }: UndoFile): UserError {
    return new UserError(
        `${error.message}\n${imagePath} may be repaired in part: repair it again, or take back ` +
            `what was done with ${fsckName} --undo ${path} ${imagePath}`,
        error.exitCode,
    );
}
