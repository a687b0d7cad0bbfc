/**
 * Shrinking: from a run that fails to the fewest preemptions with which it still fails.
 *
 * 1. The run's preemptions: where it differs from the plain policy (`PreemptionFinder`).
 * 2. Delta debugging over them (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing
 *    Input", 2002): parts are left out, large ones first, until none of what is left can be left
 *    out, nor any two or three together.
 * 3. Each is moved as late as it can be. One operation later and the failure is another or none, so
 *    the operation before which the preempted CPU now stands is one of those that race.
 * 4. Where there is more than one, the same failure is looked for with fewer (fewer-points.ts).
 *
 * A shorter list counts when its run fails in the same way, by kind and by message but for numbers.
 * What is left after any number of runs is a list that does, so the search can be cut at any time;
 * it depends on nothing but the run, so the same failure shrinks to the same list.
 */
import type { Preemption } from "../../machine/schedule/plain-policy.ts";
import { formatPreemptions } from "../../machine/schedule/preemptions.ts";
import { farthest } from "./farthest.ts";
import { findFewer } from "./fewer-points.ts";
import type { MakeSchedule, RunFailure, Subject } from "./subject.ts";
import { type Points, Trials } from "./trials.ts";

const defaultMaxRuns = 2000;
/** Lists as long as this, or shorter, are tried without any two, or any three, of theirs. */
const shortListForPairs = 12;
const shortListForTriples = 7;
/** A turn has at most so many operations, so a point cannot be moved farther. */
const farthestMove = 2 ** 16;

export interface ShrinkOptions {
    readonly subject: Subject;
    /** Of the run that fails. */
    readonly seed: number;
    /** Its schedule, as `parseSchedule` makes it, without a mark; it draws from its own stream. */
    readonly schedule: MakeSchedule;
    /** Of a run, as when the failure was found: `FailingRun.maxOperations`. */
    readonly maxOperations?: number | undefined;
    /** 2000 unless given. */
    readonly maxRuns?: number;
    readonly onProgress?: (progress: ShrinkProgress) => void;
}

export interface ShrinkProgress {
    readonly runs: number;
    /** Points of the list that is tried to be made shorter. */
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
    const { subject, seed, schedule, maxRuns = defaultMaxRuns, maxOperations } = options;
    const onFailure = (runs: number, { length }: Points) => {
        options.onProgress?.({ runs, points: length });
    };
    // One is for the last run, which says how the list fails that is left.
    const trials = new Trials({ subject, seed, maxRuns: maxRuns - 1, maxOperations, onFailure });
    const first = trials.first(schedule);
    if (first === undefined) {
        return undefined;
    }
    let points = makeSmall(trials, first);
    for (;;) {
        const fewer = findFewer(trials, { subject, seed, maxOperations }, points);
        if (fewer === undefined) {
            break;
        }
        points = makeSmall(trials, fewer);
    }
    const failure = trials.failureOf(points);
    return {
        seed,
        points: points.map(({ after, cpu }) => ({ after, cpu })),
        schedule: `preempt:${formatPreemptions(points)}`,
        failure,
        pointsAtFirst: first.length,
        runs: trials.runs,
    };
}

/** Leaves out what can be left out, and moves the rest, until nothing changes. */
function makeSmall(trials: Trials, points: Points): Points {
    let small = points;
    for (let before = -1; before !== small.length; ) {
        before = small.length;
        small = moveLater(trials, leaveOut(trials, small));
    }
    return small;
}

/** Leaves out parts, the last first, half as large each time. */
function leaveOut(trials: Trials, points: Points): Points {
    let left = points;
    for (let size = points.length; size > 0; size = Math.floor(size / 2)) {
        for (let end = left.length; end > 0; end = Math.min(end - size, left.length)) {
            const rest = [...left.slice(0, Math.max(0, end - size)), ...left.slice(end)];
            left = trials.fail(rest) ?? left;
        }
    }
    return leaveOutTogether(trials, left);
}

/** Leaves out any two, and any three, of few. */
function leaveOutTogether(trials: Trials, points: Points): Points {
    const { length } = points;
    for (let first = 0; first < length && length <= shortListForPairs; first++) {
        for (let second = first + 1; second < length; second++) {
            // A third that is the second leaves out two.
            const lastThird = length <= shortListForTriples ? length - 1 : second;
            for (let third = second; third <= lastThird; third++) {
                const gone = [first, second, third];
                const rest = trials.fail(points.filter((_, index) => !gone.includes(index)));
                if (rest !== undefined) {
                    return leaveOut(trials, rest);
                }
            }
        }
    }
    return points;
}

/** Moves each point as late as it can be, the last one first. */
function moveLater(trials: Trials, points: Points): Points {
    let moved = points;
    for (let index = points.length - 1; index >= 0; index--) {
        const start = moved;
        farthest(farthestMove, (by) => {
            const later = trials.failAnchored(withLater(start, index, by));
            moved = later ?? moved;
            return later !== undefined;
        });
        if (moved.length !== points.length) {
            return moved;
        }
    }
    return moved;
}

/** Points with one of them later by so many operations of the CPU that it preempts. */
function withLater(points: Points, index: number, by: number): Points {
    const point = points[index];
    return points.with(index, { ...point, fromOperations: point.fromOperations + by });
}
