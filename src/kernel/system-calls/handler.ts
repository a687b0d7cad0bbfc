/** How a system call is carried out. */
import type { Kernel } from "../kernel.ts";
import type { Steps } from "../steps.ts";
import type { Task } from "../tasks/task.ts";
import type { CallArguments } from "./arguments.ts";

/** Carries out a call of `task`, with interrupts on; what it returns is the call's result. */
export type SystemCallHandler = (kernel: Kernel, task: Task, call: CallArguments) => Steps<number>;

/** Calls by number. */
export type SystemCallGroup = readonly (readonly [number, SystemCallHandler])[];
