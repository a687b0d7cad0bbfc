/**
 * Reading a write log, entry by entry, whatever its bytes.
 *
 * A log says how many entries it has, and that number is kept up to date only now and then:
 * entries behind it may be whole and wanted (`scansTail`), or may be what an earlier log left
 * there. An entry's place follows from the sizes of all before it, so the first one that is
 * malformed ends the log. The walk is bounded by the size of the file, for every entry takes a
 * sector of it at least; data is not read, only its place is told.
 */
import type { ByteReader } from "../../base/byte-store.ts";
import { byteStringOf, printable, utf8Decode } from "../../base/byte-string.ts";
import { FileWindow } from "../trace-file/file-window.ts";
import {
    allLogFlags,
    isLogSectorSize,
    LogFlag,
    labelOffset,
    logEntryLayout,
    logMagic,
    logSuperblockLayout,
    logVersion,
} from "./log-layout.ts";

/** What a log says of itself. */
export interface LogHeader {
    readonly sectorSizeBytes: number;
    /** The number of entries that it says it has. */
    readonly entryCount: bigint;
}

/** An entry of a log. Sizes are bytes, whatever the log's sectors. */
export interface LogEntry {
    /** Its number, from 0. */
    readonly entryNo: number;
    /** Where in the log its header is. */
    readonly headerOffset: number;
    /** Bits of `LogFlag`. */
    readonly flags: number;
    /** Where on the disk it writes or discards. */
    readonly byteOffset: number;
    readonly byteLength: number;
    /** Where in the log its data is; undefined for an entry without data. */
    readonly dataOffset: number | undefined;
    /** A mark's text, bytes that are not UTF-8 as `\xNN`; empty for any other entry. */
    readonly label: string;
    /** Whether it lies behind the number of entries that the log says it has. */
    readonly isTail: boolean;
}

/** Why a log cannot be read on. */
export interface LogProblem {
    readonly entryNo: number;
    /** Where in the log the entry's header is, or would be. */
    readonly headerOffset: number;
    /** In words, without the place. */
    readonly problem: string;
}

export interface LogReadOptions {
    /** Whether to read on behind the entries that the log counts; where they end is no problem. */
    readonly scansTail?: boolean;
    /** The most entries to read. */
    readonly limit?: number;
    /** The disk's size, where it is known: no entry may reach beyond. */
    readonly diskSizeBytes?: number;
}

/** The text of a problem, with its place. */
export function logProblemText({ entryNo, headerOffset, problem }: LogProblem): string {
    return `entry ${entryNo}, at byte ${headerOffset}: ${problem}`;
}

/** A log's header, or why the file is no log. */
export function readLogHeader(reader: ByteReader): LogHeader | string {
    const { sizeBytes } = logSuperblockLayout;
    if (reader.sizeBytes === 0) {
        return "the file is empty";
    }
    if (reader.sizeBytes < sizeBytes && beginsLikeMagic(reader)) {
        return `the file ends in its header, after ${reader.sizeBytes} of ${sizeBytes} bytes`;
    }
    if (reader.sizeBytes < sizeBytes) {
        const size = `${reader.sizeBytes} bytes, less than its superblock of ${sizeBytes}`;
        return `not a write log: ${size}`;
    }
    const bytes = new Uint8Array(sizeBytes);
    reader.read(0, bytes);
    const { magic, version, nr_entries, sectorsize } = logSuperblockLayout.at(bytes);
    if (magic !== logMagic) {
        const found = magic.toString(16);
        return `not a write log: magic number is 0x${found}, expected 0x${logMagic.toString(16)}`;
    }
    if (version !== logVersion) {
        return `a write log of version ${version}; this program knows version ${logVersion}`;
    }
    if (!isLogSectorSize(sectorsize)) {
        return (
            `a write log with sectors of ${sectorsize} bytes; this program knows powers of two ` +
            "from 512 to 8388608"
        );
    }
    return { sectorSizeBytes: sectorsize, entryCount: nr_entries };
}

/** Whether a file that has only its first bytes may have been a log. */
function beginsLikeMagic(reader: ByteReader): boolean {
    const bytes = new Uint8Array(Math.min(reader.sizeBytes, 8));
    reader.read(0, bytes);
    return bytes.every((byte, at) => byte === Number((logMagic >> BigInt(8 * at)) & 0xffn));
}

/** Goes from entry to entry. */
export class LogReader {
    readonly header: LogHeader;
    readonly #reader: ByteReader;
    #options: LogReadOptions;
    readonly #diskSizeBytes: number;
    readonly #window: FileWindow;
    #position: number;
    #entryNo = 0;
    #problem: LogProblem | undefined;

    constructor(reader: ByteReader, header: LogHeader, options: LogReadOptions = {}) {
        this.header = header;
        this.#reader = reader;
        this.#options = options;
        this.#diskSizeBytes = options.diskSizeBytes ?? Number.MAX_SAFE_INTEGER;
        this.#window = new FileWindow(reader);
        this.#position = header.sectorSizeBytes;
    }

