/**
 * Opening an image, whatever kind of file it is.
 *
 * A regular file is read in place, so that an image of any size opens at once. Anything that
 * cannot be read at an offset (a pipe, a device, standard input from another program) is read to
 * its end first. Runs of zeros take no memory, and both the length and the memory have a limit,
 * so that an endless stream ends in a message.
 */
import type { ByteStore } from "../base/byte-store.ts";
import { UserError } from "../base/user-error.ts";
import { SparseStore } from "../disk/sparse-store.ts";
import { FileStore } from "../host/file-store.ts";
import type { FileSystem, Host } from "../host/host.ts";
import { naming } from "../host/system-error.ts";
import { untilReady } from "../host/until-ready.ts";

/** An image and what messages call it. */
export interface OpenImage {
    readonly store: ByteStore;
    /** The path as it was given, or `<stdin>`. */
    readonly name: string;
    /** Gives the file back; standard input stays open. */
    close(): void;
}

export interface OpenImageOptions {
    /** `update` where the store will be written; only regular files can be. */
    readonly mode: "read" | "update";
    /** The exit status when the image cannot be opened, read or written. */
    readonly failureExitCode: number;
}

/** Bytes asked for at a time from a stream. */
const chunkSize = 1 << 20;

/** The longest stream that is taken for an image, in bytes. */
const maxStreamSizeBytes = 16 * 2 ** 30;

/** The most bytes other than runs of zeros that a stream may hold. */
const maxStreamContentBytes = 2 * 2 ** 30;

/**
 * Opens `path`, or standard input where it is `-` or undefined. Throws `UserError` when there is
 * nothing to be read there.
 */
export function openImage(
    host: Host,
    path: string | undefined,
    options: OpenImageOptions,
): OpenImage {
    return path === undefined || path === "-"
        ? openStandardInput(host, options)
        : openPath(host.fs, path, options);
}

function openStandardInput(host: Host, options: OpenImageOptions): OpenImage {
    const name = "<stdin>";
    const { fs, stdin } = host;
    const { mode, failureExitCode } = options;
    if (stdin.isTerminal) {
        throw new UserError(`${name}: Is a terminal`, failureExitCode);
    }
    if (mode === "update") {
        throw cannotSave(name, failureExitCode);
    }
    const store = storeOf(fs, stdin.fd, name, failureExitCode);
    return { store, name, close() {} };
}

function openPath(fs: FileSystem, path: string, options: OpenImageOptions): OpenImage {
    const { mode, failureExitCode } = options;
    const stats = naming(path, failureExitCode, () => fs.statSync(path));
    if (mode === "update" && !stats.isFile() && !stats.isDirectory()) {
        throw cannotSave(path, failureExitCode);
    }
    const flags = mode === "update" ? "r+" : "r";
    const fd = naming(path, failureExitCode, () => fs.openSync(path, flags));
    const close = () => naming(path, failureExitCode, () => fs.closeSync(fd));
    try {
        return { store: storeOf(fs, fd, path, failureExitCode), name: path, close };
    } catch (error) {
        close();
        throw error;
    }
}

function cannotSave(name: string, exitCode: number): UserError {
    return new UserError(`${name}: cannot save to something that is not a regular file`, exitCode);
}

/** A store for an open descriptor: the file itself, or all that a stream gives. */
function storeOf(fs: FileSystem, fd: number, name: string, exitCode: number): ByteStore {
    const stats = naming(name, exitCode, () => fs.fstatSync(fd));
    if (stats.isDirectory()) {
        throw new UserError(`${name}: Is a directory`, exitCode);
    }
    return stats.isFile()
        ? new FileStore(fs, fd, stats.size, name, exitCode)
        : readStream(fs, fd, name, exitCode);
}

function readStream(fs: FileSystem, fd: number, name: string, exitCode: number): ByteStore {
    const store = new SparseStore(0);
    const chunk = Buffer.alloc(chunkSize);
    let contentBytes = 0;
    for (;;) {
        const count = naming(name, exitCode, () => readChunk(fs, fd, chunk));
        if (count === 0) {
            return store;
        }
        const byteOffset = store.sizeBytes;
        store.grow(byteOffset + count);
        contentBytes += writeContent(store, byteOffset, chunk.subarray(0, count));
        if (store.sizeBytes > maxStreamSizeBytes || contentBytes > maxStreamContentBytes) {
            throw new UserError(
                `${name}: too large to be read from a pipe; save it as a file and use < FILE`,
                exitCode,
            );
        }
    }
}

/** Reads until `chunk` is full or the stream ends: only the last chunk of a stream is short. */
function readChunk(fs: FileSystem, fd: number, chunk: Uint8Array): number {
    let done = 0;
    let count: number;
    do {
        count = untilReady(() => fs.readSync(fd, chunk, done, chunk.length - done, null));
        done += count;
    } while (count > 0 && done < chunk.length);
    return done;
}

/** Bytes that are looked at together for zeros; a page of the store. */
const pieceSize = 4096;

/** Writes the pieces of `bytes` that hold something; returns how many bytes they are. */
function writeContent(store: ByteStore, byteOffset: number, bytes: Buffer): number {
    const zeros = Buffer.alloc(pieceSize);
    let written = 0;
    for (let at = 0; at < bytes.length; at += pieceSize) {
        const piece = bytes.subarray(at, at + pieceSize);
        if (!piece.equals(zeros.subarray(0, piece.length))) {
            store.write(byteOffset + at, piece);
            written += piece.length;
        }
    }
    return written;
}
