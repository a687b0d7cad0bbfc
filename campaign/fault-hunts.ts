/**
 * How surely what is planted is found: for each planted fault many searches, each with a seed of
 * its own, by the program that the fault's list names.
 */
import { explore } from "../src/crash/exploration/explore.ts";
import { KernelSubject } from "../src/crash/exploration/kernel-subject.ts";
import { type FaultName, plantedFaults } from "../src/kernel/faults.ts";

export interface HuntPlan {
    readonly faults: readonly FaultName[];
    readonly schedules: readonly string[];
    readonly cpuCount: number;
    /** Searches for each fault and schedule; their seeds count from `firstSeed`. */
    readonly campaignCount: number;
    readonly firstSeed: number;
    /** Of one search, with run 0. */
    readonly runs: number;
}

/** Searches for one fault by one schedule. */
export interface Hunt {
    readonly fault: FaultName;
    readonly schedule: string;
}

export interface HuntResult extends Hunt {
    /** By search: how many runs it took to find it; undefined if it was not found. */
    readonly runsToFind: readonly (number | undefined)[];
}

export function huntsOf({ faults, schedules }: HuntPlan): readonly Hunt[] {
    return faults.flatMap((fault) => schedules.map((schedule) => ({ fault, schedule })));
}

/** Does the searches of one hunt. */
export function hunt(plan: HuntPlan, { fault, schedule }: Hunt): HuntResult {
    const { cpuCount, campaignCount, firstSeed, runs } = plan;
    const program = plantedFaults.find(({ name }) => name === fault)?.foundBy ?? "";
    const subject = new KernelSubject({ command: [program], cpuCount, faults: [fault] });
    const runsToFind = Array.from({ length: campaignCount }, (_, index) => {
        const { found } = explore({ subject, schedule, seed: firstSeed + index, runs });
        return found === undefined ? undefined : found.run + 1;
    });
    return { fault, schedule, runsToFind };
}

/** Searches that found it. */
export function foundCount({ runsToFind }: HuntResult): number {
    return runsToFind.filter((runs) => runs !== undefined).length;
}

/** Of the searches that found it; undefined when none did. */
export function medianRuns({ runsToFind }: HuntResult): number | undefined {
    const sorted = runsToFind.filter((runs) => runs !== undefined).sort((one, two) => one - two);
    return sorted.at(Math.floor(sorted.length / 2));
}
