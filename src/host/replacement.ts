/**
 * Writing a file so that nobody ever sees it half written.
 *
 * The new content goes into a file beside the target and takes the target's name when it is
 * whole; until then the target is as it was, whatever fails. A target that is no
 * regular file (a device, a pipe) has no other content to keep and is written in place.
 *
 * A process that is killed or interrupted cannot remove its file, for signals end it while it
 * writes. The file's name says whose it is, and the next replacement in the folder removes those
 * of processes that are gone.
 */
import type { Stats } from "node:fs";
import { hostname } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { FileSystem } from "./host.ts";
import { naming, systemErrorCode } from "./system-error.ts";

/** A file that is being written in another's place. */
export interface Replacement {
    /** Open for writing. */
    readonly fd: number;
    /** False where the file cannot be written at an offset: it must be written in order. */
    readonly isSeekable: boolean;
    /** Gives the content the target's name; where that had a content, ours is durable before. */
    commit(): void;
    /** Throws the content away; never throws an error. Harmless after `commit`. */
    abandon(): void;
}

/** As many symbolic links in a row as Linux follows. */
const maxLinkCount = 40;

/** Names that are tried for the file beside the target; other replacements may have some. */
const maxNameAttempts = 100;

/**
 * Begins to replace `path`. Errors of the system name `path` and carry `exitCode`.
 */
export function replaceFile(fs: FileSystem, path: string, exitCode: number): Replacement {
    return naming(path, exitCode, () => {
        const existing = orUndefined(["ENOENT"], () => fs.statSync(path));
        if (existing !== undefined && !existing.isFile()) {
            return inPlace(fs, path, exitCode);
        }
        return beside(fs, path, existing, exitCode);
    });
}

/** What `action` returns, or undefined where it fails with one of `codes`. */
function orUndefined<T>(codes: readonly string[], action: () => T): T | undefined {
    try {
        return action();
    } catch (error) {
        if (codes.includes(systemErrorCode(error) ?? "")) {
            return undefined;
        }
        throw error;
    }
}

function inPlace(fs: FileSystem, path: string, exitCode: number): Replacement {
    const fd = fs.openSync(path, "w");
    let isOpen = true;
    const close = () => {
        if (isOpen) {
            isOpen = false;
            fs.closeSync(fd);
        }
    };
    return {
        fd,
        isSeekable: false,
        commit() {
            naming(path, exitCode, () => {
                // Pipes and terminals cannot be synchronised, and need not be.
                orUndefined(["EINVAL", "ENOTSUP", "EROFS"], () => fs.fsyncSync(fd));
                close();
            });
        },
        abandon: () => quietly(close),
    };
}

function beside(
    fs: FileSystem,
    path: string,
    existing: Stats | undefined,
    exitCode: number,
): Replacement {
    const target = existing === undefined ? linkTarget(fs, path) : fs.realpathSync(path);
    if (existing !== undefined) {
        // Replacing must not need less permission than writing does.
        fs.closeSync(fs.openSync(target, "r+"));
    }
    quietly(() => removeStale(fs, dirname(target)));
    const { fd, temporary } = openBeside(fs, target);
    let isOpen = true;
    let isPending = true;
    const close = () => {
        if (isOpen) {
            isOpen = false;
            fs.closeSync(fd);
        }
    };
    const abandon = () => {
        if (isPending) {
            isPending = false;
            quietly(close);
            quietly(() => fs.unlinkSync(temporary));
        }
    };
    try {
        keepOwnerAndMode(fs, fd, existing);
    } catch (error) {
        abandon();
        throw error;
    }
    return {
        fd,
        isSeekable: true,
        commit() {
            naming(path, exitCode, () => {
                // Only where an old content is given up must the new one be durable first. A new
                // file has nothing to lose, and is as durable as the system makes any other.
                if (existing !== undefined) {
                    fs.fsyncSync(fd);
                }
                close();
                fs.renameSync(temporary, target);
                isPending = false;
                if (existing !== undefined) {
                    // Where folders can be synchronised, the new name is durable too.
                    quietly(() => syncFolder(fs, dirname(target)));
                }
            });
        },
        abandon,
    };
}

/** Where a file would be made that does not exist: at the end of dangling symbolic links. */
function linkTarget(fs: FileSystem, path: string): string {
    let target = path;
    for (let followed = 0; followed < maxLinkCount; followed++) {
        const stats = orUndefined(["ENOENT"], () => fs.lstatSync(target));
        if (!stats?.isSymbolicLink() || fs.readlinkSync === undefined) {
            break;
        }
        target = resolve(fs.realpathSync(dirname(target)), fs.readlinkSync(target));
    }
    return target;
}

/**
 * What the names of files beside targets begin with; the process's number follows. Numbers are
 * this computer's own, and the folder may be another's too, so its name comes before.
 */
function namePrefix(): string {
    return `.chickadee-${hostname().replace(/[^A-Za-z0-9.-]/g, "_")}-`;
}

/** Removes files of this user that processes of this computer left and that nobody writes. */
function removeStale(fs: FileSystem, folder: string): void {
    const prefix = namePrefix();
    for (const name of fs.readdirSync(folder)) {
        const tail = name.startsWith(prefix) ? name.slice(prefix.length) : "";
        const [, pid] = /^([1-9]\d{0,8})-\d+\.part$/.exec(tail) ?? [];
        if (pid !== undefined && !isRunning(Number(pid))) {
            quietly(() => {
                const path = join(folder, name);
                const stats = fs.lstatSync(path);
                // Where there are no users, all files are ours.
                if (stats.isFile() && stats.uid === (process.getuid?.() ?? stats.uid)) {
                    fs.unlinkSync(path);
                }
            });
        }
    }
}

/** Whether there is a process of this number, be it another user's, which we may not signal. */
function isRunning(pid: number): boolean {
    try {
        process.kill(pid, 0);
        return true;
    } catch (error) {
        return systemErrorCode(error) !== "ESRCH";
    }
}

/** Makes a file with a hidden name that nobody else uses, in the target's folder. */
function openBeside(fs: FileSystem, target: string): { fd: number; temporary: string } {
    for (let attempt = 1; ; attempt++) {
        const temporary = join(dirname(target), `${namePrefix()}${process.pid}-${attempt}.part`);
        const open = () => fs.openSync(temporary, "wx+", 0o666);
        const fd = attempt < maxNameAttempts ? orUndefined(["EEXIST"], open) : open();
        if (fd !== undefined) {
            return { fd, temporary };
        }
    }
}

/** The owner is kept as far as the system lets us, the mode exactly, whatever the umask. */
function keepOwnerAndMode(fs: FileSystem, fd: number, existing: Stats | undefined): void {
    if (existing !== undefined) {
        orUndefined(["EPERM", "EINVAL"], () => fs.fchownSync?.(fd, existing.uid, existing.gid));
        fs.fchmodSync?.(fd, existing.mode & 0o777);
    }
}

export function syncFolder(fs: FileSystem, path: string): void {
    const fd = fs.openSync(path, "r");
    try {
        fs.fsyncSync(fd);
    } finally {
        fs.closeSync(fd);
    }
}

/** For what is done on the way out, where an error would hide the one that matters. */
export function quietly(action: () => void): void {
    try {
        action();
    } catch (error) {
        if (systemErrorCode(error) === undefined) {
            throw error;
        }
    }
}
