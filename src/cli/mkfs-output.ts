/**
 * Where an image goes: a file, which stays sparse where the image holds zeros, or a stream, which
 * gets every byte in order.
 */

import { UserError } from "../base/user-error.ts";
import { blockSize } from "../chkfs/layout.ts";
import type { Superblock } from "../chkfs/superblock.ts";
import { FileStore } from "../host/file-store.ts";
import type { Host } from "../host/host.ts";
import { replaceFile } from "../host/replacement.ts";
import { naming, systemErrorCode } from "../host/system-error.ts";
import type { ImageSink } from "../mkfs/write-image.ts";

/** An image that is being written. */
export interface ImageOutput extends ImageSink {
    /** Ends the image; for a file, the target's content changes now. */
    commit(): void;
    /** Leaves a file as it was. Harmless after `commit`. */
    abandon(): void;
}

const failureExitCode = 1;

/** Zeros are written to a stream so many bytes at a time. */
const zeroChunkSize = 1 << 20;

/** Begins to write an image to `path`, where `-` is standard output. */
export function openImageOutput(
    host: Host,
    path: string,
    superblock: Superblock,
    isReference: boolean,
): ImageOutput {
    const sizeBytes = superblock.nblocks * blockSize;
    if (path === "-") {
        if (host.stdout.isTerminal) {
            throw new UserError("refusing to write an image to the terminal; use -o IMAGE");
        }
        const write = (bytes: Uint8Array) =>
            naming("-", failureExitCode, () => host.stdout.write(bytes));
        return isReference && isPipe(host)
            ? new ReferencePipeOutput(write, superblock)
            : new StreamOutput(write, sizeBytes);
    }
    return openFileOutput(host, path, sizeBytes);
}

function openFileOutput(host: Host, path: string, sizeBytes: number): ImageOutput {
    const { fs } = host;
    const { fd, isSeekable, commit, abandon } = replaceFile(fs, path, failureExitCode);
    if (!isSeekable) {
        const write = (bytes: Uint8Array) =>
            naming(path, failureExitCode, () => {
                for (let done = 0; done < bytes.length; ) {
                    done += fs.writeSync(fd, bytes, done, bytes.length - done, null);
                }
            });
        const stream = new StreamOutput(write, sizeBytes);
        return {
            write: (byteOffset, bytes) => stream.write(byteOffset, bytes),
            commit() {
                stream.commit();
                commit();
            },
            abandon,
        };
    }
    try {
        naming(path, failureExitCode, () => fs.ftruncateSync(fd, sizeBytes));
    } catch (error) {
        abandon();
        throw error;
    }
    const store = new FileStore(fs, fd, sizeBytes, path, failureExitCode);
    return { write: (byteOffset, bytes) => store.write(byteOffset, bytes), commit, abandon };
}

/** An image written in order, with real zeros where nothing is. */
class StreamOutput implements ImageOutput {
    readonly #write: (bytes: Uint8Array) => void;
    readonly #sizeBytes: number;
    #writtenBytes = 0;

    constructor(write: (bytes: Uint8Array) => void, sizeBytes: number) {
        this.#write = write;
        this.#sizeBytes = sizeBytes;
    }

    write(byteOffset: number, bytes: Uint8Array): void {
        this.#fillTo(byteOffset);
        this.#write(bytes);
        this.#writtenBytes += bytes.length;
    }

    commit(): void {
        this.#fillTo(this.#sizeBytes);
    }

    abandon(): void {}

    #fillTo(byteOffset: number): void {
        if (byteOffset > this.#writtenBytes) {
            const zeros = new Uint8Array(Math.min(zeroChunkSize, byteOffset - this.#writtenBytes));
            while (this.#writtenBytes < byteOffset) {
                const count = Math.min(zeros.length, byteOffset - this.#writtenBytes);
                this.#write(zeros.subarray(0, count));
                this.#writtenBytes += count;
            }
        }
    }
}

/** Blocks at the start of an image that the reference tool writes in any case. */
const referenceHeadBlockCount = 128;

/**
 * A pipe as the reference tool writes it: it seeks over holes, which a pipe cannot, so what
 * follows a hole moves up; and in the end it fails to set the pipe's size.
 */
class ReferencePipeOutput implements ImageOutput {
    readonly #head: StreamOutput;
    readonly #headSizeBytes: number;
    readonly #write: (bytes: Uint8Array) => void;

    constructor(write: (bytes: Uint8Array) => void, superblock: Superblock) {
        this.#headSizeBytes = Math.max(referenceHeadBlockCount, superblock.data_bn) * blockSize;
        this.#head = new StreamOutput(write, this.#headSizeBytes);
        this.#write = write;
    }

    write(byteOffset: number, bytes: Uint8Array): void {
        const headLength = Math.min(Math.max(this.#headSizeBytes - byteOffset, 0), bytes.length);
        if (headLength > 0) {
            this.#head.write(byteOffset, bytes.subarray(0, headLength));
        }
        if (headLength < bytes.length) {
            this.#head.commit();
            this.#write(bytes.subarray(headLength));
        }
    }

    commit(): void {
        this.#head.commit();
        throw new UserError("-: Invalid argument");
    }

    abandon(): void {}
}

/** Whether standard output is no regular file; where it has no descriptor it is none. */
function isPipe(host: Host): boolean {
    try {
        return !host.fs.fstatSync(1).isFile();
    } catch (error) {
        if (systemErrorCode(error) === undefined) {
            throw error;
        }
        return true;
    }
}
