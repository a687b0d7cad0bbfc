/** The scheduler's invariants, looked at from outside between any two operations. */
import { describe, expect, it } from "vitest";
import { KernelRun, type KernelRunOptions } from "../../src/crash/kernel-run.ts";
import { Kernel, type KernelOptions } from "../../src/kernel/kernel.ts";
import { KernelPanic } from "../../src/kernel/panic.ts";
import type { KernelTaskBody } from "../../src/kernel/processes/kernel-task.ts";
import type { Task } from "../../src/kernel/tasks/task.ts";
import { parseSchedule } from "../../src/machine/schedule/parse-schedule.ts";
import { type Setting, settings } from "../support/kernel-settings.ts";
import { runTasks, type TaskMaker, taskFailures } from "../support/kernel-tasks-rig.ts";

const passed = { kind: "passed", message: "the program and all orphans ended with status 0" };
const where = settings([1, 2, 4], 3);

/** What is wrong with where tasks are, at an instant. */
function misplaced({ kernel, machine }: KernelRun): string[] {
    const tasks = kernel.tasks.entries.filter((task): task is Task => task !== "reserved");
    const cpus = kernel.cpus.filter((cpu) => cpu !== undefined);
    const contexts = machine.cpus.map(({ context }) => context).filter((one) => one !== undefined);
    return [
        ...tasks.flatMap((task) => {
            const isCurrent = task.cpu.current === task;
            const elsewhere = cpus.filter((cpu) => cpu !== task.cpu && cpu.current === task);
            return [
                ...elsewhere.map(({ index }) => `${task.name} is current on CPU ${index}`),
                ...(task.isQueued && isCurrent ? [`${task.name} is current and queued`] : []),
                ...(task.isQueued && task.state !== "runnable"
                    ? [`${task.name} is queued and ${task.state}`]
                    : []),
                ...(contexts.includes(task.context) && !isCurrent
                    ? [`${task.name} is on a CPU and not current`]
                    : []),
            ];
        }),
        ...(new Set(contexts).size === contexts.length ? [] : ["a context is on two CPUs"]),
    ];
}

/** Runs a program, and looks after every operation. */
function firstMisplaced(
    program: string,
    { cpuCount, schedule, seed }: Setting,
    more: Partial<KernelRunOptions> = {},
): readonly string[] {
    const run = new KernelRun({
        command: [program],
        cpuCount,
        schedule: parseSchedule(schedule),
        seed,
        ...more,
    });
    while (run.advance({ operations: 1 }) === undefined) {
        const found = misplaced(run);
        if (found.length > 0) {
            return found;
        }
    }
    return [];
}

describe("a task", () => {
    it.each(["testfutex", "testshm"])("is in one place at any time: %s", (program) => {
        expect(where.flatMap((setting) => firstMisplaced(program, setting))).toEqual([]);
    });

    it("is in two, when a wakeup enqueues it while it is current (canary)", () => {
        const makeKernel = (options: KernelOptions) => {
            const kernel = new Kernel(options);
            const { scheduler } = kernel;
            const prepare = scheduler.prepareToBlock.bind(scheduler);
            scheduler.prepareToBlock = function* (task, wait) {
                yield* prepare(task, wait);
                task.isQueued = true;
            };
            return kernel;
        };
        expect(firstMisplaced("testfutex", where[0], { makeKernel })).toEqual([
            "T1 (P1, init) is current and queued",
            "T1 (P1, init) is queued and blocked",
        ]);
    });
});

/** Two tasks that wake each other by turns, each about to sleep when the other one does. */
const pingPong: TaskMaker = ({ lock, queue }) => {
    let turn = 0;
    const player = (index: number): KernelTaskBody =>
        function* (_kernel, task) {
            const { context } = task;
            const hadInterrupts = yield* lock.acquire(context);
            for (let round = 0; round < 15; round++) {
                yield* queue.waitUntil(task, lock, () => turn % 2 === index, { what: "a turn" });
                turn++;
                yield* queue.wakeAll(context);
            }
            yield* lock.release(context, hadInterrupts);
        };
    return [player(0), player(1)];
};

describe("a wakeup", () => {
    it("reaches a task that is on its way off the CPU", () => {
        expect(taskFailures(settings([1, 2, 4], 20), pingPong)).toEqual([]);
    });

    it("gets lost when a task that is still current is left as it is (canary)", () => {
        const broken: TaskMaker = (together) => {
            const { scheduler } = together.kernel;
            const wake = scheduler.wake.bind(scheduler);
            scheduler.wake = function* (context, task) {
                if (task.cpu.current === task) {
                    yield context.step();
                } else {
                    yield* wake(context, task);
                }
            };
            return pingPong(together);
        };
        const failures = taskFailures(settings([2], 20), broken);
        expect(failures.length).toBeGreaterThan(0);
        for (const failure of failures) {
            expect(failure).toContain("deadlock: every task waits");
        }
    });
});

