/**
 * init, process 1: starts the first program, reaps orphans, and ends everything.
 *
 * When no process is left it looks whether anything was lost: pages, tasks, files, futexes,
 * segments, alarms must all be as they were before the first program. Then it switches off.
 */

import { DescriptorTable } from "../files/descriptor-table.ts";
import { ErrorCode } from "../interface/error-code.ts";
import type { Kernel } from "../kernel.ts";
import { KernelPanic } from "../panic.ts";
import type { Steps } from "../steps.ts";
import type { Task } from "../tasks/task.ts";
import { loadProgram } from "./exec.ts";
import { beginProcess, newProcess } from "./fork.ts";
import { reserveTask } from "./threads.ts";
import { type EndedChild, waitForChild } from "./wait.ts";

/** A process that init has reaped. */
export interface EndedProcess extends EndedChild {
    /** It is the program that the machine was booted for. */
    readonly isFirst: boolean;
}

/** The first program cannot begin; not the kernel's fault. */
export class NoFirstProgram extends Error {
    override readonly name = "NoFirstProgram";
    readonly code: ErrorCode;

    constructor(path: string, code: ErrorCode) {
        super(`cannot run ${path}`);
        this.code = code;
    }
}

/** What must be the same before and after all processes. */
interface Inventory {
    readonly pages: number;
    readonly tasks: number;
    readonly processes: number;
    readonly "open files": number;
    readonly "shared segments": number;
    readonly "futex waiters": number;
    readonly alarms: number;
}

export function* initProgram(kernel: Kernel, task: Task): Steps {
    const before = takeInventory(kernel);
    const firstPid = yield* startFirstProgram(kernel, task);
    for (;;) {
        const ended = yield* waitForChild(kernel, task, 0, false);
        if (ended === ErrorCode.noChild) {
            break;
        }
        if (typeof ended === "object") {
            const wasFirst = kernel.endedProcesses.some((one) => one.isFirst);
            // Its number may be another's later.
            const isFirst = ended.pid === firstPid && !wasFirst;
            kernel.endedProcesses.push({ ...ended, isFirst });
        }
    }
    yield* untilAlone(kernel, task);
    checkInventory(before, takeInventory(kernel));
    yield* kernel.powerOff(task.context);
}

/** Waits until the kernel has no other task: those of its tests may outlive who started them. */
function* untilAlone(kernel: Kernel, task: Task): Steps {
    const { context, process } = task;
    const hadInterrupts = yield* kernel.hierarchyLock.acquire(context);
    yield* process.childEvents.waitUntil(
        task,
        kernel.hierarchyLock,
        () => process.taskCount === 1,
        { what: "the end of the kernel's other tasks" },
    );
    yield* kernel.hierarchyLock.release(context, hadInterrupts);
}

/** Makes process 2, with the keyboard and the console for its descriptors. */
function* startFirstProgram(kernel: Kernel, task: Task): Steps<number> {
    const { context } = task;
    const { command, onProgramStart } = kernel.options;
    const loaded = yield* loadProgram(kernel, context, command);
    if (typeof loaded === "number") {
        throw new NoFirstProgram(command.path, loaded);
    }
    const process = yield* newProcess(kernel, context, loaded.image.name);
    const reserved = yield* reserveTask(kernel, context);
    if (process === undefined || typeof reserved === "string") {
        throw new NoFirstProgram(command.path, ErrorCode.noMemory);
    }
    process.addressSpace = loaded.addressSpace;
    process.descriptors = DescriptorTable.standard(kernel);
    const programContext = kernel.makeContext(loaded.image.name);
    programContext.startUser(loaded.start, { interruptsEnabled: true });
    onProgramStart?.();
    yield* beginProcess(kernel, task, process, reserved, programContext);
    return process.pid;
}

/** Counts what there is; everything is quiet, so nothing needs a lock. */
function takeInventory(kernel: Kernel): Inventory {
    return {
        // Files that were made and have a name stay, with their pages.
        pages: kernel.pages.freeCount + kernel.files.pageCount,
        tasks: kernel.tasks.entries.length,
        processes: kernel.processes.entries.length,
        "open files": kernel.openFiles.count,
        "shared segments": kernel.sharedMemory.segmentCount,
        "futex waiters": kernel.futexes.waiterCount,
        alarms: kernel.wheel.armedCount,
    };
}

function checkInventory(before: Inventory, after: Inventory): void {
    const lost = (Object.keys(before) as (keyof Inventory)[]).filter(
        (what) => before[what] !== after[what],
    );
    if (lost.length > 0) {
        const changes = lost.map((what) => `${what} were ${before[what]}, are ${after[what]}`);
        throw new KernelPanic(`leak: ${changes.join("; ")}`);
    }
}
