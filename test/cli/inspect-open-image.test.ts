import { describe, expect, it } from "vitest";
import { openImage } from "../../src/cli/open-image.ts";
import type { FileSystem } from "../../src/host/host.ts";
import { type MemoryHostOptions, memoryHost, systemError } from "../support/memory-host.ts";

/** Three pages of zeros and 100 bytes of something. */
const content = new Uint8Array(3 * 4096 + 100).fill(7, 3 * 4096);

const forReading = { mode: "read", failureExitCode: 5 } as const;
const forUpdate = { mode: "update", failureExitCode: 5 } as const;

function open(
    path: string | undefined,
    options: MemoryHostOptions = {},
    how: Options = forReading,
) {
    return openImage(memoryHost(options).host, path, how);
}

type Options = typeof forReading | typeof forUpdate;

/** The message and exit status of an opening that fails. */
function failure(path: string | undefined, options: MemoryHostOptions, how: Options = forReading) {
    try {
        open(path, options, how);
    } catch (error) {
        return Object.assign({}, error, { message: String(error) });
    }
    throw new Error("the image was opened");
}

function wholeOf({ store }: ReturnType<typeof open>): Uint8Array {
    const bytes = new Uint8Array(store.sizeBytes);
    store.read(0, bytes);
    return bytes;
}

describe("opening an image", () => {
    it("reads a regular file in place", () => {
        const image = open("x.img", { files: { "x.img": content } });
        expect(image.name).toBe("x.img");
        expect(wholeOf(image)).toEqual(content);
        image.close();
    });

    it("opens a regular file for writing only for update", () => {
        const memory = memoryHost({ files: { "x.img": content } });
        const flags: unknown[] = [];
        const openSync = (...args: Parameters<FileSystem["openSync"]>) => {
            flags.push(args[1]);
            return memory.host.fs.openSync(...args);
        };
        const host = { ...memory.host, fs: { ...memory.host.fs, openSync } as FileSystem };
        openImage(host, "x.img", forReading).close();
        const image = openImage(host, "x.img", forUpdate);
        image.store.write(1, Uint8Array.of(9));
        image.close();
        expect([...memory.readFile("x.img").subarray(0, 3)]).toEqual([0, 9, 0]);
        expect(flags).toEqual(["r", "r+"]);
    });

    it.each([undefined, "-"])("reads standard input, a pipe, for the path %s", (path) => {
        const image = open(path, { stdin: content });
        expect(image.name).toBe("<stdin>");
        expect(wholeOf(image)).toEqual(content);
        image.close();
    });

    it("keeps of a pipe only the pages that hold something", () => {
        const { store } = open("-", { stdin: new Uint8Array(3_000_000).fill(1, 2_999_999) });
        expect("writtenPages" in store && (store.writtenPages as () => number[])()).toEqual([732]);
        expect(store.sizeBytes).toBe(3_000_000);
    });

    it("reads standard input in place where it is a regular file, and leaves it open", () => {
        const memory = memoryHost({ files: { "x.img": content }, stdinPath: "x.img" });
        for (let round = 0; round < 2; round++) {
            const image = openImage(memory.host, "-", forReading);
            expect(wholeOf(image)).toEqual(content);
            image.close();
        }
    });

    it("gives an empty store for an empty file or stream", () => {
        expect(open("x.img", { files: { "x.img": "" } }).store.sizeBytes).toBe(0);
        expect(open("-").store.sizeBytes).toBe(0);
    });

    it("waits for a stream that has nothing yet", () => {
        const { host } = memoryHost({ stdin: content });
        let refusals = 3;
        const readSync = (...args: Parameters<FileSystem["readSync"]>) => {
            if (refusals-- > 0) {
                throw systemError("EAGAIN");
            }
            return host.fs.readSync(...args);
        };
        const fs = { ...host.fs, readSync } as FileSystem;
        expect(wholeOf(openImage({ ...host, fs }, "-", forReading))).toEqual(content);
    });
});

describe("an image that cannot be opened", () => {
    const files = { "folder/x.img": content };

    it.each<[string, string | undefined, MemoryHostOptions, Options]>([
        ["UserError: nope.img: No such file or directory", "nope.img", {}, forReading],
        ["UserError: nope.img: No such file or directory", "nope.img", {}, forUpdate],
        ["UserError: folder: Is a directory", "folder", { files }, forReading],
        ["UserError: folder: Is a directory", "folder", { files }, forUpdate],
        ["UserError: folder/x.img/y: Not a directory", "folder/x.img/y", { files }, forReading],
        ["UserError: <stdin>: Is a terminal", undefined, { terminal: true }, forReading],
        [
            "UserError: <stdin>: cannot save to something that is not a regular file",
            "-",
            { stdin: content },
            forUpdate,
        ],
    ])("is explained: %s", (message, path, options, how) => {
        expect(failure(path, options, how)).toMatchObject({ message, exitCode: 5 });
    });

    it("is refused for update where it is a device", () => {
        const { host } = memoryHost({ files: { null: "" } });
        const statSync = (path: string) =>
            Object.assign(Object.create(host.fs.statSync(path)), { isFile: () => false });
        const fs = { ...host.fs, statSync } as FileSystem;
        expect(() => openImage({ ...host, fs }, "null", forUpdate)).toThrow(
            "null: cannot save to something that is not a regular file",
        );
    });

    it("is a stream that never ends", () => {
        const { host } = memoryHost();
        const readSync = (_fd: number, _target: Uint8Array, _offset: number, length: number) =>
            length;
        const fs = { ...host.fs, readSync } as FileSystem;
        expect(() => openImage({ ...host, fs }, "-", forReading)).toThrow(
            "<stdin>: too large to be read from a pipe; save it as a file and use < FILE",
        );
    });
});
