/** The document of `chickadee boot --json`; docs/JSON-BOOT.md has its fields. */
import type { KernelRun } from "../../crash/kernel-run.ts";
import type { KernelStacks } from "../../crash/kernel-stacks.ts";
import type { Ending } from "./ending.ts";
import type { BootPlan } from "./plan.ts";
import type { BootOptions } from "./register.ts";
import { situationOf } from "./situation.ts";
import { chainFields } from "./stack-text.ts";

export function bootDocument(
    run: KernelRun,
    plan: BootPlan,
    options: BootOptions,
    ending: Ending,
    replay: string,
    stacks?: KernelStacks,
): object {
    const { machine, kernel } = run;
    const { lines, missedLineCount } = machine.console.textSince(0);
    const { kind, message, exitStatus } = ending;
    const { tasks, cpus } = situationOf(kernel);
    return {
        outcome: kind,
        message,
        exitStatus,
        command: plan.run.command,
        cpuCount: options.cpus,
        seed: options.seed,
        schedule: options.schedule,
        memoryBytes: machine.memory.sizeBytes,
        faults: options.fault ?? [],
        processes: kernel.endedProcesses,
        tasks: tasks.map((task) => ({
            ...task,
            ...(stacks !== undefined && { stack: chainFields(stacks.tasks.get(task.tid) ?? []) }),
        })),
        cpus,
        ...(stacks !== undefined && {
            thrownAt: chainFields(stacks.thrown),
            lockCycle: stacks.lockCycle.map(({ lines, ...locks }) => ({
                ...locks,
                stack: chainFields(lines),
            })),
        }),
        console: [...lines, ...machine.console.usedRows()],
        missedLineCount,
        virtualTimeNs: machine.clock.nowNs,
        operationCount: run.operations,
        stateHash: machine.stateHash(),
        replay,
    };
}
