/** Where a kernel stands: its tasks, its CPUs, and who holds what; for reports. */
import type { KernelStacks } from "../../crash/kernel-stacks.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { Task } from "../../kernel/tasks/task.ts";
import { table } from "../../report/table.ts";
import { chainLines } from "./stack-text.ts";

export interface TaskSituation {
    readonly tid: number;
    readonly pid: number;
    /** The process's name. */
    readonly name: string;
    /** The CPU that it runs on. */
    readonly cpu: number;
    readonly state: "running" | "ready" | "blocked" | "exited";
    /** Of a task that is blocked, in words. */
    readonly waitsFor?: string;
}

export interface CpuSituation {
    readonly cpu: number;
    /** The task that runs. */
    readonly tid?: number;
    readonly isIdle: boolean;
    /** Tasks that could run, in no order. */
    readonly ready: readonly number[];
    /** Spinlocks that it holds, the last taken last. */
    readonly holds: readonly string[];
}

export interface Situation {
    readonly tasks: readonly TaskSituation[];
    readonly cpus: readonly CpuSituation[];
}

/** How it is at this instant. Nothing is changed by the look. */
export function situationOf(kernel: Kernel): Situation {
    const tasks = kernel.tasks.entries.filter((task) => task !== "reserved").map(taskSituation);
    // While the machine starts, a CPU that began early may stand behind one that has not.
    const cpus = kernel.cpus.filter((cpu) => cpu !== undefined);
    return {
        tasks,
        cpus: cpus.map(({ index, current, isIdle }) => ({
            cpu: index,
            ...(current !== undefined && { tid: current.tid }),
            isIdle: current === undefined && isIdle,
            ready: tasks
                .filter(({ cpu, state }) => cpu === index && state === "ready")
                .map(({ tid }) => tid),
            holds: kernel.order.heldBy(index).map(({ name }) => name),
        })),
    };
}

function taskSituation(task: Task): TaskSituation {
    const { tid, process, cpu, wait } = task;
    const runnable = cpu.current === task ? "running" : "ready";
    const state = task.state === "runnable" ? runnable : task.state;
    return {
        tid,
        pid: process.pid,
        name: process.name,
        cpu: cpu.index,
        state,
        ...(state === "blocked" && wait !== undefined && { waitsFor: wait.what }),
    };
}

/** Whether a task sleeps until a key is typed. */
export function waitsForKey(kernel: Kernel): boolean {
    return kernel.tasks.entries.some(
        (task) => task !== "reserved" && task.state === "blocked" && task.wait?.isExternal === true,
    );
}

/** In lines, indented by two blanks; each task with where it stands, if that is known. */
export function situationLines({ tasks, cpus }: Situation, stacks?: KernelStacks): string[] {
    const taskRows = tasks.map(({ tid, pid, name, cpu, state, waitsFor }) => [
        `  T${tid}`,
        `P${pid}`,
        name,
        `CPU ${cpu}`,
        waitsFor === undefined ? state : `${state}: waits for ${waitsFor}`,
    ]);
    const cpuRows = cpus.map(({ cpu, tid, isIdle, ready, holds }) => [
        `  CPU ${cpu}`,
        tid === undefined ? (isIdle ? "idle" : "in the scheduler") : `runs T${tid}`,
        ready.length === 0 ? "nothing ready" : `ready: ${ready.map((one) => `T${one}`).join(", ")}`,
        holds.length === 0 ? "no spinlock held" : `holds ${holds.join(", ")}`,
    ]);
    const taskLines = table(taskRows).flatMap((line, index) => [
        line,
        ...chainLines(stacks?.tasks.get(tasks[index].tid) ?? [], "        "),
    ]);
    return [...taskLines, ...table(cpuRows)];
}
