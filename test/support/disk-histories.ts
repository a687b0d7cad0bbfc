/** Small histories of a disk, all of them or some, and the traces that they are. */
import type { DiskTrace, TraceCommand } from "../../src/disk/trace/disk-trace.ts";
import type { ModelEvent, ModelHistory } from "./disk-model.ts";

/** What histories are made of. */
export interface HistoryAlphabet {
    /** The writes that may be issued, each any number of times. */
    readonly writes: readonly { readonly sectors: readonly number[]; readonly fua: boolean }[];
    readonly barriers: readonly ("issue flush" | "issue cache off" | "issue cache on")[];
    readonly maxWriteCount: number;
    readonly maxBarrierCount: number;
    readonly canFail: boolean;
}

/** What can happen next; nothing when all commands were issued and ended. */
export function nextEvents(
    events: readonly ModelEvent[],
    { writes, barriers, maxWriteCount, maxBarrierCount, canFail }: HistoryAlphabet,
): ModelEvent[] {
    const next: ModelEvent[] = [];
    const issued = events.filter(({ event }) => event.startsWith("issue"));
    const writeCount = issued.filter(({ event }) => event === "issue write").length;
    if (writeCount < maxWriteCount) {
        next.push(...writes.map((write) => ({ event: "issue write", ...write }) as const));
    }
    if (issued.length - writeCount < maxBarrierCount) {
        next.push(...barriers.map((event) => ({ event })));
    }
    for (let command = 0; command < issued.length; command++) {
        if (!events.some((event) => "command" in event && event.command === command)) {
            next.push({ event: "complete", command });
            if (canFail) {
                next.push({ event: "fail", command });
            }
        }
    }
    return next;
}

/**
 * Whether an event that follows another one might as well have come before it: then the history
 * with the two the other way round is the same to disk and host, but for the numbers of commands.
 *
 * Two ends in a row are, for what is issued later is issued after both. So are two issues of writes
 * or flushes in a row, for what ended before the one ended before the other. Whichever is right in
 * the order of commands, or of the alphabet, stands for both; and after each event alone a crash is
 * looked at in either history.
 */
export function isRepetition(
    last: ModelEvent | undefined,
    next: ModelEvent,
    { writes }: HistoryAlphabet,
): boolean {
    if (last === undefined) {
        return false;
    }
    if ("command" in last && "command" in next) {
        return next.command < last.command;
    }
    /** The place in the alphabet; undefined for what is no issue, or switches the cache. */
    const rankOf = (event: ModelEvent): number | undefined => {
        if (event.event === "issue write") {
            return writes.findIndex(
                ({ sectors, fua }) => fua === event.fua && sectors.join() === event.sectors.join(),
            );
        }
        return event.event === "issue flush" ? writes.length : undefined;
    };
    const [lastRank, nextRank] = [rankOf(last), rankOf(next)];
    return lastRank !== undefined && nextRank !== undefined && nextRank < lastRank;
}

/** A history as the trace that a recorder would have made of it; sectors are of 512 bytes. */
export function traceOf({ startsWithCache, events }: ModelHistory, sectorCount: number): DiskTrace {
    const commands: { -readonly [Field in keyof TraceCommand]: TraceCommand[Field] }[] = [];
    for (const [at, event] of events.entries()) {
        if ("command" in event) {
            const command = commands[event.command];
            command.completedAt = at;
            command.completedNs = at;
            command.status = event.event === "complete" ? "done" : "failed";
            continue;
        }
        const id = commands.length;
        const common = {
            id,
            fua: false,
            byteOffset: 0,
            byteLength: 0,
            issuedAt: at,
            issuedNs: at,
            acceptedAt: Number.POSITIVE_INFINITY,
            completedAt: Number.POSITIVE_INFINITY,
            completedNs: Number.POSITIVE_INFINITY,
            status: "outstanding",
        } as const;
        if (event.event === "issue write") {
            const byteLength = 512 * event.sectors.length;
            commands.push({
                ...common,
                kind: "write",
                fua: event.fua,
                byteOffset: 512 * event.sectors[0],
                byteLength,
                acceptedAt: at,
                after: new Uint8Array(byteLength).fill(id + 1),
            });
        } else {
            const kind = (["flush", "cache-off", "cache-on"] as const)[
                ["issue flush", "issue cache off", "issue cache on"].indexOf(event.event)
            ];
            commands.push({ ...common, kind });
        }
    }
    return {
        diskSizeBytes: 512 * sectorCount,
        sectorSizeBytes: 512,
        startsWithCache,
        commands,
        eventCount: events.length,
    };
}
