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
import { UserError } from "../../base/user-error.ts";
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

/** What ends a machine until it is switched on again. */
export type FinalReason =
    | "powered off"
    | "reset"
    /** A CPU faulted in handlers of faults without end. */
    | "triple fault"
    /** A program threw a JavaScript exception: a defect of the kernel, or a panic of its own. */
    | "program threw";

const finalReasons: readonly FinalReason[] = [
    "powered off",
    "reset",
    "triple fault",
    "program threw",
];

export type StopReason =
    | FinalReason
    | "operation limit"
    | "time limit"
    /** Every CPU sleeps or is off, and no alarm is set, or none of very many woke one. */
    | "asleep forever"
    /** Whoever runs the machine asked. */
    | "stopped";

/**
 * Alarms that ring on end while all CPUs sleep, after which none is expected to wake one: a kernel
 * may have halted with interrupts off and its timer running. At 1 kHz it is a quarter of an hour.
 */
const maxLeaps = 1_000_000;

export class Interleaver implements Stateful {
    readonly name = "interleaver";
    readonly #cpus: readonly Cpu[];
    readonly #clock: Clock;
    readonly #schedule: Schedule;
    readonly #recorder: ScheduleRecorder | undefined;
    /** Of the schedule's decision: operations not yet done, and done. */
    #left = 0;
    #done = 0;
    /** Why `run` is to end, as soon as it can. */
    #stopReason: StopReason | undefined;
    /** Why this machine does nothing any more until it is switched on again. */
    #ended: FinalReason | undefined;
    /** The CPU whose burst it is, or was last. */
    #runningCpu = 0;
    /** CPUs that could run before the last burst or leap. */
    #runnableBefore: CpuSet = 0;
    /** Leaps since an operation was done. */
    #leaps = 0;
    /** The schedule's mark is to be set as soon as it can. */
    #isMarked = false;
    /** Operations before the mark, once it is set. */
    #operationsAtMark: number | undefined;

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

    /** Ends `run` after the operation at hand, or the next one at once. */
    stop(): void {
        this.#stopReason = "stopped";
    }

    /** Ends `run` after the operation at hand, and later ones at once. The first reason stays. */
    end(reason: FinalReason): void {
        this.#ended ??= reason;
    }

    /**
     * The mark: what a schedule is to search begins after the operation at hand, or with the next
     * one. Within a burst it is the burst that is at hand, so a program says this with an operation
     * that ends one, which all are but steps and accesses to memory.
     */
    beginSchedule(): void {
        this.#isMarked = true;
    }

    /** Operations of all CPUs since the mark, or since power-on when there is none. */
    get operationsSinceMark(): number {
        return this.#retired() - (this.#operationsAtMark ?? 0);
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
        let budget = operations;
        for (;;) {
            if (clock.nextAlarmNs <= clock.nowNs) {
                clock.advanceTo(clock.nowNs);
            }
            if (this.#ended !== undefined) {
                return this.#ended;
            }
            if (this.#stopReason !== undefined) {
                const reason = this.#stopReason;
                this.#stopReason = undefined;
                return reason;
            }
            if (budget <= 0) {
                return "operation limit";
            }
            if (clock.nowNs >= untilNs) {
                return "time limit";
            }
            if (this.#isMarked) {
                this.#isMarked = false;
                this.#setMark();
            }
            const runnable = this.#runnable();
            const deadlineNs = Math.min(clock.nextAlarmNs, untilNs);
            if (runnable !== 0) {
                budget -= this.#burst(runnable, budget, deadlineNs);
            } else if (deadlineNs === never || this.#leaps >= maxLeaps) {
                this.#leaps = 0;
                return "asleep forever";
            } else {
                // A leap to the limit is not one: how a run is cut does not show in it.
                this.#leaps += deadlineNs === clock.nextAlarmNs ? 1 : 0;
                clock.advanceTo(deadlineNs);
            }
        }
    }

