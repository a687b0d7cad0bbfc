/**
 * A write log as a trace.
 *
 * A log has one clock, a trace has two, so the import says when each command was issued:
 *
 * - Commands of a log come one after the other: each is issued when the one before has completed.
 *   That is all that either kind of log tells. Of two writes to the same sector the earlier one is
 *   then older, though on the real disk they may have overlapped.
 * - dm-log-writes holds a write back until a flush that was issued after its completion, so "all
 *   before a flush is durable" needs no more. Writes that such a flush did not wait for already
 *   stand behind it.
 * - QEMU logs in the order of completion. A write next to a flush may have completed after the
 *   flush was issued, and then the flush promises nothing of it. With `flushSlack` n, the n writes
 *   before each flush are in flight together when it is issued, and complete while it runs. A
 *   write that is too long for one command counts once: a flush covers all of it or nothing.
 * - QEMU logs no FUA (the guest's FUA is carried out and not told), so one must assume it.
 *
 * Where a FLUSH has data, the flush comes first and then the write. A log has no time: all
 * nanoseconds are 0. It has no tags, no command codes and nothing of what was there before.
 */
import { assert } from "../../base/assert.ts";
import type { ByteReader } from "../../base/byte-store.ts";
import { sectorSize } from "../../base/sector.ts";
import {
    type DiskTrace,
    notYet,
    type TraceCommand,
    type TraceCommandKind,
} from "../trace/disk-trace.ts";
import { storedCommand } from "../trace-file/stored-command.ts";
import type { LogKind } from "./log-kind.ts";
import { endMarkLabel, LogFlag } from "./log-layout.ts";
import type { LogEntry, LogHeader } from "./log-reader.ts";

/** Most writes that can complete while a flush runs: a disk has 32 slots, and the flush one. */
export const maxFlushSlack = 31;

/** Most sectors of one ATA command; a longer write of a log becomes several. */
const maxSectorCount = 65_536;

/** Which writes count as FUA although the log does not say so. */
export type AssumedFua =
    | "none"
    | "all"
    /** Writes that lie in this range of bytes, `endOffset` not included. */
    | { readonly startOffset: number; readonly endOffset: number };

export interface LogImportOptions {
    readonly kind: LogKind;
    /** The disk's size; where it is left out, the smallest that has all that was written. */
    readonly diskSizeBytes?: number;
    /** Of a QEMU log only: writes before each flush that it does not cover, 0 to 31. */
    readonly flushSlack?: number;
    /** Of a QEMU log only: the disk had no volatile cache, so what completed is durable. */
    readonly isWriteThrough?: boolean;
    readonly assumedFua?: AssumedFua;
}

/**
 * Bytes of a sector of the disk, the unit that lands whole. A dm target has the sectors of its
 * disk; QEMU's log may have larger ones than the disk that the guest sees, which has 512 bytes.
 */
function diskSectorSizeBytes(kind: LogKind, { sectorSizeBytes }: LogHeader): number {
    return kind === "dm" && sectorSizeBytes === 4096 ? 4096 : sectorSize;
}

/** The trace that a log's entries tell. Data stays in `log` until it is asked for. */
export function importLog(
    log: ByteReader,
    header: LogHeader,
    entries: Iterable<LogEntry>,
    options: LogImportOptions,
): DiskTrace {
    const { kind, flushSlack = 0, isWriteThrough = false } = options;
    assert(flushSlack >= 0 && flushSlack <= maxFlushSlack, "a disk has 32 slots");
    assert(
        kind === "qemu" || (flushSlack === 0 && !isWriteThrough),
        "dm logs tell what is durable",
    );
    const sectorSizeBytes = diskSectorSizeBytes(kind, header);
    const importer = new Importer(log, sectorSizeBytes, flushSlack, options.assumedFua ?? "none");
    let endMark: LogEntry | undefined;
    for (const entry of entries) {
        // The end mark is the log's own, unless the log goes on behind it.
        if (endMark !== undefined) {
            importer.add(endMark);
        }
        endMark = entry.label === endMarkLabel ? entry : undefined;
        if (endMark === undefined) {
            importer.add(entry);
        }
    }
    importer.end();
    const { commands, eventCount, endOffset } = importer;
    const diskSizeBytes = options.diskSizeBytes ?? endOffset;
    assert(endOffset <= diskSizeBytes, "entries beyond the disk are malformed");
    const startsWithCache = !isWriteThrough;
    return { diskSizeBytes, sectorSizeBytes, startsWithCache, commands, eventCount };
}

