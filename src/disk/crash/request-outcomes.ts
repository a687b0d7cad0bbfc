/**
 * The outcomes of one component of requests: every content that its undecided sectors can have
 * when requests land whole, each once.
 *
 * Outcomes are found from the top: which request landed last, which before it where it left
 * sectors free, and so on down to the floor. What lies below a covered sector is never asked, so
 * that a block written a thousand times has a thousand and one outcomes and as many steps.
 */
import { type CrashView, isDurable, type Source, sectorRange, sharesSector } from "./crash-view.ts";
import type { Domain } from "./domain.ts";
import { landsBefore } from "./request-order.ts";

/** Steps after which a component's outcomes are not counted any further. */
const maxSteps = 20_000;

/** Neighbouring sectors of the domain that the same requests of a component write. */
export interface Segment {
    /** The place of the first one in the domain. */
    readonly place: number;
    readonly sectorCount: number;
    /** The requests of the component that write it. */
    readonly writers: readonly number[];
    /** What shows when no request of the component lands there. */
    readonly floor: Source;
    /** Candidates, for the bound on the number of outcomes. */
    readonly candidateCount: number;
}

/** A component and what it can leave. */
export interface Component {
    readonly requests: readonly number[];
    readonly segments: readonly Segment[];
    /**
     * The source of each segment, by outcome. First the one in which nothing landed that need not
     * have; last, where it differs, the one in which everything landed in the order of landing.
     */
    readonly outcomes: readonly Int32Array[];
    /** How many outcomes there are; a bound where `outcomes` are not all. */
    readonly count: bigint;
    readonly isComplete: boolean;
}

/** No source: nothing has landed on a segment yet. */
const uncovered = -3;

/** The component of `requests`, which are in the order of landing. */
export function componentOf(
    view: CrashView,
    domain: Domain,
    requests: readonly number[],
): Component {
    const { segments, covered } = segmentsOf(view, domain, requests);
    const search = new OutcomeSearch(view, requests, segments, covered);
    const none = search.landed((id) => isDurable(view, id));
    const all = search.landed(() => true);
    const outcomes = new Map([[keyOf(none), none]]);
    const isComplete = requests.length === 1 || search.collect(outcomes);
    if (!isComplete) {
        // Too many to know them all: the ones that find most are each alone, and all but each.
        for (const request of requests) {
            const alone = search.landed((id) => id === request || isDurable(view, id));
            const missing = search.landed((id) => id !== request || isDurable(view, id));
            outcomes.set(keyOf(alone), alone).set(keyOf(missing), missing);
        }
    }
    // Anew, so that it is the last one.
    if (keyOf(all) !== keyOf(none)) {
        outcomes.delete(keyOf(all));
        outcomes.set(keyOf(all), all);
    }
    const count = isComplete ? BigInt(outcomes.size) : boundOf(segments);
    return { requests, segments, outcomes: [...outcomes.values()], count, isComplete };
}

/** No more than the sectors' candidates allow; tearing within a segment would be another level. */
function boundOf(segments: readonly Segment[]): bigint {
    return segments.reduce((bound, { candidateCount }) => bound * BigInt(candidateCount), 1n);
}

function keyOf(outcome: Int32Array): string {
    return outcome.join();
}

class OutcomeSearch {
    readonly #view: CrashView;
    readonly #requests: readonly number[];
    readonly #segments: readonly Segment[];
    /** By index of a request: the indexes of the segments that it writes. */
    readonly #covered: readonly (readonly number[])[];
    /** Indexes of the requests that must have landed. */
    readonly #durable: readonly number[];
    /** Indexes of the requests placed so far, the one that landed last first. */
    readonly #placed: number[] = [];
    #steps = 0;

    constructor(
        view: CrashView,
        requests: readonly number[],
        segments: readonly Segment[],
        covered: readonly (readonly number[])[],
    ) {
        this.#view = view;
        this.#requests = requests;
        this.#segments = segments;
        this.#covered = covered;
        this.#durable = [...requests.keys()].filter((index) => isDurable(view, requests[index]));
    }

