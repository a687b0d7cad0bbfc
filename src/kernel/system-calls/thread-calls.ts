/** System calls on threads: clone, gettid, texit. */
import { SystemCall } from "../interface/system-call.ts";
import type { Kernel } from "../kernel.ts";
import { clone } from "../processes/clone.ts";
import { exitThread } from "../processes/exit.ts";
import type { Steps } from "../steps.ts";
import type { Task } from "../tasks/task.ts";
import type { CallArguments } from "./arguments.ts";
import type { SystemCallGroup } from "./handler.ts";

export const threadCalls: SystemCallGroup = [
    [SystemCall.gettid, gettid],
    [SystemCall.clone, cloneThread],
    [SystemCall.texit, texit],
];

function* gettid(_kernel: Kernel, task: Task): Steps<number> {
    yield task.context.step();
    return task.tid;
}

/** clone(function, argument, stack top): the new thread's tid. */
function* cloneThread(kernel: Kernel, task: Task, call: CallArguments): Steps<number> {
    return yield* clone(kernel, task, call.address(0), call.address(1), call.address(2));
}

function* texit(kernel: Kernel, task: Task, call: CallArguments): Steps<number> {
    return yield* exitThread(kernel, task, call.signed(0));
}
