/** Campaigns of hostile programs: many cases, each made shorter when it fails. */
import { type Action, actionText, lifeText } from "./action.ts";
import {
    type CaseRun,
    type Defects,
    type KernelCase,
    type KernelToken,
    kernelTokenText,
    makeKernelCase,
    runKernelCase,
} from "./kernel-case.ts";
import type { KernelFailure } from "./kernel-failure.ts";
import type { CallCounts } from "./watched-kernel.ts";

/** A case that failed, with what of it is enough to fail in the same way. */
export interface FailedKernelCase {
    readonly token: KernelToken;
    readonly kind: string;
    readonly message: string;
    /** Where it ran, and what its threads did. */
    readonly lines: readonly string[];
}

/** Plain data, so that a worker can hand it on. */
export interface KernelResult {
    caseCount: number;
    operationCount: number;
    readonly calls: CallCounts;
    readonly failures: FailedKernelCase[];
}

export function emptyKernelResult(): KernelResult {
    return { caseCount: 0, operationCount: 0, calls: {}, failures: [] };
}

export function addKernelResult(sum: KernelResult, part: KernelResult): void {
    sum.caseCount += part.caseCount;
    sum.operationCount += part.operationCount;
    addCounts(sum.calls, part.calls);
    sum.failures.push(...part.failures);
}

function addCounts(sum: CallCounts, part: CallCounts): void {
    for (const [outcome, count] of Object.entries(part)) {
        sum[outcome] = (sum[outcome] ?? 0) + count;
    }
}

/** Runs the case of a token and adds it to `result`. */
export function runKernelToken(
    token: KernelToken,
    result: KernelResult,
    defects: Defects = {},
): void {
    const one = makeKernelCase(token);
    const { failure, operations, counts } = runKernelCase(one, defects);
    result.caseCount++;
    result.operationCount += operations;
    addCounts(result.calls, counts);
    if (failure !== undefined) {
        const fewest = shrunk(one, failure, defects);
        const { kind, message } = fewest.failure;
        result.failures.push({ token, kind, message, lines: kernelCaseLines(fewest.one) });
    }
}

interface FailingCase {
    readonly one: KernelCase;
    readonly failure: KernelFailure;
}

/** Operations, about, that are spent to make one case shorter. */
const maxShrinkOperations = 20_000_000;

/**
 * The case without the actions that the failure does not need: script by script, by halves at
 * first, then singly. The schedule stays as it is named, but meets others of its points; so of a
 * race more may be left than it needs.
 */
function shrunk(original: KernelCase, failure: KernelFailure, defects: Defects): FailingCase {
    let best: FailingCase = { one: original, failure };
    let operationCount = 0;
    for (const [script, actions] of original.scripts.entries()) {
        for (let size = actions.length; size >= 1; size = Math.floor(size / 2)) {
            for (let end = actions.length; end > 0; end -= size) {
                const fewer = without(best.one, script, end - size, end);
                if (fewer === undefined || operationCount > maxShrinkOperations) {
                    continue;
                }
                const found: CaseRun = runKernelCase(fewer, defects);
                operationCount += found.operations;
                if (isSame(found.failure, failure)) {
                    best = { one: fewer, failure: found.failure };
                }
            }
        }
    }
    return best;
}

/** The case without some actions of a script; undefined when there are none. */
function without(
    one: KernelCase,
    script: number,
    start: number,
    end: number,
): KernelCase | undefined {
    const actions = one.scripts[script];
    const fewer = actions.filter((_, index) => index < start || index >= end);
    return fewer.length === actions.length
        ? undefined
        : { ...one, scripts: one.scripts.with(script, fewer) };
}

/** Whether two failures are the same but for numbers. */
function isSame(one: KernelFailure | undefined, other: KernelFailure): one is KernelFailure {
    const pattern = ({ message }: KernelFailure) => message.replace(/0x[0-9a-f]+|\d+/g, "#");
    return one !== undefined && one.kind === other.kind && pattern(one) === pattern(other);
}

/** Tells a case: where it runs, and its scripts, without those that are empty. */
export function kernelCaseLines({ surroundings, life, scripts }: KernelCase): string[] {
    const { cpuCount, schedule, seed, memoryBytes, timerJitterNs, operationNs, keys } =
        surroundings;
    return [
        `${cpuCount} CPUs, schedule ${schedule}, seed ${seed}, ${memoryBytes / 1024} KiB, ` +
            `timers up to ${timerJitterNs} ns late, ${operationNs} ns an operation` +
            (keys === "" ? "" : `, keys ${JSON.stringify(keys)}`),
        `life of the first process: ${lifeText(life)}`,
        ...scripts.flatMap((actions, index) => scriptLines(index, actions)),
    ];
}

function scriptLines(index: number, actions: readonly Action[]): string[] {
    return actions.length === 0
        ? []
        : [`script ${index}`, ...actions.map((action) => `  ${actionText(action)}`)];
}

/** The tokens of a campaign that are the share of one worker. */
export function* kernelTokens(
    seed: number,
    caseCount: number,
    part = 0,
    partCount = 1,
): Generator<KernelToken, void> {
    for (let index = part; index < caseCount; index += partCount) {
        yield { seed, index };
    }
}

/** Failures that are shown in full; the others are counted. */
const maxShownFailureCount = 10;

export function kernelFailureLines({ token, kind, message, lines }: FailedKernelCase): string[] {
    return [
        `FAILURE (${kind}): ${message}`,
        `  replay with: npm run fuzz -- --replay ${kernelTokenText(token)}`,
        ...lines.map((line) => `  ${line}`),
    ];
}

export function kernelSummary(result: KernelResult): string[] {
    const { caseCount, operationCount, calls, failures } = result;
    return [
        "System calls by outcome",
        ...Object.entries(calls)
            .sort(([name, count], [other, otherCount]) =>
                count === otherCount ? (name < other ? -1 : 1) : otherCount - count,
            )
            .map(([name, count]) => `${String(count).padStart(9)}  ${name}`),
        ...failures.slice(0, maxShownFailureCount).flatMap(kernelFailureLines),
        `${caseCount} hostile programs, ${operationCount} operations, ${failures.length} failures`,
    ];
}
