/**
 * clone: another thread of the caller's process.
 *
 * The new thread begins at the function, with its argument, on the given stack; its first store
 * finds out whether that is one. A process that is exiting gets no more threads: `exit` goes
 * through those that there are, once.
 */

import { functionSpacing, UserAddress } from "../interface/constants.ts";
import { ErrorCode } from "../interface/error-code.ts";
import type { Kernel } from "../kernel.ts";
import { checkRange } from "../memory/user-memory.ts";
import type { Steps } from "../steps.ts";
import type { Task } from "../tasks/task.ts";
import { addThread, reserveTask, unreserveTask } from "./threads.ts";

/** Bytes below the top of its stack that a thread is sure to use. */
const leastStackBytes = 16;

/**
 * Returns the new thread's tid. E_FAULT: no such function or stack; E_AGAIN: no number; E_NOMEM: no
 * page; E_INTR: the process is exiting.
 */
export function* clone(
    kernel: Kernel,
    task: Task,
    functionAddress: number,
    argument: number,
    stackTop: number,
): Steps<number> {
    const { context, process } = task;
    const index = (functionAddress - UserAddress.text) / functionSpacing;
    const program = kernel.programs.get(process.name);
    const start = program?.functions[index];
    const stackBottom = stackTop - leastStackBytes;
    const hasStack = yield* checkRange(task, stackBottom, leastStackBytes, "write");
    if (start === undefined || !hasStack) {
        return ErrorCode.badAddress;
    }
    const reserved = yield* reserveTask(kernel, context);
    if (typeof reserved === "string") {
        return reserved === "no number" ? ErrorCode.tryAgain : ErrorCode.noMemory;
    }
    const threadContext = kernel.makeContext(`${process.name} T${reserved.tid}`);
    const registers = { argument, secondArgument: 0, stackPointer: stackTop };
    threadContext.startUser((user) => start(user, registers), { interruptsEnabled: true });

    const hadInterrupts = yield* kernel.hierarchyLock.acquire(context);
    const thread = process.isExiting
        ? undefined
        : yield* addThread(kernel, context, reserved, process, threadContext);
    yield* kernel.hierarchyLock.release(context, hadInterrupts);
    if (thread === undefined) {
        yield* unreserveTask(kernel, context, reserved);
        return ErrorCode.interrupted;
    }
    yield* kernel.scheduler.add(context, thread);
    return thread.tid;
}
