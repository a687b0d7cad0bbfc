/**
 * The list of sectors that DATA SET MANAGEMENT trims (ACS-3, 7.5.3).
 *
 * Each entry is eight bytes: LBA 47:0, then a 16-bit count of sectors; one with the count 0 says
 * nothing. The list fills whole sectors.
 */
import { sectorSize } from "../../base/sector.ts";

/** Features, bit 0: the command trims; nothing else is defined. */
export const trimFeature = 0x01;
/** Sectors of entries that one command may bring; IDENTIFY word 105 leaves the limit open. */
export const maxTrimListSectors = 8;

export interface TrimRange {
    readonly byteOffset: number;
    readonly byteLength: number;
}

const entrySize = 8;

/**
 * The ranges of a list, in its order; undefined when one lies outside the disk, or when they are
 * more than the disk holds, which bounds the work that a list can ask for.
 */
export function trimRanges(list: Uint8Array, diskSizeBytes: number): TrimRange[] | undefined {
    const view = new DataView(list.buffer, list.byteOffset, list.length);
    const ranges: TrimRange[] = [];
    let totalBytes = 0;
    for (let offset = 0; offset < list.length; offset += entrySize) {
        const lba = view.getUint32(offset, true) + view.getUint16(offset + 4, true) * 2 ** 32;
        const byteOffset = lba * sectorSize;
        const byteLength = view.getUint16(offset + 6, true) * sectorSize;
        if (byteLength === 0) {
            continue;
        }
        totalBytes += byteLength;
        if (byteOffset + byteLength > diskSizeBytes || totalBytes > diskSizeBytes) {
            return undefined;
        }
        ranges.push({ byteOffset, byteLength });
    }
    return ranges;
}
