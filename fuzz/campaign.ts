/** Many cases in a row: what they found, and the failures made small. */
import type { FindingCode } from "../src/fsck/finding.ts";
import type { BaseImage } from "./base-images.ts";
import type { Failure } from "./failure.ts";
import { examine, type Tools } from "./oracle.ts";
import { type FuzzCase, makeCase, makeImage, type Token } from "./registry.ts";

/** A case that failed. */
export interface FailedCase {
    readonly token: Token;
    readonly kind: string;
    readonly message: string;
    /** What of the damages is enough to fail in the same way. */
    readonly base: string;
    readonly damages: readonly string[];
}

/** What a campaign found; plain data, so that a worker can hand it on. */
export interface CampaignResult {
    /** Images by fuzzer. */
    readonly imageCounts: Record<string, number>;
    /** In how many images each code was found. */
    readonly codeCounts: Partial<Record<FindingCode, number>>;
    readonly failures: FailedCase[];
}

export function emptyResult(): CampaignResult {
    return { imageCounts: {}, codeCounts: {}, failures: [] };
}

/** Adds what another campaign found. */
export function addResult(sum: CampaignResult, part: CampaignResult): void {
    for (const [name, count] of Object.entries(part.imageCounts)) {
        sum.imageCounts[name] = (sum.imageCounts[name] ?? 0) + count;
    }
    for (const [code, count] of Object.entries(part.codeCounts)) {
        const key = code as FindingCode;
        sum.codeCounts[key] = (sum.codeCounts[key] ?? 0) + count;
    }
    sum.failures.push(...part.failures);
}

/** Runs one case and adds it to `result`. */
export function runCase(
    token: Token,
    bases: readonly BaseImage[],
    result: CampaignResult,
    tools?: Tools,
): void {
    const fuzzCase = makeCase(token, bases);
    const verdict = examine(makeImage(fuzzCase), tools);
    result.imageCounts[token.fuzzer] = (result.imageCounts[token.fuzzer] ?? 0) + 1;
    if (verdict.failure === undefined) {
        for (const code of verdict.codes) {
            result.codeCounts[code] = (result.codeCounts[code] ?? 0) + 1;
        }
        return;
    }
    const { kind, message } = verdict.failure;
    const { base, damages } = shrunk(fuzzCase, verdict.failure, tools);
    result.failures.push({
        token,
        kind,
        message,
        base: base.name,
        damages: damages.map(({ description }) => description),
    });
}

/** The case without the damages that its failure does not need. */
function shrunk(fuzzCase: FuzzCase, failure: Failure, tools: Tools | undefined): FuzzCase {
    let smallest = fuzzCase;
    for (let index = fuzzCase.damages.length - 1; index >= 0; index--) {
        const damages = smallest.damages.filter((_, other) => other !== index);
        const candidate = { base: smallest.base, damages };
        if (examine(makeImage(candidate), tools).failure?.kind === failure.kind) {
            smallest = candidate;
        }
    }
    return smallest;
}
