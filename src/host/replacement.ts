/**
 * Writing a file so that nobody ever sees it half written.
 *
 * The new content goes into a file beside the target and takes the target's name when it is
 * whole and durable; until then the target is as it was, whatever fails. A target that is no
 * regular file (a device, a pipe) has no other content to keep and is written in place.
 */
import type { FileSystem } from "./host.ts";
import { naming, systemErrorCode } from "./system-error.ts";

/** A file that is being written in another's place. */
export interface Replacement {
    /** Open for writing. */
    readonly fd: number;
    /** False where the file cannot be written at an offset: it must be written in order. */
    readonly isSeekable: boolean;
    /** Makes the content durable and gives it the target's name. */
    commit(): void;
    /** Throws the content away. Harmless after `commit`. */
    abandon(): void;
}

/**
 * Begins to replace `path`. Errors of the system name `path` and carry `exitCode`.
 */
export function replaceFile(fs: FileSystem, path: string, exitCode: number): Replacement {
    return naming(path, exitCode, () => {
        const existing = statOrUndefined(fs, path);
        if (existing !== undefined && !existing.isFile()) {
            return inPlace(fs, path, exitCode);
        }
        return beside(fs, path, existing?.mode, exitCode);
    });
}

function statOrUndefined(fs: FileSystem, path: string) {
    try {
        return fs.statSync(path);
    } catch (error) {
        if (systemErrorCode(error) === "ENOENT") {
            return undefined;
        }
        throw error;
    }
}

function inPlace(fs: FileSystem, path: string, exitCode: number): Replacement {
    const fd = fs.openSync(path, "w");
    let open = true;
    const close = () => {
        if (open) {
            open = false;
            naming(path, exitCode, () => fs.closeSync(fd));
        }
    };
    return { fd, isSeekable: false, commit: close, abandon: close };
}

function beside(
    fs: FileSystem,
    path: string,
    mode: number | undefined,
    exitCode: number,
): Replacement {
    const target = mode === undefined ? path : fs.realpathSync(path);
    const temporary = temporaryName(target);
    if (mode !== undefined) {
        // Replacing must not need less permission than writing does.
        fs.closeSync(fs.openSync(target, "r+"));
    }
    const fd = fs.openSync(temporary, "wx+", mode === undefined ? 0o666 : mode & 0o777);
    let open = true;
    return {
        fd,
        isSeekable: true,
        commit() {
            naming(path, exitCode, () => {
                fs.fsyncSync(fd);
                fs.closeSync(fd);
                fs.renameSync(temporary, target);
                open = false;
            });
        },
        abandon() {
            if (open) {
                open = false;
                try {
                    fs.closeSync(fd);
                } finally {
                    fs.rmSync(temporary, { force: true });
                }
            }
        },
    };
}

/** A hidden name beside the target that no other running process uses. */
function temporaryName(target: string): string {
    const slash = target.lastIndexOf("/") + 1;
    return `${target.slice(0, slash)}.${target.slice(slash)}.${process.pid}.part`;
}
