/** Writing a trace file, in order and without going back. */
import { assert } from "../../base/assert.ts";
import type { ByteSink } from "../../base/byte-sink.ts";
import { bytesOf, utf8Encode } from "../../base/byte-string.ts";
import { crc32c } from "../../base/crc32c.ts";
import { type DiskTrace, notYet, type TraceCommand } from "../trace/disk-trace.ts";
import {
    maxDataSizeBytes,
    maxTextSizeBytes,
    notYetWord,
    RecordFlag,
    recordAlignment,
    recordKinds,
    recordStatuses,
    TraceFlag,
    traceHeaderLayout,
    traceMagic,
    traceRecordLayout,
    traceVersion,
} from "./trace-layout.ts";

const zeros = new Uint8Array(recordAlignment);

/**
 * Writes a trace.
 *
 * @param base the digest of the disk as it was before, where known; see `image-digest.ts`
 */
export function writeTrace(trace: DiskTrace, sink: ByteSink, base?: Uint8Array): void {
    sink(headerOf(trace, base));
    for (const command of trace.commands) {
        writeRecord(command, sink);
    }
}

function headerOf(trace: DiskTrace, base: Uint8Array | undefined): Uint8Array {
    const bytes = new Uint8Array(traceHeaderLayout.sizeBytes);
    const header = Object.assign(traceHeaderLayout.at(bytes), {
        magic: traceMagic,
        version: traceVersion,
        flags:
            (trace.startsWithCache ? TraceFlag.startsWithCache : 0) |
            (base === undefined ? 0 : TraceFlag.hasBase),
        sectorSizeBytes: trace.sectorSizeBytes,
        diskSizeBytes: BigInt(trace.diskSizeBytes),
        eventCount: BigInt(trace.eventCount),
        commandCount: BigInt(trace.commands.length),
        ...(base !== undefined && { base }),
    });
    header.checksum = crc32c(bytes);
    return bytes;
}

function writeRecord(command: TraceCommand, sink: ByteSink): void {
    const { after, before } = command;
    const label = textBytes(command.label);
    const origin = textBytes(command.origin);
    const headSizeBytes = traceRecordLayout.sizeBytes + label.length + origin.length;
    const contentSizeBytes = headSizeBytes + (after?.length ?? 0) + (before?.length ?? 0);
    const paddingBytes = -contentSizeBytes & (recordAlignment - 1);
    const head = new Uint8Array(headSizeBytes);
    head.set(label, traceRecordLayout.sizeBytes);
    head.set(origin, traceRecordLayout.sizeBytes + label.length);
    const record = Object.assign(traceRecordLayout.at(head), {
        sizeBytes: contentSizeBytes + paddingBytes,
        kind: recordKinds.indexOf(command.kind),
        status: recordStatuses.indexOf(command.status),
        flags: flagsOf(command, after, before),
        ataCommand: command.ataCommand ?? 0,
        tag: command.tag ?? 0,
        cpu: command.cpu ?? 0,
        labelSizeBytes: label.length,
        originSizeBytes: origin.length,
        afterChecksum: dataChecksum(command, after),
        beforeChecksum: dataChecksum(command, before),
        diskOffset: wordOf(command.byteOffset),
        lengthBytes: wordOf(command.byteLength),
        issuedAt: wordOf(command.issuedAt),
        issuedNs: wordOf(command.issuedNs),
        acceptedAt: wordOf(command.acceptedAt),
        completedAt: wordOf(command.completedAt),
        completedNs: wordOf(command.completedNs),
    });
    record.checksum = crc32c(head);
    for (const bytes of [head, after, before, zeros.subarray(0, paddingBytes)]) {
        if (bytes !== undefined && bytes.length > 0) {
            sink(bytes);
        }
    }
}

function flagsOf(
    command: TraceCommand,
    after: Uint8Array | undefined,
    before: Uint8Array | undefined,
): number {
    return (
        (command.fua ? RecordFlag.fua : 0) |
        (command.ataCommand === undefined ? 0 : RecordFlag.hasAtaCommand) |
        (command.tag === undefined ? 0 : RecordFlag.hasTag) |
        (command.cpu === undefined ? 0 : RecordFlag.hasCpu) |
        (command.label === undefined ? 0 : RecordFlag.hasLabel) |
        (command.origin === undefined ? 0 : RecordFlag.hasOrigin) |
        (after === undefined ? 0 : RecordFlag.hasAfter) |
        (before === undefined ? 0 : RecordFlag.hasBefore)
    );
}

function textBytes(text: string | undefined): Uint8Array {
    const bytes = bytesOf(utf8Encode(text ?? ""));
    assert(bytes.length <= maxTextSizeBytes, "a label or origin is at most 65536 bytes long");
    return bytes;
}

function dataChecksum({ byteLength }: TraceCommand, data: Uint8Array | undefined): number {
    assert(data === undefined || data.length === byteLength, "a command's data is as long as it");
    assert((data?.length ?? 0) <= maxDataSizeBytes, "a command has at most 256 MiB of data");
    return data === undefined ? 0 : crc32c(data);
}

/** A number, or `notYet`, as 64 bits. */
function wordOf(number: number): bigint {
    assert(number === notYet || Number.isSafeInteger(number), "instants are whole numbers");
    return number === notYet ? notYetWord : BigInt(number);
}
