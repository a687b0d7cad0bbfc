/**
 * Making and freeing threads: what fork, clone and the kernel's first process have in common.
 *
 * Thread numbers and process numbers are kept apart: the task table is indexed by tid, the
 * process table by pid. A task has a page, its kernel stack's, and a number; both are given back
 * by `freeTask`, when its context is off its CPU and nothing is left on its stack.
 */
import type { Context } from "../../machine/cpu/context.ts";
import type { Kernel } from "../kernel.ts";
import { directMap } from "../memory/direct-map.ts";
import { kernelAssert } from "../panic.ts";
import type { Steps } from "../steps.ts";
import { Task, taskCanary } from "../tasks/task.ts";
import type { Process } from "./process.ts";

/** What a task is made from, before anybody can see it. */
export interface NewTask {
    readonly tid: number;
    readonly page: number;
}

/** Why there can be no new task. */
export type TaskShortage = "no number" | "no memory";

/** Takes a number and a page. */
export function* reserveTask(kernel: Kernel, context: Context): Steps<NewTask | TaskShortage> {
    const page = yield* kernel.pages.allocate(context);
    if (page < 0) {
        return "no memory";
    }
    const hadInterrupts = yield* kernel.taskLock.acquire(context);
    const tid = kernel.tasks.freeNumber;
    if (tid !== undefined) {
        kernel.tasks.set(tid, "reserved");
    }
    yield* kernel.taskLock.release(context, hadInterrupts);
    if (tid === undefined) {
        yield* kernel.pages.release(context, page);
        return "no number";
    }
    yield context.store(directMap(page), 4, taskCanary + tid);
    return { tid, page };
}

/** Takes numbers and pages for several tasks, or for none. */
export function* reserveTasks(
    kernel: Kernel,
    context: Context,
    taskCount: number,
): Steps<readonly NewTask[] | TaskShortage> {
    const tasks: NewTask[] = [];
    while (tasks.length < taskCount) {
        const reserved = yield* reserveTask(kernel, context);
        if (typeof reserved === "string") {
            for (const task of tasks) {
                yield* unreserveTask(kernel, context, task);
            }
            return reserved;
        }
        tasks.push(reserved);
    }
    return tasks;
}

/**
 * Makes the task, as a thread of `process`, and puts it in the table. The caller holds the
 * hierarchy lock, started `taskContext`, and has the scheduler run it afterwards.
 */
export function* addThread(
    kernel: Kernel,
    context: Context,
    reserved: NewTask,
    process: Process,
    taskContext: Context,
): Steps<Task> {
    kernel.hierarchyLock.assertHeld(context);
    kernelAssert(!process.isZombie, `process ${process.pid} has not ended`);
    const { tid, page } = reserved;
    const cpu = kernel.cpuFor(tid);
    const pageTable = process.addressSpace?.rootTable ?? kernel.kernelPageTable;
    const task = new Task({ tid, page, process, cpu, context: taskContext }, pageTable);
    process.threads.push(task);
    process.holdingCount++;
    process.taskCount++;
    const hadInterrupts = yield* kernel.taskLock.acquire(context);
    kernel.tasks.clear(tid);
    kernel.tasks.set(tid, task);
    kernel.taskOfContext.set(taskContext, task);
    yield* kernel.taskLock.release(context, hadInterrupts);
    return task;
}

/** Frees a task that has exited: its number can be another's, its page anybody's. */
export function* freeTask(kernel: Kernel, context: Context, task: Task): Steps {
    kernel.taskOfContext.delete(task.context);
    yield* unreserveTask(kernel, context, task);
}

/** Gives back what `reserveTask` took. */
export function* unreserveTask(kernel: Kernel, context: Context, { tid, page }: NewTask): Steps {
    const hadInterrupts = yield* kernel.taskLock.acquire(context);
    kernel.tasks.clear(tid);
    yield* kernel.taskLock.release(context, hadInterrupts);
    yield* kernel.pages.release(context, page);
}
