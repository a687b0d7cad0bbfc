/**
 * Finds every outcome of a component of requests, from the top: which request landed last, which
 * before it where it left sectors free, and so on down to the floor. What lies below a covered
 * sector is never asked, so that a block written a thousand times has a thousand and one outcomes
 * and as many steps.
 */
import { type CrashView, isDurable, type Source, sharesSector } from "./crash-view.ts";
import { landsBefore } from "./request-order.ts";
import type { WrittenSegments } from "./request-segments.ts";

/** Outcomes that are looked for at most, and pairs of requests that are compared on the way. */
export const maxSteps = 20_000;
const maxComparisons = 20_000_000;

/** No source: nothing has landed on a segment yet. */
const uncovered = -3;

/**
 * Calls `visit` with every outcome, with some more than once. Returns false when they are too many
 * to find; then some are missing.
 */
export function searchOutcomes(
    view: CrashView,
    requests: readonly number[],
    written: WrittenSegments,
    visit: (sources: readonly Source[]) => void,
): boolean {
    return new OutcomeSearch(view, requests, written, visit).run();
}

class OutcomeSearch {
    readonly #view: CrashView;
    readonly #requests: readonly number[];
    readonly #written: WrittenSegments;
    readonly #visit: (sources: readonly Source[]) => void;
    /** Indexes of the requests that must have landed. */
    readonly #durable: readonly number[];
    /** Indexes of the requests placed so far, the one that landed last first. */
    readonly #placed: number[] = [];
    #steps = 0;
    #comparisons = 0;

    constructor(
        view: CrashView,
        requests: readonly number[],
        written: WrittenSegments,
        visit: (sources: readonly Source[]) => void,
    ) {
        this.#view = view;
        this.#requests = requests;
        this.#written = written;
        this.#visit = visit;
        this.#durable = [...requests.keys()].filter((index) => isDurable(view, requests[index]));
    }

    run(): boolean {
        return this.#descend(new Array<Source>(this.#written.segments.length).fill(uncovered));
    }

    /** Finds what can lie below the requests placed so far, which left `outcome`. */
    #descend(outcome: readonly Source[]): boolean {
        this.#steps++;
        if (this.#steps > maxSteps) {
            return false;
        }
        const waiting = this.#durable.filter((index) => !this.#placed.includes(index));
        if (waiting.length === 0) {
            const found = this.#withFloor(outcome);
            this.#visit(found);
            if (found === outcome) {
                return true;
            }
        }
        this.#comparisons += this.#requests.length * (1 + waiting.length);
        if (this.#comparisons > maxComparisons) {
            return false;
        }
        for (let index = 0; index < this.#requests.length; index++) {
            if (this.#mayBeNext(index, outcome, waiting)) {
                this.#placed.push(index);
                const isDone = this.#descend(this.#withBelow(outcome, index));
                this.#placed.pop();
                if (!isDone) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Whether a request can have landed just before those placed so far. */
    #mayBeNext(index: number, outcome: readonly Source[], waiting: readonly number[]): boolean {
        const covered = this.#written.covered[index];
        const isVisible = covered.some((segment) => outcome[segment] === uncovered);
        if (!isVisible && !isDurable(this.#view, this.#requests[index])) {
            return false;
        }
        if (this.#placed.some((other) => other === index || this.#landsBefore(other, index))) {
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

    /** An outcome with the floor where nothing covers it; the same array where nothing is free. */
    #withFloor(outcome: readonly Source[]): readonly Source[] {
        if (!outcome.includes(uncovered)) {
            return outcome;
        }
        const { segments } = this.#written;
        return outcome.map((source, index) =>
            source === uncovered ? segments[index].floor : source,
        );
    }

    #withBelow(outcome: readonly Source[], index: number): readonly Source[] {
        const below = outcome.slice();
        for (const segment of this.#written.covered[index]) {
            if (below[segment] === uncovered) {
                below[segment] = this.#requests[index];
            }
        }
        return below;
    }
}