    /** What is left when the requests that `lands` names land, in the order of landing. */
    landed(lands: (id: number) => boolean): Int32Array {
        const outcome = Int32Array.from(this.#segments, ({ floor }) => floor);
        for (const [index, id] of this.#requests.entries()) {
            if (lands(id)) {
                for (const segment of this.#covered[index]) {
                    outcome[segment] = id;
                }
            }
        }
        return outcome;
    }

    /** Adds every outcome to `outcomes`. Returns false when it gave up. */
    collect(outcomes: Map<string, Int32Array>): boolean {
        const outcome = new Int32Array(this.#segments.length).fill(uncovered);
        return this.#descend(outcome, outcomes);
    }

    /** Finds what can lie below the requests placed so far, which left `outcome`. */
    #descend(outcome: Int32Array, outcomes: Map<string, Int32Array>): boolean {
        this.#steps++;
        if (this.#steps > maxSteps) {
            return false;
        }
        const waiting = this.#durable.filter((index) => !this.#placed.includes(index));
        if (waiting.length === 0) {
            const found = outcome.map((source, segment) =>
                source === uncovered ? this.#segments[segment].floor : source,
            );
            outcomes.set(keyOf(found), found);
            if (!outcome.includes(uncovered)) {
                return true;
            }
        }
        for (let index = 0; index < this.#requests.length; index++) {
            if (this.#mayBeNext(index, outcome, waiting)) {
                this.#placed.push(index);
                const isDone = this.#descend(this.#withBelow(outcome, index), outcomes);
                this.#placed.pop();
                if (!isDone) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Whether a request can have landed just before those placed so far. */
    #mayBeNext(index: number, outcome: Int32Array, waiting: readonly number[]): boolean {
        const id = this.#requests[index];
        const isVisible = this.#covered[index].some((segment) => outcome[segment] === uncovered);
        if (this.#placed.includes(index) || !(isVisible || isDurable(this.#view, id))) {
            return false;
        }
        if (this.#placed.some((other) => this.#landsBefore(other, index))) {
            return false;
        }
        // Whatever must be above it and has to land is above it already.
        if (waiting.some((other) => other !== index && this.#landsBefore(index, other))) {
            return false;
        }
        const above = this.#placed.at(-1);
        return above === undefined || above < index || !this.#commute(index, above);
    }

    /** Whether two requests that land one after the other might as well land the other way. */
    #commute(lower: number, upper: number): boolean {
        return (
            !sharesSector(this.#view.trace, this.#requests[lower], this.#requests[upper]) &&
            !this.#landsBefore(lower, upper)
        );
    }

    #landsBefore(first: number, second: number): boolean {
        return landsBefore(this.#view, this.#requests[first], this.#requests[second]);
    }

    #withBelow(outcome: Int32Array, index: number): Int32Array {
        const below = outcome.slice();
        for (const segment of this.#covered[index]) {
            if (below[segment] === uncovered) {
                below[segment] = this.#requests[index];
            }
        }
        return below;
    }
}

/** The segments of the requests' undecided sectors, and which of them each request writes. */
function segmentsOf(
    view: CrashView,
    domain: Domain,
    requests: readonly number[],
): { segments: Segment[]; covered: number[][] } {
    const ranges = requests.map((id) => sectorRange(view.trace, id));
    const cuts = [...new Set(ranges.flat())].sort((a, b) => a - b);
    const segments: Segment[] = [];
    const covered: number[][] = requests.map(() => []);
    for (const piece of domain.piecesBetween(cuts)) {
        const writers = ranges.flatMap(([first, end], index) =>
            first <= piece.firstSector && piece.firstSector < end ? [index] : [],
        );
        for (const index of writers) {
            covered[index].push(segments.length);
        }
        if (writers.length > 0) {
            const outside = piece.sources.filter((source) => !requests.includes(source));
            segments.push({
                place: piece.place,
                sectorCount: piece.sectorCount,
                writers: writers.map((index) => requests[index]),
                // Where there is none, a durable request of the component covers it for sure.
                floor: outside[0] ?? piece.sources[0],
                candidateCount: piece.sources.length,
            });
        }
    }
    return { segments, covered };
}
