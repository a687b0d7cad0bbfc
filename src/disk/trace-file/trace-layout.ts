/**
 * The layout of a trace file: what `docs/TRACES.md` specifies.
 *
 * A header, then a record for each command, in the order of issue; a record is a fixed part, then
 * its texts, then its data, then zeros up to a multiple of 8 bytes. Little-endian throughout.
 *
 * Checksums are CRC32C: they tell damage by accident, cost next to nothing and are known to
 * everybody. The fixed part of a record has one of its own, so that a trace of many gigabytes is
 * checked, and shown, without reading its data; data is checked when it is read.
 */
import { defineStruct } from "../../base/struct.ts";
import { traceCommandKinds, traceCommandStatuses } from "../trace/disk-trace.ts";

/** The bytes "chktrace". */
export const traceMagic = 0x6563_6172_746b_6863n;

export const traceVersion = 1;

/** Stands for an instant, or a time, that has not come. */
export const notYetWord = 0xffff_ffff_ffff_ffffn;

export const traceHeaderLayout = defineStruct("traceHeader", 80, {
    magic: { offset: 0, type: "u64", doc: "the bytes `chktrace`" },
    version: { offset: 8, type: "u32", doc: "1" },
    flags: { offset: 12, type: "u32", doc: "bit 0: the cache is on at the start; bit 1: `base`" },
    sectorSizeBytes: { offset: 16, type: "u32", doc: "512 or 4096" },
    checksum: { offset: 20, type: "u32", doc: "CRC32C of the header with this field 0" },
    diskSizeBytes: { offset: 24, type: "u64", doc: "the disk's size" },
    eventCount: { offset: 32, type: "u64", doc: "instants are numbered from 0 to one less" },
    commandCount: { offset: 40, type: "u64", doc: "records that follow" },
    base: { offset: 48, type: "bytes", count: 32, doc: "digest of the disk before, or zeros" },
});

export const TraceFlag = { startsWithCache: 1, hasBase: 2 } as const;

export const traceRecordLayout = defineStruct("traceRecord", 88, {
    sizeBytes: { offset: 0, type: "u32", doc: "the whole record, with data and padding" },
    checksum: { offset: 4, type: "u32", doc: "CRC32C of this part, with this field 0, and texts" },
    kind: { offset: 8, type: "u8", doc: "see below" },
    status: { offset: 9, type: "u8", doc: "0 done, 1 failed, 2 outstanding" },
    flags: { offset: 10, type: "u8", doc: "see below" },
    ataCommand: { offset: 11, type: "u8", doc: "the command's code, or 0" },
    tag: { offset: 12, type: "u16", doc: "the tag of a queued command, or 0" },
    cpu: { offset: 14, type: "u16", doc: "the CPU that issued it, or 0" },
    labelSizeBytes: { offset: 16, type: "u32", doc: "a mark's text" },
    originSizeBytes: { offset: 20, type: "u32", doc: "the name of the function that issued it" },
    afterChecksum: { offset: 24, type: "u32", doc: "CRC32C of the bytes written, or 0" },
    beforeChecksum: { offset: 28, type: "u32", doc: "CRC32C of the bytes before, or 0" },
    diskOffset: { offset: 32, type: "u64", doc: "where on the disk" },
    lengthBytes: { offset: 40, type: "u64", doc: "how much; each data has as many bytes" },
    issuedAt: { offset: 48, type: "u64", doc: "instant at which the drive got it" },
    issuedNs: { offset: 56, type: "u64", doc: "time of it" },
    acceptedAt: { offset: 64, type: "u64", doc: "instant at which the drive had its data" },
    completedAt: { offset: 72, type: "u64", doc: "instant at which the host knew its end" },
    completedNs: { offset: 80, type: "u64", doc: "time of it" },
});

export const RecordFlag = {
    fua: 1,
    hasAtaCommand: 2,
    hasTag: 4,
    hasCpu: 8,
    hasLabel: 16,
    hasOrigin: 32,
    hasAfter: 64,
    hasBefore: 128,
} as const;

/** `kind` is the place in this list. New kinds come at its end. */
export const recordKinds = traceCommandKinds;

/** `status` is the place in this list. */
export const recordStatuses = traceCommandStatuses;

/** Most bytes of one command's data: 65,536 sectors of 4096, the most that ATA can ask for. */
export const maxDataSizeBytes = 65_536 * 4096;

/** Most bytes of a label, and of an origin. */
export const maxTextSizeBytes = 65_536;

/** Records, and so data in memory, begin at multiples of this. */
export const recordAlignment = 8;
