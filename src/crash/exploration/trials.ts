/**
 * Trials: runs of one subject with one seed under lists of preemptions, to see which of them fail
 * in the same way as the run that was found.
 *
 * There are so many of them and no more. What a trial returns is the list as it came about, exact
 * in the count of all CPUs and in each CPU's own, so one trial's result is the next one's start.
 */
import { assert } from "../../base/assert.ts";
import { fromMark } from "../../machine/schedule/from-mark.ts";
import type { Preemption, TakenPreemption } from "../../machine/schedule/plain-policy.ts";
import { PreemptionFinder } from "../../machine/schedule/preemption-finder.ts";
import { PreemptionSchedule } from "../../machine/schedule/preemptions.ts";
import type { Schedule } from "../../machine/schedule/schedule.ts";
import { AnchoredSchedule } from "./anchored-schedule.ts";
import { withOwnChoices } from "./run-seeds.ts";
import { isSameFailure, type MakeSchedule, type RunFailure, type Subject } from "./subject.ts";

/** Preemptions of a run, in order. */
export type Points = readonly TakenPreemption[];

export interface TrialOptions {
    readonly subject: Subject;
    /** Of the run that fails. */
    readonly seed: number;
    /** Runs at the most. */
    readonly maxRuns: number;
    /** See `RunRequest.maxOperations`. */
    readonly maxOperations?: number | undefined;
    /** After a run that fails in the same way. */
    readonly onFailure?: ((runs: number, points: Points) => void) | undefined;
}

/** A schedule that knows its preemptions when the run is over. */
interface TellingSchedule extends Schedule {
    readonly taken: Points;
}

export class Trials {
    readonly #options: TrialOptions;
    /** What came of lists that were tried. */
    readonly #tried = new Map<string, Points | undefined>();
    /** What is to come about. */
    #failure: RunFailure | undefined;
    /** Runs so far. */
    runs = 0;

    constructor(options: TrialOptions) {
        this.#options = options;
    }

    /** The run as it was found: its preemptions, if it fails. */
    first(schedule: MakeSchedule): Points | undefined {
        const { seed } = this.#options;
        const { failure, taken } = this.#run((choices) => {
            return new PreemptionFinder(withOwnChoices(schedule, seed)(choices));
        });
        this.#failure = failure;
        return failure === undefined ? undefined : taken;
    }

    /** What comes of points that fail, in their own words; one run, whatever is left. */
    failureOf(points: readonly Preemption[]): RunFailure {
        const { failure } = this.#run(() => new PreemptionSchedule(points));
        const isSame = failure !== undefined && isSameFailure(failure, this.#failure);
        assert(isSame, "a run that is done again is the same");
        return failure;
    }

    get areOver(): boolean {
        return this.runs >= this.#options.maxRuns;
    }

    /**
     * Tries points by their CPUs' own counts; if that does not fail in the same way, by the count
     * of all CPUs. Returns the points that came about; undefined when neither fails so.
     */
    fail(points: Points): Points | undefined {
        return this.failAnchored(points) ?? this.failExactly(points);
    }

    /** Tries points by their CPUs' own counts. */
    failAnchored(points: Points): Points | undefined {
        const key = points.map(inWords).join(".");
        return this.#fails(key, () => new AnchoredSchedule(points));
    }

    /**
     * Whether points fail, by their CPUs' own counts, with one more point behind them, whose CPU
     * goes on as soon as it can: it waits for a lock no longer than that is taken.
     */
    failWith(points: Points, last: TakenPreemption): boolean {
        const all = [...points, last];
        const key = `${all.map(inWords).join(".")} at once`;
        return this.#fails(key, () => new AnchoredSchedule(all, last)) !== undefined;
    }

    /** Tries points by the count of all CPUs. */
    failExactly(points: readonly Preemption[]): Points | undefined {
        const schedule = new PreemptionSchedule(ascending(points));
        return this.#fails(schedule.name, () => schedule);
    }

    #fails(key: string, make: () => TellingSchedule): Points | undefined {
        if (this.areOver || this.#tried.has(key)) {
            return this.#tried.get(key);
        }
        const { failure, taken } = this.#run(make);
        const isSame = isSameFailure(failure, this.#failure);
        this.#tried.set(key, isSame ? taken : undefined);
        if (isSame) {
            this.#options.onFailure?.(this.runs, taken);
        }
        return isSame ? taken : undefined;
    }

    #run(make: (...choices: Parameters<MakeSchedule>) => TellingSchedule) {
        const { subject, seed, maxOperations } = this.#options;
        let made: TellingSchedule | undefined;
        const schedule = fromMark((choices) => {
            made = make(choices);
            return made;
        });
        const limit = maxOperations === undefined ? {} : { maxOperations };
        const { failure } = subject.run({ seed, schedule, ...limit });
        this.runs++;
        return { failure, taken: made?.taken.slice() ?? [] };
    }
}

/** A point by its CPU's own count. */
function inWords({ cpu, from, fromOperations }: TakenPreemption): string {
    return `${cpu}@${from}+${fromOperations}`;
}

/** Points in the order of all CPUs' count, and one at a time. */
function ascending(points: readonly Preemption[]): readonly Preemption[] {
    return points
        .toSorted((one, other) => one.after - other.after)
        .filter(({ after }, index, sorted) => index === 0 || sorted[index - 1].after < after);
}
