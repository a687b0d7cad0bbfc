/**
 * PCT, probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi and Nagarakatte, "A
 * Randomized Scheduler with Probabilistic Guarantees of Finding Bugs", ASPLOS 2010).
 *
 * CPUs have priorities by chance, and the highest runnable one runs. At D-1 operations chosen by
 * chance over the length of the run, the CPU that runs falls below all others. A bug that needs D
 * ordering constraints among n CPUs and k operations is met with probability at least
 * 1 / (n * k^(D-1)), whatever else happens.
 *
 * Two additions, for CPUs wait for each other by spinning, which the paper's threads do not. A
 * PAUSE drops its CPU below all others; and so does a very long burst without one, so that a
 * spinning CPU cannot keep out the one that it waits for.
 */
import { assert } from "../../base/assert.ts";
import type { ChoiceStream } from "../../base/choices.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import type { CpuSet, Schedule } from "./schedule.ts";

/** Operations that a CPU may run on end. */
const longestBurst = 50_000;

/** Operations over which the points of change are spread, unless told otherwise. */
export const defaultRunLength = 100_000;

/** CPUs that a machine can have. */
const maxCpuCount = 16;

export class PctSchedule implements Schedule {
    readonly name: string;
    cpu = 0;
    operations = 1;
    /** By CPU; the highest runs. Priorities are distinct. */
    readonly #priorities: number[] = [];
    /** Below every priority given so far. */
    #lowest = 0;
    /** Operations at which the running CPU falls, ascending; those behind are dropped. */
    #changePoints: number[];
    /** Operations decided so far. */
    #decided = 0;

    /**
     * @param depth D of the paper, at least 1.
     * @param runLength operations of the whole run, as far as known.
     */
    constructor(choices: ChoiceStream, depth: number, runLength = defaultRunLength) {
        assert(depth >= 1 && runLength >= 1, "PCT has a depth and a length");
        this.name = runLength === defaultRunLength ? `pct:${depth}` : `pct:${depth}:${runLength}`;
        // A permutation by insertion: choice 0 everywhere leaves the first CPU the highest.
        const order: number[] = [];
        for (let cpu = 0; cpu < maxCpuCount; cpu++) {
            order.splice(order.length - choices.choose(cpu + 1), 0, cpu);
        }
        for (const [rank, cpu] of order.entries()) {
            this.#priorities[cpu] = maxCpuCount - rank;
        }
        this.#changePoints = Array.from({ length: depth - 1 }, () => choices.choose(runLength));
        this.#changePoints.sort((a, b) => a - b);
    }

    decide(runnable: CpuSet, retired: number): void {
        this.#decided += retired;
        if (retired >= longestBurst) {
            this.#fall(this.cpu);
        }
        // The burst before ended at a point of change, by its length, or early, by sleep.
        while (this.#changePoints.length > 0 && this.#changePoints[0] <= this.#decided) {
            this.#changePoints.shift();
            this.#fall(this.cpu);
        }
        let best = -1;
        for (let cpu = 0; cpu < maxCpuCount; cpu++) {
            const isRunnable = (runnable & (1 << cpu)) !== 0;
            if (isRunnable && (best < 0 || this.#priorities[cpu] > this.#priorities[best])) {
                best = cpu;
            }
        }
        this.cpu = best;
        const untilChange = (this.#changePoints[0] ?? Number.POSITIVE_INFINITY) - this.#decided;
        this.operations = Math.min(untilChange, longestBurst);
    }

    paused(): boolean {
        this.#fall(this.cpu);
        return true;
    }

    save(): StateRecord {
        return {
            version: 1,
            cpu: this.cpu,
            priorities: [...this.#priorities],
            lowest: this.#lowest,
            changePoints: [...this.#changePoints],
            decided: this.#decided,
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.cpu = state.number("cpu");
        for (const [cpu, priority] of state.numbers("priorities", maxCpuCount).entries()) {
            this.#priorities[cpu] = priority;
        }
        this.#lowest = state.number("lowest");
        this.#changePoints = [...state.numbers("changePoints")];
        this.#decided = state.number("decided");
    }

    /** Below all others. */
    #fall(cpu: number): void {
        this.#lowest--;
        this.#priorities[cpu] = this.#lowest;
    }
}
