/** Which cases a campaign consists of, and which of them a worker runs. */
import { roundOfNames, type Token } from "./registry.ts";

export interface CampaignPlan {
    readonly seed: number;
    /** Cases, shared out among the fuzzers in turn. */
    readonly count: number;
    /** The one fuzzer to run, or undefined for all. */
    readonly only: string | undefined;
}

/** The share of worker `part` of `partCount`, in order. */
export function* tokensOf(
    { seed, count, only }: CampaignPlan,
    part = 0,
    partCount = 1,
): Generator<Token, void> {
    const names = roundOfNames(only);
    // Round by round, so that each worker gets all fuzzers.
    for (let index = 0; index < count; index++) {
        if (Math.floor(index / names.length) % partCount === part) {
            yield { fuzzer: names[index % names.length], seed, index };
        }
    }
}
