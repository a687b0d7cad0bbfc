/** Files that the commands write: whole or not at all, and never over what they read. */
import type { ByteReader } from "../../base/byte-store.ts";
import { UserError } from "../../base/user-error.ts";
import type { Host } from "../../host/host.ts";
import { replaceFile } from "../../host/replacement.ts";
import { naming, systemErrorCode } from "../../host/system-error.ts";
import { ExitCode } from "../inspect/inspection.ts";
import { ProgressBar } from "../progress.ts";
import type { Invocation } from "../run.ts";

/** Takes the bytes of a file in their order; they are the caller's again when it returns. */
export type FileSink = (bytes: Uint8Array) => void;

/** Bytes that are handed to the system together. */
const chunkSizeBytes = 2 ** 20;

/**
 * Writes a file in order. Where `write` throws, the file is as it was.
 *
 * @param inputs paths that are read meanwhile: the file may be none of them
 * @param totalBytes how much it will be, about, for the progress bar
 */
export function writeOutput(
    { host, err }: Invocation,
    path: string,
    inputs: readonly string[],
    totalBytes: number,
    write: (sink: FileSink) => void,
): void {
    refuseInputs(host, path, inputs);
    const { fs } = host;
    const replacement = replaceFile(fs, path, ExitCode.usage);
    const bar = new ProgressBar(err, totalBytes);
    let doneBytes = 0;
    const chunk = new Uint8Array(chunkSizeBytes);
    let used = 0;
    const put = (bytes: Uint8Array) =>
        naming(path, ExitCode.usage, () => {
            for (let done = 0; done < bytes.length; ) {
                done += fs.writeSync(replacement.fd, bytes, done, bytes.length - done, null);
            }
            doneBytes += bytes.length;
            bar.update(Math.min(doneBytes, totalBytes));
        });
    const flush = () => {
        put(chunk.subarray(0, used));
        used = 0;
    };
    try {
        write((bytes) => {
            if (used + bytes.length > chunk.length) {
                flush();
            }
            if (bytes.length > chunk.length) {
                put(bytes);
            } else {
                chunk.set(bytes, used);
                used += bytes.length;
            }
        });
        flush();
        replacement.commit();
    } finally {
        bar.erase();
        replacement.abandon();
    }
}

/** Writes a disk as an image, sparse where it holds zeros and the file may have holes. */
export function writeImage(
    invocation: Invocation,
    path: string,
    inputs: readonly string[],
    disk: ByteReader,
): void {
    const { fs } = invocation.host;
    refuseInputs(invocation.host, path, inputs);
    const replacement = replaceFile(fs, path, ExitCode.usage);
    const bar = new ProgressBar(invocation.err, disk.sizeBytes);
    const chunk = new Uint8Array(Math.min(chunkSizeBytes, disk.sizeBytes));
    try {
        for (let at = 0; at < disk.sizeBytes; at += chunk.length) {
            const part = chunk.subarray(0, Math.min(chunk.length, disk.sizeBytes - at));
            disk.read(at, part);
            if (!replacement.isSeekable || part.some((byte) => byte !== 0)) {
                const position = replacement.isSeekable ? at : null;
                naming(path, ExitCode.usage, () => {
                    for (let done = 0; done < part.length; ) {
                        const left = part.length - done;
                        const to = position === null ? null : position + done;
                        done += fs.writeSync(replacement.fd, part, done, left, to);
                    }
                });
            }
            bar.update(at);
        }
        if (replacement.isSeekable) {
            naming(path, ExitCode.usage, () => fs.ftruncateSync(replacement.fd, disk.sizeBytes));
        }
        replacement.commit();
    } finally {
        bar.erase();
        replacement.abandon();
    }
}

/** Throws `UserError` where `path` is one of the files that are read. */
function refuseInputs({ fs }: Host, path: string, inputs: readonly string[]): void {
    const identity = (one: string): string | undefined => {
        try {
            const { dev, ino } = fs.statSync(one);
            return `${dev}:${ino}`;
        } catch (error) {
            if (systemErrorCode(error) === undefined) {
                throw error;
            }
            return undefined;
        }
    };
    const own = identity(path);
    const same = inputs.find((input) => own !== undefined && identity(input) === own);
    if (same !== undefined) {
        throw new UserError(
            `${path}: refusing to write over ${same}, which is read`,
            ExitCode.usage,
        );
    }
}
