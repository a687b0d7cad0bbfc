/**
 * Reading a trace file, whatever its bytes.
 *
 * Every command is read and checked, and the data of none: data is read, and its checksum
 * compared, when somebody asks for it. The file's size bounds the work and the memory, for each
 * command takes some of it.
 */
import type { ByteReader } from "../../base/byte-store.ts";
import { byteStringOf, utf8Decode } from "../../base/byte-string.ts";
import { crc32c } from "../../base/crc32c.ts";
import { UserError } from "../../base/user-error.ts";
import { type DiskTrace, notYet, type TraceCommand } from "../trace/disk-trace.ts";
import { traceProblem } from "../trace/trace-check.ts";
import { FileWindow } from "./file-window.ts";
import { type CommandFacts, type ReadData, storedCommand } from "./stored-command.ts";
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

/** A trace and what its file says beside it. */
export interface TraceFile {
    readonly trace: DiskTrace;
    /** The digest of the disk before the trace; undefined where the file has none. */
    readonly base: Uint8Array | undefined;
}

/** Events of a command at most: issue, acceptance, completion. */
const maxEventsPerCommand = 3;

/** Reads a trace. Throws `UserError` with `exitCode` for a file that holds none. */
export function readTrace(file: ByteReader, name: string, exitCode: number): TraceFile {
    const fail = (problem: string) => new UserError(`${name}: ${problem}`, exitCode);
    const header = readHeader(file, fail);
    const reader = new RecordReader(file, fail);
    const commands: TraceCommand[] = [];
    const shadows: TraceCommand[] = [];
    for (let left = header.commandCount; left > 0n; left--) {
        const { command, shadow } = reader.next(commands.length);
        commands.push(command);
        shadows.push(shadow);
    }
    if (header.eventCount > maxEventsPerCommand * commands.length) {
        throw fail(`not a sound trace: ${header.eventCount} events, more than its commands have`);
    }
    const facts = {
        diskSizeBytes: Number(header.diskSizeBytes),
        sectorSizeBytes: header.sectorSizeBytes,
        startsWithCache: (header.flags & TraceFlag.startsWithCache) !== 0,
        eventCount: Number(header.eventCount),
    };
    // The shadows have all but the data, so that the check need not read it.
    const problem = traceProblem({ ...facts, commands: shadows });
    if (problem !== undefined) {
        throw fail(`not a sound trace: ${problem}`);
    }
    const base = (header.flags & TraceFlag.hasBase) === 0 ? undefined : header.base;
    return { trace: { ...facts, commands }, base };
}

function readHeader(file: ByteReader, fail: (problem: string) => UserError) {
    const { sizeBytes } = traceHeaderLayout;
    const bytes = new Uint8Array(sizeBytes);
    file.read(0, bytes.subarray(0, Math.min(sizeBytes, file.sizeBytes)));
    const header = traceHeaderLayout.at(bytes);
    if (header.magic !== traceMagic) {
        throw fail("not a trace: it does not begin with the bytes chktrace");
    }
    if (header.version !== traceVersion) {
        throw fail(`a trace of version ${header.version}; this program knows version 1`);
    }
    if (file.sizeBytes < sizeBytes) {
        throw fail(
            `cut short: ${file.sizeBytes} bytes, less than a trace's header of ${sizeBytes}`,
        );
    }
    const { checksum } = header;
    header.checksum = 0;
    if (checksum !== crc32c(bytes)) {
        throw fail("damaged: the trace's header does not fit its checksum");
    }
    return header;
}

/** Goes from record to record. */
class RecordReader {
    readonly #file: ByteReader;
    readonly #fail: (problem: string) => UserError;
    #position = traceHeaderLayout.sizeBytes;
    readonly #window: FileWindow;
    /** Zeros that stand for data while a trace is checked; as long as the longest so far. */
    #stand = new Uint8Array(0);

    constructor(file: ByteReader, fail: (problem: string) => UserError) {
        this.#file = file;
        this.#fail = fail;
        this.#window = new FileWindow(file);
    }

