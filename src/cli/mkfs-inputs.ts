/**
 * The files that go into an image, opened as they are named and read when the image is written.
 *
 * A regular file is read at its final time straight into the image; only its size is taken
 * before. What has no size (a pipe, a device, `/proc`) is read to its end at once, as far as the
 * disk has room for it.
 */
import type { PathLike } from "node:fs";
import type { ByteReader } from "../base/byte-store.ts";
import { UserError } from "../base/user-error.ts";
import { SparseStore } from "../disk/sparse-store.ts";
import type { FileSystem, Host } from "../host/host.ts";
import { naming } from "../host/system-error.ts";
import { untilReady } from "../host/until-ready.ts";

/** Files kept open between reads. A random layout comes back to the same files again and again. */
const maxOpenFileCount = 64;

/** Bytes asked of a stream at a time. */
const chunkSize = 1 << 16;

const failureExitCode = 1;

/** A file whose size is known; what is added behind it later does not count. */
interface RegularFile {
    readonly path: PathLike;
    readonly label: string;
}

export class InputFiles {
    readonly #host: Host;
    /** Descriptors of open files, those used last at the end. */
    readonly #descriptors = new Map<RegularFile, number>();

    constructor(host: Host) {
        this.#host = host;
    }

    /**
     * The content of `path`, where `-` is standard input.
     *
     * @param label what messages call the file
     * @param limitBytes what there is room for; of a stream, at most one byte more is read
     */
    open(path: PathLike, label: string, limitBytes: number): ByteReader {
        const { fs, stdin } = this.#host;
        if (path === "-") {
            return naming(label, failureExitCode, () => readStream(fs, stdin.fd, limitBytes));
        }
        return naming(label, failureExitCode, () => {
            const fd = fs.openSync(path, "r");
            let keepsOpen = false;
            try {
                const stats = fs.fstatSync(fd);
                if (stats.isFile() && stats.size > 0) {
                    const file = { path, label };
                    this.#keep(file, fd);
                    keepsOpen = true;
                    return {
                        sizeBytes: stats.size,
                        read: (byteOffset, target) => this.#read(file, byteOffset, target),
                    };
                }
                if (stats.isDirectory()) {
                    throw new UserError(`${label}: Is a directory`);
                }
                return readStream(fs, fd, limitBytes);
            } finally {
                if (!keepsOpen) {
                    fs.closeSync(fd);
                }
            }
        });
    }

    /** Closes every file. */
    close(): void {
        for (const fd of this.#descriptors.values()) {
            this.#host.fs.closeSync(fd);
        }
        this.#descriptors.clear();
    }

    #read(file: RegularFile, byteOffset: number, target: Uint8Array): void {
        const { fs } = this.#host;
        naming(file.label, failureExitCode, () => {
            const fd = this.#descriptors.get(file) ?? fs.openSync(file.path, "r");
            this.#keep(file, fd);
            for (let done = 0; done < target.length; ) {
                const length = target.length - done;
                const count = fs.readSync(fd, target, done, length, byteOffset + done);
                if (count === 0) {
                    throw new UserError(`${file.label}: file shrank while it was being read`);
                }
                done += count;
            }
        });
    }

    /** Keeps `fd` as the descriptor used last, and closes the one unused for longest. */
    #keep(file: RegularFile, fd: number): void {
        this.#descriptors.delete(file);
        this.#descriptors.set(file, fd);
        if (this.#descriptors.size > maxOpenFileCount) {
            for (const [oldFile, oldFd] of this.#descriptors) {
                this.#descriptors.delete(oldFile);
                this.#host.fs.closeSync(oldFd);
                return;
            }
        }
    }
}

/** Everything that a stream gives, or the first `limitBytes` + 1 of it. */
function readStream(fs: FileSystem, fd: number, limitBytes: number): ByteReader {
    const store = new SparseStore(0);
    const chunk = new Uint8Array(chunkSize);
    while (store.sizeBytes <= limitBytes) {
        const count = readSome(fs, fd, chunk);
        if (count === 0) {
            break;
        }
        const byteOffset = store.sizeBytes;
        store.grow(byteOffset + count);
        store.write(byteOffset, chunk.subarray(0, count));
    }
    return store;
}

/** Reads what a stream has. */
function readSome(fs: FileSystem, fd: number, target: Uint8Array): number {
    return untilReady(() => fs.readSync(fd, target, 0, target.length, null));
}

/** The first bytes of a file, at most `limitBytes`. */
export function readHead(files: InputFiles, path: string, limitBytes: number): Uint8Array {
    const content = files.open(path, path, limitBytes);
    const head = new Uint8Array(Math.min(content.sizeBytes, limitBytes));
    content.read(0, head);
    return head;
}
