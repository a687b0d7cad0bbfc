/**
 * Preemptions that hold on to a CPU's own count of operations, not to that of all CPUs.
 *
 * When one of several preemptions is taken out, all that comes after it is done in another order,
 * and a point that counts the operations of all CPUs then means another place. Where a CPU's
 * program does not depend on what was changed, the CPU's own count still means the same place. So
 * this is what a shorter list is tried as; the preemptions that come about (`taken`) are then the
 * list to go on with, exact in both counts.
 *
 * One of the points may be insistent: when its CPU finds a lock taken it gives its turn away for
 * one operation at a time only, and goes on as soon as it can.
 */
import type { StateFields, StateRecord } from "../../base/state.ts";
import { PlainPolicy, type TakenPreemption } from "../../machine/schedule/plain-policy.ts";
import { type CpuSet, maxCpuCount, type Schedule } from "../../machine/schedule/schedule.ts";

/** A turn of waiting for a lock has at most so many operations, with the PAUSE. */
const turnOfWaiting = 4;

/** No CPU, in a saved state. */
const nobody = -1;

export class AnchoredSchedule implements Schedule {
    readonly name = "anchored";
    readonly #policy = new PlainPolicy();
    /** By CPU: the points that come when it has run so far, in order. */
    readonly #points: readonly (readonly TakenPreemption[])[];
    /** By CPU: points that are behind. */
    readonly #behind = new Array<number>(maxCpuCount).fill(0);
    operations = 1;
    readonly #insistent: TakenPreemption | undefined;
    #hasPaused = false;
    /** The CPU of the insistent point, from there on until it has gone on. */
    #insisting: number | undefined;

    /** @param insistent one of the points. */
    constructor(points: readonly TakenPreemption[], insistent?: TakenPreemption) {
        this.#insistent = insistent;
        this.#points = Array.from({ length: maxCpuCount }, (_, cpu) =>
            points
                .filter(({ from }) => from === cpu)
                .sort((one, other) => one.fromOperations - other.fromOperations),
        );
    }

    get cpu(): number {
        return this.#policy.cpu;
    }

    get taken(): readonly TakenPreemption[] {
        return this.#policy.taken;
    }

    decide(runnable: CpuSet, retired: number): void {
        const policy = this.#policy;
        policy.retired(retired);
        let wanted = this.#wantedByInsistence();
        for (; this.#untilNext() <= 0; this.#behind[policy.cpu]++) {
            const point = this.#points[policy.cpu][this.#behind[policy.cpu]];
            // One that is in the past was not met: its CPU slept where it had not slept before.
            if (this.#untilNext() === 0) {
                wanted = point.cpu;
                this.#insisting = point === this.#insistent ? point.cpu : this.#insisting;
            }
        }
        const canRun = wanted !== undefined && (runnable & (1 << wanted)) !== 0;
        const turn = policy.decide(runnable, canRun ? wanted : undefined);
        const givesWay = this.#insisting !== undefined && this.#insisting !== policy.cpu;
        this.operations = givesWay ? 1 : Math.min(turn, Math.max(1, this.#untilNext()));
    }

    paused(): boolean {
        this.#policy.paused();
        this.#hasPaused = true;
        return true;
    }

    woken(): boolean {
        return false;
    }

    reset(): void {
        this.#policy.reset();
        this.#behind.fill(0);
        this.#hasPaused = false;
        this.#insisting = undefined;
    }

    save(): StateRecord {
        return {
            version: 1,
            policy: this.#policy.save(),
            behind: [...this.#behind],
            hasPaused: this.#hasPaused,
            insisting: this.#insisting ?? nobody,
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#policy.load(state.record("policy"));
        const behind = state.integers("behind", maxCpuCount, 0, Number.MAX_SAFE_INTEGER);
        for (const [cpu, count] of behind.entries()) {
            this.#behind[cpu] = count;
        }
        this.#hasPaused = state.boolean("hasPaused");
        const insisting = state.integer("insisting", nobody, maxCpuCount - 1);
        this.#insisting = insisting === nobody ? undefined : insisting;
    }

    /** The insistent CPU, when it gave its turn away. */
    #wantedByInsistence(): number | undefined {
        const { cpu, onEnd } = this.#policy;
        const waits = this.#hasPaused && onEnd <= turnOfWaiting;
        this.#hasPaused = false;
        if (cpu === this.#insisting) {
            this.#insisting = waits ? cpu : undefined;
            return undefined;
        }
        return this.#insisting;
    }

    /** Operations until the next point of the CPU whose turn it is. */
    #untilNext(): number {
        const { cpu, ownCounts } = this.#policy;
        const next = this.#points[cpu].at(this.#behind[cpu]);
        return next === undefined ? Number.POSITIVE_INFINITY : next.fromOperations - ownCounts[cpu];
    }
}
