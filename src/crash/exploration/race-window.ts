/**
 * The window of a preemption: between which two operations of the preempted CPU it must come, and
 * how far the other CPU must get meanwhile, for the run to fail in the same way.
 *
 * The preemption stands as late as it can (shrink.ts), so the operation that comes next is one end
 * of the window. The other end is found by moving the preemption back, and the other CPU's part by
 * giving the preempted one its turn back, sooner and sooner. At each end stands an operation
 * without which there is no such failure: what was done before, what came in between, and what is
 * then done too late.
 */
import { farthest } from "./farthest.ts";
import type { Points, Trials } from "./trials.ts";

/** Counts of operations. */
export interface RaceWindow {
    /** By which, of the preempted CPU's, the preemption may come earlier. */
    readonly earlierBy: number;
    /** That the other CPU must have done before the preempted one goes on. */
    readonly meanwhile: number;
}

/** What the other CPU of a preemption did, in counts of its own operations. */
export interface OtherSide {
    readonly before: number;
    /** Until the preempted CPU went on; at least 1. */
    readonly meanwhile: number;
}

/** Measures the window of one of the points of a list that fails. */
export function measureWindow(
    trials: Trials,
    points: Points,
    index: number,
    other: OtherSide,
): RaceWindow {
    const point = points[index];
    const earlierBy = farthest(point.fromOperations, (by) => {
        const moved = { ...point, fromOperations: point.fromOperations - by };
        return trials.failAnchored(points.with(index, moved)) !== undefined;
    });
    const sooner = farthest(other.meanwhile - 1, (by) => {
        const fromOperations = other.before + other.meanwhile - by;
        const back = { after: point.after, cpu: point.from, from: point.cpu, fromOperations };
        return trials.failWith(points, back);
    });
    return { earlierBy, meanwhile: other.meanwhile - sooner };
}
