/**
 * Reading a trace file, whatever its bytes.
 *
 * Every command is read and checked, and the data of none: data is read, and its checksum
 * compared, when somebody asks for it. The file's size bounds the work and the memory: a command
 * takes some 300 bytes of memory beside its texts, and of the file no less than 88. So a file
 * takes up to four times its size, and one of writes, which is mostly data, a fraction of it.
 */
import type { ByteReader } from "../../base/byte-store.ts";
import { byteStringOf, utf8Decode } from "../../base/byte-string.ts";
import { crc32c } from "../../base/crc32c.ts";
import { UserError } from "../../base/user-error.ts";
import { type DiskTrace, notYet, type TraceCommand } from "../trace/disk-trace.ts";
import { type CommandFacts, TraceCheck } from "../trace/trace-check.ts";
import { FileWindow } from "./file-window.ts";
import { type ReadData, storedCommand } from "./stored-command.ts";
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

/** A trace of which there may be the beginning only. */
export interface TraceBeginning extends TraceFile {
    /** The number of commands that the file says it has. */
    readonly commandCount: number;
    /** Why the command after the last of `trace` cannot be read; undefined where there is none. */
    readonly problem: string | undefined;
}

/** Events of a command at most: issue, acceptance, completion. */
const maxEventsPerCommand = 3n;

/** Reads a trace. Throws `UserError` with `exitCode` for a file that holds none. */
export function readTrace(file: ByteReader, name: string, exitCode: number): TraceFile {
    const { problem, ...whole } = readTraceBeginning(file, name, exitCode);
    if (problem !== undefined) {
        throw new UserError(`${name}: ${problem}`, exitCode);
    }
    return whole;
}

/**
 * Reads a trace up to the first command that is cut short or damaged. Throws `UserError` with
 * `exitCode` where there is no trace at all.
 */
export function readTraceBeginning(
    file: ByteReader,
    name: string,
    exitCode: number,
): TraceBeginning {
    const fail = (problem: string) => new UserError(`${name}: ${problem}`, exitCode);
    const expectSound = (problem: string | undefined) => {
        if (problem !== undefined) {
            throw fail(`not a sound trace: ${problem}`);
        }
    };
    const header = readHeader(file, fail);
    if (header.eventCount > maxEventsPerCommand * header.commandCount) {
        expectSound(`${header.eventCount} events, more than its commands have`);
    }
    const facts = {
        diskSizeBytes: Number(header.diskSizeBytes),
        sectorSizeBytes: header.sectorSizeBytes,
        startsWithCache: (header.flags & TraceFlag.startsWithCache) !== 0,
        eventCount: Number(header.eventCount),
    };
    const check = new TraceCheck(facts);
    expectSound(check.problem);
    const reader = new RecordReader(file, fail);
    const commands: TraceCommand[] = [];
    let cut: string | undefined;
    for (let left = header.commandCount; left > 0n && cut === undefined; left--) {
        const record = reader.next(commands.length);
        if (typeof record === "string") {
            cut = record;
        } else {
            expectSound(check.next(record.command, record.afterSizeBytes));
            commands.push(record.command);
        }
    }
    const base = (header.flags & TraceFlag.hasBase) === 0 ? undefined : header.base;
    const commandCount = Number(header.commandCount);
    return { trace: { ...facts, commands }, base, commandCount, problem: cut };
}

function readHeader(file: ByteReader, fail: (problem: string) => UserError) {
    const { sizeBytes } = traceHeaderLayout;
    const bytes = new Uint8Array(sizeBytes);
    file.read(0, bytes.subarray(0, Math.min(sizeBytes, file.sizeBytes)));
    const header = traceHeaderLayout.at(bytes);
    if (file.sizeBytes === 0) {
        throw fail("the file is empty");
    }
    if (file.sizeBytes < sizeBytes && beginsLikeMagic(bytes, file.sizeBytes)) {
        throw fail(`the file ends in its header, after ${file.sizeBytes} of ${sizeBytes} bytes`);
    }
    if (header.magic !== traceMagic) {
        throw fail("not a trace: it does not begin with the bytes chktrace");
    }
    if (header.version !== traceVersion) {
        throw fail(`a trace of version ${header.version}; this program knows version 1`);
    }
    const { checksum } = header;
    header.checksum = 0;
    if (checksum !== crc32c(bytes)) {
        throw fail("damaged: the trace's header does not fit its checksum");
    }
    return header;
}

