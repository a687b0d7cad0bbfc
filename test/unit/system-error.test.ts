import { mkdtempSync, openSync, readdirSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UserError } from "../../src/base/user-error.ts";
import { naming, systemErrorCode } from "../../src/host/system-error.ts";

/** An error as a system call of Node's gives it. */
function systemError(code: string): Error {
    return Object.assign(new Error(`${code}: something, open 'x'`), { code });
}

/** What POSIX's strerror says in glibc, for what opening, reading and writing may meet. */
const messages: [string, string][] = [
    ["EACCES", "Permission denied"],
    ["EBADF", "Bad file descriptor"],
    ["EFBIG", "File too large"],
    ["EINVAL", "Invalid argument"],
    ["EIO", "Input/output error"],
    ["EISDIR", "Is a directory"],
    ["ELOOP", "Too many levels of symbolic links"],
    ["EMFILE", "Too many open files"],
    ["ENAMETOOLONG", "File name too long"],
    ["ENOENT", "No such file or directory"],
    ["ENOSPC", "No space left on device"],
    ["ENOTDIR", "Not a directory"],
    ["EPERM", "Operation not permitted"],
    ["EPIPE", "Broken pipe"],
    ["EROFS", "Read-only file system"],
    ["ESPIPE", "Illegal seek"],
    ["ETXTBSY", "Text file busy"],
];

describe("an error of the operating system", () => {
    it.each(messages)("%s reads as C programs print it", (code, message) => {
        const action = () =>
            naming("disk.img", 2, () => {
                throw systemError(code);
            });
        // A shell says 128 and the signal's number of what ended by SIGPIPE.
        const exitCode = code === "EPIPE" ? 141 : 2;
        expect(action).toThrow(new UserError(`disk.img: ${message}`, exitCode));
        expect(action).toThrow(expect.objectContaining({ exitCode }));
    });

    it("that has no words here is named by its code", () => {
        const action = () =>
            naming("disk.img", 1, () => {
                throw systemError("EPROTO");
            });
        expect(action).toThrow(new UserError("disk.img: EPROTO"));
    });

    it("as the real system gives it is recognised", () => {
        const folder = mkdtempSync(join(tmpdir(), "chickadee-"));
        const missing = join(folder, "missing");
        expect(() => naming("m", 1, () => openSync(missing, "r"))).toThrow(
            new UserError("m: No such file or directory"),
        );
        expect(() => naming("d", 1, () => openSync(folder, "w"))).toThrow(
            new UserError("d: Is a directory"),
        );
        expect(readdirSync(folder)).toEqual([]);
        rmdirSync(folder);
    });

    it("is not what Node says of a wrong argument, nor anything else that is thrown", () => {
        expect(systemErrorCode(systemError("ENOENT"))).toBe("ENOENT");
        expect(systemErrorCode(systemError("ERR_OUT_OF_RANGE"))).toBeUndefined();
        expect(systemErrorCode(new Error("ENOENT"))).toBeUndefined();
        expect(systemErrorCode({ code: "ENOENT" })).toBeUndefined();
        expect(systemErrorCode(undefined)).toBeUndefined();
    });
});

describe("naming", () => {
    it("returns what the action returns", () => {
        expect(naming("x", 1, () => 7)).toBe(7);
    });

    it("lets every other error pass as it is", () => {
        const error = new RangeError("ours");
        const thrown = () =>
            naming("x", 1, () => {
                throw error;
            });
        expect(thrown).toThrow(error);
        const named = new UserError("inner: Is a directory", 2);
        expect(() =>
            naming("outer", 1, () => {
                throw named;
            }),
        ).toThrow(named);
    });
});
