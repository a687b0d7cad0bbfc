/** The document of `chickadee explore --json`; docs/JSON-EXPLORE.md has its fields. */
import { describeOperation } from "../../crash/exploration/describe-operation.ts";
import type { FailingRun } from "../../crash/exploration/explore.ts";
import type { Interleaving, Race, ShownOperation } from "../../crash/exploration/interleaving.ts";
import type { ShrunkFailure } from "../../crash/exploration/shrink.ts";
import { chainFields } from "../boot/stack-text.ts";
import type { ExploreOptions } from "./register.ts";
import type { Target } from "./target.ts";
import { bootCommand, searchCommand, type Verdict } from "./verdict.ts";

export function exploreDocument(
    { found, shrunk, interleaving, signal, nextRun }: Verdict,
    options: ExploreOptions,
    target: Target,
): object {
    const { cpus, seed, schedule, runs, first, fault = [] } = options;
    const plain = found === undefined ? "none" : "found";
    return {
        outcome: signal === undefined ? plain : "interrupted",
        command: target.command,
        cpuCount: cpus,
        searchSeed: seed,
        searchSchedule: schedule,
        runs,
        first,
        faults: fault,
        ...(signal !== undefined && { nextRun, goOn: searchCommand(options, nextRun) }),
        ...(found !== undefined && { found: foundFields(found, options) }),
        ...(found !== undefined &&
            shrunk !== undefined && { shrunk: shrunkFields(found, shrunk, options) }),
        ...(interleaving !== undefined && { interleaving: interleavingFields(interleaving) }),
    };
}

function foundFields(found: FailingRun, options: ExploreOptions): object {
    const { run, seed, schedule, failure, console } = found;
    const replay = bootCommand(options, found, schedule);
    return { run, seed, schedule, failure, ...(console !== undefined && { console }), replay };
}

function shrunkFields(found: FailingRun, shrunk: ShrunkFailure, options: ExploreOptions): object {
    const { seed, schedule, points, pointsAtFirst, runs } = shrunk;
    const replay = bootCommand(options, found, schedule);
    return { seed, schedule, preemptions: points, preemptionsAtFirst: pointsAtFirst, runs, replay };
}

function interleavingFields({ cpuCount, stretches, races, failure }: Interleaving): object {
    return {
        cpuCount,
        stretches: stretches.map(({ cpu, cause, race, operationCount, pieces }) => ({
            cpu,
            ...(cause !== undefined && { cause }),
            ...(race !== undefined && { race }),
            operationCount,
            pieces: pieces.map((piece) => ("count" in piece ? piece : operationFields(piece))),
        })),
        races: races.map(raceFields),
        failure,
    };
}

function raceFields({ preemptedCpu, otherCpu, done, meanwhile, next, thing }: Race): object {
    return {
        preemptedCpu,
        otherCpu,
        ...(done !== undefined && { done: operationFields(done) }),
        ...(meanwhile !== undefined && { meanwhile: operationFields(meanwhile) }),
        ...(next !== undefined && { next: operationFields(next) }),
        ...(thing !== undefined && { thing }),
    };
}

function operationFields(shown: ShownOperation): object {
    const { number, cpu, task, isUser, lines } = shown;
    const what = describeOperation(shown);
    return { number, cpu, task, isUser, what, stack: chainFields(lines) };
}
