/**
 * Finds the preemptions of a schedule: it runs as that schedule decides, with the plain policy
 * beside it, and notes where the two differ.
 *
 * The run is the schedule's own, operation by operation. What the plain policy would do at any
 * point depends on the run up to there and on nothing else, so `PreemptionSchedule` with the noted
 * points gives the same run again, and with any of them missing another one: the list is exact, and
 * there is no shorter one.
 *
 * Of a schedule that was recorded from power-on, what counts is the part after the mark.
 */
import type { StateFields, StateRecord } from "../../base/state.ts";
import { PlainPolicy, type TakenPreemption } from "./plain-policy.ts";
import type { CpuSet, Schedule } from "./schedule.ts";

export class PreemptionFinder implements Schedule {
    readonly #schedule: Schedule;
    readonly #policy = new PlainPolicy();
    operations = 1;
    /** Of the schedule's decision: operations not yet done, and done. */
    #left = 0;
    #done = 0;
    /** What was retired last came before the mark. */
    #isFirst = false;

    constructor(schedule: Schedule) {
        this.#schedule = schedule;
    }

    get name(): string {
        return this.#schedule.name;
    }

    get beginsAtPowerOn(): true | undefined {
        return this.#schedule.beginsAtPowerOn;
    }

    get cpu(): number {
        return this.#policy.cpu;
    }

    /** The preemptions so far. */
    get taken(): readonly TakenPreemption[] {
        return this.#policy.taken;
    }

    begin(): void {
        this.#policy.reset();
        this.#isFirst = true;
    }

    decide(runnable: CpuSet, retired: number): void {
        const schedule = this.#schedule;
        this.#policy.retired(this.#isFirst ? 0 : retired);
        this.#isFirst = false;
        this.#left = Math.max(0, this.#left - retired);
        this.#done += retired;
        if (this.#left === 0 || (runnable & (1 << schedule.cpu)) === 0) {
            schedule.decide(runnable, this.#done);
            this.#left = schedule.operations;
            this.#done = 0;
        }
        const turn = this.#policy.decide(runnable, schedule.cpu);
        this.operations = Math.min(turn, this.#left);
    }

    paused(): boolean {
        this.#policy.paused();
        if (this.#schedule.paused()) {
            this.#left = 0;
        }
        return true;
    }

    woken(): boolean {
        if (this.#schedule.woken()) {
            this.#left = 0;
            return true;
        }
        return false;
    }

    reset(): void {
        this.#schedule.reset();
        this.#policy.reset();
        this.#left = 0;
        this.#done = 0;
        this.#isFirst = false;
    }

    save(): StateRecord {
        return {
            version: 1,
            schedule: this.#schedule.save(),
            policy: this.#policy.save(),
            left: this.#left,
            done: this.#done,
            isFirst: this.#isFirst,
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#schedule.load(state.record("schedule"));
        this.#policy.load(state.record("policy"));
        this.#left = state.integer("left", 0, Number.MAX_SAFE_INTEGER);
        this.#done = state.integer("done", 0, Number.MAX_SAFE_INTEGER);
        this.#isFirst = state.boolean("isFirst");
    }
}
