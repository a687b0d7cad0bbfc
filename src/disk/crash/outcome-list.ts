/**
 * Outcomes of a component of requests, each once: what its segments hold, one source for each.
 *
 * There may be thousands of outcomes of thousands of segments, most of them nearly the same. So an
 * outcome is written down as what it differs in from another one, and found again by a sum over
 * its segments, which a change changes by what it changes.
 */
import { assert } from "../../base/assert.ts";
import type { Source } from "./crash-view.ts";

/** An outcome, all of it, that others are told by. */
export interface OutcomeBase {
    readonly sources: readonly Source[];
    readonly sum: number;
}

export interface Outcome {
    readonly base: OutcomeBase;
    /** Segments that differ from the base, each once. */
    readonly changes: readonly { readonly segment: number; readonly source: Source }[];
}

export function outcomeBase(sources: readonly Source[]): OutcomeBase {
    let sum = 0;
    for (let segment = 0; segment < sources.length; segment++) {
        sum = (sum + weight(segment, sources[segment])) >>> 0;
    }
    return { sources, sum };
}

/** An outcome that is told by itself. */
export function wholeOutcome(sources: readonly Source[]): Outcome {
    return { base: outcomeBase(sources), changes: [] };
}

export class OutcomeList {
    readonly #outcomes: Outcome[] = [];
    /** By sum: the index of the last outcome that has it. */
    readonly #bySum = new Map<number, number>();
    /** By outcome: the index of the one before it with the same sum, which hardly ever is. */
    readonly #previous: (number | undefined)[] = [];

    get length(): number {
        return this.#outcomes.length;
    }

    /** The source of each segment. Not to be changed. */
    at(index: number): readonly Source[] {
        assert(index >= 0 && index < this.length, "an outcome of the list");
        return sourcesOf(this.#outcomes[index]);
    }

    /** Adds an outcome unless it is there. */
    add(outcome: Outcome): void {
        const sum = sumOf(outcome);
        const previous = this.#bySum.get(sum);
        if (previous === undefined || this.#find(previous, sourcesOf(outcome)) === undefined) {
            this.#bySum.set(sum, this.length);
            this.#outcomes.push(outcome);
            this.#previous.push(previous);
        }
    }

    /** The index of an outcome; undefined when it is not there. */
    indexOf(sources: readonly Source[]): number | undefined {
        return this.#find(this.#bySum.get(outcomeBase(sources).sum), sources);
    }

    /** The index of an outcome, from that of the last one with its sum. */
    #find(last: number | undefined, sources: readonly Source[]): number | undefined {
        let index = last;
        while (index !== undefined && !areEqual(sources, sourcesOf(this.#outcomes[index]))) {
            index = this.#previous[index];
        }
        return index;
    }
}

function areEqual(first: readonly Source[], second: readonly Source[]): boolean {
    return first.every((source, segment) => source === second[segment]);
}

function sourcesOf({ base, changes }: Outcome): readonly Source[] {
    if (changes.length === 0) {
        return base.sources;
    }
    const sources = base.sources.slice();
    for (const { segment, source } of changes) {
        sources[segment] = source;
    }
    return sources;
}

function sumOf({ base, changes }: Outcome): number {
    let { sum } = base;
    for (const { segment, source } of changes) {
        const gain = weight(segment, source) - weight(segment, base.sources[segment]);
        sum = (sum + gain) >>> 0;
    }
    return sum;
}

/** What a segment with a source adds to the sum: 32 bits in which both are well mixed. */
function weight(segment: number, source: Source): number {
    let mixed = Math.imul(segment + 1, 0x9e37_79b1) ^ Math.imul(source + 3, 0x85eb_ca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2_ae35);
    return (mixed ^ (mixed >>> 13)) >>> 0;
}
