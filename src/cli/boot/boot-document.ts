/** The document of `chickadee boot --json`; docs/JSON-BOOT.md has its fields. */
import type { KernelRun } from "../../crash/kernel-run.ts";
import type { Ending } from "./ending.ts";
import type { BootPlan } from "./plan.ts";
import type { BootOptions } from "./register.ts";
import { situationOf } from "./situation.ts";

export function bootDocument(
    run: KernelRun,
    plan: BootPlan,
    options: BootOptions,
    ending: Ending,
    replay: string,
): object {
    const { machine, kernel } = run;
    const { lines, missedLineCount } = machine.console.textSince(0);
    const { kind, message, exitStatus } = ending;
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
        ...situationOf(kernel),
        console: [...lines, ...machine.console.usedRows()],
        missedLineCount,
        virtualTimeNs: machine.clock.nowNs,
        operationCount: run.operations,
        stateHash: machine.stateHash(),
        replay,
    };
}
