/**
 * The drive's logs, as READ LOG EXT gives them: the directory (00h) and the NCQ command error log
 * (10h), by which a host learns which of its queued commands failed.
 *
 * Source: ACS-3, A.2 and A.15; Serial ATA 3.0, 13.7.
 */
import { sectorSize } from "../../base/sector.ts";

/** A log is read by pages of one sector. */
const logPageSize = sectorSize;

export const logDirectoryAddress = 0x00;
export const ncqErrorLogAddress = 0x10;

/** What the error log says of the command that failed. */
export interface QueueError {
    /** The tag of the queued command; undefined when a command that does not queue was at fault. */
    readonly tag: number | undefined;
    readonly status: number;
    readonly error: number;
    readonly lba: number;
    readonly count: number;
    readonly device: number;
}

/** The directory: the version of logging, and for each address how many pages the log has. */
export function logDirectoryPage(): Uint8Array {
    const page = new Uint8Array(logPageSize);
    const words = new DataView(page.buffer);
    words.setUint16(2 * logDirectoryAddress, 0x0001, true);
    words.setUint16(2 * ncqErrorLogAddress, 1, true);
    return page;
}

/** NQ, byte 0: the command at fault was not a queued one. */
const notQueuedBit = 0x80;

/** The NCQ command error log; all zeros when nothing has failed since the last reset. */
export function ncqErrorLogPage(queueError: QueueError | undefined): Uint8Array {
    const page = new Uint8Array(logPageSize);
    if (queueError === undefined) {
        return page;
    }
    const { tag, status, error, lba, count, device } = queueError;
    const low = lba % 2 ** 24;
    const high = Math.floor(lba / 2 ** 24);
    page[0] = tag ?? notQueuedBit;
    page[2] = status;
    page[3] = error;
    page.set([low, low >>> 8, low >>> 16], 4);
    page[7] = device;
    page.set([high, high >>> 8, high >>> 16], 8);
    page.set([count, count >>> 8], 12);
    // The last byte makes the sum of all a multiple of 256.
    const sum = page.reduce((total, byte) => total + byte, 0);
    page[logPageSize - 1] = -sum;
    return page;
}
