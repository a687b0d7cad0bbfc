/**
 * Exploration: one system under many schedules, until one makes it fail.
 *
 * Run 0 is the plain one, without a preemption. It says how long a run is, which is what PCT
 * spreads its points of change over; and what fails there needs no schedule to fail. The runs after
 * it are by the schedule that was asked for, each with a seed of its own.
 *
 * A run may be longer than run 0 when its CPUs wait for each other, but not much: one that is
 * twenty times as long is taken for stuck.
 *
 * Run i is the same whoever does it and whatever was done before. So workers can share the runs
 * out, worker w of n doing w, w + n, w + 2n and so on, and the failing run with the lowest number
 * is found whatever n is: a worker that found one goes no further, and the others go on only to
 * that number (`runLimit`).
 */
import { assert } from "../../base/assert.ts";
import { fromMark } from "../../machine/schedule/from-mark.ts";
import { parseSchedule } from "../../machine/schedule/parse-schedule.ts";
import { runSeed, withOwnChoices } from "./run-seeds.ts";
import type { MakeSchedule, RunFailure, Subject } from "./subject.ts";

/** A run as many times as long as run 0 is stuck. */
const stuckFactor = 20;
/** More operations than a boot has, and than it takes to start and end a program. */
const bootOperations = 1_000_000;

/** The schedule of run 0. */
const plainSchedule = "preempt:";

export interface Search {
    readonly subject: Subject;
    /**
     * The schedule's name, as `parseSchedule` knows it. One of PCT without a length gets that of
     * run 0.
     */
    readonly schedule: string;
    readonly seed: number;
    /** Runs in all, with run 0, by all workers together. */
    readonly runs: number;
    /** Of the runs after run 0, every `stride`-th from `firstRun` on: 1 and 1 unless given. */
    readonly firstRun?: number;
    readonly stride?: number;
    /** Is asked before each run: the lowest failing run that another worker found so far. */
    readonly runLimit?: () => number;
    readonly onProgress?: (progress: Progress) => void;
}

/** After a run. */
export interface Progress {
    readonly run: number;
    /** Runs that this worker has done. */
    readonly runsDone: number;
    readonly failure?: RunFailure | undefined;
}

/** A run that failed, and all that it takes to do it again. */
export interface FailingRun {
    readonly run: number;
    /** Of the machine, and of the schedule where that draws. */
    readonly seed: number;
    /** By name, with PCT's length. */
    readonly schedule: string;
    /** The run's limit, which belongs to it: it may have failed by that. */
    readonly maxOperations: number | undefined;
    readonly failure: RunFailure;
    /** See `RunOutcome.console`. */
    readonly console?: readonly string[];
}

export interface Exploration {
    readonly runsDone: number;
    /** Operations of run 0, after the mark. */
    readonly length: number;
    readonly found?: FailingRun;
}

/** Searches, and stops at the first run that fails. */
export function explore(search: Search): Exploration {
    const { subject, firstRun = 1, stride = 1, runs } = search;
    const { runLimit = () => Number.POSITIVE_INFINITY, onProgress } = search;
    assert(firstRun >= 1 && stride >= 1, "a worker's runs go up from 1");
    let runsDone = 0;
    let length = 0;
    let schedule = plainSchedule;
    let maxOperations: number | undefined;
    // Every worker does run 0, for its length; it is the same for all.
    for (let run = 0; run < Math.min(runs, runLimit()); run = run === 0 ? firstRun : run + stride) {
        const seed = runSeed(search.seed, run);
        const limit = maxOperations === undefined ? {} : { maxOperations };
        const outcome = subject.run({ seed, schedule: scheduleOf(schedule, seed), ...limit });
        const { failure, console } = outcome;
        runsDone++;
        onProgress?.({ run, runsDone, failure });
        length = run === 0 ? outcome.operations : length;
        if (failure !== undefined) {
            const said = console === undefined ? {} : { console };
            const found = { run, seed, schedule, maxOperations, failure, ...said };
            return { runsDone, length, found };
        }
        schedule = withLength(search.schedule, length);
        maxOperations = bootOperations + stuckFactor * length;
    }
    return { runsDone, length };
}

/** The schedule of a run, by its name and the run's seed. Throws `UserError` for no name. */
export function scheduleOf(name: string, seed: number): MakeSchedule {
    return withOwnChoices(fromMark(parseSchedule(name)), seed);
}

/** PCT's depth alone is given the length of a run. */
function withLength(schedule: string, length: number): string {
    return /^pct:\d+$/.test(schedule) ? `${schedule}:${Math.max(1, length)}` : schedule;
}
