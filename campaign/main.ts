/**
 * `npm run campaign -- [--seeds N] [--first SEED] [--programs A,B] [--cpus 1,2,4,8]
 * [--schedules random,pct:3] [--jobs N]`
 *
 * Runs every test program on the reference kernel under many schedules. Exits with 1 when one
 * failed, with a command for each that runs it again.
 *
 * `npm run campaign -- --faults [--campaigns N] [--runs N] [--first SEED] [--schedules pct:2,pct:3]
 * [--cpus 2] [--jobs N]`
 *
 * Hunts for every planted fault: so many searches for each, by each schedule. Exits with 1 when
 * less than 95 of 100 found one.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { testPrograms } from "../src/crash/test-programs.ts";
import { plantedFaults } from "../src/kernel/faults.ts";
import { parseSchedule } from "../src/machine/schedule/parse-schedule.ts";
import { counted } from "../src/report/size.ts";
import { foundCount, type HuntPlan, type HuntResult, huntsOf, medianRuns } from "./fault-hunts.ts";
import { type CampaignPlan, type CampaignRow, commandOf, rowsOf } from "./plan.ts";
import type { CampaignShare, CampaignWork } from "./worker.ts";

/** Failures of a row that are printed. */
const shownFailures = 5;
/** Of the searches for a fault, so many must find it. */
const leastFoundShare = 0.95;

const usage = `Usage: npm run campaign -- [--seeds N] [--first SEED] [--programs A,B]
                           [--cpus 1,2,4,8] [--schedules random,pct:3] [--jobs N]
       npm run campaign -- --faults [--campaigns N] [--runs N] [--first SEED]
                           [--schedules pct:2,pct:3] [--cpus 2] [--jobs N]
`;

const options = {
    options: {
        faults: { type: "boolean", default: false },
        seeds: { type: "string", default: "100" },
        campaigns: { type: "string", default: "100" },
        runs: { type: "string", default: "2500" },
        first: { type: "string", default: "0" },
        programs: { type: "string", default: testPrograms.map(({ name }) => name).join(",") },
        cpus: { type: "string" },
        schedules: { type: "string" },
        jobs: { type: "string", default: `${availableParallelism()}` },
    },
} as const;

type Values = ReturnType<typeof parseArgs<typeof options>>["values"];

function numberOf(option: string, text: string, least: number): number {
    const value = Number(text);
    if (!/^\d{1,15}$/.test(text) || value < least) {
        throw new RangeError(`--${option} needs a number from ${least} on, not ${text}`);
    }
    return value;
}

/** Names that there are: `require` throws for any other, before anything is run. */
function namesOf(text: string, require: (name: string) => unknown): string[] {
    const names = text.split(",");
    names.forEach((name) => void require(name));
    return names;
}

function requireProgram(name: string): void {
    if (!testPrograms.some((program) => program.name === name)) {
        throw new RangeError(`--programs: there is no test program "${name}"`);
    }
}

function programPlan(values: Values): CampaignPlan {
    const { programs, cpus = "1,2,4,8", schedules = "random,pct:3", first, seeds } = values;
    return {
        programs: namesOf(programs, requireProgram),
        cpuCounts: cpus.split(",").map((text) => numberOf("cpus", text, 1)),
        schedules: namesOf(schedules, parseSchedule),
        firstSeed: numberOf("first", first, 0),
        seedCount: numberOf("seeds", seeds, 1),
    };
}

function huntPlan(values: Values): HuntPlan {
    const { cpus = "2", schedules = "pct:2,pct:3", first, campaigns, runs } = values;
    return {
        faults: plantedFaults.map(({ name }) => name),
        schedules: namesOf(schedules, parseSchedule),
        cpuCount: numberOf("cpus", cpus, 1),
        campaignCount: numberOf("campaigns", campaigns, 1),
        firstSeed: numberOf("first", first, 0),
        runs: numberOf("runs", runs, 1),
    };
}

function print(text: string): void {
    process.stdout.write(`${text}\n`);
}

/** Has the work done by so many workers, and hands on each of their messages. */
async function share<Message>(
    values: Values,
    work: CampaignWork,
    tell: (message: Message) => void,
): Promise<void> {
    const jobCount = numberOf("jobs", values.jobs, 1);
    await Promise.all(
        Array.from({ length: jobCount }, (_, part) => {
            const workerData: CampaignShare = { work, part, partCount: jobCount };
            return new Promise<void>((resolve, reject) => {
                const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData });
                worker.on("message", tell);
                worker.on("error", reject);
                worker.on("exit", () => resolve());
            });
        }),
    );
}

function printRow(row: CampaignRow): void {
    const { program, cpuCount, schedule, runCount, operations, failures } = row;
    const verdict = failures.length === 0 ? "all passed" : `${failures.length} FAILED`;
    const meanOperations = Math.round(operations / runCount);
    print(
        `${program.padEnd(15)} ${String(cpuCount).padStart(2)} CPUs  ${schedule.padEnd(8)} ` +
            `${runCount} runs of about ${meanOperations} operations: ${verdict}`,
    );
    for (const { campaignCase, outcome } of failures.slice(0, shownFailures)) {
        print(`  ${outcome.kind}: ${outcome.message}`);
        print(`  ${commandOf(campaignCase)}`);
    }
}

function printHunt(result: HuntResult): void {
    const { fault, schedule, runsToFind } = result;
    const found = `found by ${foundCount(result)} of ${runsToFind.length} searches`;
    const median = medianRuns(result);
    const took = median === undefined ? "" : `, half of them within ${counted(median, "run")}`;
    print(`${fault.padEnd(30)} ${schedule.padEnd(6)} ${found}${took}`);
}

/** Whether every program passed every run. */
async function runPrograms(values: Values): Promise<boolean> {
    const plan = programPlan(values);
    const rows: CampaignRow[] = [];
    await share<CampaignRow>(values, { kind: "programs", plan }, (row) => {
        rows.push(row);
        printRow(row);
    });
    const runCount = rows.reduce((sum, row) => sum + row.runCount, 0);
    const failureCount = rows.reduce((sum, { failures }) => sum + failures.length, 0);
    print(`${runCount} runs, ${failureCount} failed`);
    return failureCount === 0 && rows.length === rowsOf(plan).length;
}

/** Whether every fault was found as surely as it must be. */
async function huntFaults(values: Values): Promise<boolean> {
    const plan = huntPlan(values);
    const results: HuntResult[] = [];
    await share<HuntResult>(values, { kind: "faults", plan }, (result) => {
        results.push(result);
        printHunt(result);
    });
    const least = leastFoundShare * plan.campaignCount;
    const missed = results.filter((result) => foundCount(result) < least);
    print(`${results.length} hunts, ${missed.length} found too little`);
    return missed.length === 0 && results.length === huntsOf(plan).length;
}

async function main(): Promise<number> {
    const { values } = parseArgs(options);
    return (await (values.faults ? huntFaults(values) : runPrograms(values))) ? 0 : 1;
}

main().then(
    (status) => {
        process.exitCode = status;
    },
    (error: unknown) => {
        process.stderr.write(`${error instanceof Error ? error.message : error}\n${usage}`);
        process.exitCode = 2;
    },
);
