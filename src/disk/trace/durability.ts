/**
 * What is durable: the rule by which a trace and a crash time decide what may be on the medium.
 *
 * For each write w, issue(w) < complete(w). A flush that completed before the crash covers every
 * write that completed before the flush was issued, and no other: writes that complete while it
 * runs are promised nothing.
 *
 *     durable(w)  a completed flush covers w; or w is FUA, or was issued with the cache off,
 *                 and completed
 *     maybe(w)    any other write whose data the drive has
 *     w1 older than w2, on a sector of both: complete(w1) <= issue(w2). Writes that overlap in
 *                 time may reach the medium in either order, whichever the host was told first
 *
 * A sector then holds the value of a write (or of the disk as it was when the trace began, which
 * counts as a write older than all) than which no durable write is newer. Turning the cache off
 * and STANDBY flush as a flush does. A command that failed completed nothing: its write stays
 * maybe, its flush promises nothing.
 *
 * The host's view decides, not the drive's: a drive that knows in which order it received two
 * overlapping writes has promised nobody to keep it.
 */
import { type DiskTrace, notYet, type TraceCommand } from "./disk-trace.ts";

/** Commands after which everything that completed before them is on the medium. */
export function isFlush({ kind }: TraceCommand): boolean {
    return kind === "flush" || kind === "cache-off" || kind === "standby";
}

/** Commands that change what the disk holds. */
export function isWrite({ kind }: TraceCommand): boolean {
    return kind === "write" || kind === "discard";
}

/** When a command was known to be done; `notYet` when it is outstanding, or failed. */
export function doneAt(command: TraceCommand): number {
    return command.status === "done" ? command.completedAt : notYet;
}

/** `earlier` is older than `later`: it was done when the other was issued. */
export function isOlder(earlier: TraceCommand, later: TraceCommand): boolean {
    return doneAt(earlier) <= later.issuedAt;
}

/**
 * By command id: the ordinal of the event from which on the write is durable, or `notYet`. It is
 * durable for a crash at time T when that ordinal lies below T.
 *
 * @param liars ids of commands whose promise is not kept: flushes that flushed nothing, FUA writes
 *     that stayed in the cache (level L5).
 */
export function durableFrom(trace: DiskTrace, liars: ReadonlySet<number> = new Set()): number[] {
    const durable: number[] = new Array(trace.commands.length).fill(notYet);
    // From the last command to the first, `coveredBy` is the earliest completion among the
    // flushes issued from here on; but a write is covered by flushes issued after its completion,
    // so flushes are looked up by their own issue.
    const flushes = trace.commands.filter(
        (command) => isFlush(command) && doneAt(command) !== notYet && !liars.has(command.id),
    );
    // earliestDone[i]: the earliest completion among flushes[i..], which are in order of issue.
    const earliestDone: number[] = new Array(flushes.length + 1).fill(notYet);
    for (let index = flushes.length - 1; index >= 0; index--) {
        earliestDone[index] = Math.min(doneAt(flushes[index]), earliestDone[index + 1]);
    }
    for (const write of trace.commands) {
        const done = doneAt(write);
        if (!isWrite(write) || done === notYet) {
            continue;
        }
        const firstCovering = lowerBound(flushes, done);
        const byItself = isThrough(trace, write) && !liars.has(write.id) ? done : notYet;
        durable[write.id] = Math.min(byItself, earliestDone[firstCovering]);
    }
    return durable;
}

/** Whether a write's completion says that it is on the medium: FUA, or the cache was off. */
function isThrough(trace: DiskTrace, write: TraceCommand): boolean {
    return write.fua || !isCacheOn(trace, write.issuedAt);
}

/**
 * Whether the cache is on at an instant. While a command that switches it runs, the host knows
 * only what it asked before; the cache counts as on unless it was surely off.
 */
function isCacheOn(trace: DiskTrace, at: number): boolean {
    let isOn = trace.startsWithCache;
    for (const command of trace.commands) {
        if (command.issuedAt >= at) {
            break;
        }
        if (command.kind === "cache-on") {
            isOn = true;
        } else if (command.kind === "cache-off" && doneAt(command) <= at) {
            isOn = false;
        }
    }
    return isOn;
}

/** The first of `flushes` issued at or after `ordinal`. */
function lowerBound(flushes: readonly TraceCommand[], ordinal: number): number {
    let low = 0;
    let high = flushes.length;
    while (low < high) {
        const middle = (low + high) >>> 1;
        if (flushes[middle].issuedAt < ordinal) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
