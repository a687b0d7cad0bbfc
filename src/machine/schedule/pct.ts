/**
 * PCT, probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi and Nagarakatte, "A
 * Randomized Scheduler with Probabilistic Guarantees of Finding Bugs", ASPLOS 2010).
 *
 * CPUs have priorities by chance, and the highest runnable one runs. At D-1 operations chosen by
 * chance over the length of the run, the CPU that runs gets that point's own priority, which is
 * below all that CPUs began with. A bug that needs D ordering constraints among n CPUs and k
 * operations is met with probability at least 1 / (n * k^(D-1)), whatever else happens.
 *
 * Two additions, for CPUs wait for each other by spinning, which the paper's threads do not.
 *
 * A CPU that says PAUSE stands back for some operations by chance, and keeps its priority
 * (pause-backoff.ts): to the paper it is a thread that is disabled until the lock is free. If it
 * fell below all others for good instead, the points of change would have nobody left to fall
 * below; the reference kernel's planted races then took ten times as many runs.
 *
 * A CPU that runs very long on end without PAUSE falls below all others, so that one that spins
 * without it cannot keep out the one that it waits for.
 */
import { assert } from "../../base/assert.ts";
import type { ChoiceStream } from "../../base/choices.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import { UserError } from "../../base/user-error.ts";
import { PauseBackoff } from "./pause-backoff.ts";
import { type CpuSet, maxCpuCount, type Schedule } from "./schedule.ts";

/** Operations that a CPU may run on end. */
const longestBurst = 50_000;

/** Operations over which the points of change are spread, unless told otherwise. */
export const defaultRunLength = 100_000;
/** A choice among more has no number. */
export const maxRunLength = 2 ** 32;
/** More constraints than any bug of this world needs. */
export const maxDepth = 100;

/** Where the CPU that runs is given another priority. */
interface ChangePoint {
    /** Operations of the run that come before it. */
    readonly after: number;
    readonly priority: number;
}

export class PctSchedule implements Schedule {
    readonly name: string;
    cpu = 0;
    operations = 1;
    readonly #choices: ChoiceStream;
    readonly #depth: number;
    readonly #runLength: number;
    readonly #backoff: PauseBackoff;
    /** By CPU; the highest runs. Priorities are distinct; empty until the run has begun. */
    #priorities: number[] = [];
    /** Not above any priority given so far. */
    #lowest = 0;
    /** In the order in which they come; those behind are dropped. */
    #changePoints: ChangePoint[] = [];
    /** Operations decided so far. */
    #decided = 0;
    /** Operations that the CPU has run on end. */
    #onEnd = 0;
    #hasPaused = false;

    /**
     * @param depth D of the paper, from 1 to `maxDepth`.
     * @param runLength operations of the whole run, as far as known; at most `maxRunLength`.
     */
    constructor(choices: ChoiceStream, depth: number, runLength = defaultRunLength) {
        assert(depth >= 1 && depth <= maxDepth, "PCT has a depth");
        assert(runLength >= 1 && runLength <= maxRunLength, "PCT has a length");
        this.name = runLength === defaultRunLength ? `pct:${depth}` : `pct:${depth}:${runLength}`;
        this.#choices = choices;
        this.#backoff = new PauseBackoff(choices);
        this.#depth = depth;
        this.#runLength = runLength;
    }