    reset(): void {
        this.#left = 0;
        this.#done = 0;
        this.#runningCpu = 0;
        this.#runnableBefore = 0;
        this.#leaps = 0;
        this.#isMarked = false;
        this.#operationsAtMark = undefined;
        this.#stopReason = undefined;
        this.#ended = undefined;
        this.#schedule.reset();
        this.#recorder?.rewind([]);
    }

    save(): StateRecord {
        return {
            version: 1,
            left: this.#left,
            done: this.#done,
            runningCpu: this.#runningCpu,
            runnableBefore: this.#runnableBefore,
            leaps: this.#leaps,
            ended: this.#ended ?? "",
            scheduleName: this.#schedule.name,
            schedule: this.#schedule.save(),
            ...(this.#isMarked ? { isMarked: true } : {}),
            ...(this.#operationsAtMark === undefined
                ? {}
                : { operationsAtMark: this.#operationsAtMark }),
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        const scheduleName = state.text("scheduleName");
        if (scheduleName !== this.#schedule.name) {
            throw new UserError(
                `saved state of machine: its schedule is ${scheduleName}, not ` +
                    this.#schedule.name,
            );
        }
        const ended = state.text("ended");
        this.#ended = finalReasons.find((reason) => reason === ended);
        if (this.#ended === undefined && ended !== "") {
            throw new UserError(`saved state of ${this.name}: no run ends for "${ended}"`);
        }
        this.#stopReason = undefined;
        this.#left = state.integer("left", 0, Number.MAX_SAFE_INTEGER);
        this.#done = state.integer("done", 0, Number.MAX_SAFE_INTEGER);
        this.#runningCpu = state.integer("runningCpu", 0, this.#cpus.length - 1);
        this.#runnableBefore = state.integer("runnableBefore", 0, 2 ** this.#cpus.length - 1);
        this.#leaps = state.integer("leaps", 0, maxLeaps);
        this.#schedule.load(state.record("schedule"));
        this.#isMarked = state.has("isMarked");
        this.#operationsAtMark = state.has("operationsAtMark")
            ? state.integer("operationsAtMark", 0, Number.MAX_SAFE_INTEGER)
            : undefined;
    }

    /** A schedule that knows no mark goes on with its decision. */
    #setMark(): void {
        this.#operationsAtMark = this.#retired();
        if (this.#schedule.begin !== undefined) {
            this.#left = 0;
            this.#schedule.begin();
        }
    }

    #retired(): number {
        return this.#cpus.reduce((sum, { retired }) => sum + retired, 0);
    }

    /** The CPUs that can run. Says when some were woken since it was asked before. */
    #runnable(): CpuSet {
        let runnable = 0;
        for (const cpu of this.#cpus) {
            if (cpu.isRunnable) {
                runnable |= 1 << cpu.index;
            }
        }
        const woken = runnable & ~this.#runnableBefore;
        this.#runnableBefore = runnable;
        if (woken !== 0 && this.#schedule.woken()) {
            this.#left = 0;
        }
        return runnable;
    }

    /** Runs a piece of the decision, or of the next one. Returns how many operations it had. */
    #burst(runnable: CpuSet, budget: number, deadlineNs: number): number {
        const cpu = this.#decide(runnable);
        // PAUSE may drop what is left, so what was done is taken off what there was.
        const leftBefore = this.#left;
        const retiredBefore = cpu.retired;
        let retired = 0;
        try {
            cpu.run(Math.min(leftBefore, budget), deadlineNs);
        } catch (error) {
            this.end("program threw");
            throw error;
        } finally {
            // Also when a program throws: what it did until then is done, and is replayed.
            retired = cpu.retired - retiredBefore;
            this.#left = Math.max(0, Math.min(this.#left, leftBefore - retired));
            this.#done += retired;
            if (retired > 0) {
                this.#leaps = 0;
                this.#recorder?.retired(cpu.index, retired);
            }
        }
        assert(retired > 0 || !cpu.isRunnable, "a CPU that can run does an operation");
        return retired;
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
