import { describe, expect, it } from "vitest";
import { KernelPanic } from "../../src/kernel/panic.ts";
import type { KernelTaskBody } from "../../src/kernel/processes/kernel-task.ts";
import type { Steps } from "../../src/kernel/steps.ts";
import { SpinLock } from "../../src/kernel/sync/spin-lock.ts";
import type { Context } from "../../src/machine/cpu/context.ts";
import { settings } from "../support/kernel-settings.ts";
import {
    runTasks,
    type TaskMaker,
    type Together,
    taskFailures,
} from "../support/kernel-tasks-rig.ts";

const everywhere = settings([1, 2, 4], 10);
const one = { cpuCount: 1, schedule: "round-robin", seed: 1 };
const two = { cpuCount: 2, schedule: "round-robin", seed: 1 };
const passed = { kind: "passed", message: "the program and all orphans ended with status 0" };

type Lock = Pick<SpinLock, "acquire" | "release">;

/** Six tasks, each of which reads a number, lets time pass, and writes one more, 20 times. */
function counting(lockOf: (together: Together) => Lock): TaskMaker {
    return (together) => {
        const lock = lockOf(together);
        let count = 0;
        let endedCount = 0;
        const body: KernelTaskBody = function* (_kernel, { context }) {
            for (let round = 0; round < 20; round++) {
                const hadInterrupts = yield* lock.acquire(context);
                const seen = count;
                yield context.step();
                yield context.step();
                count = seen + 1;
                yield* lock.release(context, hadInterrupts);
            }
            endedCount++;
            if (endedCount === 6 && count !== 120) {
                throw new KernelPanic(`counted to ${count} in place of 120`);
            }
        };
        return new Array<KernelTaskBody>(6).fill(body);
    };
}

/** A lock whose look and whose taking are two steps. */
class LateLock implements Lock {
    #isTaken = false;

    *acquire(context: Context): Steps<boolean> {
        const hadInterrupts = context.interruptsEnabled;
        yield context.disableInterrupts();
        while (this.#isTaken) {
            yield context.pause();
        }
        yield context.step();
        this.#isTaken = true;
        return hadInterrupts;
    }

    *release(context: Context, hadInterrupts: boolean): Steps {
        this.#isTaken = false;
        yield hadInterrupts ? context.enableInterrupts() : context.step();
    }
}

describe("a spinlock", () => {
    it("lets one CPU in at a time, under every schedule", () => {
        expect(
            taskFailures(
                everywhere,
                counting(({ lock }) => lock),
            ),
        ).toEqual([]);
    });

    it("would not, if the look and the taking were two steps (canary)", () => {
        const failures = taskFailures(
            settings([2], 10),
            counting(() => new LateLock()),
        );
        expect(failures.length).toBeGreaterThan(0);
        for (const failure of failures) {
            expect(failure).toMatch(/: panic: counted to \d+ in place of 120$/);
        }
    });

    it("turns interrupts off while it is held, and leaves them as they were", () => {
        const seen: boolean[] = [];
        const outcome = runTasks(one, ({ kernel, lock }) => {
            const inner = new SpinLock(kernel.order, "page allocator", "another");
            return [
                function* (_kernel, { context }) {
                    const look = () => seen.push(context.interruptsEnabled);
                    look();
                    const outerHad = yield* lock.acquire(context);
                    look();
                    const innerHad = yield* inner.acquire(context);
                    seen.push(outerHad, innerHad);
                    yield* inner.release(context, innerHad);
                    look();
                    yield* lock.release(context, outerHad);
                    look();
                },
            ];
        });
        expect(outcome).toEqual(passed);
        //                    at first, held, had, had inside, inner released, released
        expect(seen).toEqual([true, false, true, false, false, true]);
    });

    it("is not preempted while it is held, however many ticks pass", () => {
        let isHeld = false;
        const outcome = runTasks(
            one,
            ({ lock }) => [
                function* (_kernel, { context }) {
                    const hadInterrupts = yield* lock.acquire(context);
                    isHeld = true;
                    for (let turn = 0; turn < 200; turn++) {
                        yield context.pause();
                    }
                    isHeld = false;
                    yield* lock.release(context, hadInterrupts);
                },
                function* (_kernel, { context }) {
                    for (let turn = 0; turn < 200; turn++) {
                        if (isHeld) {
                            throw new KernelPanic("a holder was preempted");
                        }
                        yield context.pause();
                    }
                },
            ],
            // A tick is 100 operations.
            {
                cpuTiming: {
                    operationNs: 100_000,
                    pauseNs: 0,
                    copyBytesPerNs: 8,
                    timestampPerNs: 1,
                },
            },
        );
        expect(outcome).toEqual(passed);
    });

    it("says who has it", () => {
        const holders: (number | undefined)[] = [];
        runTasks(two, ({ lock }) => [
            function* (_kernel, { context, cpu }) {
                holders.push(lock.holder);
                const hadInterrupts = yield* lock.acquire(context);
                holders.push(lock.holder);
                expect(lock.holder).toBe(cpu.index);
                yield* lock.release(context, hadInterrupts);
                holders.push(lock.holder);
            },
        ]);
        // The program's task is 2, so the first one is 3, on CPU 1.
        expect(holders).toEqual([undefined, 1, undefined]);
    });
});

