/** Tasks of the kernel itself: threads of process 1 that never see user mode. */
import type { Context } from "../../machine/cpu/context.ts";
import type { Program } from "../../machine/cpu/operation.ts";
import type { Kernel } from "../kernel.ts";
import { KernelPanic } from "../panic.ts";
import type { Steps } from "../steps.ts";
import type { Task } from "../tasks/task.ts";
import { exitThread } from "./exit.ts";
import { addThread, type NewTask, reserveTask } from "./threads.ts";

/** What a kernel task does; when it returns, the task ends. */
export type KernelTaskBody = (kernel: Kernel, task: Task) => Steps;

/** Makes a kernel task, and lets it run. There must be a number and a page for it. */
export function* startKernelTask(
    kernel: Kernel,
    context: Context,
    name: string,
    body: KernelTaskBody,
): Steps {
    const reserved = yield* reserveTask(kernel, context);
    if (typeof reserved === "string") {
        throw new KernelPanic(`no kernel task ${name}: there is ${reserved} for it`);
    }
    yield* beginKernelTask(kernel, context, reserved, name, body);
}

/** Makes a kernel task of what was reserved for it, and lets it run. */
export function* beginKernelTask(
    kernel: Kernel,
    context: Context,
    reserved: NewTask,
    name: string,
    body: KernelTaskBody,
): Steps {
    const taskContext = kernel.makeContext(name);
    const mode = { isUser: false, interruptsEnabled: true };
    taskContext.start(kernelTaskProgram(kernel, taskContext, body), mode);
    const hadInterrupts = yield* kernel.hierarchyLock.acquire(context);
    const task = yield* addThread(kernel, context, reserved, kernel.init, taskContext);
    yield* kernel.hierarchyLock.release(context, hadInterrupts);
    yield* kernel.scheduler.add(context, task);
}

function* kernelTaskProgram(kernel: Kernel, context: Context, body: KernelTaskBody): Program {
    const task = kernel.taskOf(context);
    yield* body(kernel, task);
    yield* exitThread(kernel, task, 0);
}
