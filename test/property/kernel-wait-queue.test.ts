/**
 * Wait queues under many schedules, beside what must come out whatever the schedule: every item
 * that is put into a bounded buffer is taken once, in order, and nobody sleeps for ever.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FaultName } from "../../src/kernel/faults.ts";
import { KernelPanic } from "../../src/kernel/panic.ts";
import type { KernelTaskBody } from "../../src/kernel/processes/kernel-task.ts";
import { WaitQueue } from "../../src/kernel/sync/wait-queue.ts";
import { runTasks, type TaskMaker } from "../support/kernel-tasks-rig.ts";

const passed = { kind: "passed", message: "the program and all orphans ended with status 0" };

interface Buffer {
    readonly producers: number;
    readonly consumers: number;
    readonly capacity: number;
    /** Items that each producer puts. */
    readonly items: number;
    /** Tasks that wake everybody for nothing. */
    readonly alarmists: number;
}

const aBuffer: fc.Arbitrary<Buffer> = fc.record({
    producers: fc.integer({ min: 1, max: 3 }),
    consumers: fc.integer({ min: 1, max: 4 }),
    capacity: fc.integer({ min: 1, max: 3 }),
    items: fc.integer({ min: 1, max: 8 }),
    alarmists: fc.nat(1),
});

const aSetting = fc.record({
    cpuCount: fc.integer({ min: 1, max: 4 }),
    schedule: fc.constantFrom("random", "random:3", "pct:3:3000", "round-robin:7"),
    seed: fc.nat(10_000),
});

/** Producers and consumers, who check at the end what was taken. */
function bufferTasks({ producers, consumers, capacity, items, alarmists }: Buffer): TaskMaker {
    return ({ kernel, lock, queue: notEmpty }) => {
        const notFull = new WaitQueue(kernel.order, kernel.scheduler, "room");
        const buffer: string[] = [];
        const taken: string[] = [];
        const total = producers * items;
        const produce = (producer: number): KernelTaskBody =>
            function* (_kernel, task) {
                const { context } = task;
                for (let item = 0; item < items; item++) {
                    const hadInterrupts = yield* lock.acquire(context);
                    const result = yield* notFull.waitUntil(
                        task,
                        lock,
                        () => buffer.length < capacity,
                        { what: "room" },
                    );
                    expectSo(result === "ready" && buffer.length < capacity, "there is room");
                    buffer.push(`${producer}.${item}`);
                    yield* lock.release(context, hadInterrupts);
                    yield* notEmpty.wakeAll(context);
                }
            };
        const consume: KernelTaskBody = function* (_kernel, task) {
            const { context } = task;
            const isDone = () => taken.length === total;
            while (!isDone()) {
                const hadInterrupts = yield* lock.acquire(context);
                yield* notEmpty.waitUntil(task, lock, () => buffer.length > 0 || isDone(), {
                    what: "an item",
                });
                taken.push(...buffer.splice(0, 1));
                if (isDone()) {
                    expectInOrder(taken, total);
                    // With the lock held, as a waker may.
                    yield* notEmpty.wakeAll(context);
                }
                yield* lock.release(context, hadInterrupts);
                yield* notFull.wakeAll(context);
            }
        };
        const cryWolf: KernelTaskBody = function* (_kernel, { context }) {
            for (let alarm = 0; alarm < 20; alarm++) {
                yield* notEmpty.wakeAll(context);
                yield* notFull.wakeAll(context);
            }
        };
        return [
            ...Array.from({ length: producers }, (_, index) => produce(index)),
            ...new Array<KernelTaskBody>(consumers).fill(consume),
            ...new Array<KernelTaskBody>(alarmists).fill(cryWolf),
        ];
    };
}

function expectSo(condition: boolean, what: string): void {
    if (!condition) {
        throw new KernelPanic(`not so: ${what}`);
    }
}

/** Each item once, and those of one producer in the order in which it put them. */
function expectInOrder(taken: readonly string[], total: number): void {
    expectSo(new Set(taken).size === total, `each of ${total} items is taken once`);
    const sorted = [...taken].sort();
    const byProducer = [...taken].sort((a, b) => Number(a.split(".")[0]) - Number(b.split(".")[0]));
    expectSo(byProducer.join() === sorted.join(), "a producer's items are taken in order");
}