/** What a command asks for. */
interface Request {
    readonly kind: TraceCommandKind;
    readonly byteOffset: number;
    readonly byteLength: number;
    readonly fua: boolean;
    readonly label?: string;
    /** Where in the log its data is. */
    readonly dataOffset?: number;
}

const flushRequest: Request = { kind: "flush", byteOffset: 0, byteLength: 0, fua: false };

/** Makes commands of entries, and gives them their instants. */
class Importer {
    readonly commands: TraceCommand[] = [];
    eventCount = 0;
    /** The end of what was written so far, in bytes from the disk's start. */
    endOffset = 0;
    readonly #log: ByteReader;
    readonly #maxByteLength: number;
    readonly #flushSlack: number;
    readonly #assumedFua: AssumedFua;
    /**
     * Writes that a flush may overlap with, were it the next entry: at most `#flushSlack` entries,
     * each with the requests that it becomes.
     */
    readonly #held: Request[][] = [];

    constructor(
        log: ByteReader,
        sectorSizeBytes: number,
        flushSlack: number,
        assumedFua: AssumedFua,
    ) {
        this.#log = log;
        this.#maxByteLength = maxSectorCount * sectorSizeBytes;
        this.#flushSlack = flushSlack;
        this.#assumedFua = assumedFua;
    }

    add(entry: LogEntry): void {
        const { flags, byteLength, label } = entry;
        if ((flags & LogFlag.flush) !== 0) {
            this.#overlap([...this.#held.splice(0).flat(), flushRequest]);
        }
        if ((flags & LogFlag.mark) !== 0) {
            this.end();
            this.#overlap([{ kind: "mark", byteOffset: 0, byteLength: 0, fua: false, label }]);
        }
        if (byteLength > 0) {
            this.#held.push([...this.#requests(entry)]);
            this.#release(this.#flushSlack);
        }
    }

    /** No flush follows what is held. */
    end(): void {
        this.#release(0);
    }

    /** Holds no more than the last `entryCount` writes; older ones come one after the other. */
    #release(entryCount: number): void {
        while (this.#held.length > entryCount) {
            for (const request of this.#held.shift() ?? []) {
                this.#overlap([request]);
            }
        }
    }

    /** What an entry writes or discards, in commands that a disk can carry out. */
    *#requests(entry: LogEntry): Generator<Request> {
        const { byteOffset, byteLength, dataOffset } = entry;
        this.endOffset = Math.max(this.endOffset, byteOffset + byteLength);
        const fua = (entry.flags & LogFlag.fua) !== 0 || this.#isAssumedFua(entry);
        if (dataOffset === undefined) {
            yield { kind: "discard", byteOffset, byteLength, fua };
            return;
        }
        for (let done = 0; done < byteLength; done += this.#maxByteLength) {
            yield {
                kind: "write",
                byteOffset: byteOffset + done,
                byteLength: Math.min(this.#maxByteLength, byteLength - done),
                fua,
                dataOffset: dataOffset + done,
            };
        }
    }

    #isAssumedFua({ byteOffset, byteLength, dataOffset }: LogEntry): boolean {
        const assumed = this.#assumedFua;
        if (typeof assumed === "string" || dataOffset === undefined) {
            return assumed === "all" && dataOffset !== undefined;
        }
        const { startOffset, endOffset } = assumed;
        return byteOffset >= startOffset && byteOffset + byteLength <= endOffset;
    }

    /** Makes commands that are all issued before the first of them completes. */
    #overlap(requests: readonly Request[]): void {
        for (const [index, request] of requests.entries()) {
            const { kind, byteOffset, byteLength, fua, label, dataOffset } = request;
            const issuedAt = this.eventCount + index;
            const facts = {
                id: this.commands.length,
                kind,
                fua,
                byteOffset,
                byteLength,
                ...(label !== undefined && { label }),
                issuedAt,
                issuedNs: 0,
                // Only what changes the disk has something to be accepted.
                acceptedAt: byteLength > 0 ? issuedAt : notYet,
                completedAt: issuedAt + requests.length,
                completedNs: 0,
                status: "done",
            } as const;
            const log = this.#log;
            const readData = () => {
                const data = new Uint8Array(byteLength);
                log.read(dataOffset ?? 0, data);
                return data;
            };
            this.commands.push(
                storedCommand(facts, dataOffset === undefined ? undefined : readData),
            );
        }
        this.eventCount += 2 * requests.length;
    }
}
