/**
 * What the kernel knows of a CPU: Chickadee's `cpustate`.
 *
 * Tasks stay on the CPU that they were given at first. So only that CPU's scheduler ever takes a
 * task from its queue, and a task that is woken while it is still on its way off the CPU cannot be
 * run by another.
 */
import type { Context } from "../../machine/cpu/context.ts";
import { kernelAssert } from "../panic.ts";
import type { LockOrder } from "../sync/lock-order.ts";
import { SpinLock } from "../sync/spin-lock.ts";
import type { Task } from "./task.ts";

export class CpuState {
    readonly index: number;
    /** Its first context, which runs the scheduler and idles. */
    readonly schedulerContext: Context;
    /** Guards what follows, and the state of this CPU's tasks. */
    readonly lock: SpinLock;
    /** The task that it runs, which is not in the queue. */
    current: Task | undefined;
    /** It found its queue empty, and sleeps or is about to: who enqueues must interrupt it. */
    isIdle = false;
    readonly #queue: Task[] = [];

    /** Written by this CPU alone: the page table that it has loaded, */
    pageTable: number;
    /** and handlers of interrupts that it is in. */
    interruptDepth = 0;

    /** How often it was asked to forget translations, added to by whoever asks, */
    flushRequestCount = 0;
    /** and how many of those requests it has answered (memory/translation-shootdown.ts). */
    flushCount = 0;

    constructor(index: number, schedulerContext: Context, order: LockOrder, pageTable: number) {
        this.index = index;
        this.schedulerContext = schedulerContext;
        this.lock = new SpinLock(order, "run queue", `run queue of CPU ${index}`, index);
        this.pageTable = pageTable;
    }

    /** Puts a runnable task at the end of the queue. The caller holds the lock. */
    enqueue(context: Context, task: Task): void {
        this.lock.assertHeld(context);
        kernelAssert(
            task.cpu === this && task.state === "runnable" && !task.isQueued,
            `${task.name} is enqueued once, on its own CPU, when it is runnable`,
        );
        kernelAssert(task !== this.current, `${task.name} is enqueued when it is off its CPU`);
        task.isQueued = true;
        this.#queue.push(task);
    }

    /** Takes the first task, if there is one. The caller holds the lock. */
    dequeue(context: Context): Task | undefined {
        this.lock.assertHeld(context);
        const task = this.#queue.shift();
        if (task !== undefined) {
            task.isQueued = false;
        }
        return task;
    }

    /** Whether another task waits for this CPU; for a look without the lock, which may be old. */
    get hasQueued(): boolean {
        return this.#queue.length > 0;
    }

    /** Whether it does nothing and has nothing to do; for a look from outside. */
    get isQuiet(): boolean {
        return this.current === undefined && !this.hasQueued && this.isIdle;
    }
}
