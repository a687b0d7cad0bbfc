/**
 * `npm run fuzz -- [--count N] [--seed S] [--only NAME] [--jobs N] [--replay TOKEN]`
 *
 * Damages images and holds the tools to what must be true of any image. Exits with 1 when
 * something was not, and prints a token for each such case; `--replay` runs that case again.
 */
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { checkImage } from "../src/fsck/check.ts";
import { soundCheckRules } from "../src/fsck/rules.ts";
import { eventText } from "../src/report/fsck-text.ts";
import { makeBaseImages } from "./base-images.ts";
import { addResult, type CampaignResult, emptyResult, runCase } from "./campaign.ts";
import type { CampaignPlan } from "./plan.ts";
import { fuzzers, makeCase, makeImage, parseToken, tokenText } from "./registry.ts";
import { failureLines, summaryLines } from "./summary.ts";
import type { WorkerShare } from "./worker.ts";

const usage = `Usage: npm run fuzz -- [--count N] [--seed S] [--only NAME] [--jobs N]
       npm run fuzz -- --replay TOKEN
Fuzzers:
${fuzzers.map(({ name, doc }) => `  ${name.padEnd(17)} ${doc}`).join("\n")}`;

function print(lines: readonly string[]): void {
    process.stdout.write(`${lines.join("\n")}\n`);
}

/** A number from the command line; the process ends where it is none. */
function numberOf(option: string, text: string, least: number): number {
    const value = Number(text);
    if (!/^\d{1,15}$/.test(text) || value < least) {
        throw new RangeError(`--${option} needs a number from ${least} on, not ${text}`);
    }
    return value;
}

/** Runs a campaign in worker threads. */
async function run(plan: CampaignPlan, jobCount: number): Promise<CampaignResult> {
    const sum = emptyResult();
    const showProgress = () => {
        const done = Object.values(sum.imageCounts).reduce((total, count) => total + count, 0);
        if (process.stderr.isTTY) {
            process.stderr.write(`\r${done} of ${plan.count}, ${sum.failures.length} failures `);
        }
    };
    const runPart = (part: number) =>
        new Promise<void>((resolve, reject) => {
            const workerData: WorkerShare = { plan, part, partCount: jobCount };
            const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData });
            worker.on("message", (result: CampaignResult) => {
                addResult(sum, result);
                showProgress();
            });
            worker.on("error", reject);
            worker.on("exit", () => resolve());
        });
    await Promise.all(Array.from({ length: jobCount }, (_, part) => runPart(part)));
    if (process.stderr.isTTY) {
        process.stderr.write("\n");
    }
    return sum;
}

/** Runs one case again and tells all about it. */
function replay(text: string): CampaignResult {
    const token = parseToken(text);
    if (token === undefined) {
        throw new RangeError(`not a token: ${text}; one looks like ${fuzzers[0].name}:1:17`);
    }
    const bases = makeBaseImages();
    const fuzzCase = makeCase(token, bases);
    const result = emptyResult();
    runCase(token, bases, result);
    const lines: string[] = [];
    if (result.failures.length === 0) {
        const style = { isColored: false, isTerminal: true, showsCodes: true };
        checkImage(makeImage(fuzzCase), (event) => lines.push(eventText(event, style).trimEnd()), {
            rules: soundCheckRules,
        });
    }
    print([
        `${tokenText(token)}: ${fuzzCase.base.name}`,
        ...fuzzCase.damages.map(({ description }) => `  damage: ${description}`),
        ...result.failures.flatMap(failureLines),
        ...lines,
        result.failures.length === 0 ? "no failure" : "failed",
    ]);
    return result;
}

async function main(): Promise<number> {
    const { values } = parseArgs({
        options: {
            count: { type: "string", default: "3000" },
            seed: { type: "string", default: "1" },
            only: { type: "string" },
            jobs: { type: "string", default: "1" },
            replay: { type: "string" },
            help: { type: "boolean", default: false },
        },
    });
    const { only } = values;
    if (values.help || (only !== undefined && !fuzzers.some(({ name }) => name === only))) {
        print([usage]);
        return values.help ? 0 : 2;
    }
    if (values.replay !== undefined) {
        return replay(values.replay).failures.length === 0 ? 0 : 1;
    }
    const plan = {
        seed: numberOf("seed", values.seed, 0),
        count: numberOf("count", values.count, 1),
        only,
    };
    const result = await run(plan, numberOf("jobs", values.jobs, 1));
    print(summaryLines(result));
    return result.failures.length === 0 ? 0 : 1;
}

main().then(
    (status) => {
        process.exitCode = status;
    },
    (error: unknown) => {
        process.stderr.write(`${error instanceof Error ? error.message : error}\n${usage}\n`);
        process.exitCode = 2;
    },
);
