/** What a campaign runs: every program on so many CPUs, under each schedule, with each seed. */
import { KernelRun, type KernelRunOptions, type Outcome } from "../src/crash/kernel-run.ts";
import { testPrograms } from "../src/crash/test-programs.ts";
import { parseSchedule } from "../src/machine/schedule/parse-schedule.ts";

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

/** How late timer interrupts may be: with one CPU they are all that a schedule has. */
const timerJitterNs = 5_000_000;

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
        const run = new KernelRun(optionsOf(campaignCase));
        const { kind, message } = run.finish();
        operations += run.operations;
        if (kind !== "passed") {
            failures.push({ campaignCase, outcome: { kind, message } });
        }
    }
    return { ...row, runCount: plan.seedCount, operations, failures };
}

/** The command that runs a case again. */
export function commandOf({ program, cpuCount, schedule, seed }: CampaignCase): string {
    return (
        `chickadee boot --run ${program} --cpus ${cpuCount} --seed ${seed} ` +
        `--schedule ${schedule} --timer-jitter ${timerJitterNs}`
    );
}

function optionsOf({ program, cpuCount, schedule, seed }: CampaignCase): KernelRunOptions {
    const keys = testPrograms.find(({ name }) => name === program)?.keys;
    return {
        command: [program],
        cpuCount,
        seed,
        schedule: parseSchedule(schedule),
        timerJitterNs,
        ...(keys === undefined ? {} : { keys }),
    };
}

/** `pct:3` with the operations that the program takes when nothing disturbs it. */
function withLength(row: Omit<CampaignCase, "seed">): string {
    if (!/^pct:\d+$/.test(row.schedule)) {
        return row.schedule;
    }
    const run = new KernelRun(optionsOf({ ...row, schedule: "round-robin", seed: 0 }));
    run.finish();
    return `${row.schedule}:${Math.max(1, run.programOperations)}`;
}
