/** Writing a log: entries one after the other, and the superblock that counts them. */
import { assert } from "../../base/assert.ts";
import type { ByteSink } from "../../base/byte-sink.ts";
import { bytesOf, utf8Encode } from "../../base/byte-string.ts";
import {
    LogFlag,
    labelOffset,
    logEntryLayout,
    logMagic,
    logSuperblockLayout,
    logVersion,
} from "./log-layout.ts";

/** An entry to be written. */
export interface NewLogEntry {
    /** Bits of `LogFlag`. */
    readonly flags: number;
    /** Multiples of the log's sector size. */
    readonly byteOffset: number;
    readonly byteLength: number;
    /** What a write brings, `byteLength` bytes of it. */
    readonly data?: Uint8Array;
}

/** The superblock's sector. */
export function logSuperblock(sectorSizeBytes: number, entryCount: number): Uint8Array {
    const bytes = new Uint8Array(sectorSizeBytes);
    Object.assign(logSuperblockLayout.at(bytes), {
        magic: logMagic,
        version: logVersion,
        nr_entries: BigInt(entryCount),
        sectorsize: sectorSizeBytes,
    });
    return bytes;
}

/** Writes the entries; the superblock goes before the first of them. */
export class LogWriter {
    readonly #sink: ByteSink;
    readonly #header: Uint8Array;
    #entryCount = 0;

    constructor(sink: ByteSink, sectorSizeBytes: number) {
        this.#sink = sink;
        this.#header = new Uint8Array(sectorSizeBytes);
    }

    get entryCount(): number {
        return this.#entryCount;
    }

    /** Writes a flush, a write or a discard. */
    entry({ flags, byteOffset, byteLength, data }: NewLogEntry): void {
        const sectorSizeBytes = this.#header.length;
        assert(
            byteOffset % sectorSizeBytes === 0 && byteLength % sectorSizeBytes === 0,
            "a log has whole sectors",
        );
        assert(
            (data?.length ?? 0) === ((flags & LogFlag.discard) === 0 ? byteLength : 0),
            "data fits",
        );
        this.#put(flags, byteOffset / sectorSizeBytes, byteLength / sectorSizeBytes, 0);
        if (data !== undefined) {
            this.#sink(data);
        }
    }

    /** Writes a mark; false where its label was too long for a sector and was cut. */
    mark(label: string): boolean {
        const bytes = bytesOf(utf8Encode(label));
        // The kernel's label ends in a zero that has to fit, too.
        const room = this.#header.length - labelOffset - 1;
        const cut = bytes.subarray(0, room);
        this.#header.set(cut, labelOffset);
        this.#put(LogFlag.mark, 0, 0, cut.length);
        this.#header.fill(0);
        return cut.length === bytes.length;
    }

    #put(flags: number, sector: number, sectorCount: number, labelBytes: number): void {
        Object.assign(logEntryLayout.at(this.#header), {
            sector: BigInt(sector),
            nr_sectors: BigInt(sectorCount),
            flags: BigInt(flags),
            data_len: BigInt(labelBytes),
        });
        this.#sink(this.#header);
        this.#entryCount++;
    }
}
