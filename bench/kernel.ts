/** How fast the reference kernel is: to its first program, through one, and through schedules. */
import { KernelRun, type KernelRunOptions } from "../src/crash/kernel-run.ts";
import { parseSchedule } from "../src/machine/schedule/parse-schedule.ts";
import { perSecond } from "./in-process.ts";
import type { Benchmark, Measurement } from "./measurement.ts";
import { median } from "./measurement.ts";
import { inTurn } from "./timing.ts";

const atLeast = (value: number) => ({ kind: "target", value, isMoreBetter: true }) as const;
const atMost = (value: number) => ({ kind: "target", value, isMoreBetter: false }) as const;

/** Runs a program to its end, which must be a good one. */
function runProgram(options: KernelRunOptions): void {
    const { kind, message } = new KernelRun(options).finish();
    if (kind !== "passed") {
        throw new Error(`${options.command.join(" ")}: ${message}`);
    }
}

/** From a machine that is not there yet to the first operation of the first program. */
function bootToProgram(): void {
    const run = new KernelRun({ command: ["true"], seed: 1, cpuCount: 2 });
    while (run.programOperations === 0) {
        if (run.advance({ operations: 100 }) !== undefined) {
            throw new Error("the kernel did not come to its program");
        }
    }
}

async function exploredSchedules(): Promise<Measurement> {
    const schedule = parseSchedule("random");
    let seed = 0;
    const value = await perSecond(() => {
        runProgram({ command: ["testfutex"], seed: seed++, cpuCount: 2, schedule });
    });
    const what = "schedules of testfutex explored on one core";
    return { name: "kernel-explore", what, value, unit: "/s", against: atLeast(200) };
}

function milliseconds(what: string, name: string, action: () => void, limit: number): Measurement {
    const value = median(inTurn([action], 9).flat());
    return { name, what, value, unit: "ms", against: atMost(limit) };
}

export const kernel: readonly Benchmark[] = [
    {
        name: "kernel-boot",
        run: () => [
            milliseconds(
                "machine and kernel to the first user operation, 2 CPUs",
                "kernel-boot",
                bootToProgram,
                30,
            ),
        ],
    },
    {
        name: "kernel-testmutex",
        run: () => [
            milliseconds(
                "testmutex: 800,000 increments, 400,000 of them locked, 2 CPUs",
                "kernel-testmutex",
                () => runProgram({ command: ["testmutex"], seed: 1, cpuCount: 2 }),
                5000,
            ),
        ],
    },
    { name: "kernel-explore", run: async () => [await exploredSchedules()] },
];