function bufferProperty(faults: readonly FaultName[] = []) {
    return fc.property(aBuffer, aSetting, (buffer, setting) => {
        const { kind, message } = runTasks(setting, bufferTasks(buffer), { faults });
        if (kind !== "passed") {
            throw new Error(message);
        }
    });
}

describe("wait queues", () => {
    it("lose no wakeup between producers and consumers, under any schedule", () => {
        fc.assert(bufferProperty(), { seed: 11, numRuns: 250 });
    });

    it("would, if they looked before they enqueued (canary)", () => {
        const property = bufferProperty(["wait-check-before-enqueue"]);
        const { failed, errorInstance } = fc.check(property, { seed: 11, numRuns: 250 });
        expect([failed, String(errorInstance)]).toEqual([
            true,
            expect.stringContaining("Error: deadlock: every task waits\n  T"),
        ]);
    });
});

/** Waits that end by a wakeup or at a tick, whichever is first; half of them wait in vain. */
function timedTasks(
    waits: readonly { readonly ticks: number; readonly isVain: boolean }[],
): TaskMaker {
    return ({ kernel, lock, queue }) => {
        let isSo = false;
        const bodies = waits.map(
            ({ ticks, isVain }): KernelTaskBody =>
                function* (_kernel, task) {
                    const { context } = task;
                    const hadInterrupts = yield* lock.acquire(context);
                    const began = kernel.wheel.ticks;
                    const deadline = began + ticks;
                    const predicate = () => isSo && !isVain;
                    const result = yield* queue.waitUntil(task, lock, predicate, {
                        what: "it to be so",
                        deadline,
                    });
                    const now = kernel.wheel.ticks;
                    if (result === "timed out") {
                        expectSo(now >= deadline, "a wait does not end before its time");
                        expectSo(now <= deadline + 1, "a wait ends at its time");
                        expectSo(!predicate(), "a wait is not over by time when it is so");
                    } else {
                        expectSo(predicate() && result === "ready", "a wait ends when it is so");
                    }
                    yield* lock.release(context, hadInterrupts);
                },
        );
        const waker: KernelTaskBody = function* (_kernel, task) {
            const { context } = task;
            // For three ticks there are alarms, and none is true; then one is.
            const end = kernel.wheel.ticks + 3;
            while (kernel.wheel.ticks < end) {
                yield* queue.wakeAll(context);
                yield context.pause();
            }
            const hadInterrupts = yield* lock.acquire(context);
            isSo = true;
            yield* lock.release(context, hadInterrupts);
            yield* queue.wakeAll(context);
        };
        return [...bodies, waker];
    };
}

describe("a wait with a deadline", () => {
    const waits = fc.array(fc.record({ ticks: fc.nat(6), isVain: fc.boolean() }), {
        minLength: 1,
        maxLength: 6,
    });
    /** A tick is 1000 operations, so that wakeups and ticks meet. */
    const cpuTiming = { operationNs: 10_000, pauseNs: 0, copyBytesPerNs: 8, timestampPerNs: 1 };

    it("ends with what comes first, not before its time, and at it", () => {
        const property = fc.property(waits, aSetting, (what, setting) => {
            expect(runTasks(setting, timedTasks(what), { cpuTiming })).toEqual(passed);
        });
        fc.assert(property, { seed: 12, numRuns: 100 });
    });

    it("does not, in a kernel whose wheel rings late (canary)", () => {
        const property = fc.property(waits, aSetting, (what, setting) => {
            const outcome = runTasks(
                setting,
                (together) => {
                    const { wheel } = together.kernel;
                    const arm = wheel.arm.bind(wheel);
                    wheel.arm = (context, task, tick) => arm(context, task, tick + 2);
                    return timedTasks(what)(together);
                },
                { cpuTiming },
            );
            expect(outcome).toEqual(passed);
        });
        expect(fc.check(property, { seed: 12, numRuns: 100 }).failed).toBe(true);
    });
});
