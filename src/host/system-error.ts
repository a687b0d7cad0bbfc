/**
 * The operating system's errors in the words that C programs print (POSIX `strerror`, as glibc
 * has them), for users compare our messages with theirs.
 */
import { UserError } from "../base/user-error.ts";

const messages: Readonly<Record<string, string>> = {
    EACCES: "Permission denied",
    EBADF: "Bad file descriptor",
    EBUSY: "Device or resource busy",
    EDQUOT: "Disk quota exceeded",
    EEXIST: "File exists",
    EFBIG: "File too large",
    EINVAL: "Invalid argument",
    EIO: "Input/output error",
    EISDIR: "Is a directory",
    ELOOP: "Too many levels of symbolic links",
    EMFILE: "Too many open files",
    ENAMETOOLONG: "File name too long",
    ENFILE: "Too many open files in system",
    ENODEV: "No such device",
    ENOENT: "No such file or directory",
    ENOMEM: "Cannot allocate memory",
    ENOSPC: "No space left on device",
    ENOTDIR: "Not a directory",
    ENOTEMPTY: "Directory not empty",
    ENXIO: "No such device or address",
    EPERM: "Operation not permitted",
    EPIPE: "Broken pipe",
    EROFS: "Read-only file system",
    ESPIPE: "Illegal seek",
    ETXTBSY: "Text file busy",
    EXDEV: "Invalid cross-device link",
};

/** The code of an error that a system call gave (such as `ENOENT`), or undefined for any other. */
export function systemErrorCode(error: unknown): string | undefined {
    if (error instanceof Error && "code" in error && typeof error.code === "string") {
        return /^E[A-Z0-9]+$/.test(error.code) ? error.code : undefined;
    }
    return undefined;
}

/** What a shell sees of a C program that wrote to a closed pipe: 128 and SIGPIPE, which is 13. */
const closedPipeExitCode = 141;

/**
 * Runs `action`; when a system call inside it fails, throws a `UserError` that reads
 * "`subject`: No such file or directory". Any other error passes through.
 *
 * @param exitCode the error's exit status; where nobody reads a pipe any more it is 141, as it is
 *     for every program, so that it cannot be mistaken for a verdict
 */
export function naming<T>(subject: string, exitCode: number, action: () => T): T {
    try {
        return action();
    } catch (error) {
        const code = systemErrorCode(error);
        if (code === undefined) {
            throw error;
        }
        const status = code === "EPIPE" ? closedPipeExitCode : exitCode;
        throw new UserError(`${subject}: ${messages[code] ?? code}`, status);
    }
}
