/**
 * The scheduler: which task runs on a CPU, and how one blocks and is woken.
 *
 * Each CPU has a context of its own for it, the one that the CPU started with. A task that blocks,
 * is preempted or has exited switches to that context, which then, off the task's stack, does with
 * the task what its state says: puts it in the queue, leaves it, or frees it; and takes the next
 * one. With none it halts until an interrupt.
 *
 * Why no wakeup is lost between the queue's look and the halt: interrupts are off from the look
 * on, and HLT turns them on as one with going to sleep; `isIdle` was set under the lock, so who
 * enqueues after the look sees it and sends an interrupt.
 *
 * Invariants, asserted: a task is current on its CPU, or in its queue, or blocked, or exited, and
 * only one of these; nobody switches to the scheduler with a spinlock held; a task that has exited
 * is freed here, when its context is off the CPU (unless a fault is planted).
 */
import type { Context } from "../../machine/cpu/context.ts";
import type { Program } from "../../machine/cpu/operation.ts";
import type { Faults } from "../faults.ts";
import type { LocalApic } from "../hardware/local-apic.ts";
import { directMap } from "../memory/direct-map.ts";
import { KernelPanic, kernelAssert } from "../panic.ts";
import type { Steps } from "../steps.ts";
import type { LockOrder } from "../sync/lock-order.ts";
import type { WaitOptions } from "../sync/wait-queue.ts";
import type { CpuState } from "./cpu-state.ts";
import { type Task, taskCanary } from "./task.ts";
import type { TimingWheel } from "./timing-wheel.ts";

/** What the scheduler needs of the rest of the kernel. */
export interface SchedulerSurroundings {
    readonly order: LockOrder;
    readonly wheel: TimingWheel;
    readonly localApic: LocalApic;
    readonly faults: Faults;
    /** Physical address of the page table that has the kernel's half only. */
    readonly kernelPageTable: number;
    /** Frees a task that has exited and is off its CPU. */
    reap(context: Context, task: Task): Steps;
}

export class Scheduler {
    readonly #surroundings: SchedulerSurroundings;

    constructor(surroundings: SchedulerSurroundings) {
        this.#surroundings = surroundings;
    }

    get wheel(): TimingWheel {
        return this.#surroundings.wheel;
    }

    get faults(): Faults {
        return this.#surroundings.faults;
    }

    /** What a CPU does for ever, in its first context, with interrupts off but where it says so. */
    *run(context: Context, cpu: CpuState): Program {
        for (;;) {
            const task = yield* this.#next(context, cpu);
            if (task === undefined) {
                yield* this.#loadPageTable(context, cpu, this.#surroundings.kernelPageTable);
                yield context.enableInterruptsAndHalt();
                yield context.disableInterrupts();
                continue;
            }
            yield* this.#loadPageTable(context, cpu, task.pageTable);
            if (task.isExiting) {
                // One that has not begun yet would not look before the next tick. If the process
                // begins to exit after this look, `exit` interrupts this CPU.
                yield* this.#surroundings.localApic.interruptCpu(context, cpu.index);
            }
            yield context.switchTo(task.context);
            yield* this.#settle(context, cpu, task);
            // Tasks that block and are woken at once, again and again, have interrupts off all the
            // time: here at the latest one is taken, before the second operation after STI.
            yield context.enableInterrupts();
            yield context.step();
            yield context.disableInterrupts();
        }
    }

    /** Puts a new task in its CPU's queue. */
    *add(context: Context, task: Task): Steps {
        const { cpu } = task;
        const hadInterrupts = yield* cpu.lock.acquire(context);
        cpu.enqueue(context, task);
        yield* this.#releaseAndKick(context, cpu, hadInterrupts);
    }

    /** Gives the CPU to others that wait for it, if any do; for the task that runs on it. */
    *yieldCpu(task: Task): Steps {
        if (!task.cpu.hasQueued) {
            return;
        }
        const { context } = task;
        const hadInterrupts = context.interruptsEnabled;
        if (hadInterrupts) {
            yield context.disableInterrupts();
        }
        yield* this.#switchAway(task);
        if (hadInterrupts) {
            yield context.enableInterrupts();
        }
    }

    /** The first half of blocking; from here on `wake` finds the task. Interrupts are off. */
    *prepareToBlock(task: Task, options: WaitOptions): Steps {
        const { context, cpu } = task;
        task.wait = { what: options.what, isExternal: options.isExternal ?? false };
        const hadInterrupts = yield* cpu.lock.acquire(context);
        task.state = "blocked";
        yield* cpu.lock.release(context, hadInterrupts);
    }

