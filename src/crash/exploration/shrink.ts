/**
 * Shrinking: from a run that fails to the fewest preemptions with which it still fails.
 *
 * 1. The run's preemptions: where it differs from the plain policy (`PreemptionFinder`).
 * 2. Delta debugging over them (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing
 *    Input", 2002): parts are left out, large ones first, until none of what is left can be left
 *    out, nor any two or three together.
 * 3. Each is moved as late as it can be. One operation later and the failure is another or none, so
 *    the operation before which the preempted CPU now stands is one of those that race.
 *
 * A shorter list counts when its run fails in the same way, by kind and by message but for numbers.
 * What is left after any number of runs is a list that does, so the search can be cut at any time;
 * it draws nothing, so the same failure shrinks to the same list.
 */
import { fromMark } from "../../machine/schedule/from-mark.ts";
import type { Preemption, TakenPreemption } from "../../machine/schedule/plain-policy.ts";
import { PreemptionFinder } from "../../machine/schedule/preemption-finder.ts";
import { formatPreemptions, PreemptionSchedule } from "../../machine/schedule/preemptions.ts";
import type { Schedule } from "../../machine/schedule/schedule.ts";
import { AnchoredSchedule } from "./anchored-schedule.ts";
import { withOwnChoices } from "./run-seeds.ts";
import { isSameFailure, type MakeSchedule, type RunFailure, type Subject } from "./subject.ts";

const defaultMaxRuns = 2000;
/** Lists as long as this, or shorter, are tried without any two, or any three, of theirs. */
const shortListForPairs = 12;
const shortListForTriples = 7;

export interface ShrinkOptions {
    readonly subject: Subject;
    /** Of the run that fails. */
    readonly seed: number;
    /** Its schedule, as `parseSchedule` makes it, without a mark; it draws from its own stream. */
    readonly schedule: MakeSchedule;
    /** 2000 unless given. */
    readonly maxRuns?: number;
    readonly onProgress?: (progress: ShrinkProgress) => void;
}

export interface ShrinkProgress {
    readonly runs: number;
    readonly points: number;
}

export interface ShrunkFailure {
    readonly seed: number;
    readonly points: readonly Preemption[];
    /** The same as a schedule's name: `preempt:1@1234`. */
    readonly schedule: string;
    readonly failure: RunFailure;
    /** Preemptions of the run as it was found. */
    readonly pointsAtFirst: number;
    /** Runs that it took. */
    readonly runs: number;
}

/** Shrinks a failure; undefined when the run does not fail. */
export function shrink(options: ShrinkOptions): ShrunkFailure | undefined {
    const shrinker = new Shrinker(options);
    const first = shrinker.preemptions();
    if (first === undefined) {
        return undefined;
    }
    let points = first;
    for (let before = -1; before !== points.length; ) {
        before = points.length;
        points = shrinker.leaveOut(points);
        points = shrinker.moveLater(points);
    }
    const schedule = `preempt:${formatPreemptions(points)}`;
    const { runs, failure } = shrinker;
    return {
        seed: options.seed,
        points: points.map(({ after, cpu }) => ({ after, cpu })),
        schedule,
        failure,
        pointsAtFirst: first.length,
        runs,
    };
}

/** A schedule that knows its preemptions when the run is over. */
interface TellingSchedule extends Schedule {
    readonly taken: readonly TakenPreemption[];
}

type Points = readonly TakenPreemption[];

class Shrinker {
    readonly #options: ShrinkOptions;
    readonly #tried = new Set<string>();
    runs = 0;
    /** Of the shortest list so far. */
    failure: RunFailure = { kind: "none", message: "" };

    constructor(options: ShrinkOptions) {
        this.#options = options;
    }

