/**
 * What a crash at one time may leave: which writes are undecided, and for each sector the contents
 * that it may have by the rule of `durability.ts`.
 *
 * A *source* says where a sector's content comes from: a write (its command's id), the disk as it
 * was before the trace, or trash. A *candidate* is a source that the rule allows. Sectors with one
 * candidate are decided; a crash state is a choice of a source for every other one.
 */
import { assert } from "../../base/assert.ts";
import { type DiskTrace, notYet, type TraceCommand } from "../trace/disk-trace.ts";

/** Where a sector's content comes from: the id of a write, or one of the two below. */
export type Source = number;
/** The sector is as it was before the trace began. */
export const beforeTrace: Source = -1;
/** The sector holds bytes that nobody wrote. */
export const trash: Source = -2;

/** Bytes of a physical sector, the unit that a drive reads, changes and writes back (level L4). */
export const physicalSectorSize = 4096;

/** Neighbouring sectors with the same candidates; sectors are the trace's logical sectors. */
export interface Extent {
    readonly firstSector: number;
    readonly sectorCount: number;
    /**
     * At least one. First the *floor*: the durable write told done last, or the disk before the
     * trace. Then the others in the order of landing.
     */
    readonly candidates: readonly Source[];
}

/** A write whose data the drive has and whose fate is open. */
export interface MaybeWrite {
    readonly command: TraceCommand;
    /** What the host knew of it when power failed. */
    readonly standing: "in flight" | "in the cache" | "failed";
}

/** What a crash at one time may leave. It does not change. */
export interface CrashView {
    readonly trace: DiskTrace;
    /** The crash comes after the events with ordinals below this one. */
    readonly time: number;
    /** By command id: see `durableFrom`. Also of writes that become durable after `time`. */
    readonly durableFrom: readonly number[];
    /** In the order of issue. */
    readonly maybe: readonly MaybeWrite[];
    /**
     * In ascending order: all sectors of the physical sectors in which a sector is undecided.
     * Beside undecided ones these are decided neighbours, which only collateral damage reaches.
     */
    readonly extents: readonly Extent[];
    /**
     * Ids of the writes that became durable before `time`, in the order in which they did; more
     * may follow after the first `durableCount`.
     */
    readonly durableOrder: readonly number[];
    readonly durableCount: number;
}

/** Whether a write is durable in a view. */
export function isDurable(view: CrashView, id: number): boolean {
    return view.durableFrom[id] < view.time;
}

/** Whether a source is a write whose fate is open in a view. */
export function isMaybe(view: CrashView, source: Source): boolean {
    return source >= 0 && !isDurable(view, source);
}

/** When the host was told that a command ended, as far as that came before the crash. */
export function endedAt(view: { readonly time: number }, { completedAt }: TraceCommand): number {
    return completedAt < view.time ? completedAt : notYet;
}

/** What the host knew of a write when power failed. */
export function standingOf(
    view: { readonly time: number },
    command: TraceCommand,
): MaybeWrite["standing"] {
    if (endedAt(view, command) === notYet) {
        return "in flight";
    }
    return command.status === "failed" ? "failed" : "in the cache";
}

/**
 * Compares two writes by the order of landing that is used where one order must do: that in which
 * they ended, and after those the ones in flight, in the order of issue. It never puts a newer
 * write before an older one.
 */
export function compareLanding(
    view: { readonly trace: DiskTrace; readonly time: number },
    first: Source,
    second: Source,
): number {
    const { commands } = view.trace;
    const firstEnd = endedAt(view, commands[first]);
    const secondEnd = endedAt(view, commands[second]);
    return firstEnd === secondEnd ? first - second : firstEnd - secondEnd;
}

/** The sectors of a command, as the first one and the one after the last. */
export function sectorRange(trace: DiskTrace, id: number): [first: number, end: number] {
    const { byteOffset, byteLength } = trace.commands[id];
    return [byteOffset / trace.sectorSizeBytes, (byteOffset + byteLength) / trace.sectorSizeBytes];
}

/** Whether two commands have a sector in common. */
export function sharesSector(trace: DiskTrace, first: number, second: number): boolean {
    const a = trace.commands[first];
    const b = trace.commands[second];
    return a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength;
}

/** Asserts what every view keeps to. */
export function assertView(view: CrashView): void {
    let end = 0;
    for (const { firstSector, sectorCount, candidates } of view.extents) {
        assert(firstSector >= end && sectorCount > 0, "extents are in order and not empty");
        assert(candidates.length > 0, "a sector holds something");
        const hasMaybe = candidates.some((source) => isMaybe(view, source));
        assert(!hasMaybe || candidates.length > 1, "an open write has an alternative");
        end = firstSector + sectorCount;
    }
}
