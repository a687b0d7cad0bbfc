/**
 * `npm run fuzz -- [--machine | --kernel] [--count N] [--seed S] [--only NAME] [--jobs N]
 * [--replay TOKEN]`
 *
 * Damages images and holds the tools to what must be true of any image; with `--machine`, pokes the
 * machine and holds it to what must be true of any guest; with `--kernel`, runs hostile programs
 * and holds the kernel to what must be true under any program. Exits with 1 when something was not,
 * and prints a token for each such case; `--replay` runs that case again.
 */
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { checkImage } from "../src/fsck/check.ts";
import { soundCheckRules } from "../src/fsck/rules.ts";
import { eventText } from "../src/report/fsck-text.ts";
import { makeBaseImages } from "./base-images.ts";
import { addResult, type CampaignResult, emptyResult, runCase } from "./campaign.ts";
import {
    addKernelResult,
    emptyKernelResult,
    type KernelResult,
    kernelCaseLines,
    kernelFailureLines,
    kernelSummary,
    runKernelToken,
} from "./kernel/campaign.ts";
import {
    type KernelToken,
    kernelTokenText,
    makeKernelCase,
    parseKernelToken,
} from "./kernel/kernel-case.ts";
import type { KernelShare } from "./kernel/worker.ts";
import {
    addMachineResult,
    emptyMachineResult,
    type MachineResult,
    type MachineToken,
    machineFailureLines,
    machineSummary,
    machineTokenText,
    makeMachineCase,
    parseMachineToken,
    runMachineCase,
} from "./machine/campaign.ts";
import { pokeText } from "./machine/poke.ts";
import type { MachineShare } from "./machine/worker.ts";
import type { CampaignPlan } from "./plan.ts";
import { fuzzers, makeCase, makeImage, parseToken, tokenText } from "./registry.ts";
import { failureLines, summaryLines } from "./summary.ts";
import type { WorkerShare } from "./worker.ts";

const usage = `Usage: npm run fuzz -- [--count N] [--seed S] [--only NAME] [--jobs N]
       npm run fuzz -- --machine [--count N] [--seed S] [--jobs N]
       npm run fuzz -- --kernel [--count N] [--seed S] [--jobs N]
       npm run fuzz -- --replay TOKEN
With --machine, N counts pokes of the machine; with --kernel, hostile programs; otherwise images.
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

/** Runs a campaign in worker threads, each of which is told its part and reports bit by bit. */
async function runWorkers<Result>(
    program: string,
    shareOf: (part: number) => object,
    jobCount: number,
    take: (result: Result) => string,
): Promise<void> {
    const runPart = (part: number) =>
        new Promise<void>((resolve, reject) => {
            const worker = new Worker(new URL(program, import.meta.url), {
                workerData: shareOf(part),
            });
            worker.on("message", (result: Result) => {
                const progress = take(result);
                if (process.stderr.isTTY) {
                    process.stderr.write(`\r${progress} `);
                }
            });
            worker.on("error", reject);
            worker.on("exit", () => resolve());
        });
    await Promise.all(Array.from({ length: jobCount }, (_, part) => runPart(part)));
    if (process.stderr.isTTY) {
        process.stderr.write("\n");
    }
}

async function run(plan: CampaignPlan, jobCount: number): Promise<CampaignResult> {
    const sum = emptyResult();
    const shareOf = (part: number): WorkerShare => ({ plan, part, partCount: jobCount });
    await runWorkers<CampaignResult>("./worker.js", shareOf, jobCount, (result) => {
        addResult(sum, result);
        const done = Object.values(sum.imageCounts).reduce((total, count) => total + count, 0);
        return `${done} of ${plan.count}, ${sum.failures.length} failures`;
    });
    return sum;
}

async function runMachine(
    seed: number,
    pokeCount: number,
    jobCount: number,
): Promise<MachineResult> {
    const sum = emptyMachineResult();
    const shareOf = (part: number): MachineShare => ({
        seed,
        pokeCount,
        part,
        partCount: jobCount,
    });
    await runWorkers<MachineResult>("./machine/worker.js", shareOf, jobCount, (result) => {
        addMachineResult(sum, result);
        return `${sum.pokeCount} of ${pokeCount}, ${sum.failures.length} failures`;
    });
    return sum;
}

async function runKernel(seed: number, caseCount: number, jobCount: number): Promise<KernelResult> {
    const sum = emptyKernelResult();
    const shareOf = (part: number): KernelShare => ({
        seed,
        caseCount,
        part,
        partCount: jobCount,
    });
    await runWorkers<KernelResult>("./kernel/worker.js", shareOf, jobCount, (result) => {
        addKernelResult(sum, result);
        return `${sum.caseCount} of ${caseCount}, ${sum.failures.length} failures`;
    });
    return sum;
}

/** Runs a hostile program again; tells what of it is enough to fail, or all of it. */
function replayKernel(token: KernelToken): KernelResult {
    const result = emptyKernelResult();
    runKernelToken(token, result);
    const lines =
        result.failures.length === 0
            ? kernelCaseLines(makeKernelCase(token)).map((line) => `  ${line}`)
            : result.failures.flatMap(kernelFailureLines);
    const verdict = result.failures.length === 0 ? "no failure" : "failed";
    print([kernelTokenText(token), ...lines, verdict]);
    return result;
}

/** Does a case's pokes again; says which are enough to fail, or all of them. */
function replayMachine(token: MachineToken): MachineResult {
    const result = emptyMachineResult();
    runMachineCase(token, result);
    const lines =
        result.failures.length === 0
            ? makeMachineCase(token).pokes.map((poke) => `  poke: ${pokeText(poke)}`)
            : result.failures.flatMap(machineFailureLines);
    print([
        machineTokenText(token),
        ...lines,
        result.failures.length === 0 ? "no failure" : "failed",
    ]);
    return result;
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
            machine: { type: "boolean", default: false },
            kernel: { type: "boolean", default: false },
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
    const machineToken = parseMachineToken(values.replay ?? "");
    if (machineToken !== undefined) {
        return replayMachine(machineToken).failures.length === 0 ? 0 : 1;
    }
    const kernelToken = parseKernelToken(values.replay ?? "");
    if (kernelToken !== undefined) {
        return replayKernel(kernelToken).failures.length === 0 ? 0 : 1;
    }
    if (values.replay !== undefined) {
        return replay(values.replay).failures.length === 0 ? 0 : 1;
    }
    const plan = {
        seed: numberOf("seed", values.seed, 0),
        count: numberOf("count", values.count, 1),
        only,
    };
    const jobCount = numberOf("jobs", values.jobs, 1);
    if (values.machine) {
        const found = await runMachine(plan.seed, plan.count, jobCount);
        print(machineSummary(found));
        return found.failures.length === 0 ? 0 : 1;
    }
    if (values.kernel) {
        const found = await runKernel(plan.seed, plan.count, jobCount);
        print(kernelSummary(found));
        return found.failures.length === 0 ? 0 : 1;
    }
    const result = await run(plan, jobCount);
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
