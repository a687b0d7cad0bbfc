/** System calls on processes: who they are, fork, execv, exit, waitpid, sleep. */

import { WaitOption } from "../interface/constants.ts";
import { ErrorCode } from "../interface/error-code.ts";
import { SystemCall } from "../interface/system-call.ts";
import type { Kernel } from "../kernel.ts";
import { checkRange, writeUserNumber } from "../memory/user-memory.ts";
import { ProgramFailure } from "../panic.ts";
import { exec, readArguments } from "../processes/exec.ts";
import { exitProcess } from "../processes/exit.ts";
import { fork } from "../processes/fork.ts";
import { sleepFor, waitForChild } from "../processes/wait.ts";
import type { Steps } from "../steps.ts";
import type { Task } from "../tasks/task.ts";
import type { CallArguments } from "./arguments.ts";
import type { SystemCallGroup } from "./handler.ts";

/** PAUSEs of the call `pause`, which is there to let time pass; the original does a million. */
const pauseCount = 1000;

export const processCalls: SystemCallGroup = [
    [SystemCall.getpid, getpid],
    [SystemCall.getppid, getppid],
    [SystemCall.yield, yieldCpu],
    [SystemCall.pause, pause],
    [SystemCall.panic, panic],
    [SystemCall.fork, forkProcess],
    [SystemCall.execv, execv],
    [SystemCall.exit, exit],
    [SystemCall.waitpid, waitpid],
    [SystemCall.msleep, msleep],
    [SystemCall.halt, halt],
];

function* getpid(_kernel: Kernel, task: Task): Steps<number> {
    yield task.context.step();
    return task.process.pid;
}

function* getppid(kernel: Kernel, task: Task): Steps<number> {
    const { context, process } = task;
    const hadInterrupts = yield* kernel.hierarchyLock.acquire(context);
    const pid = process.parent?.pid ?? 0;
    yield* kernel.hierarchyLock.release(context, hadInterrupts);
    return pid;
}

function* yieldCpu(kernel: Kernel, task: Task): Steps<number> {
    yield* kernel.scheduler.yieldCpu(task);
    return 0;
}

/** Lets time pass with interrupts on. */
function* pause(_kernel: Kernel, task: Task): Steps<number> {
    for (let count = 0; count < pauseCount; count++) {
        yield task.context.pause();
    }
    return 0;
}

/** A program found that something is not as it should be, and ends everything. */
function* panic(_kernel: Kernel, task: Task): Steps<number> {
    yield task.context.step();
    throw new ProgramFailure(task.process.pid, task.process.name);
}

function* forkProcess(kernel: Kernel, task: Task): Steps<number> {
    return yield* fork(kernel, task);
}

function* execv(kernel: Kernel, task: Task, call: CallArguments): Steps<number> {
    const command = yield* readArguments(task, call.address(0), call.address(1), call.signed(2));
    return typeof command === "number" ? command : yield* exec(kernel, task, command);
}

function* exit(kernel: Kernel, task: Task, call: CallArguments): Steps<number> {
    return yield* exitProcess(kernel, task, call.signed(0));
}

/**
 * waitpid(pid, status address or 0, options): the pid of a child that has ended. E_FAULT, before a
 * child is reaped: the status cannot be written there. Another thread can take that memory away
 * while this one waits; then the child is reaped all the same, and its status is lost.
 */
function* waitpid(kernel: Kernel, task: Task, call: CallArguments): Steps<number> {
    const statusAddress = call.address(1);
    if (statusAddress !== 0 && !(yield* checkRange(task, statusAddress, 4, "write"))) {
        return ErrorCode.badAddress;
    }
    const noHang = (call.signed(2) & WaitOption.noHang) !== 0;
    const ended = yield* waitForChild(kernel, task, call.signed(0), noHang);
    if (typeof ended === "number") {
        return ended;
    }
    if (statusAddress !== 0) {
        yield* writeUserNumber(task, statusAddress, 4, ended.status);
    }
    return ended.pid;
}

function* msleep(kernel: Kernel, task: Task, call: CallArguments): Steps<number> {
    return yield* sleepFor(kernel, task, call.unsigned(0));
}

/** Switches the machine off. */
function* halt(kernel: Kernel, task: Task): Steps<number> {
    yield* kernel.powerOff(task.context);
    return 0;
}
