/** What happens to a program that does in user mode what cannot be done: its process ends. */
import { Exception, PageFault } from "../../machine/cpu/entry-points.ts";
import type { Kernel } from "../kernel.ts";
import type { Steps } from "../steps.ts";
import type { Task } from "../tasks/task.ts";
import { exitProcess } from "./exit.ts";

/** Status of a process that was ended for a fault, as shells have it: 128 + SIGSEGV. */
const faultStatus = 139;

/** An exception, as the CPU reports it. */
export interface UserFault {
    readonly vector: number;
    /** Of a page fault: bits as in `PageFault`. */
    readonly errorCode: number;
    /** Of a page fault: the address that was used. */
    readonly address: number;
}

/** Says in the log and on the screen what a task did, and ends its process. */
export function* endForFault(kernel: Kernel, task: Task, fault: UserFault): Steps<never> {
    const { context, process } = task;
    yield context.enableInterrupts();
    const message = `Process ${process.pid} (${process.name}) ${faultText(fault)}!`;
    yield* kernel.log.line(context, message);
    yield* kernel.console.line(context, message);
    return yield* exitProcess(kernel, task, faultStatus);
}

/** What a program did that it cannot do, in the words of Chickadee. */
function faultText({ vector, errorCode, address }: UserFault): string {
    if (vector === Exception.pageFault) {
        const access = (errorCode & PageFault.write) !== 0 ? "write" : "read";
        const isThere = (errorCode & PageFault.present) !== 0;
        const problem = isThere ? "protection problem" : "missing page";
        return `page fault for 0x${address.toString(16)} (${access} ${problem})`;
    }
    return vector === Exception.invalidOpcode ? "end of program" : `exception ${vector}`;
}
