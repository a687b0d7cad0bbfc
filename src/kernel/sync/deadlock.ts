/**
 * The detection of deadlocks: every task waits, and nothing will come that could wake one.
 *
 * What could still wake somebody is a task that runs or is queued, a handler of an interrupt, a
 * time, or what a wait says is outside (a key). CPU 0 looks at each tick, when it has woken those
 * whose time has come. It looks at all CPUs at one instant and takes no lock, which kernel code
 * could not: a debugger's look, between two operations, which changes nothing.
 */
import type { Kernel } from "../kernel.ts";
import { KernelDeadlock } from "../panic.ts";
import type { Task } from "../tasks/task.ts";

/** Stops the kernel if it is deadlocked. To be called by CPU 0, in its timer's handler. */
export function detectDeadlock(kernel: Kernel): void {
    const tasks = kernel.tasks.entries.filter((task) => task !== "reserved");
    if (!isQuiet(kernel) || tasks.length === 0) {
        return;
    }
    const mayHear = kernel.options.mayHearFromOutside?.() ?? false;
    const isHopeless = ({ state, wait }: Task) =>
        state === "blocked" && !(mayHear && wait?.isExternal === true);
    if (tasks.every(isHopeless)) {
        throw new KernelDeadlock(
            tasks.map((task) => ({
                tid: task.tid,
                pid: task.process.pid,
                name: task.process.name,
                waitsFor: task.wait?.what ?? "nothing that it has stated",
            })),
        );
    }
}

/** Whether no CPU does anything, but CPU 0 handle its timer, and no task waits for a time. */
function isQuiet({ cpus, wheel }: Kernel): boolean {
    const others = cpus.filter(({ index }) => index !== 0);
    return (
        cpus.every((cpu) => cpu.isQuiet) &&
        others.every(({ interruptDepth }) => interruptDepth === 0) &&
        wheel.armedCount === 0
    );
}
