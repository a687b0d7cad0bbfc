/**
 * The schedule: which CPU runs next, and for how many operations.
 *
 * One thread runs all CPUs, so their interleaving is a choice, and every choice is a run that
 * real CPUs could have had. The machine asks for a burst when the last one is used up, or when its
 * CPU went to sleep; alarms and device accesses break bursts into pieces without asking, so what
 * a schedule decides does not depend on them.
 */
import type { StateFields, StateRecord } from "../../base/state.ts";

/** CPUs that a machine can have, as Chickadee can. */
export const maxCpuCount = 16;

/** CPUs as a set: bit n stands for CPU n. */
export type CpuSet = number;

/** Decides. One machine has one schedule. */
export interface Schedule {
    /** As it is written on a command line, and in a replay token: `round-robin:100`. */
    readonly name: string;
    /** The decision: who runs, */
    readonly cpu: number;
    /** and how many operations, at least 1. */
    readonly operations: number;
    /** It counts from power-on, also where there is a mark. */
    readonly beginsAtPowerOn?: true | undefined;
    /**
     * Makes the next decision. `runnable` is not empty, and the CPU decided on is in it.
     * `retired` operations were done of the last decision; less than it said if its CPU fell
     * asleep, or paused.
     */
    decide(runnable: CpuSet, retired: number): void;
    /**
     * The CPU that was decided on said PAUSE: it waits for another one. Returns whether the rest
     * of the decision is dropped.
     */
    paused(): boolean;
    /**
     * A CPU that slept can run again. Returns whether the rest of the decision is dropped, for a
     * schedule in which it may come first.
     */
    woken(): boolean;
    /** The mark: what is to be searched begins with the next decision, which comes at once. */
    begin?(): void;
    /** The machine is switched on: a new run begins. Chance goes on where it was. */
    reset(): void;
    save(): StateRecord;
    load(state: StateFields): void;
}

/** The first CPU of a set at or after `from`, going around. */
export function nextOf(cpus: CpuSet, from: number): number {
    for (let step = 0; step < 32; step++) {
        const cpu = (from + step) & 31;
        if ((cpus & (1 << cpu)) !== 0) {
            return cpu;
        }
    }
    return 0;
}

/** How many CPUs a set has. */
export function countOf(cpus: CpuSet): number {
    let count = 0;
    for (let rest = cpus; rest !== 0; rest &= rest - 1) {
        count++;
    }
    return count;
}

/** The CPU of a set that has `index` smaller ones in it. */
export function memberOf(cpus: CpuSet, index: number): number {
    let rest = cpus;
    for (let left = index; left > 0; left--) {
        rest &= rest - 1;
    }
    return 31 - Math.clz32(rest & -rest);
}
