/** System calls by which programs have the kernel test itself. */
import { ErrorCode } from "../interface/error-code.ts";
import { SystemCall } from "../interface/system-call.ts";
import type { Kernel } from "../kernel.ts";
import type { Steps } from "../steps.ts";
import type { Task } from "../tasks/task.ts";
import type { CallArguments } from "./arguments.ts";
import type { SystemCallGroup } from "./handler.ts";

export const kernelTestCalls: SystemCallGroup = [[SystemCall.ktest, kernelTest]];

/**
 * ktest(1): starts the test of wait queues, or asks for its phase; 1000 when it is done. E_INVAL;
 * E_AGAIN, E_NOMEM: there is no room for its tasks.
 */
function* kernelTest(kernel: Kernel, task: Task, call: CallArguments): Steps<number> {
    if (call.signed(0) !== 1) {
        return ErrorCode.invalid;
    }
    return yield* kernel.waitQueueTest.poll(task);
}
