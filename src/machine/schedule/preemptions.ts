/**
 * A schedule of few words: the plain policy, and a list of preemptions.
 *
 * A preemption is "after so many operations of the run, this CPU runs". Every list is a legal
 * schedule, and a shorter list is a simpler one, so this is the form in which a failing run is made
 * small and shown. Most races need one or two preemptions, which is the observation behind
 * preemption bounding (Musuvathi and Qadeer, "Iterative Context Bounding for Systematic Testing of
 * Multithreaded Programs", PLDI 2007).
 *
 * Operations are counted from the mark where there is one (`fromMark`), otherwise from power-on. A
 * point whose CPU cannot run is passed over.
 */
import { assert } from "../../base/assert.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import { UserError } from "../../base/user-error.ts";
import { PlainPolicy, type Preemption, type TakenPreemption } from "./plain-policy.ts";
import { type CpuSet, maxCpuCount, type Schedule } from "./schedule.ts";

export class PreemptionSchedule implements Schedule {
    readonly #points: readonly Preemption[];
    readonly #policy = new PlainPolicy();
    /** Of the points, the first that is still to come. */
    #next = 0;
    operations = 1;
    /** Points that asked for a CPU that could not run. */
    divergences = 0;

    /** @param points each later than the one before. */
    constructor(points: readonly Preemption[]) {
        assert(isAscending(points), "preemptions come one after the other");
        this.#points = points;
    }

    get name(): string {
        return `preempt:${formatPreemptions(this.#points)}`;
    }

    get cpu(): number {
        return this.#policy.cpu;
    }

    /** The preemptions that made a difference so far. */
    get taken(): readonly TakenPreemption[] {
        return this.#policy.taken;
    }

    decide(runnable: CpuSet, retired: number): void {
        const policy = this.#policy;
        policy.retired(retired);
        let wanted: number | undefined;
        if (this.#untilNext() <= 0) {
            const { cpu } = this.#points[this.#next];
            this.#next++;
            const canRun = (runnable & (1 << cpu)) !== 0;
            this.divergences += canRun ? 0 : 1;
            wanted = canRun ? cpu : undefined;
        }
        const turn = policy.decide(runnable, wanted);
        this.operations = Math.min(turn, this.#untilNext());
    }

    paused(): boolean {
        this.#policy.paused();
        return true;
    }

    woken(): boolean {
        return false;
    }

    reset(): void {
        this.#policy.reset();
        this.#next = 0;
        this.divergences = 0;
    }

    save(): StateRecord {
        const { divergences } = this;
        return { version: 1, policy: this.#policy.save(), next: this.#next, divergences };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#policy.load(state.record("policy"));
        this.#next = state.integer("next", 0, this.#points.length);
        this.divergences = state.integer("divergences", 0, this.#points.length);
    }

    #untilNext(): number {
        const next = this.#points.at(this.#next);
        return next === undefined
            ? Number.POSITIVE_INFINITY
            : next.after - this.#policy.operationCount;
    }
}

function isAscending(points: readonly Preemption[]): boolean {
    return points.every(({ after }, index) => index === 0 || points[index - 1].after < after);
}

/**
 * Preemptions as text: `1@1234.0@1300` is CPU 1 after 1234 operations, then CPU 0 after 1300. It
 * has no character that means something to a shell.
 */
export function formatPreemptions(points: readonly Preemption[]): string {
    return points.map(({ after, cpu }) => `${cpu}@${after}`).join(".");
}

/** Preemptions from text, of which an empty one has none. Throws `UserError` for any other. */
export function parsePreemptions(text: string): Preemption[] {
    if (text === "") {
        return [];
    }
    const points = text.split(".").map((part) => {
        const match = /^(0|[1-9]\d?)@(0|[1-9]\d{0,14})$/.exec(part);
        if (match === null || Number(match[1]) >= maxCpuCount) {
            throw new UserError(
                `not a preemption: "${part.slice(0, 40)}" is not a CPU (0 to 15), "@" and a ` +
                    "number of operations",
                2,
            );
        }
        return { after: Number(match[2]), cpu: Number(match[1]) };
    });
    if (!isAscending(points)) {
        throw new UserError("preemptions come one after the other, each after more operations", 2);
    }
    return points;
}
