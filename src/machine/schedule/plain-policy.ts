/**
 * The plain policy: which CPU runs when nobody wants anything else.
 *
 * The CPU that runs goes on until it sleeps or is off, says PAUSE, or has run very long on end;
 * then the next one that can run has its turn, by number. So a CPU that spins, with PAUSE or
 * without, cannot keep out the one that it waits for. A CPU that is woken waits for its turn.
 *
 * Whoever wants another CPU at some point says so. The points at which that made a difference are
 * the run's preemptions, and are all that there is to say about its interleaving.
 */
import type { StateFields, StateRecord } from "../../base/state.ts";
import { type CpuSet, maxCpuCount, nextOf } from "./schedule.ts";

/** Operations of a turn without PAUSE or sleep, after which it is another CPU's. */
const longestTurn = 50_000;

/** A point at which another CPU runs than the plain policy would have run. */
export interface Preemption {
    /** Operations before it, of all CPUs together, since the count began. */
    readonly after: number;
    /** Who runs. */
    readonly cpu: number;
}

/** A preemption as it came about. */
export interface TakenPreemption extends Preemption {
    /** The CPU that ran before, */
    readonly from: number;
    /** and its own operations since the count began. */
    readonly fromOperations: number;
}

export class PlainPolicy {
    /** The CPU whose turn it is. */
    cpu = 0;
    /** Operations of all CPUs so far. */
    operationCount = 0;
    /** By CPU: its own operations so far. */
    readonly ownCounts = new Array<number>(maxCpuCount).fill(0);
    /** Where the policy was overruled: what was seen, not state. */
    readonly taken: TakenPreemption[] = [];
    #onEnd = 0;
    #gaveWay = false;

    /** Operations were retired by the CPU whose turn it is. */
    retired(count: number): void {
        this.operationCount += count;
        this.ownCounts[this.cpu] += count;
        this.#onEnd += count;
    }

    /** Operations that the CPU whose turn it is has done on end. */
    get onEnd(): number {
        return this.#onEnd;
    }

    /** The CPU whose turn it is said PAUSE. */
    paused(): void {
        this.#gaveWay = true;
    }

    /**
     * Decides whose turn it is: that of `wanted`, which can run, or else whose it is by policy.
     * Returns how many operations the turn has left.
     */
    decide(runnable: CpuSet, wanted?: number): number {
        const isOver = this.#gaveWay || this.#onEnd >= longestTurn;
        const goesOn = !isOver && (runnable & (1 << this.cpu)) !== 0;
        const byPolicy = goesOn ? this.cpu : nextOf(runnable, this.cpu + 1);
        const cpu = wanted ?? byPolicy;
        if (cpu !== byPolicy) {
            const fromOperations = this.ownCounts[this.cpu];
            this.taken.push({ after: this.operationCount, cpu, from: this.cpu, fromOperations });
        }
        if (isOver || cpu !== this.cpu) {
            this.#onEnd = 0;
        }
        this.#gaveWay = false;
        this.cpu = cpu;
        return longestTurn - this.#onEnd;
    }

    reset(): void {
        this.cpu = 0;
        this.operationCount = 0;
        this.ownCounts.fill(0);
        this.taken.length = 0;
        this.#onEnd = 0;
        this.#gaveWay = false;
    }

    save(): StateRecord {
        return {
            version: 1,
            cpu: this.cpu,
            ownCounts: [...this.ownCounts],
            onEnd: this.#onEnd,
            gaveWay: this.#gaveWay,
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.cpu = state.integer("cpu", 0, maxCpuCount - 1);
        const counts = state.integers("ownCounts", maxCpuCount, 0, Number.MAX_SAFE_INTEGER);
        this.operationCount = 0;
        for (const [cpu, count] of counts.entries()) {
            this.ownCounts[cpu] = count;
            this.operationCount += count;
        }
        this.#onEnd = state.integer("onEnd", 0, longestTurn);
        this.#gaveWay = state.boolean("gaveWay");
        const later = this.taken.findIndex(({ after }) => after > this.operationCount);
        this.taken.length = later < 0 ? this.taken.length : later;
    }
}