    decide(runnable: CpuSet, retired: number): void {
        if (this.#priorities.length === 0) {
            this.#begin();
        }
        this.#decided += retired;
        this.#onEnd += retired;
        // The burst before ended at a point of change, by its length, or early, by sleep.
        for (let point = this.#changePoints.at(0); point !== undefined; ) {
            if (point.after > this.#decided) {
                break;
            }
            this.#priorities[this.cpu] = point.priority;
            this.#changePoints.shift();
            point = this.#changePoints.at(0);
        }
        if (this.#onEnd >= longestBurst) {
            this.#lowest--;
            this.#priorities[this.cpu] = this.#lowest;
            this.#onEnd = 0;
        }
        if (this.#hasPaused) {
            this.#backoff.paused(this.cpu, this.#onEnd, this.#decided);
            this.#hasPaused = false;
            this.#onEnd = 0;
        }
        const best = this.#highestOf(this.#backoff.eligible(runnable, this.#decided));
        if (best !== this.cpu) {
            this.cpu = best;
            this.#onEnd = 0;
        }
        const untilChange = this.#nextChange(runnable) - this.#decided;
        this.operations = Math.min(untilChange, longestBurst - this.#onEnd);
    }

    paused(): boolean {
        this.#hasPaused = true;
        return true;
    }

    woken(): boolean {
        return true;
    }

    reset(): void {
        this.cpu = 0;
        this.#priorities = [];
        this.#changePoints = [];
        this.#lowest = 0;
        this.#decided = 0;
        this.#onEnd = 0;
        this.#hasPaused = false;
        this.#backoff.reset();
    }

    save(): StateRecord {
        return {
            version: 2,
            cpu: this.cpu,
            priorities: [...this.#priorities],
            lowest: this.#lowest,
            changesAfter: this.#changePoints.map(({ after }) => after),
            changesTo: this.#changePoints.map(({ priority }) => priority),
            decided: this.#decided,
            onEnd: this.#onEnd,
            hasPaused: this.#hasPaused,
            backoff: this.#backoff.save(),
        };
    }

    load(state: StateFields): void {
        state.expectVersion(2);
        this.cpu = state.integer("cpu", 0, maxCpuCount - 1);
        this.#priorities = [...state.numbers("priorities")];
        if (this.#priorities.length !== 0 && this.#priorities.length !== maxCpuCount) {
            throw new UserError(`saved state of schedule: not ${maxCpuCount} priorities`);
        }
        this.#lowest = state.number("lowest");
        const changesAfter = state.numbers("changesAfter");
        const changesTo = state.numbers("changesTo", changesAfter.length);
        this.#changePoints = changesAfter.map((after, index) => ({
            after,
            priority: changesTo[index],
        }));
        this.#decided = state.integer("decided", 0, Number.MAX_SAFE_INTEGER);
        this.#onEnd = state.integer("onEnd", 0, longestBurst);
        this.#hasPaused = state.boolean("hasPaused");
        this.#backoff.load(state.record("backoff"));
    }

    /** Draws priorities and points of change, at the first decision of a run. */
    #begin(): void {
        // A permutation by insertion: choice 0 everywhere leaves the first CPU the highest.
        const order: number[] = [];
        for (let cpu = 0; cpu < maxCpuCount; cpu++) {
            order.splice(order.length - this.#choices.choose(cpu + 1), 0, cpu);
        }
        for (const [rank, cpu] of order.entries()) {
            this.#priorities[cpu] = maxCpuCount - rank;
        }
        // Choice 0 is a change at the end of the run, where it makes the least difference.
        this.#changePoints = Array.from({ length: this.#depth - 1 }, (_, index) => ({
            after: this.#runLength - this.#choices.choose(this.#runLength),
            priority: -index,
        }));
        this.#changePoints.sort((a, b) => a.after - b.after);
        this.#lowest = 2 - this.#depth;
    }

    #highestOf(runnable: CpuSet): number {
        let best = -1;
        for (let cpu = 0; cpu < maxCpuCount; cpu++) {
            const isRunnable = (runnable & (1 << cpu)) !== 0;
            if (isRunnable && (best < 0 || this.#priorities[cpu] > this.#priorities[best])) {
                best = cpu;
            }
        }
        return best;
    }

    /** When the CPU that runs may have to give way: a point of change, or who stood back. */
    #nextChange(runnable: CpuSet): number {
        let next = this.#changePoints.at(0)?.after ?? never;
        for (let cpu = 0; cpu < maxCpuCount; cpu++) {
            const until = this.#backoff.until(cpu);
            const isHigher = this.#priorities[cpu] > this.#priorities[this.cpu];
            if ((runnable & (1 << cpu)) !== 0 && isHigher && until > this.#decided) {
                next = Math.min(next, until);
            }
        }
        return next;
    }
}

const never = Number.POSITIVE_INFINITY;