    /** The preemptions of the run as it was found, if it fails. */
    preemptions(): Points | undefined {
        const { schedule, seed } = this.#options;
        const { failure, taken } = this.#run((choices) => {
            return new PreemptionFinder(withOwnChoices(schedule, seed)(choices));
        });
        if (failure !== undefined) {
            this.failure = failure;
        }
        return failure === undefined ? undefined : taken;
    }

    /** Leaves out parts, until none can be left out. */
    leaveOut(points: Points): Points {
        let left = points;
        for (let size = points.length; size > 0; size = Math.floor(size / 2)) {
            for (let start = left.length - size; start > -size && left.length > 0; ) {
                const from = Math.max(0, start);
                const without = [...left.slice(0, from), ...left.slice(start + size)];
                const shorter = this.#failsWith(without);
                left = shorter ?? left;
                start = Math.min(start - size, left.length - 1);
            }
        }
        return this.#leaveOutTogether(left);
    }

    /** Moves each point as late as it can be, the last one first. */
    moveLater(points: Points): Points {
        let moved = points;
        for (let index = points.length - 1; index >= 0; index--) {
            let growing = true;
            // By 1, 2, 4 and so on while that fails; then by less and less.
            for (let by = 1; by >= 1; by = growing ? by * 2 : Math.floor(by / 2)) {
                const later = this.#failsWith(withLater(moved, index, by));
                growing &&= later !== undefined;
                moved = later ?? moved;
                if (moved.length !== points.length) {
                    return moved;
                }
            }
        }
        return moved;
    }

    /** Leaves out any two, and any three, of few. */
    #leaveOutTogether(points: Points): Points {
        const { length } = points;
        for (let first = 0; first < length && length <= shortListForPairs; first++) {
            for (let second = first + 1; second < length; second++) {
                const pair = points.filter((_, index) => index !== first && index !== second);
                const shorter = this.#failsWith(pair);
                if (shorter !== undefined) {
                    return this.leaveOut(shorter);
                }
                for (let third = second + 1; third < length; third++) {
                    if (length <= shortListForTriples) {
                        const gone = [points[first], points[second], points[third]];
                        const rest = this.#failsWith(points.filter((one) => !gone.includes(one)));
                        if (rest !== undefined) {
                            return this.leaveOut(rest);
                        }
                    }
                }
            }
        }
        return points;
    }

    /** The preemptions of a run with these points, if it fails in the same way. */
    #failsWith(points: Points): Points | undefined {
        const key = points.map((one) => `${one.cpu}@${one.from}+${one.fromOperations}`).join(".");
        if (this.#tried.has(key)) {
            return undefined;
        }
        this.#tried.add(key);
        const exact = () => new PreemptionSchedule(ascending(points));
        for (const make of [() => new AnchoredSchedule(points), exact]) {
            if (this.runs >= (this.#options.maxRuns ?? defaultMaxRuns)) {
                return undefined;
            }
            const { failure, taken } = this.#run(make);
            if (failure !== undefined && isSameFailure(failure, this.failure)) {
                this.failure = failure;
                this.#options.onProgress?.({ runs: this.runs, points: taken.length });
                return taken;
            }
        }
        return undefined;
    }

    #run(make: (...choices: Parameters<MakeSchedule>) => TellingSchedule) {
        const { subject, seed } = this.#options;
        let made: TellingSchedule | undefined;
        const schedule = fromMark((choices) => {
            made = make(choices);
            return made;
        });
        const { failure } = subject.run({ seed, schedule });
        this.runs++;
        return { failure, taken: made?.taken.slice() ?? [] };
    }
}

/** Points with one of them later by so many operations of the CPU that it preempts. */
function withLater(points: Points, index: number, by: number): Points {
    return points.map((point, at) =>
        at < index
            ? point
            : {
                  ...point,
                  after: point.after + by,
                  fromOperations: point.fromOperations + (at === index ? by : 0),
              },
    );
}

/** In the order of all CPUs' count, and one at a time. */
function ascending(points: Points): Points {
    return points
        .toSorted((one, other) => one.after - other.after)
        .filter(({ after }, index, sorted) => index === 0 || sorted[index - 1].after < after);
}
