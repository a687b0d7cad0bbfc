/**
 * The settings that the kernel's tests run programs under: CPUs, schedules and seeds; and what of
 * their runs fails, told so that it can be done again.
 */
import { KernelRun, type KernelRunOptions, type Outcome } from "../../src/crash/kernel-run.ts";
import type { ProgramImage } from "../../src/kernel/interface/program-image.ts";
import { defaultCpuTiming } from "../../src/machine/cpu/timing.ts";
import { parseSchedule } from "../../src/machine/schedule/parse-schedule.ts";

export interface Setting {
    readonly cpuCount: number;
    /** As on a command line. */
    readonly schedule: string;
    readonly seed: number;
}

/** Operations that are many more than any program of these tests has. */
const operationLimit = 1_000_000;
/** About as many operations as the programs of these tests have. */
const pctLength = 8000;
const pctSchedule = `pct:3:${pctLength}`;

/** Round-robin once, random and pct:3 with each seed; on each number of CPUs. */
export function settings(cpuCounts: readonly number[], seedCount: number): readonly Setting[] {
    const seeds = Array.from({ length: seedCount }, (_, index) => index + 1);
    return cpuCounts.flatMap((cpuCount) => [
        { cpuCount, schedule: "round-robin", seed: 1 },
        ...["random", pctSchedule].flatMap((schedule) =>
            seeds.map((seed) => ({ cpuCount, schedule, seed })),
        ),
    ]);
}

/** 20 seeds on 1, 2 and 4 CPUs: 123 settings. */
const allSettings = settings([1, 2, 4], 20);
/** 7 seeds: 45 settings, for programs that are long. */
export const someSettings = settings([1, 2, 4], 7);
/**
 * For programs that keep CPUs busy for ticks: a tick is 5000 operations then, where it would be
 * a million.
 */
export const slowCpus = { cpuTiming: { ...defaultCpuTiming, operationNs: 2000 } };
/** For canaries, which have to fail once, and for what no schedule changes. */
export const fewSettings = settings([2], 5);

/** A run of a program, which is added to those that there are. */
export function makeRun(
    image: ProgramImage,
    { cpuCount, schedule, seed }: Setting,
    more: Partial<KernelRunOptions> = {},
): KernelRun {
    return new KernelRun({
        command: [image.name],
        programs: [image],
        cpuCount,
        schedule: parseSchedule(schedule),
        seed,
        ...more,
    });
}

/** `2 CPUs, random, seed 3: deadlock: ...`; of a run that is right, undefined. */
function failureOf(
    image: ProgramImage,
    setting: Setting,
    more: Partial<KernelRunOptions>,
): string | undefined {
    const run = makeRun(image, setting, more);
    const outcome = run.advance({ operations: operationLimit }) ?? {
        kind: "time limit",
        message: `still running after ${operationLimit} operations`,
    };
    if (outcome.kind === "passed") {
        return undefined;
    }
    const { cpuCount, schedule, seed } = setting;
    const where = `${cpuCount} CPUs, ${schedule}, seed ${seed}`;
    return `${where}: ${outcome.kind}: ${explain(run, outcome)}`;
}

/** What went wrong; when a program found it, in its words. */
function explain(run: KernelRun, { kind, message }: Outcome): string {
    const said = run.machine.console.usedRows().at(-1) ?? "";
    return kind === "failed" ? `${message}: ${said}` : message;
}

/** The runs of a program that do not end with "passed", up to three; none when it is right. */
export function failuresOf(
    image: ProgramImage,
    where: readonly Setting[] = allSettings,
    more: Partial<KernelRunOptions> = {},
): readonly string[] {
    const failures: string[] = [];
    for (const setting of where) {
        const failure = failureOf(image, setting, more);
        if (failure !== undefined) {
            failures.push(failure);
        }
        if (failures.length === 3) {
            break;
        }
    }
    return failures;
}
