/**
 * The two-clock trace: everything that a host asked of a disk, when it asked and when it was told
 * that it was done.
 *
 * Between the two instants lies everything that a crash can do, so both are kept. An instant is
 * the *ordinal* of an event: events are numbered from 0 in the order in which they happened, no
 * two share a number, and "before" is never a tie. Nanoseconds stand beside it for people.
 *
 * A crash *at time T* comes after the events with ordinals below T and before all others: T = 0 is
 * a crash before anything, T = `eventCount` one after everything.
 */

/** An instant that has not come. */
export const notYet = Number.POSITIVE_INFINITY;

export const traceCommandKinds = [
    "read",
    "write",
    /** Sectors that need not be kept (TRIM); they read as zeros. Ordered like a write. */
    "discard",
    "flush",
    /** SET FEATURES 02h: writes complete when the cache has them. */
    "cache-on",
    /** SET FEATURES 82h: flushes, and from its completion on writes complete on the medium. */
    "cache-off",
    /** STANDBY and its kin: flushes. */
    "standby",
    /** A label without effect on the disk: a host's acknowledgement, or MARK of dm-log-writes. */
    "mark",
    /** Anything else that reached the drive: IDENTIFY, READ LOG EXT, unknown commands. */
    "other",
] as const;

export type TraceCommandKind = (typeof traceCommandKinds)[number];

/**
 * How a command ended. One that was dropped, by a reset of the link or by another's error, has
 * failed then; `outstanding` is one whose end the trace does not have.
 */
export const traceCommandStatuses = ["done", "failed", "outstanding"] as const;

export type TraceCommandStatus = (typeof traceCommandStatuses)[number];

/** A command, with both clocks. */
export interface TraceCommand {
    /** Its place in `DiskTrace.commands`. */
    readonly id: number;
    readonly kind: TraceCommandKind;
    /** The ATA command code; undefined where the trace comes from a log that has none. */
    readonly ataCommand?: number;
    /** The queue tag of a queued command, else undefined. */
    readonly tag?: number;
    /** Forced unit access: completion means that the data is on the medium. */
    readonly fua: boolean;
    /** What it reads, writes or discards; 0 and 0 for other kinds. Multiples of the sector size. */
    readonly byteOffset: number;
    readonly byteLength: number;
    /** The bytes that a write brought, once the drive has fetched them. */
    readonly after?: Uint8Array;
    /** What the host would have read there just before the write was accepted. */
    readonly before?: Uint8Array;
    /** A mark's text. */
    readonly label?: string;

    /** The ordinal at which the drive got the command, and the time. */
    readonly issuedAt: number;
    readonly issuedNs: number;
    /**
     * The ordinal at which the drive had all of a write's data: from here on any of it may reach
     * the medium. Equal to `issuedAt` where nothing finer is known; `notYet` before.
     */
    readonly acceptedAt: number;
    /** The ordinal at which the host was told that it ended, and the time; `notYet` before. */
    readonly completedAt: number;
    readonly completedNs: number;
    readonly status: TraceCommandStatus;

    /** The CPU that rang the doorbell, where known. */
    readonly cpu?: number;
    /** The kernel function that issued it, where known. */
    readonly origin?: string;
}

/** What happened to a disk. */
export interface DiskTrace {
    readonly diskSizeBytes: number;
    /** Bytes of a logical sector, the unit that lands whole or not at all; 512 or 4096. */
    readonly sectorSizeBytes: number;
    /** Whether the volatile cache was on when the trace began. */
    readonly startsWithCache: boolean;
    /** In the order of issue. */
    readonly commands: readonly TraceCommand[];
    /** Ordinals run from 0 to `eventCount`-1. */
    readonly eventCount: number;
}
