/** The files that `chickadee boot` reads and writes: a disk, keys, the kernel's log, a trace. */
import type { ByteReader } from "../../base/byte-store.ts";
import { type ByteString, byteStringOf, bytesOf } from "../../base/byte-string.ts";
import { sectorSize } from "../../base/sector.ts";
import { UserError } from "../../base/user-error.ts";
import { imageDigest } from "../../disk/trace-file/image-digest.ts";
import { writeTrace } from "../../disk/trace-file/write-trace.ts";
import type { FileSystem, Host } from "../../host/host.ts";
import { replaceFile } from "../../host/replacement.ts";
import type { Machine } from "../../machine/machine.ts";
import { refuseInputs, writeOutput } from "../disk/output-file.ts";
import { ExitCode } from "../inspect/inspection.ts";
import { type OpenImage, openImage } from "../open-image.ts";
import type { Invocation } from "../run.ts";
import { KeyScript, type KeyText } from "./key-script.ts";
import type { BootOptions } from "./register.ts";

/** More than anybody types. */
const maxKeysBytes = 2 ** 20;

const failureExitCode = ExitCode.usage;

/** Opens the disk. Throws `UserError` for one that no drive can be. */
export function openDisk(host: Host, path: string): OpenImage {
    const image = openImage(host, path, { mode: "read", failureExitCode });
    const { sizeBytes } = image.store;
    if (sizeBytes === 0 || sizeBytes % sectorSize !== 0) {
        image.close();
        throw new UserError(
            `${image.name}: ${sizeBytes} bytes are no disk: it has sectors of ${sectorSize}`,
            failureExitCode,
        );
    }
    return image;
}

/** Reads keys to type. Throws `UserError` for what cannot be typed. */
export function readKeys(host: Host, path: string): KeyText {
    const file = openImage(host, path, { mode: "read", failureExitCode });
    try {
        const { sizeBytes } = file.store;
        if (sizeBytes > maxKeysBytes) {
            const limit = `${maxKeysBytes} bytes`;
            throw new UserError(
                `${file.name}: too long to be typed: over ${limit}`,
                failureExitCode,
            );
        }
        const bytes = new Uint8Array(sizeBytes);
        file.store.read(0, bytes);
        const text = { bytes: byteStringOf(bytes), name: file.name };
        // A complaint is better made now.
        new KeyScript(text);
        return text;
    } finally {
        file.close();
    }
}

/** Throws `UserError` where the outputs could not be written: better now than after the run. */
export function expectWritable(
    host: Host,
    { log, trace }: BootOptions,
    inputs: readonly string[],
): void {
    if (log !== undefined && log === trace) {
        throw new UserError(`${log}: --log and --trace would both write it`, failureExitCode);
    }
    for (const path of [log, trace]) {
        if (path !== undefined && isReplaced(host.fs, path)) {
            refuseInputs(host, path, inputs);
            replaceFile(host.fs, path, failureExitCode).abandon();
        }
    }
}

/** Whether `path` is a file, or will be; what else is written in place is left alone. */
function isReplaced(fs: FileSystem, path: string): boolean {
    return fs.statSync(path, { throwIfNoEntry: false })?.isFile() ?? true;
}

/** What there is to be written when the run is over. */
export interface BootRecords {
    readonly machine: Machine;
    readonly disk: ByteReader | undefined;
    /** Paths that were read. */
    readonly inputs: readonly string[];
}

export function writeRecords(
    invocation: Invocation,
    { log, trace }: BootOptions,
    { machine, disk, inputs }: BootRecords,
): void {
    if (log !== undefined) {
        const text: ByteString = machine.parallelPort.textFrom(0);
        writeOutput(invocation, { path: log, inputs }, text.length, (sink) => sink(bytesOf(text)));
    }
    if (trace !== undefined && disk !== undefined) {
        const { commands } = machine.diskTrace();
        writeOutput(invocation, { path: trace, inputs }, commands.length, (sink) =>
            writeTrace(machine.diskTrace(), sink, imageDigest(disk)),
        );
    }
}
