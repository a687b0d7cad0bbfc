/** The system call futex(address, operation, value, fourth, fifth). */
import { FutexOperation, millisecondsPerTick } from "../interface/constants.ts";
import { ErrorCode } from "../interface/error-code.ts";
import { SystemCall } from "../interface/system-call.ts";
import type { Kernel } from "../kernel.ts";
import type { Steps } from "../steps.ts";
import type { Task } from "../tasks/task.ts";
import type { CallArguments } from "./arguments.ts";
import type { SystemCallGroup } from "./handler.ts";

export const futexCalls: SystemCallGroup = [[SystemCall.futex, futex]];

/** See `FutexOperation` for the arguments and results of each. */
function* futex({ futexes, wheel }: Kernel, task: Task, call: CallArguments): Steps<number> {
    const address = call.address(0);
    switch (call.signed(1)) {
        case FutexOperation.wait:
            return yield* futexes.wait(task, address, call.unsigned(2));
        case FutexOperation.waitTimeout: {
            const tickCount = Math.max(0, Math.ceil(call.signed(3) / millisecondsPerTick));
            const deadline = wheel.ticks + tickCount;
            return yield* futexes.wait(task, address, call.unsigned(2), deadline);
        }
        case FutexOperation.wake:
            return yield* futexes.wake(task, address, call.signed(2));
        case FutexOperation.requeue: {
            const target = call.address(4);
            return yield* futexes.requeue(task, address, call.signed(2), call.signed(3), target);
        }
        default:
            return ErrorCode.invalid;
    }
}
