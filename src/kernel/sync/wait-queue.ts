/**
 * Wait queues: how a task sleeps until something is so, and how it is woken.
 *
 * The danger is the wakeup that comes between the look and the sleep. Protocol of the sleeper, who
 * holds the lock that guards what it waits for:
 *
 *  1. enqueue, and become "blocked": from here on a wakeup finds this task
 *  2. look: is it so? is the process exiting? is the time over? If any, be "runnable" and leave
 *  3. let go of the lock, switch to the scheduler, which leaves a blocked task alone
 *  4. woken: take the lock again, and begin again at 1
 *
 * Protocol of the waker: make it so, under that lock; then `wakeAll`, with or without it.
 *
 * Why no wakeup is lost: the waker's change comes either before the sleeper's look, which sees it,
 * or after. Then it comes after step 3's release, hence after step 1; the waker finds the task in
 * the queue and makes it runnable, and the scheduler never sets aside a task that is runnable. That
 * holds for exit, too, which sets its flag before it wakes.
 *
 * From 1 to 3 interrupts are off: a task that is blocked and was preempted would not come back.
 */

import type { Context } from "../../machine/cpu/context.ts";
import { kernelAssert } from "../panic.ts";
import type { Steps } from "../steps.ts";
import type { Scheduler } from "../tasks/scheduler.ts";
import type { Task } from "../tasks/task.ts";
import type { LockOrder } from "./lock-order.ts";
import { SpinLock } from "./spin-lock.ts";

export type WaitResult =
    /** What was waited for is so. */
    | "ready"
    /** The task's process is exiting: give up, let go of everything, return E_INTR. */
    | "interrupted"
    | "timed out";

export interface WaitOptions {
    /** What is waited for, for reports of deadlocks: `a child`. */
    readonly what: string;
    /** The tick at which to give up; see `TimingWheel.ticks`. */
    readonly deadline?: number | undefined;
    /** Whether something outside of the kernel may end the wait: a key, a disk. */
    readonly isExternal?: boolean;
}

export class WaitQueue {
    readonly #lock: SpinLock;
    readonly #scheduler: Scheduler;
    readonly #waiters: Task[] = [];

    constructor(order: LockOrder, scheduler: Scheduler, name: string) {
        this.#lock = new SpinLock(order, "wait queue", `wait queue of ${name}`);
        this.#scheduler = scheduler;
    }

    /**
     * Sleeps until `predicate` holds. The caller holds `lock`, which guards what the predicate
     * looks at, and holds it again afterwards; between it may not have been held. The predicate
     * looks, and does nothing else.
     */
    *waitUntil(
        task: Task,
        lock: SpinLock,
        predicate: () => boolean,
        options: WaitOptions,
    ): Steps<WaitResult> {
        const scheduler = this.#scheduler;
        const { context } = task;
        lock.assertHeld(context);
        const looksEarly = scheduler.faults.has("wait-check-before-enqueue");
        for (;;) {
            if (looksEarly && this.#ended(task, predicate, options) === undefined) {
                // Planted: it looked, and lets go; who makes it so now finds nobody to wake.
                yield* lock.release(context, false);
                yield* this.#enqueue(task, options);
            } else {
                yield* this.#enqueue(task, options);
                const result = this.#ended(task, predicate, options);
                if (result !== undefined) {
                    yield* this.#dequeue(task);
                    return result;
                }
                yield* lock.release(context, false);
            }
            yield* scheduler.block(task, options.deadline);
            yield* lock.acquire(context);
            yield* this.#dequeue(task);
        }
    }

    /** Wakes all that wait; each looks for itself whether it waited for this. */
    *wakeAll(context: Context): Steps {
        const hadInterrupts = yield* this.#lock.acquire(context);
        // A waiter leaves the queue by itself; one that is found here again is only looked at.
        for (const task of [...this.#waiters]) {
            yield* this.#scheduler.wake(context, task);
        }
        yield* this.#lock.release(context, hadInterrupts);
    }

    /** Why the wait is over, if it is. */
    #ended(task: Task, predicate: () => boolean, options: WaitOptions): WaitResult | undefined {
        if (predicate()) {
            return "ready";
        }
        if (task.isExiting) {
            return "interrupted";
        }
        const { deadline } = options;
        const isOver = deadline !== undefined && this.#scheduler.wheel.ticks >= deadline;
        return isOver ? "timed out" : undefined;
    }

    *#enqueue(task: Task, options: WaitOptions): Steps {
        const { context } = task;
        kernelAssert(!context.interruptsEnabled, "who is about to block has interrupts off");
        const hadInterrupts = yield* this.#lock.acquire(context);
        this.#waiters.push(task);
        yield* this.#scheduler.prepareToBlock(task, options);
        yield* this.#lock.release(context, hadInterrupts);
    }

    *#dequeue(task: Task): Steps {
        const { context } = task;
        const hadInterrupts = yield* this.#lock.acquire(context);
        this.#waiters.splice(this.#waiters.indexOf(task), 1);
        yield* this.#scheduler.stopBlocking(task);
        yield* this.#lock.release(context, hadInterrupts);
    }
}