/** Whether a file that has only its first bytes may have been a trace. */
function beginsLikeMagic(bytes: Uint8Array, lengthBytes: number): boolean {
    const start = bytes.subarray(0, Math.min(lengthBytes, 8));
    return start.every((byte, at) => byte === Number((traceMagic >> BigInt(8 * at)) & 0xffn));
}

/** Goes from record to record. */
class RecordReader {
    readonly #file: ByteReader;
    readonly #fail: (problem: string) => UserError;
    #position = traceHeaderLayout.sizeBytes;
    readonly #window: FileWindow;

    constructor(file: ByteReader, fail: (problem: string) => UserError) {
        this.#file = file;
        this.#fail = fail;
        this.#window = new FileWindow(file);
    }

    /** The next command, and how much it writes, for its data is not read; or why there is none. */
    next(id: number): { command: TraceCommand; afterSizeBytes: number | undefined } | string {
        const recordOffset = this.#position;
        const placed = (problem: string) => placedProblem(id, recordOffset, problem);
        const { sizeBytes: fixedSizeBytes } = traceRecordLayout;
        const fixed = this.#window.bytes(recordOffset, fixedSizeBytes);
        if (fixed === undefined) {
            return placed("the file ends before it, or in it");
        }
        const record = traceRecordLayout.at(fixed);
        const { labelSizeBytes, originSizeBytes, sizeBytes } = record;
        if (Math.max(labelSizeBytes, originSizeBytes) > maxTextSizeBytes) {
            return placed("damaged: its texts are longer than texts can be");
        }
        const headSizeBytes = fixedSizeBytes + labelSizeBytes + originSizeBytes;
        const head = this.#window.bytes(recordOffset, headSizeBytes);
        if (head === undefined || sizeBytes > this.#file.sizeBytes - recordOffset) {
            return placed("the file ends in it");
        }
        const problem = headProblem(head);
        if (problem !== undefined) {
            return placed(`damaged: ${problem}`);
        }
        this.#position = recordOffset + sizeBytes;
        const facts = factsOf(id, head);
        if (facts === undefined) {
            return placed("damaged: its texts are not UTF-8");
        }
        const { flags, afterChecksum, beforeChecksum } = traceRecordLayout.at(head);
        const hasAfter = (flags & RecordFlag.hasAfter) !== 0;
        const hasBefore = (flags & RecordFlag.hasBefore) !== 0;
        const afterOffset = recordOffset + headSizeBytes;
        const beforeOffset = afterOffset + (hasAfter ? facts.byteLength : 0);
        const data = (byteOffset: number, checksum: number) =>
            this.#data(id, recordOffset, byteOffset, facts.byteLength, checksum);
        return {
            command: storedCommand(
                facts,
                hasAfter ? data(afterOffset, afterChecksum) : undefined,
                hasBefore ? data(beforeOffset, beforeChecksum) : undefined,
            ),
            afterSizeBytes: hasAfter ? facts.byteLength : undefined,
        };
    }

    /** Apart from `next`, so that what is kept for each command is just these numbers. */
    #data(
        id: number,
        recordOffset: number,
        byteOffset: number,
        lengthBytes: number,
        checksum: number,
    ): ReadData {
        return () => {
            const bytes = new Uint8Array(lengthBytes);
            this.#file.read(byteOffset, bytes);
            if (crc32c(bytes) !== checksum) {
                const problem = "damaged: its data does not fit its checksum";
                throw this.#fail(placedProblem(id, recordOffset, problem));
            }
            return bytes;
        };
    }
}

function placedProblem(id: number, recordOffset: number, problem: string): string {
    return `command ${id}, at byte ${recordOffset}: ${problem}`;
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
