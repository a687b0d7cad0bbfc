/**
 * The rule of durability once more, sector by sector and write by write, in the words in which it
 * is written down and without a line of the code that it checks.
 */
import type { DiskTrace, TraceCommand } from "../../src/disk/trace/disk-trace.ts";

const notYet = Number.POSITIVE_INFINITY;

export const isWrite = ({ kind }: TraceCommand) => kind === "write" || kind === "discard";
export const isFlush = ({ kind }: TraceCommand) => ["flush", "cache-off", "standby"].includes(kind);
const done = (command: TraceCommand) => (command.status === "done" ? command.completedAt : notYet);

/** Whether the cache is surely off for a command that is issued at `at`. */
function isCacheOff({ startsWithCache, commands }: DiskTrace, at: number): boolean {
    const last = commands.findLast(
        (one) =>
            (one.kind === "cache-on" && one.issuedAt < at) ||
            (one.kind === "cache-off" && done(one) <= at),
    );
    return last === undefined ? !startsWithCache : last.kind === "cache-off";
}

/** For a crash at the trace's end: whether a write is promised to be on the medium. */
function isDurable(trace: DiskTrace, write: TraceCommand): boolean {
    return (
        done(write) !== notYet &&
        (write.fua ||
            isCacheOff(trace, write.issuedAt) ||
            trace.commands.some(
                (one) => isFlush(one) && done(one) !== notYet && done(write) <= one.issuedAt,
            ))
    );
}

/**
 * By sector, for the first `sectorCount`: the writes whose data it may hold after a crash at the
 * trace's end, in the order of issue. First comes "before" where it may still hold what it held
 * before the trace.
 */
export function candidatesAtEnd(
    trace: DiskTrace,
    sectorCount: number,
): (TraceCommand | "before")[][] {
    const writes = trace.commands.filter(
        (one) => isWrite(one) && one.acceptedAt !== notYet && one.byteLength > 0,
    );
    const durable = new Set(writes.filter((write) => isDurable(trace, write)));
    return Array.from({ length: sectorCount }, (_, sectorNo) => {
        const at = sectorNo * trace.sectorSizeBytes;
        const here = writes.filter(
            ({ byteOffset, byteLength }) => byteOffset <= at && at < byteOffset + byteLength,
        );
        const durableHere = here.filter((write) => durable.has(write));
        const allowed = here.filter(
            (write) => !durableHere.some((newer) => write.completedAt <= newer.issuedAt),
        );
        return durableHere.length > 0 ? allowed : ["before", ...allowed];
    });
}
