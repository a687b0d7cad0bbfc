/** Write logs made by the rules of the format, byte by byte, and traces as plain values. */
import type { DiskTrace, TraceCommand } from "../../src/disk/trace/disk-trace.ts";

/** An entry of a log, in the format's own terms. */
export interface RawEntry {
    readonly sector?: number | bigint;
    readonly sectorCount?: number | bigint;
    readonly flags?: number;
    /** `data_len`; the label's length where it is left out. */
    readonly dataLength?: number | bigint;
    readonly label?: string;
    /** The bytes behind the header's sector; of `sectorCount` sectors where it is a number. */
    readonly data?: Uint8Array | number;
    /** Bytes from 32 on of the header's sector, in place of the label. */
    readonly behindHeader?: Uint8Array;
}

/** Flags as the kernel's source has them. */
export const flag = { flush: 1, fua: 2, discard: 4, mark: 8, metadata: 16 } as const;

const superblockMagic = Buffer.from("7268737766736a00", "hex");

/** A log of `entries`, with sectors of `sectorSize` bytes, that says it has `entryCount`. */
export function rawLog(
    sectorSize: number,
    entries: readonly RawEntry[],
    entryCount: number | bigint = entries.length,
): Uint8Array {
    const head = Buffer.alloc(sectorSize);
    superblockMagic.copy(head);
    head.writeBigUInt64LE(1n, 8);
    head.writeBigUInt64LE(BigInt(entryCount), 16);
    head.writeUInt32LE(sectorSize, 24);
    return new Uint8Array(
        Buffer.concat([head, ...entries.map((entry) => rawEntry(sectorSize, entry))]),
    );
}

function rawEntry(sectorSize: number, entry: RawEntry): Uint8Array {
    const { sector = 0, sectorCount = 0, flags = 0, label = "", data } = entry;
    const header = Buffer.alloc(sectorSize);
    header.writeBigUInt64LE(BigInt(sector), 0);
    header.writeBigUInt64LE(BigInt(sectorCount), 8);
    header.writeBigUInt64LE(BigInt(flags), 16);
    header.writeBigUInt64LE(BigInt(entry.dataLength ?? Buffer.byteLength(label)), 24);
    Buffer.from(entry.behindHeader ?? Buffer.from(label)).copy(header, 32);
    const content =
        typeof data === "number" ? Buffer.alloc(Number(sectorCount) * sectorSize, data) : data;
    return Buffer.concat(content === undefined ? [header] : [header, content]);
}

/** A write of whole sectors full of one byte. */
export function rawWrite(sector: number, sectorCount: number, fill: number, flags = 0): RawEntry {
    return { sector, sectorCount, flags, data: fill };
}

export const rawFlush: RawEntry = { flags: 1 };

/** A command with its data, as a value that can be compared; its fields in no special order. */
function plainCommand(command: TraceCommand): object {
    const { after, before } = command;
    return {
        ...command,
        ...(after !== undefined && { after: Buffer.from(after).toString("hex") }),
        ...(before !== undefined && { before: Buffer.from(before).toString("hex") }),
    };
}

/** The same of a trace. */
export function plainTrace(trace: DiskTrace): object {
    return { ...trace, commands: trace.commands.map(plainCommand) };
}

/** Collects what a writer writes. */
export function collected(write: (sink: (bytes: Uint8Array) => void) => void): Uint8Array {
    const chunks: Uint8Array[] = [];
    // Copies, for the writer may use its buffer again.
    write((bytes) => chunks.push(bytes.slice()));
    return new Uint8Array(Buffer.concat(chunks));
}
