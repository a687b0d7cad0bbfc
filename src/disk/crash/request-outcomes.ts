/**
 * The outcomes of one component of requests: every content that its undecided sectors can have
 * when requests land whole, each once. Where they are too many to know them all, they are those
 * that find most: the ones near the extremes, at which nothing landed and everything.
 */
import { type CrashView, isDurable, type Source, sectorRange } from "./crash-view.ts";
import type { Domain } from "./domain.ts";
import { OutcomeList, outcomeBase, wholeOutcome } from "./outcome-list.ts";
import { maxSteps, searchOutcomes } from "./outcome-search.ts";
import { partitionPoint } from "./partition-point.ts";
import { type Segment, type WrittenSegments, writtenSegments } from "./request-segments.ts";

/** A component and what it can leave. */
export interface Component {
    readonly requests: readonly number[];
    readonly segments: readonly Segment[];
    /** The first one is that in which nothing landed that need not have. */
    readonly outcomes: OutcomeList;
    /** Which outcome is the one in which everything landed, in the order of landing. */
    readonly top: number;
    /** How many outcomes there are; a bound where `outcomes` are not all. */
    readonly count: bigint;
    readonly isComplete: boolean;
}

/** The component of `requests`, which are in the order of landing. */
export function componentOf(
    view: CrashView,
    domain: Domain,
    requests: readonly number[],
): Component {
    const written = writtenSegments(view, domain, requests);
    const { segments } = written;
    const found = allOutcomes(view, requests, written);
    const outcomes = found ?? nearOutcomes(view, requests, written);
    return {
        requests,
        segments,
        outcomes,
        top: outcomes.indexOf(landed(segments, () => true)) ?? 0,
        count: found === undefined ? boundOf(segments) : BigInt(outcomes.length),
        isComplete: found !== undefined,
    };
}

/** Every outcome; undefined where they are too many to find. */
function allOutcomes(
    view: CrashView,
    requests: readonly number[],
    written: WrittenSegments,
): OutcomeList | undefined {
    const outcomes = new OutcomeList();
    outcomes.add(wholeOutcome(landed(written.segments, (id) => isDurable(view, id))));
    outcomes.add(wholeOutcome(landed(written.segments, () => true)));
    if (requests.length === 1) {
        return outcomes;
    }
    const isFound =
        independentSetCount(view, requests, written) <= maxSteps &&
        searchOutcomes(view, requests, written, (sources) => outcomes.add(wholeOutcome(sources)));
    return isFound ? outcomes : undefined;
}

/**
 * The outcomes in which few of the open requests landed, or few did not: each alone and all but
 * each, and while there are not too many of them two and all but two.
 */
function nearOutcomes(
    view: CrashView,
    requests: readonly number[],
    { segments, covered }: WrittenSegments,
): OutcomeList {
    const open = [...requests.keys()].filter((index) => !isDurable(view, requests[index]));
    const none = outcomeBase(landed(segments, (id) => isDurable(view, id)));
    const all = outcomeBase(landed(segments, () => true));
    const outcomes = new OutcomeList();
    outcomes.add({ base: none, changes: [] });
    outcomes.add({ base: all, changes: [] });
    for (const index of open) {
        const source = requests[index];
        const shown = covered[index].filter((segment) => index > segments[segment].lastDurable);
        const onTop = covered[index].filter((segment) => all.sources[segment] === source);
        outcomes.add({ base: none, changes: shown.map((segment) => ({ segment, source })) });
        const uncover = (segment: number) => {
            const { writers, floor } = segments[segment];
            return { segment, source: writers.at(-2) ?? floor };
        };
        outcomes.add({ base: all, changes: onTop.map(uncover) });
    }
    if (open.length ** 2 <= maxSteps) {
        for (const [place, first] of open.entries()) {
            for (const second of open.slice(place + 1)) {
                const two = [requests[first], requests[second]];
                const alone = landed(segments, (id) => two.includes(id) || isDurable(view, id));
                const missing = landed(segments, (id) => !two.includes(id));
                outcomes.add(wholeOutcome(alone));
                outcomes.add(wholeOutcome(missing));
            }
        }
    }
    return outcomes;
}

/** What is left when the requests that `lands` names land, in the order of landing. */
function landed(segments: readonly Segment[], lands: (id: number) => boolean): readonly Source[] {
    return segments.map(({ writers, floor }) => writers.findLast(lands) ?? floor);
}

/** No more than the sectors' candidates allow; tearing within a segment would be another level. */
function boundOf(segments: readonly Segment[]): bigint {
    return segments.reduce((bound, { candidateCount }) => bound * BigInt(candidateCount), 1n);
}

/**
 * How many sets there are of open requests that show by themselves and share no sector: each is an
 * outcome of its own, when nothing else landed. Of all outcomes that are some, and soon counted.
 */
function independentSetCount(
    view: CrashView,
    requests: readonly number[],
    { segments, covered }: WrittenSegments,
): number {
    const ranges = requests
        .filter(
            (id, index) =>
                !isDurable(view, id) &&
                covered[index].some((segment) => index > segments[segment].lastDurable),
        )
        .map((id) => sectorRange(view.trace, id))
        .sort(([, a], [, b]) => a - b);
    // counts[n]: the sets of the first n ranges. A range is in a set or not; if it is, the others
    // are of those that end before it begins.
    const counts = [1];
    for (const [index, [first]] of ranges.entries()) {
        const before = partitionPoint(index, (other) => ranges[other][1] <= first);
        counts.push(counts[index] + counts[before]);
    }
    return counts[ranges.length];
}