describe("the kernel stops when", () => {
    const panics: Readonly<Record<string, [message: string, make: TaskMaker]>> = {
        "a CPU takes a lock that it has": [
            "CPU 0 takes the lock the test's lock, which it has",
            ({ lock }) => [
                function* (_kernel, { context }) {
                    yield* lock.acquire(context);
                    yield* lock.acquire(context);
                },
            ],
        ],
        "somebody lets go of a lock that nobody has": [
            "CPU 0 touches what the lock the test's lock guards, without it",
            ({ lock }) => [(_kernel, { context }) => lock.release(context, true)],
        ],
        "somebody lets go of a lock twice": [
            "CPU 0 touches what the lock the test's lock guards, without it",
            ({ lock }) => [
                function* (_kernel, { context }) {
                    const hadInterrupts = yield* lock.acquire(context);
                    yield* lock.release(context, hadInterrupts);
                    yield* lock.release(context, hadInterrupts);
                },
            ],
        ],
        "a task blocks with a spinlock held": [
            "T3 (P1, init) blocks while it holds another",
            ({ kernel, lock, queue }) => {
                const other = new SpinLock(kernel.order, "process hierarchy", "another");
                return [
                    function* (_kernel, task) {
                        yield* other.acquire(task.context);
                        yield* lock.acquire(task.context);
                        yield* queue.waitUntil(task, lock, () => false, { what: "nothing" });
                    },
                ];
            },
        ],
        "a task waits without the lock": [
            "CPU 0 touches what the lock the test's lock guards, without it",
            ({ lock, queue }) => [
                function* (_kernel, task) {
                    yield* queue.waitUntil(task, lock, () => false, { what: "nothing" });
                },
            ],
        ],
    };

    it.each(Object.entries(panics))("%s", (_name, [message, make]) => {
        expect(runTasks(one, make)).toMatchObject({ kind: "panic", message });
    });

    it("another CPU than the holder lets go", () => {
        const outcome = runTasks(two, ({ lock }) => {
            let isHeld = false;
            return [
                function* (_kernel, { context }) {
                    yield* lock.acquire(context);
                    isHeld = true;
                    for (;;) {
                        yield context.pause();
                    }
                },
                function* (_kernel, { context }) {
                    while (!isHeld) {
                        yield context.pause();
                    }
                    yield* lock.release(context, true);
                },
            ];
        });
        expect(outcome).toMatchObject({
            kind: "panic",
            message: "CPU 0 touches what the lock the test's lock guards, without it",
        });
    });
});
