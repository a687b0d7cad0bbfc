/** What came of an exploration; the same for any number of jobs. */
import type { FailingRun } from "../../crash/exploration/explore.ts";
import type { Interleaving } from "../../crash/exploration/interleaving.ts";
import type { ShrunkFailure } from "../../crash/exploration/shrink.ts";
import type { EndingSignal } from "../../host/signals.ts";
import { joinedWords } from "../boot/command-words.ts";
import { replayCommand } from "../boot/replay-command.ts";
import type { ExploreOptions } from "./register.ts";

export interface Verdict {
    readonly found: FailingRun | undefined;
    /** Undefined where it was not asked for, or was cut short. */
    readonly shrunk: ShrunkFailure | undefined;
    readonly interleaving: Interleaving | undefined;
    readonly signal: EndingSignal | undefined;
    /** All runs before this one were done. */
    readonly nextRun: number;
}

/** The command line that does a failing run again, by a schedule's name. */
export function bootCommand(options: ExploreOptions, found: FailingRun, schedule: string): string {
    const { run, cpus, memory, limit, keys, fault } = options;
    const { seed, maxOperations, failure } = found;
    return replayCommand(undefined, {
        ...{ cpus, seed, schedule },
        ...(run !== undefined && { run }),
        ...(memory !== undefined && { memory }),
        ...(limit !== undefined && { limit }),
        ...(keys !== undefined && { keys }),
        ...(fault !== undefined && { fault }),
        ...(failure.kind === "stuck" && maxOperations !== undefined && { maxOperations }),
    });
}

/** The command line that goes on with a search. */
export function searchCommand(options: ExploreOptions, first: number): string {
    const { run = "", schedule, runs, seed, cpus, memory, limit, keys, fault = [] } = options;
    return joinedWords([
        ...["chickadee", "explore", "--run", run, "--schedule", schedule],
        ...["--runs", `${runs}`, "--first", `${first}`, "--seed", `${seed}`, "--cpus", `${cpus}`],
        ...(memory === undefined ? [] : ["--memory", `${memory}`]),
        ...(limit === undefined ? [] : ["--limit", `${limit}`]),
        ...(keys === undefined ? [] : ["--keys", keys]),
        ...fault.flatMap((name) => ["--fault", name]),
    ]);
}
