/**
 * A schedule that decides as another one does, operation by operation, and tells of each.
 *
 * The run is the other schedule's. Only that its decisions are cut into single operations, so that
 * whoever watches knows how many operations came before what it sees.
 */
import type { StateFields, StateRecord } from "../../base/state.ts";
import type { PreemptionSchedule } from "../../machine/schedule/preemptions.ts";
import type { CpuSet, Schedule } from "../../machine/schedule/schedule.ts";

/** Why one CPU's operations end and another's begin. */
export type SwitchCause =
    /** It could have gone on. */
    | "preempted"
    /** It slept or paused, and a point says who runs next. */
    | "chosen"
    /** It sleeps, or is off. */
    | "asleep"
    | "paused"
    /** It ran very long on end. */
    | "turn over";

export interface CpuSwitch {
    /** Operations before it. */
    readonly after: number;
    readonly from: number;
    readonly to: number;
    readonly cause: SwitchCause;
}

export class SteppedSchedule implements Schedule {
    readonly #schedule: PreemptionSchedule;
    readonly #onOperation: (after: number) => void;
    readonly switches: CpuSwitch[] = [];
    readonly operations = 1;
    #left = 0;
    #done = 0;
    /** Operations in all. */
    #count = 0;
    #hasPaused = false;

    /** @param onOperation is told before each operation how many came before it. */
    constructor(schedule: PreemptionSchedule, onOperation: (after: number) => void) {
        this.#schedule = schedule;
        this.#onOperation = onOperation;
    }

    get name(): string {
        return this.#schedule.name;
    }

    get cpu(): number {
        return this.#schedule.cpu;
    }

    decide(runnable: CpuSet, retired: number): void {
        const schedule = this.#schedule;
        this.#count += retired;
        this.#done += retired;
        this.#left = Math.max(0, this.#left - retired);
        if (this.#left === 0 || (runnable & (1 << schedule.cpu)) === 0) {
            this.#decideAnew(runnable);
        }
        this.#onOperation(this.#count);
    }

    paused(): boolean {
        this.#hasPaused = true;
        this.#left = this.#schedule.paused() ? 0 : this.#left;
        return true;
    }

    woken(): boolean {
        return false;
    }

    reset(): void {
        this.#schedule.reset();
        this.switches.length = 0;
        this.#left = 0;
        this.#done = 0;
        this.#count = 0;
    }

    save(): StateRecord {
        const { name } = this;
        return { version: 1, name, left: this.#left, schedule: this.#schedule.save() };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#schedule.load(state.record("schedule"));
        this.#left = state.integer("left", 0, Number.MAX_SAFE_INTEGER);
    }

    #decideAnew(runnable: CpuSet): void {
        const schedule = this.#schedule;
        const from = schedule.cpu;
        const pointsBefore = schedule.taken.length;
        schedule.decide(runnable, this.#done);
        this.#left = schedule.operations;
        this.#done = 0;
        const to = schedule.cpu;
        const isByPoint = schedule.taken.length > pointsBefore;
        const isAsleep = (runnable & (1 << from)) === 0;
        if (from !== to) {
            const plain = isAsleep ? "asleep" : this.#hasPaused ? "paused" : "turn over";
            const isPreempted = !isAsleep && !this.#hasPaused;
            const cause = isByPoint ? (isPreempted ? "preempted" : "chosen") : plain;
            this.switches.push({ after: this.#count, from, to, cause });
        }
        this.#hasPaused = false;
    }
}