    /**
     * The second half: sleeps until woken, by `wake` or at a tick. Returns at once when the task
     * was woken since it prepared.
     */
    *block(task: Task, deadline?: number): Steps {
        if (deadline !== undefined) {
            yield* this.wheel.arm(task.context, task, deadline);
        }
        yield* this.#switchAway(task);
        if (deadline !== undefined) {
            yield* this.wheel.disarm(task.context, task);
        }
    }

    /** The end of blocking, for who has been woken and for who prepared and does not sleep. */
    *stopBlocking(task: Task): Steps {
        const { context, cpu } = task;
        const hadInterrupts = yield* cpu.lock.acquire(context);
        task.state = "runnable";
        yield* cpu.lock.release(context, hadInterrupts);
        task.wait = undefined;
    }

    /** Makes a blocked task runnable; any other is left as it is. */
    *wake(context: Context, task: Task): Steps {
        const { cpu } = task;
        const hadInterrupts = yield* cpu.lock.acquire(context);
        if (task.state === "blocked") {
            task.state = "runnable";
            // One that is still on its CPU is enqueued by the scheduler, when it is off.
            if (cpu.current !== task) {
                cpu.enqueue(context, task);
            }
        }
        yield* this.#releaseAndKick(context, cpu, hadInterrupts);
    }

    /** Has a task that runs on another CPU enter the kernel soon, and so look at its flags. */
    *interrupt(context: Context, task: Task): Steps {
        if (task.cpu.index !== context.cpuIndex) {
            yield* this.#surroundings.localApic.interruptCpu(context, task.cpu.index);
        }
    }

    /** Ends the running task: nothing comes after. It holds nothing, and interrupts are off. */
    *exit(task: Task): Steps<never> {
        const { context, cpu } = task;
        yield* cpu.lock.acquire(context);
        task.state = "exited";
        yield* cpu.lock.release(context, false);
        if (this.faults.has("exit-frees-running-task")) {
            // Planted: freed from its own stack, so another CPU may have its page before this
            // one has switched away.
            yield* this.#surroundings.reap(context, task);
        }
        yield* this.#switchAway(task);
        throw new KernelPanic(`${task.name} runs after it exited`);
    }

    *#next(context: Context, cpu: CpuState): Steps<Task | undefined> {
        const hadInterrupts = yield* cpu.lock.acquire(context);
        const task = cpu.dequeue(context);
        cpu.current = task;
        cpu.isIdle = task === undefined;
        yield* cpu.lock.release(context, hadInterrupts);
        return task;
    }

    /** Does with a task that is off the CPU what its state says. */
    *#settle(context: Context, cpu: CpuState, task: Task): Steps {
        const hadInterrupts = yield* cpu.lock.acquire(context);
        cpu.current = undefined;
        if (task.state === "runnable") {
            cpu.enqueue(context, task);
        }
        const hasExited = task.state === "exited";
        yield* cpu.lock.release(context, hadInterrupts);
        const canary = yield context.load(directMap(task.page), 4);
        if (canary !== taskCanary + task.tid) {
            throw new KernelPanic(
                `the stack page of ${task.name} was overwritten while CPU ${cpu.index} was on it`,
            );
        }
        if (hasExited && !this.faults.has("exit-frees-running-task")) {
            yield* this.#surroundings.reap(context, task);
        }
    }

    *#switchAway(task: Task): Steps {
        const { context, cpu } = task;
        kernelAssert(!context.interruptsEnabled, `${task.name} switches with interrupts off`);
        const held = this.#surroundings.order.heldBy(cpu.index);
        if (held.length > 0) {
            throw new KernelPanic(
                `${task.name} blocks while it holds ${held.map(({ name }) => name).join(", ")}`,
            );
        }
        yield context.switchTo(cpu.schedulerContext);
    }

    *#loadPageTable(context: Context, cpu: CpuState, pageTable: number): Steps {
        if (cpu.pageTable !== pageTable) {
            cpu.pageTable = pageTable;
            yield context.loadPageTable(pageTable);
        }
    }

    /** Releases a CPU's lock, and interrupts it if it idles and now has something to do. */
    *#releaseAndKick(context: Context, cpu: CpuState, hadInterrupts: boolean): Steps {
        const kicks = cpu.isIdle && cpu.hasQueued && cpu.index !== context.cpuIndex;
        yield* cpu.lock.release(context, kicks ? false : hadInterrupts);
        if (kicks) {
            yield* this.#surroundings.localApic.interruptCpu(context, cpu.index);
            if (hadInterrupts) {
                yield context.enableInterrupts();
            }
        }
    }
}
