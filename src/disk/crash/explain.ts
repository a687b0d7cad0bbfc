/**
 * Says why a sector may hold what it may hold after a crash, and why not the rest: one sentence
 * for each write that ever reached it, by the rule of `durability.ts`.
 */
import type { TraceCommand } from "../trace/disk-trace.ts";
import { doneAt, isFlush, isOlder, isWrite } from "../trace/durability.ts";
import {
    beforeTrace,
    type CrashView,
    endedAt,
    isDurable,
    type Source,
    standingOf,
    trash,
} from "./crash-view.ts";
import { collateralDomain, type TrashPolicy, trashDomain } from "./sector-space.ts";

/** A content of a sector, and why it is possible or not. */
export interface Reason {
    readonly source: Source;
    readonly isAllowed: boolean;
    /** One sentence without the full stop; writes are called w and their id. */
    readonly because: string;
}

/**
 * The contents of a sector after a crash: as before the trace, each write to it whose data the
 * drive had, and trash. `sectorNo` counts the trace's logical sectors from 0.
 */
export function explainSector(
    view: CrashView,
    sectorNo: number,
    policy: TrashPolicy = "maybe",
): Reason[] {
    const byteOffset = sectorNo * view.trace.sectorSizeBytes;
    const writes = view.trace.commands.filter(
        (command) =>
            isWrite(command) &&
            command.acceptedAt < view.time &&
            command.byteOffset <= byteOffset &&
            byteOffset < command.byteOffset + command.byteLength,
    );
    const durable = writes.filter(({ id }) => isDurable(view, id));
    return [
        reasonForBefore(durable),
        ...writes.map((write) => reasonForWrite(view, write, durable)),
        reasonForTrash(view, sectorNo, policy),
    ];
}

function reasonForBefore(durable: readonly TraceCommand[]): Reason {
    const [first] = durable;
    return first === undefined
        ? { source: beforeTrace, isAllowed: true, because: "no write to it is durable" }
        : { source: beforeTrace, isAllowed: false, because: `w${first.id} is durable` };
}

function reasonForWrite(
    view: CrashView,
    write: TraceCommand,
    durable: readonly TraceCommand[],
): Reason {
    const newer = durable.find((other) => isOlder(write, other));
    if (newer !== undefined) {
        const end = write.status === "failed" ? "had failed" : "was done";
        const because =
            `w${newer.id}, issued after w${write.id} ${end}, is durable ` +
            `(${whyDurable(view, newer)})`;
        return { source: write.id, isAllowed: false, because };
    }
    if (isDurable(view, write.id)) {
        const rival = durable.find((other) => other.id !== write.id && !isOlder(other, write));
        const order =
            rival === undefined
                ? "nothing durable is newer"
                : `w${rival.id} overlapped it in time, so either may be on top`;
        const because = `it is durable (${whyDurable(view, write)}), and ${order}`;
        return { source: write.id, isAllowed: true, because };
    }
    return { source: write.id, isAllowed: true, because: whyOpen(view, write) };
}

/** Which promise made a write durable. */
function whyDurable(view: CrashView, write: TraceCommand): string {
    const at = view.durableFrom[write.id];
    const flush = view.trace.commands.find(
        (command) => isFlush(command) && doneAt(command) === at && command.id !== write.id,
    );
    if (flush !== undefined) {
        return `${flush.kind} ${flush.id}, issued after it was done, was done at ${at}`;
    }
    return write.fua ? `FUA, and done at ${at}` : `issued with the cache off, and done at ${at}`;
}

/** Why a write may have landed or not. */
function whyOpen(view: CrashView, write: TraceCommand): string {
    switch (standingOf(view, write)) {
        case "in flight":
            return (
                `it was in flight: the drive had its data at ${write.acceptedAt}, ` +
                "the host no answer"
            );
        case "failed":
            return (
                `it failed at ${endedAt(view, write)}, which says nothing of what landed, and ` +
                "nothing durable is newer"
            );
        case "in the cache": {
            const ended = endedAt(view, write);
            // The last flush that came too early is the one that a reader may think of.
            const early = view.trace.commands.findLast(
                (command) =>
                    isFlush(command) &&
                    command.issuedAt < ended &&
                    doneAt(command) < view.time &&
                    doneAt(command) > ended,
            );
            const none = "no flush issued after that was done";
            const because =
                early === undefined
                    ? none
                    : `${early.kind} ${early.id} was issued at ${early.issuedAt}, before that`;
            return `it was in the cache, done at ${ended}, and ${because}`;
        }
    }
}

function reasonForTrash(view: CrashView, sectorNo: number, policy: TrashPolicy): Reason {
    const atPlace = (domain: ReturnType<typeof trashDomain>): boolean => {
        const place = domain.placeOf(sectorNo);
        return place !== undefined && domain.extentAt(place).sources.includes(trash);
    };
    const standing = policy === "inflight" ? "in flight" : "open";
    if (atPlace(trashDomain(view, policy))) {
        const because = `a write to it was ${standing} when power failed`;
        return { source: trash, isAllowed: true, because };
    }
    if (atPlace(collateralDomain(view, policy))) {
        const because = `a write to its physical sector of 4 KiB was ${standing}`;
        return { source: trash, isAllowed: true, because };
    }
    const because = `no write to its physical sector of 4 KiB was ${standing}`;
    return { source: trash, isAllowed: false, because };
}
