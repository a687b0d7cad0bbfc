/**
 * Sources of places in a row, as runs: where a state is the same over a terabyte, it is one number.
 *
 * Runs follow each other without gaps. Neighbours may have the same source; whoever asks for runs
 * gets them joined.
 */
import { assert } from "../../base/assert.ts";
import type { Source } from "./crash-view.ts";
import { partitionPoint } from "./partition-point.ts";

/** Places in a row with the same source. */
export interface SourceRun {
    readonly start: number;
    /** The place after the last. */
    readonly end: number;
    readonly source: Source;
}

export class SourceRuns {
    /** By run: the place after its last one, ascending. */
    readonly #ends: number[] = [];
    readonly #sources: Source[] = [];

    /** How many places there are, from 0. */
    get length(): number {
        return this.#ends.at(-1) ?? 0;
    }

    /** The source of a place. */
    at(place: number): Source {
        assert(place >= 0 && place < this.length, "a place that has a source");
        return this.#sources[this.#runOf(place)];
    }

    /** More places at the end. */
    append(count: number, source: Source): void {
        if (count > 0) {
            this.#ends.push(this.length + count);
            this.#sources.push(source);
        }
    }

    /** Gives the places from `start` to before `end` another source. */
    fill(source: Source, start: number, end: number): void {
        assert(start >= 0 && end <= this.length, "places that have a source");
        if (start >= end) {
            return;
        }
        const first = this.#cutAt(start);
        const after = this.#cutAt(end);
        this.#sources.fill(source, first, after);
    }

    /** The runs between two places, which cut the outer ones. */
    *runs(start = 0, end = this.length): Generator<SourceRun> {
        let at = start;
        for (let run = this.#runOf(start); at < end; ) {
            const source = this.#sources[run];
            while (this.#ends[run] < end && this.#sources[run + 1] === source) {
                run++;
            }
            const runEnd = Math.min(this.#ends[run], end);
            yield { start: at, end: runEnd, source };
            at = runEnd;
            run++;
        }
    }

    /** The one source of all places from `start` to before `end`; undefined where they differ. */
    uniform(start: number, end: number): Source | undefined {
        const [first, second] = this.runs(start, end);
        return second === undefined ? first?.source : undefined;
    }

    equals(other: SourceRuns): boolean {
        const others = other.runs();
        for (const { end, source } of this.runs()) {
            const { value } = others.next();
            if (value?.end !== end || value?.source !== source) {
                return false;
            }
        }
        return this.length === other.length;
    }

    #runOf(place: number): number {
        return partitionPoint(this.#ends.length, (run) => this.#ends[run] <= place);
    }

    /** Makes a run begin at a place. Returns its index, or the number of runs at the end. */
    #cutAt(place: number): number {
        const run = this.#runOf(place);
        const start = run === 0 ? 0 : this.#ends[run - 1];
        if (run === this.#ends.length || start === place) {
            return run;
        }
        this.#ends.splice(run, 0, place);
        this.#sources.splice(run, 0, this.#sources[run]);
        return run + 1;
    }
}
