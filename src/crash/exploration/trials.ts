/**
 * Trials: runs of one subject with one seed under lists of preemptions, to see which of them fail
 * in the same way as the run that was found.
 *
 * There are so many of them and no more. What a trial returns is the list as it came about, exact
 * in the count of all CPUs and in each CPU's own, so one trial's result is the next one's start.
 */
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
    readonly waitedAtOnce?: boolean;
}

/** A run that failed as it should. */
interface Trial {
    readonly taken: Points;
    readonly waitedAtOnce: boolean;
}

export class Trials {
    readonly #options: TrialOptions;
    /** What came of lists that were tried. */
    readonly #tried = new Map<string, Trial | undefined>();
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

    get failure(): RunFailure {
        return this.#failure ?? { kind: "none", message: "" };
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
        return this.#anchored(points)?.taken;
    }

    /**
     * Whether points fail, by their CPUs' own counts, and no CPU that one of them gives the turn to
     * has to wait for a lock at once, which would only give the turn back.
     */
    failWithoutWait(points: Points): boolean {
        return this.#anchored(points)?.waitedAtOnce === false;
    }

    /** Tries points by the count of all CPUs. */
    failExactly(points: readonly Preemption[]): Points | undefined {
        const schedule = new PreemptionSchedule(ascending(points));
        return this.#fails(schedule.name, () => schedule)?.taken;
    }

    #anchored(points: Points): Trial | undefined {
        const key = points.map((one) => `${one.cpu}@${one.from}+${one.fromOperations}`).join(".");
        return this.#fails(key, () => new AnchoredSchedule(points));
    }

    #fails(key: string, make: () => TellingSchedule): Trial | undefined {
        if (this.areOver || this.#tried.has(key)) {
            return this.#tried.get(key);
        }
        const { failure, ...trial } = this.#run(make);
        if (!isSameFailure(failure, this.#failure)) {
            this.#tried.set(key, undefined);
            return undefined;
        }
        this.#tried.set(key, trial);
        this.#options.onFailure?.(this.runs, trial.taken);
        return trial;
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
        const { taken = [], waitedAtOnce = false } = made ?? {};
        return { failure, taken: [...taken], waitedAtOnce };
    }
}

/** Points in the order of all CPUs' count, and one at a time. */
function ascending(points: readonly Preemption[]): readonly Preemption[] {
    return points
        .toSorted((one, other) => one.after - other.after)
        .filter(({ after }, index, sorted) => index === 0 || sorted[index - 1].after < after);
}