/** A task that sleeps on one CPU is woken from another one: how long until it runs? */
const wakeElsewhere: TaskMaker = ({ lock, queue }) => {
    let wokenAt = -1;
    const sleeper: KernelTaskBody = function* (_kernel, task) {
        const { context } = task;
        const hadInterrupts = yield* lock.acquire(context);
        yield* queue.waitUntil(task, lock, () => wokenAt >= 0, { what: "a wakeup" });
        const latencyNs = (yield context.readTimestamp()) - wokenAt;
        yield* lock.release(context, hadInterrupts);
        // A tick is 10 ms, and the kernel has some hundreds of operations to do.
        if (latencyNs > 100_000) {
            throw new KernelPanic(`it took ${latencyNs} ns`);
        }
    };
    const waker: KernelTaskBody = function* (_kernel, task) {
        const { context } = task;
        // Long enough for the other CPU to have gone to sleep.
        for (let turn = 0; turn < 3000; turn++) {
            yield context.pause();
        }
        const hadInterrupts = yield* lock.acquire(context);
        wokenAt = yield context.readTimestamp();
        yield* lock.release(context, hadInterrupts);
        yield* queue.wakeAll(context);
    };
    return [sleeper, waker];
};

/**
 * A task that sleeps again and again, and one on another CPU that wakes it, each time a little
 * later: on its way to sleep, when its CPU finds nothing to do, and when that has gone to sleep.
 */
const wakeAtAnyTime: TaskMaker = ({ lock, queue }) => {
    const roundCount = 150;
    let asked = 0;
    let answered = 0;
    let wokenAt = 0;
    const sleeper: KernelTaskBody = function* (_kernel, task) {
        const { context } = task;
        const hadInterrupts = yield* lock.acquire(context);
        for (let round = 1; round <= roundCount; round++) {
            asked = round;
            yield* queue.waitUntil(task, lock, () => answered === round, { what: "an answer" });
            const latencyNs = (yield context.readTimestamp()) - wokenAt;
            if (latencyNs > 100_000) {
                throw new KernelPanic(`round ${round}: it took ${latencyNs} ns`);
            }
        }
        yield* lock.release(context, hadInterrupts);
    };
    const waker: KernelTaskBody = function* (_kernel, { context }) {
        for (let round = 1; round <= roundCount; round++) {
            while (asked < round) {
                yield context.pause();
            }
            for (let turn = 0; turn < round; turn++) {
                yield context.step();
            }
            const hadInterrupts = yield* lock.acquire(context);
            answered = round;
            wokenAt = yield context.readTimestamp();
            yield* lock.release(context, hadInterrupts);
            yield* queue.wakeAll(context);
        }
    };
    return [sleeper, waker];
};

describe("a CPU that sleeps", () => {
    const fair = settings([2, 4], 10).filter(({ schedule }) => !schedule.startsWith("pct"));

    it("is about to, or looks whether it may: a task that is woken runs as soon", () => {
        expect(taskFailures(fair, wakeAtAnyTime)).toEqual([]);
    });

    it("runs a task that another CPU has woken long before the next tick", () => {
        expect(taskFailures(fair, wakeElsewhere)).toEqual([]);
    });

    it.each([
        ["long after", wakeElsewhere],
        ["meanwhile", wakeAtAnyTime],
    ])("does not, when nobody interrupts it (canary: woken %s)", (_when, make) => {
        const broken: TaskMaker = (together) => {
            together.kernel.localApic.interruptCpu = function* (context) {
                yield context.step();
            };
            return make(together);
        };
        const failures = taskFailures(fair, broken);
        expect(failures.length).toBeGreaterThan(0);
        expect(failures[0]).toMatch(/: panic: (round \d+: )?it took \d+ ns$/);
    });
});

/**
 * A task that is woken whenever it has gone to sleep, until six ticks have passed: neither it nor
 * its CPU's scheduler has interrupts on for long, and CPU 0 counts the ticks.
 */
const wokenAllTheTime: TaskMaker = ({ kernel, lock, queue }) => {
    const { wheel } = kernel;
    const isOver = () => wheel.ticks > 6;
    const sleeper: KernelTaskBody = function* (_kernel, task) {
        const { context } = task;
        const hadInterrupts = yield* lock.acquire(context);
        yield* queue.waitUntil(task, lock, isOver, { what: "six ticks" });
        yield* lock.release(context, hadInterrupts);
    };
    const waker: KernelTaskBody = function* (_kernel, { context }) {
        while (!isOver()) {
            yield* queue.wakeAll(context);
            yield context.pause();
        }
        yield* queue.wakeAll(context);
    };
    return [sleeper, waker, sleeper];
};

describe("a CPU whose tasks are woken whenever they sleep", () => {
    /** A tick is 1000 operations. */
    const cpuTiming = { operationNs: 10_000, pauseNs: 0, copyBytesPerNs: 8, timestampPerNs: 1 };

    it.each([1, 3, 5, 7, 9, 11, 13, 20, 40, 100])("takes its ticks, in turns of %i", (turn) => {
        const schedule = `round-robin:${turn}`;
        const turns = [2, 3, 4].map((cpuCount) => ({ cpuCount, schedule, seed: 1 }));
        expect(taskFailures(turns, wokenAllTheTime, { cpuTiming })).toEqual([]);
    });
});

describe("CPU time", () => {
    it("is shared by tasks of one CPU that never block, a tick each", () => {
        const runs: number[] = [];
        const spinner = (index: number): KernelTaskBody =>
            function* (kernel, { context }) {
                const end = kernel.wheel.ticks + 6;
                while (kernel.wheel.ticks < end) {
                    if (runs.at(-1) !== index) {
                        runs.push(index);
                    }
                    yield context.pause();
                }
            };
        const one = { cpuCount: 1, schedule: "round-robin", seed: 1 };
        expect(runTasks(one, () => [spinner(0), spinner(1), spinner(2)])).toEqual(passed);
        expect(runs.slice(0, 6)).toEqual([0, 1, 2, 0, 1, 2]);
    });
});
