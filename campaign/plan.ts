/** What a campaign runs: every program on so many CPUs, under each schedule, with each seed. */

import { KeyScript } from "../src/cli/boot/key-script.ts";
import { replayCommand } from "../src/cli/boot/replay-command.ts";
import { TypedRun } from "../src/cli/boot/typed-run.ts";
import { scheduleOf } from "../src/crash/exploration/explore.ts";
import { KernelRun, type Outcome } from "../src/crash/kernel-run.ts";
import { testPrograms } from "../src/crash/test-programs.ts";
import { defaultCpuTiming } from "../src/machine/cpu/timing.ts";

export interface CampaignPlan {
    readonly programs: readonly string[];
    readonly cpuCounts: readonly number[];
    /** `pct:3` gets the program's length, measured once, unless it states one. */
    readonly schedules: readonly string[];
    readonly firstSeed: number;
    readonly seedCount: number;
}

/** One run of it. */
export interface CampaignCase {
    readonly program: string;
    readonly cpuCount: number;
    readonly schedule: string;
    readonly seed: number;
}

export interface CampaignFailure {
    readonly campaignCase: CampaignCase;
    readonly outcome: Pick<Outcome, "kind" | "message">;
}

/** Runs of one program on so many CPUs under one schedule. */
export interface CampaignRow {
    readonly program: string;
    readonly cpuCount: number;
    readonly schedule: string;
    readonly runCount: number;
    readonly operations: number;
    readonly failures: readonly CampaignFailure[];
}

/** How late timer interrupts may be. */
const timerJitterUs = 5000;
/**
 * One CPU has no interleaving but by its ticks: it is slow, so that many fall into a run, and where
 * is left to chance.
 */
const slowOperationNs = 3000;

/** The rows of a plan, as work to be shared out. */
export function rowsOf(plan: CampaignPlan): readonly Omit<CampaignCase, "seed">[] {
    return plan.programs.flatMap((program) =>
        plan.cpuCounts.flatMap((cpuCount) =>
            plan.schedules.map((schedule) => ({ program, cpuCount, schedule })),
        ),
    );
}

/** Does the runs of one row. */
export function runRow(plan: CampaignPlan, row: Omit<CampaignCase, "seed">): CampaignRow {
    const schedule = withLength(row);
    const failures: CampaignFailure[] = [];
    let operations = 0;
    for (let seed = plan.firstSeed; seed < plan.firstSeed + plan.seedCount; seed++) {
        const campaignCase = { ...row, schedule, seed };
        const { run, outcome } = runCase(campaignCase);
        operations += run.operations;
        if (outcome.kind !== "passed") {
            const { kind, message } = outcome;
            failures.push({ campaignCase, outcome: { kind, message } });
        }
    }
    return { ...row, runCount: plan.seedCount, operations, failures };
}

/** The command that runs a case again; what is typed goes into its standard input. */
export function commandOf({ program, cpuCount, schedule, seed }: CampaignCase): string {
    const keys = keysOf(program);
    const command = replayCommand(undefined, {
        ...{ run: program, cpus: cpuCount, seed, schedule, timerJitter: timerJitterUs },
        ...(cpuCount === 1 && { operationTime: slowOperationNs }),
        ...(keys !== undefined && { keys: "-" }),
    });
    return keys === undefined ? command : `printf ${JSON.stringify(keys)} | ${command}`;
}

/** As `chickadee boot` does it. */
function runCase({ program, cpuCount, schedule, seed }: CampaignCase) {
    const keys = keysOf(program);
    const run = new KernelRun({
        command: [program],
        cpuCount,
        seed,
        schedule: scheduleOf(schedule, seed),
        timerJitterNs: 1000 * timerJitterUs,
        ...(cpuCount === 1 && {
            cpuTiming: { ...defaultCpuTiming, operationNs: slowOperationNs },
        }),
        keyboardIsOpen: keys !== undefined,
    });
    const script = keys === undefined ? undefined : new KeyScript({ bytes: keys, name: program });
    return { run, outcome: new TypedRun(run, script).finish() };
}

function keysOf(program: string): string | undefined {
    return testPrograms.find(({ name }) => name === program)?.keys;
}

/** `pct:3` with the operations that the program takes when nothing disturbs it. */
function withLength(row: Omit<CampaignCase, "seed">): string {
    if (!/^pct:\d+$/.test(row.schedule)) {
        return row.schedule;
    }
    const { run } = runCase({ ...row, schedule: "round-robin", seed: 0 });
    return `${row.schedule}:${Math.max(1, run.programOperations)}`;
}
