/**
 * Whole runs of the kernel, each told in a line: how it ended, how long it took, and digests of the
 * console's text, of the log's, and of the machine's last state. A line is a function of its first
 * words.
 */
import { createHash } from "node:crypto";
import { KernelRun } from "../../src/crash/kernel-run.ts";
import { testPrograms } from "../../src/crash/test-programs.ts";
import type { FaultName } from "../../src/kernel/faults.ts";
import { parseSchedule } from "../../src/machine/schedule/parse-schedule.ts";

export interface RecordedRun {
    readonly program: string;
    readonly cpuCount: number;
    readonly schedule: string;
    readonly seed: number;
    readonly faults?: readonly FaultName[];
}

/** Programs that say a lot of the kernel, and take some milliseconds. */
const programs = ["testthread", "testpipe", "testfutex", "testshm", "testzombie", "testrwaddr"];

/** A planted fault that each of these runs meets, with the schedule by which it does. */
const failing: RecordedRun = {
    program: "testfutexshm",
    cpuCount: 2,
    schedule: "random",
    seed: 1,
    faults: ["futex-virtual-key"],
};

/** The runs whose lines are recorded. */
export const recordedRuns: readonly RecordedRun[] = [
    ...programs.flatMap((program) => [
        { program, cpuCount: 1, schedule: "round-robin", seed: 1 },
        { program, cpuCount: 2, schedule: "random", seed: 2 },
        { program, cpuCount: 4, schedule: "pct:3:20000", seed: 3 },
    ]),
    failing,
];

function digest(text: string): string {
    return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** `testpipe on 2 CPUs, random, seed 2:`, by which a line begins. */
export function runName({ program, cpuCount, schedule, seed, faults = [] }: RecordedRun): string {
    const fault = faults.map((name) => `, ${name}`).join("");
    return `${program} on ${cpuCount} CPUs, ${schedule}, seed ${seed}${fault}:`;
}

/** Carries a run out. */
export function runLine(recorded: RecordedRun): string {
    const { program, cpuCount, schedule, seed, faults = [] } = recorded;
    const keys = testPrograms.find(({ name }) => name === program)?.keys ?? "";
    const run = new KernelRun({
        command: [program],
        cpuCount,
        schedule: parseSchedule(schedule),
        seed,
        faults,
        keys,
    });
    const { kind, message } = run.finish();
    const { machine } = run;
    const { lines } = machine.console.textSince(0);
    const screen = [...lines, ...machine.console.usedRows()].join("\n");
    return [
        runName(recorded),
        `${kind} at ${machine.clock.nowNs} ns`,
        `after ${machine.cpus.map(({ retired }) => retired).join("+")} operations,`,
        `message ${digest(message)} console ${digest(screen)}`,
        `log ${digest(machine.parallelPort.textFrom(0))} state ${machine.stateHash()}`,
    ].join(" ");
}
