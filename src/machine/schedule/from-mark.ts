/**
 * A schedule that begins at a mark.
 *
 * Most of a short run is the kernel's boot, which is the same every time and in which nothing is
 * looked for. So up to the mark (`Machine.beginSchedule`) the CPUs run by the plain policy, and
 * what the schedule decides, counts and draws is of the part after it. Chance is then spent where
 * it matters, and runs differ nowhere else.
 *
 * A schedule that was recorded from power-on is played back from there.
 */
import type { ChoiceStream } from "../../base/choices.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import { PlainPolicy } from "./plain-policy.ts";
import type { CpuSet, Schedule } from "./schedule.ts";

/** Makes a schedule's factory one of a schedule that begins at the mark. */
export function fromMark(
    factory: (choices: ChoiceStream) => Schedule,
): (choices: ChoiceStream) => Schedule {
    return (choices) => {
        const schedule = factory(choices);
        return schedule.beginsAtPowerOn === true ? schedule : new FromMark(schedule);
    };
}

export class FromMark implements Schedule {
    readonly #schedule: Schedule;
    readonly #before = new PlainPolicy();
    #hasBegun = false;
    #isFirst = false;
    /** Of the plain policy's decision. */
    #operations = 1;

    constructor(schedule: Schedule) {
        this.#schedule = schedule;
    }

    get name(): string {
        return this.#schedule.name;
    }

    get cpu(): number {
        return this.#hasBegun ? this.#schedule.cpu : this.#before.cpu;
    }

    get operations(): number {
        return this.#hasBegun ? this.#schedule.operations : this.#operations;
    }

    /** A second mark is none. */
    begin(): void {
        this.#isFirst ||= !this.#hasBegun;
        this.#hasBegun = true;
    }

    decide(runnable: CpuSet, retired: number): void {
        if (this.#hasBegun) {
            // What was retired before the mark is none of the schedule's.
            this.#schedule.decide(runnable, this.#isFirst ? 0 : retired);
            this.#isFirst = false;
        } else {
            this.#before.retired(retired);
            this.#operations = this.#before.decide(runnable);
        }
    }

    paused(): boolean {
        if (this.#hasBegun) {
            return this.#schedule.paused();
        }
        this.#before.paused();
        return true;
    }

    woken(): boolean {
        return this.#hasBegun && this.#schedule.woken();
    }

    reset(): void {
        this.#schedule.reset();
        this.#before.reset();
        this.#hasBegun = false;
        this.#isFirst = false;
    }

    save(): StateRecord {
        return {
            version: 1,
            schedule: this.#schedule.save(),
            before: this.#before.save(),
            hasBegun: this.#hasBegun,
            isFirst: this.#isFirst,
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#schedule.load(state.record("schedule"));
        this.#before.load(state.record("before"));
        this.#hasBegun = state.boolean("hasBegun");
        this.#isFirst = state.boolean("isFirst");
    }
}
