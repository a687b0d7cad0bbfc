/**
 * The kernel with one program that a test brings along, on a machine.
 *
 * A program that does not fork may note what it sees in variables of the test; one that does is
 * played back for the child, which would note things twice.
 */
import type { FaultName } from "../../src/kernel/faults.ts";
import { Kernel } from "../../src/kernel/kernel.ts";
import { Machine } from "../../src/machine/machine.ts";
import { parseSchedule } from "../../src/machine/schedule/parse-schedule.ts";
import { type MainFunction, program } from "../../src/programs/library/program.ts";
import type { ThreadFunction } from "../../src/programs/library/user.ts";

export interface FilesRunOptions {
    readonly threads?: readonly ThreadFunction[];
    readonly files?: ReadonlyMap<string, Uint8Array>;
    readonly cpuCount?: number;
    readonly schedule?: string;
    readonly seed?: number;
    readonly faults?: readonly FaultName[];
    readonly memoryBytes?: number;
    /** Typed when the program begins. */
    readonly keys?: string;
    /** Is given the kernel before it is switched on. */
    readonly prepare?: (kernel: Kernel, machine: Machine) => void;
}

export interface FilesRun {
    readonly kernel: Kernel;
    readonly machine: Machine;
    /** Statuses of processes that init reaped, in their order. */
    readonly statuses: readonly number[];
    /** All that was on the screen, from the first line on. */
    readonly text: string;
}

const limitNs = 30_000_000_000;

/** Runs a program until all processes have ended, and nothing was lost. Throws what it throws. */
export function runFiles(main: MainFunction, options: FilesRunOptions = {}): FilesRun {
    const { cpuCount = 2, schedule = "round-robin", seed = 1, faults = [] } = options;
    const memoryBytes = options.memoryBytes ?? 2 * 2 ** 20;
    const image = program("main", main, { dataBytes: 4096, threads: options.threads ?? [] });
    const text = new TextEncoder().encode("#!program main\n");
    const machine: Machine = new Machine({
        cpuCount,
        memoryBytes,
        choices: seed,
        schedule: parseSchedule(schedule),
    });
    const kernel: Kernel = new Kernel({
        cpuCount,
        memoryBytes,
        programs: [image],
        files: new Map([["main", text], ...(options.files ?? [])]),
        command: { path: "main", argv: ["main"] },
        faults: new Set(faults),
        mayHearFromOutside: () => machine.keyboard.keyboard.waitingEvents > 0,
        onProgramStart: () => machine.keyboard.keyboard.type(options.keys ?? ""),
    });
    options.prepare?.(kernel, machine);
    machine.powerOn(kernel);
    kernel.files.install(machine.memory);
    const reason = machine.run({ untilNs: limitNs });
    if (reason !== "powered off") {
        throw new Error(`the machine ended: ${reason}`);
    }
    return {
        kernel,
        machine,
        statuses: kernel.endedProcesses.map(({ status }) => status),
        text: [...machine.console.textSince(0).lines, ...machine.console.usedRows()].join("\n"),
    };
}

/** Schedules and CPUs under which races are looked for. */
export const hardSchedules: readonly (readonly [cpuCount: number, schedule: string])[] = [
    [1, "random:7"],
    [2, "random:40"],
    [2, "pct:3:20000"],
    [4, "random:10"],
    [4, "pct:2:20000"],
];
