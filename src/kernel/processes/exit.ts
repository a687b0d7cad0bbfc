/**
 * How threads and processes end.
 *
 * A thread ends by `texit`, by `exit` of any thread of its process, or by a fault. In four steps:
 *
 *  1. *leave* (its own stack, still in its process): it is taken from `threads`. From then on it
 *     runs with the kernel's page table and touches nothing of the process but its counts.
 *  2. *release*: the last thread to leave gives back what the process has, in this order:
 *     descriptors (so that readers of its pipes see their end), memory and shared segments,
 *     children (to init). It is a task still, so it may block here.
 *  3. *switch*: it marks itself exited and switches to its CPU's scheduler, for ever.
 *  4. *reap* (the scheduler's stack, that CPU): only now is its page and number given back. When
 *     it was the process's last task, the process becomes a zombie, and its parent is told.
 *
 * `exit` sets the process's status and `isExiting`, then wakes every other thread and interrupts
 * those that run. Wherever one is, it comes to an end:
 *
 *  - in user mode: the interrupt enters the kernel, which looks at `isExiting` before it returns;
 *  - blocked: it is woken, its wait returns "interrupted", the call lets go of what it holds and
 *    returns E_INTR, and again the kernel looks before it returns to user mode;
 *  - about to block: it becomes blocked before it looks at `isExiting`, and that was set before it
 *    is woken, so it sees the flag or is woken (wait-queue.ts);
 *  - being made: clone adds a thread under the hierarchy lock, and not to a process that exits;
 *  - made, and never run: its CPU's scheduler interrupts it when it begins (scheduler.ts).
 *
 * The last thread's status is the process's: of `texit` its own, of `exit` the first one's.
 *
 * Invariants, asserted: a process releases once, with no thread left in it; a task is reaped off
 * its CPU; a process is a zombie when its last task is reaped, once.
 */
import type { Context } from "../../machine/cpu/context.ts";
import type { Kernel } from "../kernel.ts";
import { kernelAssert } from "../panic.ts";
import type { Steps } from "../steps.ts";
import type { Task } from "../tasks/task.ts";
import type { Process } from "./process.ts";
import { freeTask } from "./threads.ts";

/** `exit(status)`: ends all threads of the task's process; the first status stays. */
export function* exitProcess(kernel: Kernel, task: Task, status: number): Steps<never> {
    const { context, process } = task;
    const hadInterrupts = yield* kernel.hierarchyLock.acquire(context);
    if (!process.isExiting) {
        process.isExiting = true;
        process.exitStatus = status;
        for (const thread of process.threads) {
            if (thread !== task) {
                yield* kernel.scheduler.wake(context, thread);
                yield* kernel.scheduler.interrupt(context, thread);
            }
        }
    }
    yield* kernel.hierarchyLock.release(context, hadInterrupts);
    return yield* exitThread(kernel, task, status);
}

/** `texit(status)`: ends the task. Of an exiting process the status is given already. */
export function* exitThread(kernel: Kernel, task: Task, status: number): Steps<never> {
    const { context, process } = task;
    yield* leaveAddressSpace(kernel, task);

    const hadInterrupts = yield* kernel.hierarchyLock.acquire(context);
    process.threads.splice(process.threads.indexOf(task), 1);
    if (!process.isExiting) {
        process.exitStatus = status;
    }
    process.holdingCount--;
    const isLast = process.holdingCount === 0;
    yield* kernel.hierarchyLock.release(context, hadInterrupts);

    if (isLast) {
        yield* releaseProcess(kernel, context, process);
    }
    if (context.interruptsEnabled) {
        yield context.disableInterrupts();
    }
    return yield* kernel.scheduler.exit(task);
}

/** The scheduler's part: `task` has exited, and is off its CPU. */
export function* reap(kernel: Kernel, context: Context, task: Task): Steps {
    const { process } = task;
    yield* freeTask(kernel, context, task);
    const hadInterrupts = yield* kernel.hierarchyLock.acquire(context);
    process.taskCount--;
    if (process.taskCount === 0) {
        kernelAssert(
            process.holdingCount === 0 && process.addressSpace === undefined,
            `process ${process.pid} lets go of what it has before it is a zombie`,
        );
        process.isZombie = true;
        yield* tellParent(context, process);
    } else if (process === kernel.init) {
        // It waits for the kernel's other tasks before it ends everything.
        yield* process.childEvents.wakeAll(context);
    }
    yield* kernel.hierarchyLock.release(context, hadInterrupts);
}

/** Goes on with the kernel's page table, which no exit frees. */
function* leaveAddressSpace(kernel: Kernel, task: Task): Steps {
    const { context } = task;
    const hadInterrupts = context.interruptsEnabled;
    if (hadInterrupts) {
        yield context.disableInterrupts();
    }
    task.pageTable = kernel.kernelPageTable;
    task.cpu.pageTable = task.pageTable;
    yield context.loadPageTable(task.pageTable);
    if (hadInterrupts) {
        yield context.enableInterrupts();
    }
}

/** Gives back all that a process has, but its number and status. */
function* releaseProcess(kernel: Kernel, context: Context, process: Process): Steps {
    kernelAssert(process.threads.length === 0, `no thread is left in process ${process.pid}`);
    const { descriptors, addressSpace } = process;
    process.descriptors = undefined;
    process.addressSpace = undefined;
    yield* descriptors?.closeAll(context) ?? nothing();
    if (addressSpace !== undefined) {
        yield* kernel.sharedMemory.releaseAll(context, process.pid, addressSpace);
        yield* addressSpace.destroy(context);
    }
    const hadInterrupts = yield* kernel.hierarchyLock.acquire(context);
    yield* orphan(kernel, context, process);
    yield* kernel.hierarchyLock.release(context, hadInterrupts);
}

/** Makes a process's children init's; those that have ended already are news to it. */
function* orphan(kernel: Kernel, context: Context, process: Process): Steps {
    const { init } = kernel;
    for (const child of process.children.splice(0)) {
        child.parent = init;
        init.children.push(child);
        if (child.isZombie) {
            yield* tellParent(context, child);
        }
    }
}

/** Wakes a parent that waits for a child, or sleeps. The caller holds the hierarchy lock. */
function* tellParent(context: Context, process: Process): Steps {
    const { parent } = process;
    if (parent !== undefined) {
        parent.endedChildCount++;
        yield* parent.childEvents.wakeAll(context);
    }
}

function* nothing(): Steps {}
