/**
 * The write log of the kernel's dm-log-writes target, which QEMU's blklogwrites driver writes too:
 * its layout (Linux `drivers/md/dm-log-writes.c`, QEMU `block/blklogwrites.c`).
 *
 * A log has a superblock in its first sector, then entries, packed: a header, alone in a sector,
 * and the bytes that were written, in whole sectors. A sector has the size that the superblock
 * says. Everything is little-endian.
 */
import { defineStruct } from "../../base/struct.ts";

/** On the disk the bytes "rhswfsj" and a zero. */
export const logMagic = 0x6a_7366_7773_6872n;

/** The one version that there is. */
export const logVersion = 1n;

export const logSuperblockLayout = defineStruct("logSuperblock", 28, {
    magic: { offset: 0, type: "u64", doc: "0x006a736677736872" },
    version: { offset: 8, type: "u64", doc: "1" },
    nr_entries: { offset: 16, type: "u64", doc: "entries that are valid" },
    sectorsize: { offset: 24, type: "u32", doc: "bytes of a sector of the log" },
});

export const logEntryLayout = defineStruct("logEntry", 32, {
    sector: { offset: 0, type: "u64", doc: "where on the disk, in sectors of the log" },
    nr_sectors: { offset: 8, type: "u64", doc: "how much, in sectors of the log" },
    flags: { offset: 16, type: "u64", doc: "what it is" },
    data_len: { offset: 24, type: "u64", doc: "of a mark, the bytes of its label" },
});

/** Where a mark's label begins in its header's sector. */
export const labelOffset = logEntryLayout.sizeBytes;

export const LogFlag = {
    /** All that completed before is on the medium. With data: flushed first, then written. */
    flush: 1,
    /** The data is on the medium. */
    fua: 2,
    /** The sectors need not be kept; no data follows. */
    discard: 4,
    /** A label, without effect on the disk. */
    mark: 8,
    /** The file system called the data metadata; a hint without effect. dm only. */
    metadata: 16,
} as const;

/** All flags that there are. */
export const allLogFlags = 0x1f;

/** Names of flags, as we print them, in the order of their bits. */
export const logFlagNames: readonly (readonly [flag: number, name: string])[] = [
    [LogFlag.flush, "FLUSH"],
    [LogFlag.fua, "FUA"],
    [LogFlag.discard, "DISCARD"],
    [LogFlag.mark, "MARK"],
    [LogFlag.metadata, "METADATA"],
];

/** The mark that dm-log-writes makes when the target is taken down. */
export const endMarkLabel = "dm-log-writes-end";

/**
 * The sector sizes that are read: powers of two from a disk's sector to what QEMU takes (less
 * than 16 MiB). QEMU itself would take less than 512, but no disk has such sectors.
 */
export function isLogSectorSize(sizeBytes: number): boolean {
    const isPowerOfTwo = Number.isInteger(Math.log2(sizeBytes));
    return isPowerOfTwo && sizeBytes >= 512 && sizeBytes < 2 ** 24;
}