    /** What ended the log before its time; undefined where nothing did. */
    get problem(): LogProblem | undefined {
        return this.#problem;
    }

    /** Where in the log the next entry begins. */
    get position(): number {
        return this.#position;
    }

    /** The next entry, or undefined at the end or at a problem. */
    next(): LogEntry | undefined {
        const { limit = Number.POSITIVE_INFINITY, scansTail = false } = this.#options;
        const isTail = this.#entryNo >= this.header.entryCount;
        const isOver = this.#entryNo >= limit || (isTail && !scansTail);
        if (isOver || this.#problem !== undefined) {
            return undefined;
        }
        const entry = this.#entry(isTail);
        if (typeof entry !== "string") {
            return entry;
        }
        if (isTail) {
            // What is malformed behind the counted entries was never an entry of this log.
            this.#options = { ...this.#options, limit: this.#entryNo };
        } else {
            const [entryNo, headerOffset] = [this.#entryNo, this.#position];
            this.#problem = { entryNo, headerOffset, problem: entry };
        }
        return undefined;
    }

    /** All entries that are left. */
    *[Symbol.iterator](): Generator<LogEntry> {
        for (let entry = this.next(); entry !== undefined; entry = this.next()) {
            yield entry;
        }
    }

    /** Reads the entry at the position and goes past it, or says what is wrong with it. */
    #entry(isTail: boolean): LogEntry | string {
        const { sectorSizeBytes } = this.header;
        const headerOffset = this.#position;
        const sectorBytes = this.#window.bytes(headerOffset, sectorSizeBytes);
        if (sectorBytes === undefined) {
            const leftBytes = this.#reader.sizeBytes - headerOffset;
            return leftBytes <= 0
                ? "the file ends before it"
                : `the file has ${leftBytes} of the ${sectorSizeBytes} bytes of its header`;
        }
        const problem = this.#headerProblem(sectorBytes, isTail);
        if (problem !== undefined) {
            return problem;
        }
        const { sector, nr_sectors, flags, data_len } = logEntryLayout.at(sectorBytes);
        const byteLength = Number(nr_sectors) * sectorSizeBytes;
        const hasData = byteLength > 0 && (Number(flags) & LogFlag.discard) === 0;
        const endOffset = headerOffset + sectorSizeBytes + (hasData ? byteLength : 0);
        if (endOffset > this.#reader.sizeBytes) {
            const missing = endOffset - this.#reader.sizeBytes;
            const rest = `the last ${missing} of ${byteLength} bytes are missing`;
            return `the file ends in its data: ${rest}`;
        }
        const isMark = (Number(flags) & LogFlag.mark) !== 0;
        this.#position = endOffset;
        return {
            entryNo: this.#entryNo++,
            headerOffset,
            flags: Number(flags),
            byteOffset: Number(sector) * sectorSizeBytes,
            byteLength,
            dataOffset: hasData ? headerOffset + sectorSizeBytes : undefined,
            label: isMark ? labelText(sectorBytes, Number(data_len)) : "",
            isTail,
        };
    }

    /** What is wrong with a header, alone in its sector; rules as in xfstests' reader. */
    #headerProblem(sectorBytes: Uint8Array, isTail: boolean): string | undefined {
        const { sector, nr_sectors, flags, data_len } = logEntryLayout.at(sectorBytes);
        if (flags > allLogFlags) {
            return `its flags 0x${flags.toString(16)} are not all known`;
        }
        if (flags === 0n && nr_sectors === 0n) {
            return "it has no flags and writes nothing";
        }
        const isMark = (Number(flags) & LogFlag.mark) !== 0;
        if (isMark && nr_sectors !== 0n) {
            return `it is a mark with ${nr_sectors} sectors of data`;
        }
        if (isMark && data_len >= sectorBytes.length - labelOffset) {
            return `it is a mark with a label of ${data_len} bytes, which its sector cannot hold`;
        }
        // Only a mark has text behind the header. The tail may be anything, so there every byte
        // must be as it should be; in what the log counts, the first one tells.
        const paddingOffset = labelOffset + (isMark ? Number(data_len) : 0);
        const padding = sectorBytes.subarray(paddingOffset, isTail ? undefined : labelOffset + 1);
        if (padding.some((byte) => byte !== 0)) {
            return "what should be zeros behind its header is not";
        }
        // As whole numbers of 64 bits, before anything is rounded.
        const endOffset = (sector + nr_sectors) * BigInt(sectorBytes.length);
        if (endOffset > this.#diskSizeBytes) {
            const size = this.#options.diskSizeBytes;
            const limit = size === undefined ? "any disk" : `the disk of ${size} bytes`;
            return `it reaches to byte ${endOffset}, beyond ${limit}`;
        }
        return undefined;
    }
}

/** A mark's text. */
function labelText(sectorBytes: Uint8Array, lengthBytes: number): string {
    const bytes = byteStringOf(sectorBytes, labelOffset, labelOffset + lengthBytes);
    return utf8Decode(bytes) ?? printable(bytes);
}
