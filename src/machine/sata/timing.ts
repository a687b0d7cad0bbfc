/**
 * How long a drive takes.
 *
 * A write has two moments after its arrival: the drive fetches its data, and later it says that
 * the write is done. Every other command has one. Commands end in the order that these times say,
 * which for queued ones may be any; times that are equal keep the order of arrival.
 *
 * All latencies are whole nanoseconds. The choice 0 is always the shortest one.
 */
import { assert } from "../../base/assert.ts";
import type { ChoiceStream } from "../../base/choices.ts";

/** What a command costs by: reads and writes move data, a flush empties the cache. */
export type CostKind = "read" | "write" | "flush" | "other";

/** What a timing may look at. */
export interface TimedCommand {
    readonly costKind: CostKind;
    readonly byteOffset: number;
    readonly byteLength: number;
}

export interface DriveTiming {
    /** From a write's arrival until its data is fetched, in ns; 0 is at once. */
    acceptDelayNs(command: TimedCommand, choices: ChoiceStream): number;
    /** From then (for other commands: from the arrival) until the command ends, in ns. */
    serviceNs(command: TimedCommand, choices: ChoiceStream): number;
}

/** What a fast drive takes; round numbers of the right order. */
const immediateServiceNs: Readonly<Record<CostKind, number>> = {
    read: 10_000,
    write: 5_000,
    flush: 50_000,
    other: 1_000,
};

/**
 * The default: data is fetched at once, and every kind of command takes a fixed, short time. So
 * commands of a kind end in their order, and everything is as it was asked.
 */
export const immediateTiming: DriveTiming = {
    acceptDelayNs: () => 0,
    serviceNs: ({ costKind }) => immediateServiceNs[costKind],
};

/** What `randomTiming` is told. */
export interface RandomTimingOptions {
    /** The longest that either moment takes, in ns; from 1 to 2^32-1. */
    readonly maxNs: number;
    /** Times are multiples of this; a coarse one makes several commands end together. */
    readonly stepNs?: number;
}

/** Both moments come after any time up to a limit, so that queued commands end in any order. */
export function randomTiming({ maxNs, stepNs = 1 }: RandomTimingOptions): DriveTiming {
    const stepCount = Math.floor(maxNs / stepNs);
    assert(
        Number.isInteger(maxNs) && Number.isInteger(stepNs) && stepNs >= 1 && maxNs < 2 ** 32,
        "a random timing has whole nanoseconds, below 2^32",
    );
    assert(stepCount >= 1, "a random timing has a step at least");
    return {
        acceptDelayNs: (_, choices) => choices.choose(stepCount + 1) * stepNs,
        serviceNs: (_, choices) => (1 + choices.choose(stepCount)) * stepNs,
    };
}
