/**
 * Waiting for children, and sleeping: the two that notice when a child has ended.
 *
 * waitpid looks and reaps in one critical section of the hierarchy lock. So of several threads
 * that wait, one gets each child; the others look again, and find E_CHILD when none is left.
 */

import { millisecondsPerTick } from "../interface/constants.ts";
import { ErrorCode } from "../interface/error-code.ts";
import type { Kernel } from "../kernel.ts";
import type { Steps } from "../steps.ts";
import type { Task } from "../tasks/task.ts";
import type { Process } from "./process.ts";

/** A child that has ended and was reaped. */
export interface EndedChild {
    readonly pid: number;
    readonly name: string;
    readonly status: number;
}

/**
 * Waits until a child of the task's process has ended, and frees it.
 *
 * @param pid that child; 0 for any.
 * @param noHang returns E_AGAIN instead of waiting.
 */
export function* waitForChild(
    kernel: Kernel,
    task: Task,
    pid: number,
    noHang: boolean,
): Steps<EndedChild | ErrorCode> {
    const { context, process } = task;
    const hadInterrupts = yield* kernel.hierarchyLock.acquire(context);
    const candidates = () => process.children.filter((child) => pid === 0 || child.pid === pid);
    const hasAnswer = () => {
        const children = candidates();
        return children.length === 0 || children.some((child) => child.isZombie);
    };
    let result: EndedChild | ErrorCode;
    if (!hasAnswer() && noHang) {
        result = ErrorCode.tryAgain;
    } else {
        const what = pid === 0 ? "a child" : `process ${pid}`;
        const wait = yield* process.childEvents.waitUntil(task, kernel.hierarchyLock, hasAnswer, {
            what,
        });
        const ended = candidates().find((child) => child.isZombie);
        if (wait === "interrupted") {
            result = ErrorCode.interrupted;
        } else if (ended === undefined) {
            result = ErrorCode.noChild;
        } else {
            result = freeProcess(kernel, process, ended);
        }
    }
    yield* kernel.hierarchyLock.release(context, hadInterrupts);
    return result;
}

/**
 * Sleeps. Returns 0 when the time is over, E_INTR when a child ended meanwhile or the process
 * exits.
 *
 * @param milliseconds rounded up to whole ticks; none or fewer only look. The tick that runs counts
 *   as one, so it may be up to a tick less.
 */
export function* sleepFor(kernel: Kernel, task: Task, milliseconds: number): Steps<number> {
    const { context, process } = task;
    const tickCount = Math.max(0, Math.ceil(milliseconds / millisecondsPerTick));
    const hadInterrupts = yield* kernel.hierarchyLock.acquire(context);
    const deadline = kernel.wheel.ticks + tickCount;
    const endedBefore = process.endedChildCount;
    const result = yield* process.childEvents.waitUntil(
        task,
        kernel.hierarchyLock,
        () => process.endedChildCount !== endedBefore,
        { what: "a time", deadline },
    );
    yield* kernel.hierarchyLock.release(context, hadInterrupts);
    return result === "timed out" ? 0 : ErrorCode.interrupted;
}

/** Frees the number of a process that has ended. The caller holds the hierarchy lock. */
function freeProcess(kernel: Kernel, parent: Process, ended: Process): EndedChild {
    parent.children.splice(parent.children.indexOf(ended), 1);
    ended.parent = undefined;
    kernel.processes.clear(ended.pid);
    return { pid: ended.pid, name: ended.name, status: ended.exitStatus };
}