    /** The next command, and another one that has zeros in place of its data. */
    next(id: number): { command: TraceCommand; shadow: TraceCommand } {
        const recordOffset = this.#position;
        const fail = (problem: string) =>
            this.#fail(`command ${id}, at byte ${recordOffset}: ${problem}`);
        const { sizeBytes: fixedSizeBytes } = traceRecordLayout;
        const fixed = this.#window.bytes(recordOffset, fixedSizeBytes);
        if (fixed === undefined) {
            throw fail("the file ends before it, or in it");
        }
        const record = traceRecordLayout.at(fixed);
        const { labelSizeBytes, originSizeBytes, sizeBytes } = record;
        if (Math.max(labelSizeBytes, originSizeBytes) > maxTextSizeBytes) {
            throw fail("damaged: its texts are longer than texts can be");
        }
        const headSizeBytes = fixedSizeBytes + labelSizeBytes + originSizeBytes;
        const head = this.#window.bytes(recordOffset, headSizeBytes);
        if (head === undefined || sizeBytes > this.#file.sizeBytes - recordOffset) {
            throw fail("the file ends in it");
        }
        const problem = headProblem(head);
        if (problem !== undefined) {
            throw fail(`damaged: ${problem}`);
        }
        this.#position = recordOffset + sizeBytes;
        const facts = factsOf(id, head);
        if (facts === undefined) {
            throw fail("damaged: its texts are not UTF-8");
        }
        const { flags, afterChecksum, beforeChecksum } = traceRecordLayout.at(head);
        const hasAfter = (flags & RecordFlag.hasAfter) !== 0;
        const hasBefore = (flags & RecordFlag.hasBefore) !== 0;
        const afterOffset = recordOffset + headSizeBytes;
        const beforeOffset = afterOffset + (hasAfter ? facts.byteLength : 0);
        const data = (byteOffset: number, checksum: number): ReadData => {
            const file = this.#file;
            return () => {
                const bytes = new Uint8Array(facts.byteLength);
                file.read(byteOffset, bytes);
                if (crc32c(bytes) !== checksum) {
                    throw fail("damaged: its data does not fit its checksum");
                }
                return bytes;
            };
        };
        const stand = () => this.#zeros(facts.byteLength);
        return {
            command: storedCommand(
                facts,
                hasAfter ? data(afterOffset, afterChecksum) : undefined,
                hasBefore ? data(beforeOffset, beforeChecksum) : undefined,
            ),
            shadow: storedCommand(
                facts,
                hasAfter ? stand : undefined,
                hasBefore ? stand : undefined,
            ),
        };
    }

    #zeros(lengthBytes: number): Uint8Array {
        if (lengthBytes > this.#stand.length) {
            this.#stand = new Uint8Array(lengthBytes);
        }
        return this.#stand.subarray(0, lengthBytes);
    }
}

/** What is wrong with a record's fixed part and texts, which are `head`. */
function headProblem(head: Uint8Array): string | undefined {
    const copy = head.slice();
    const record = traceRecordLayout.at(copy);
    const { checksum, flags, sizeBytes, kind, status, lengthBytes } = record;
    record.checksum = 0;
    if (checksum !== crc32c(copy)) {
        return "it does not fit its checksum";
    }
    if (kind >= recordKinds.length || status >= recordStatuses.length) {
        return `kind ${kind} or status ${status} is unknown`;
    }
    const dataCount =
        (flags & RecordFlag.hasAfter ? 1 : 0) + (flags & RecordFlag.hasBefore ? 1 : 0);
    if (dataCount > 0 && lengthBytes > maxDataSizeBytes) {
        return `it has ${lengthBytes} bytes of data, more than a command can carry`;
    }
    const content = head.length + dataCount * Number(lengthBytes);
    const expected = Math.ceil(content / recordAlignment) * recordAlignment;
    return sizeBytes === expected ? undefined : `its size is ${sizeBytes}, not ${expected}`;
}

/** The command that a sound record's head tells; undefined where a text is not UTF-8. */
function factsOf(id: number, head: Uint8Array): CommandFacts | undefined {
    const record = traceRecordLayout.at(head);
    const { flags, labelSizeBytes, originSizeBytes } = record;
    const labelOffset = traceRecordLayout.sizeBytes;
    const originOffset = labelOffset + labelSizeBytes;
    const label = utf8Decode(byteStringOf(head, labelOffset, originOffset));
    const origin = utf8Decode(byteStringOf(head, originOffset, originOffset + originSizeBytes));
    if (label === undefined || origin === undefined) {
        return undefined;
    }
    const has = (flag: number) => (flags & flag) !== 0;
    return {
        id,
        kind: recordKinds[record.kind],
        fua: has(RecordFlag.fua),
        byteOffset: Number(record.diskOffset),
        byteLength: Number(record.lengthBytes),
        issuedAt: numberOf(record.issuedAt),
        issuedNs: numberOf(record.issuedNs),
        acceptedAt: numberOf(record.acceptedAt),
        completedAt: numberOf(record.completedAt),
        completedNs: numberOf(record.completedNs),
        status: recordStatuses[record.status],
        ...(has(RecordFlag.hasAtaCommand) && { ataCommand: record.ataCommand }),
        ...(has(RecordFlag.hasTag) && { tag: record.tag }),
        ...(has(RecordFlag.hasCpu) && { cpu: record.cpu }),
        ...(has(RecordFlag.hasLabel) && { label }),
        ...(has(RecordFlag.hasOrigin) && { origin }),
    };
}

/** 64 bits as a number, or `notYet`. */
function numberOf(word: bigint): number {
    return word === notYetWord ? notYet : Number(word);
}
