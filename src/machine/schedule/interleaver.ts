/**
 * The interleaver: runs the CPUs in one thread, as the schedule decides, with the clock.
 *
 * The loop of the machine. In turn: ring what is due, ask the schedule if its decision is used up
 * or its CPU sleeps, give that CPU a burst until the next alarm at most. When all CPUs sleep, time
 * leaps to the next alarm; when there is none, nothing can ever happen again, and it says so.
 *
 * The run is a function of the CPUs' programs, the devices and the schedule's decisions: how a run
 * is cut into calls of `run` does not show in it.
 */
import { assert } from "../../base/assert.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import { type Clock, never } from "../clock.ts";
import type { Cpu } from "../cpu/cpu.ts";
import type { Stateful } from "../device.ts";
import type { ScheduleRecorder } from "./recorded.ts";
import type { CpuSet, Schedule } from "./schedule.ts";

/** Where a run pauses at the latest. */
export interface RunLimits {
    /** Operations retired by all CPUs together; exact. */
    readonly operations?: number;
    /** Virtual time, in ns since power-on. No operation begins at or after it. */
    readonly untilNs?: number;
}

export type StopReason =
    | "operation limit"
    | "time limit"
    /** Every CPU sleeps or is off, and no alarm is set. */
    | "asleep forever"
    | "powered off"
    | "reset"
    /** A CPU faulted in handlers of faults without end. */
    | "triple fault"
    /** Whoever runs the machine asked. */
    | "stopped";

export class Interleaver implements Stateful {
    readonly name = "interleaver";
    readonly #cpus: readonly Cpu[];
    readonly #clock: Clock;
    readonly #schedule: Schedule;
    readonly #recorder: ScheduleRecorder | undefined;
    /** Of the schedule's decision: operations not yet done, and done. */
    #left = 0;
    #done = 0;
    #stopReason: StopReason | undefined;
    /** The CPU whose burst it is, or was last. */
    #runningCpu = 0;

    constructor(
        cpus: readonly Cpu[],
        clock: Clock,
        schedule: Schedule,
        recorder: ScheduleRecorder | undefined,
    ) {
        this.#cpus = cpus;
        this.#clock = clock;
        this.#schedule = schedule;
        this.#recorder = recorder;
    }

    /** The CPU whose operation it is, for devices that want to know who asks. */
    get runningCpu(): Cpu {
        return this.#cpus[this.#runningCpu];
    }

    /** Ends `run` after the operation at hand. */
    stop(reason: StopReason): void {
        this.#stopReason = reason;
    }

    /** A program said PAUSE. */
    paused(): void {
        if (this.#schedule.paused()) {
            this.#left = 0;
        }
    }

    /** Runs until a limit or an event says stop; says which. */
    run(limits: RunLimits): StopReason {
        const { operations = never, untilNs = never } = limits;
        const clock = this.#clock;
        this.#stopReason = undefined;
        let budget = operations;
        for (;;) {
            if (this.#stopReason !== undefined) {
                return this.#stopReason;
            }
            if (budget <= 0) {
                return "operation limit";
            }
            if (clock.nowNs >= untilNs) {
                return "time limit";
            }
            const runnable = this.#runnable();
            if (runnable === 0) {
                if (clock.nextAlarmNs === never && untilNs === never) {
                    return "asleep forever";
                }
                clock.advanceTo(Math.min(clock.nextAlarmNs, untilNs));
                continue;
            }
            const cpu = this.#decide(runnable);
            const deadlineNs = Math.min(clock.nextAlarmNs, untilNs);
            // PAUSE may drop what is left, so what was done is taken off what there was.
            const before = this.#left;
            const retired = cpu.run(Math.min(before, budget), deadlineNs);
            this.#left = Math.max(0, Math.min(this.#left, before - retired));
            this.#done += retired;
            budget -= retired;
            if (retired > 0) {
                this.#recorder?.retired(cpu.index, retired);
            }
        }
    }

    reset(): void {
        this.#left = 0;
        this.#done = 0;
        this.#runningCpu = 0;
    }

    save(): StateRecord {
        return {
            version: 1,
            left: this.#left,
            done: this.#done,
            runningCpu: this.#runningCpu,
            schedule: this.#schedule.save(),
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#left = state.number("left");
        this.#done = state.number("done");
        this.#runningCpu = state.number("runningCpu");
        this.#schedule.load(state.record("schedule"));
    }

    #runnable(): CpuSet {
        let runnable = 0;
        for (const cpu of this.#cpus) {
            if (cpu.isRunnable) {
                runnable |= 1 << cpu.index;
            }
        }
        return runnable;
    }

    /** The CPU whose burst is next. */
    #decide(runnable: CpuSet): Cpu {
        const schedule = this.#schedule;
        if (this.#left === 0 || (runnable & (1 << this.#runningCpu)) === 0) {
            schedule.decide(runnable, this.#done);
            assert(
                schedule.operations >= 1 && (runnable & (1 << schedule.cpu)) !== 0,
                "a schedule decides on a CPU that can run",
            );
            this.#left = schedule.operations;
            this.#done = 0;
            this.#runningCpu = schedule.cpu;
        }
        return this.#cpus[this.#runningCpu];
    }
}
