/**
 * What the commands write: files, whole or not at all and never over what they read, or standard
 * output, which is called `-`.
 */
import type { ByteSink } from "../../base/byte-sink.ts";
import type { ByteReader } from "../../base/byte-store.ts";
import { UserError } from "../../base/user-error.ts";
import type { Host } from "../../host/host.ts";
import { replaceFile } from "../../host/replacement.ts";
import { naming, systemErrorCode } from "../../host/system-error.ts";
import { ExitCode, type Inspection } from "../inspect/inspection.ts";
import { ProgressBar } from "../progress.ts";
import type { Invocation } from "../run.ts";
import { shown } from "./trace-input.ts";

/** What is to be written where. */
export interface OutputRequest {
    /** A path, or `-`. */
    readonly path: string;
    /** Paths that are read meanwhile: the file may be none of them. */
    readonly inputs: readonly string[];
}

/** Where bytes go. */
interface Output {
    /** Whether zeros may be left out, so that the file has holes. */
    readonly isSparse: boolean;
    /** Writes all of `bytes`, at an offset where `isSparse`, else behind what was written. */
    write(bytes: Uint8Array, byteOffset: number): void;
    /** Ends it; a file gets its name now. */
    commit(sizeBytes: number): void;
    /** Leaves a file as it was. Harmless after `commit`. */
    abandon(): void;
}

/** Bytes that are handed to the system together. */
const chunkSizeBytes = 2 ** 20;

const standardOutput = "-";

/**
 * Throws `UserError` where standard output would have to take two things, or is a terminal, which
 * is for people. To be asked before anything is read.
 */
export function expectUsable(invocation: Invocation, path: string, isJson: boolean): void {
    if (path === standardOutput && isJson) {
        const problem = "-o - and --json both print on standard output; give a file to one of them";
        throw new UserError(problem, ExitCode.usage);
    }
    if (path === standardOutput && invocation.out.isTerminal) {
        const problem = "-o -: refusing to write binary data to the terminal";
        throw new UserError(`${problem}; use -o FILE or a pipe`, ExitCode.usage);
    }
}

/** Says what was written: on standard error where standard output has it. */
export function tellOutput(
    { err }: Invocation,
    inspection: Inspection,
    path: string,
    lines: readonly string[],
): void {
    if (path !== standardOutput) {
        inspection.lines(lines);
        return;
    }
    for (const line of lines) {
        err.text(`${line}\n`);
    }
}

/** What messages call the output. */
export function outputName(path: string): string {
    return path === standardOutput ? "standard output" : shown(path);
}

/**
 * Writes in order. Where `write` throws, a file is as it was.
 *
 * @param totalBytes how much it will be, about, for the progress bar
 */
export function writeOutput(
    invocation: Invocation,
    request: OutputRequest,
    totalBytes: number,
    write: (sink: ByteSink) => void,
): void {
    const output = openOutput(invocation, request);
    const bar = new ProgressBar(invocation.err, totalBytes);
    let doneBytes = 0;
    const chunk = new Uint8Array(chunkSizeBytes);
    let used = 0;
    const put = (bytes: Uint8Array) => {
        output.write(bytes, doneBytes);
        doneBytes += bytes.length;
        bar.update(Math.min(doneBytes, totalBytes));
    };
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
        output.commit(doneBytes);
    } finally {
        bar.erase();
        output.abandon();
    }
}

/** Writes a disk as an image, sparse where it holds zeros and the file may have holes. */
export function writeImage(invocation: Invocation, request: OutputRequest, disk: ByteReader): void {
    const output = openOutput(invocation, request);
    const bar = new ProgressBar(invocation.err, disk.sizeBytes);
    const chunk = new Uint8Array(Math.min(chunkSizeBytes, disk.sizeBytes));
    const zeros = new Uint8Array(chunk.length);
    try {
        for (let at = 0; at < disk.sizeBytes; at += chunk.length) {
            const part = chunk.subarray(0, Math.min(chunk.length, disk.sizeBytes - at));
            disk.read(at, part);
            if (!output.isSparse || Buffer.compare(part, zeros.subarray(0, part.length)) !== 0) {
                output.write(part, at);
            }
            bar.update(at);
        }
        output.commit(disk.sizeBytes);
    } finally {
        bar.erase();
        output.abandon();
    }
}

function openOutput({ host, out }: Invocation, { path, inputs }: OutputRequest): Output {
    if (path === standardOutput) {
        return {
            isSparse: false,
            write: (bytes) => out.bytes(bytes),
            commit() {},
            abandon() {},
        };
    }
    const { fs } = host;
    refuseInputs(host, path, inputs);
    const { fd, isSeekable, commit, abandon } = replaceFile(fs, path, ExitCode.usage);
    return {
        isSparse: isSeekable,
        write: (bytes, byteOffset) =>
            naming(path, ExitCode.usage, () => {
                for (let done = 0; done < bytes.length; ) {
                    const position = isSeekable ? byteOffset + done : null;
                    done += fs.writeSync(fd, bytes, done, bytes.length - done, position);
                }
            }),
        commit(sizeBytes) {
            if (isSeekable) {
                naming(path, ExitCode.usage, () => fs.ftruncateSync(fd, sizeBytes));
            }
            commit();
        },
        abandon,
    };
}

/** Throws `UserError` where `path` is one of the files that are read. */
export function refuseInputs({ fs }: Host, path: string, inputs: readonly string[]): void {
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
