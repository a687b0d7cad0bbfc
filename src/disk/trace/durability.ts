/**
 * What is durable: the rule by which a trace and a crash time decide what may be on the medium.
 *
 * A command *ends* when the host is told that it did, well or not; it is *done* when it ended
 * well. One that a reset or another's error dropped ended then. A flush that was done before the
 * crash covers every write that was done before the flush was issued, and no other: writes that
 * are done while it runs are promised nothing.
 *
 *     durable(w)  a flush that is done covers w; or w is FUA, or was issued with the cache off,
 *                 and is done
 *     maybe(w)    any other write whose data the drive has
 *     w1 older than w2, on a sector of both: end(w1) <= issue(w2). Writes that overlap in time may
 *                 reach the medium in either order, whichever the host was told first
 *
 * A sector then holds the value of a write (or of the disk as it was when the trace began, which
 * counts as a write older than all) than which no durable write is newer. Turning the cache off
 * and STANDBY flush as a flush does.
 *
 * A failed command has an order and no promise. At its end the drive has some of a write's data,
 * or has none, and does not say; what it has it keeps as it keeps any data that it accepted, so
 * that nothing issued later is undone by it. No flush covers it, and a failed flush covers nothing.
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

/** `earlier` is older than `later`: it had ended, well or not, when the other was issued. */
export function isOlder(earlier: TraceCommand, later: TraceCommand): boolean {
    return earlier.completedAt <= later.issuedAt;
}

/** Commands whose completion promises that something is on the medium: those that can lie. */
export function promises(trace: DiskTrace): ReadonlySet<number> {
    const isThrough = writesThrough(trace);
    const keepers = trace.commands.filter(
        (command) => doneAt(command) !== notYet && (isFlush(command) || isThrough(command)),
    );
    return new Set(keepers.map(({ id }) => id));
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
    const isThrough = writesThrough(trace);
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
        if (isWrite(write) && done !== notYet) {
            const byItself = isThrough(write) && !liars.has(write.id) ? done : notYet;
            const byFlush = earliestDone[firstIssuedFrom(flushes, done)];
            durable[write.id] = Math.min(byItself, byFlush);
        }
    }
    return durable;
}

/**
 * A test for writes whose completion says that they are on the medium: FUA, or issued while the
 * cache was surely off. Commands must be asked about in the order of issue.
 *
 * While a command that switches the cache runs, the host knows only what it asked before. So
 * turning it on counts from the issue, turning it off from the completion, and of those that
 * count the one issued last decides.
 */
function writesThrough(trace: DiskTrace): (command: TraceCommand) => boolean {
    const turnsOn = trace.commands.filter(({ kind }) => kind === "cache-on");
    const turnsOff = trace.commands
        .filter((command) => command.kind === "cache-off" && doneAt(command) !== notYet)
        .sort((a, b) => doneAt(a) - doneAt(b));
    let onCount = 0;
    let offCount = 0;
    let lastOn = trace.startsWithCache ? -1 : -2;
    let lastOff = trace.startsWithCache ? -2 : -1;
    return (command) => {
        const at = command.issuedAt;
        for (; onCount < turnsOn.length && turnsOn[onCount].issuedAt < at; onCount++) {
            lastOn = turnsOn[onCount].issuedAt;
        }
        for (; offCount < turnsOff.length && doneAt(turnsOff[offCount]) <= at; offCount++) {
            lastOff = Math.max(lastOff, turnsOff[offCount].issuedAt);
        }
        return isWrite(command) && (command.fua || lastOff > lastOn);
    };
}

/** The index of the first of `flushes` that was issued at or after `ordinal`. */
function firstIssuedFrom(flushes: readonly TraceCommand[], ordinal: number): number {
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
