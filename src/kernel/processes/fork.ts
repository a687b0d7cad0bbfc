/**
 * fork: a process like the caller's, with one thread, the one that called.
 *
 * What can fail comes first and is taken back when something later fails; only then, under the
 * hierarchy lock, does the child become visible, complete. Other threads of the parent may run,
 * write its memory and open files meanwhile: the child gets each page as it was when it was
 * copied, and the descriptors of one instant.
 */
import type { Context } from "../../machine/cpu/context.ts";
import { ErrorCode } from "../interface/error-code.ts";
import type { Kernel } from "../kernel.ts";
import type { Steps } from "../steps.ts";
import { WaitQueue } from "../sync/wait-queue.ts";
import type { Task } from "../tasks/task.ts";
import { Process } from "./process.ts";
import { addThread, type NewTask, reserveTask, unreserveTask } from "./threads.ts";

/**
 * Returns the child's pid; the child's call returns 0. E_AGAIN: no number; E_NOMEM: no page, or the
 * program has run for so long that what it did is no longer recorded.
 */
export function* fork(kernel: Kernel, task: Task): Steps<number> {
    const { context, process: parent } = task;
    if (!context.canFork) {
        return ErrorCode.noMemory;
    }
    const reserved = yield* reserveTask(kernel, context);
    if (typeof reserved === "string") {
        return reserved === "no number" ? ErrorCode.tryAgain : ErrorCode.noMemory;
    }
    const child = yield* newProcess(kernel, context, parent.name);
    if (child === undefined) {
        yield* unreserveTask(kernel, context, reserved);
        return ErrorCode.tryAgain;
    }
    const hasMemory = yield* copyMemory(kernel, task, child);
    if (!hasMemory) {
        yield* abandonProcess(kernel, context, child);
        yield* unreserveTask(kernel, context, reserved);
        return ErrorCode.noMemory;
    }
    child.descriptors = yield* parent.files.share(context);
    const childContext = kernel.makeContext(`${parent.name} P${child.pid}`);
    childContext.startFork(context, 0);
    yield* beginProcess(kernel, task, child, reserved, childContext);
    return child.pid;
}

/** Takes a pid. The process is not anybody's child yet. Undefined when there is none. */
export function* newProcess(
    kernel: Kernel,
    context: Context,
    name: string,
): Steps<Process | undefined> {
    const hadInterrupts = yield* kernel.hierarchyLock.acquire(context);
    const pid = kernel.processes.freeNumber;
    let process: Process | undefined;
    if (pid !== undefined) {
        const childEvents = new WaitQueue(kernel.order, kernel.scheduler, `process ${pid}`);
        process = new Process(pid, name, childEvents);
        kernel.processes.set(pid, process);
    }
    yield* kernel.hierarchyLock.release(context, hadInterrupts);
    return process;
}

/** Gives a pid back that was taken for nothing. */
function* abandonProcess(kernel: Kernel, context: Context, process: Process): Steps {
    const hadInterrupts = yield* kernel.hierarchyLock.acquire(context);
    kernel.processes.clear(process.pid);
    yield* kernel.hierarchyLock.release(context, hadInterrupts);
}

/** Makes a process that is complete the child of the task's, and lets it run. */
export function* beginProcess(
    kernel: Kernel,
    task: Task,
    child: Process,
    reserved: NewTask,
    childContext: Context,
): Steps {
    const { context, process: parent } = task;
    const hadInterrupts = yield* kernel.hierarchyLock.acquire(context);
    child.parent = parent;
    parent.children.push(child);
    const thread = yield* addThread(kernel, context, reserved, child, childContext);
    yield* kernel.hierarchyLock.release(context, hadInterrupts);
    yield* kernel.scheduler.add(context, thread);
}

/** Gives the child a copy of the parent's memory, and its attachments. False: no memory. */
function* copyMemory(kernel: Kernel, task: Task, child: Process): Steps<boolean> {
    const { context, process: parent } = task;
    const addressSpace = yield* parent.memory.copy(context);
    if (addressSpace === undefined) {
        return false;
    }
    if (!(yield* kernel.sharedMemory.inherit(context, parent, child.pid, addressSpace))) {
        yield* kernel.sharedMemory.releaseAll(context, child.pid, addressSpace);
        yield* addressSpace.destroy(context);
        return false;
    }
    child.addressSpace = addressSpace;
    return true;
}
