/**
 * `npm run campaign -- [--seeds N] [--first SEED] [--programs A,B] [--cpus 1,2,4,8]
 * [--schedules random,pct:3] [--jobs N]`
 *
 * Runs every test program on the reference kernel under many schedules. Exits with 1 when one
 * failed, with a command for each that runs it again.
 */
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { testPrograms } from "../src/crash/test-programs.ts";
import { type CampaignPlan, type CampaignRow, commandOf, rowsOf } from "./plan.ts";
import type { CampaignShare } from "./worker.ts";

/** Failures of a row that are printed. */
const shownFailures = 5;

function numberOf(option: string, text: string, least: number): number {
    const value = Number(text);
    if (!/^\d{1,15}$/.test(text) || value < least) {
        throw new RangeError(`--${option} needs a number from ${least} on, not ${text}`);
    }
    return value;
}

function readPlan(): { readonly plan: CampaignPlan; readonly jobCount: number } {
    const { values } = parseArgs({
        options: {
            seeds: { type: "string", default: "100" },
            first: { type: "string", default: "0" },
            programs: { type: "string", default: testPrograms.map(({ name }) => name).join(",") },
            cpus: { type: "string", default: "1,2,4,8" },
            schedules: { type: "string", default: "random,pct:3" },
            jobs: { type: "string", default: "2" },
        },
    });
    return {
        plan: {
            programs: values.programs.split(","),
            cpuCounts: values.cpus.split(",").map((text) => numberOf("cpus", text, 1)),
            schedules: values.schedules.split(","),
            firstSeed: numberOf("first", values.first, 0),
            seedCount: numberOf("seeds", values.seeds, 1),
        },
        jobCount: numberOf("jobs", values.jobs, 1),
    };
}

function print(text: string): void {
    process.stdout.write(`${text}\n`);
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

const { plan, jobCount } = readPlan();
const rows: CampaignRow[] = [];
await Promise.all(
    Array.from({ length: jobCount }, (_, part) => {
        const share: CampaignShare = { plan, part, partCount: jobCount };
        return new Promise<void>((resolve, reject) => {
            const worker = new Worker(new URL("./worker.js", import.meta.url), {
                workerData: share,
            });
            worker.on("message", (row: CampaignRow) => {
                rows.push(row);
                printRow(row);
            });
            worker.on("error", reject);
            worker.on("exit", () => resolve());
        });
    }),
);
const runCount = rows.reduce((sum, row) => sum + row.runCount, 0);
const failureCount = rows.reduce((sum, { failures }) => sum + failures.length, 0);
print(`${runCount} runs, ${failureCount} failed`);
const isComplete = rows.length === rowsOf(plan).length;
process.exitCode = failureCount === 0 && isComplete ? 0 : 1;
