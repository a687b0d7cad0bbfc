/** Where the requests of a component write: the pieces of the disk on which they can differ. */
import { type CrashView, isDurable, type Source, sectorRange } from "./crash-view.ts";
import type { Domain } from "./domain.ts";

/** Neighbouring sectors of the domain that the same requests of a component write. */
export interface Segment {
    /** The place of the first one in the domain. */
    readonly place: number;
    readonly sectorCount: number;
    /** The requests of the component that write it, in the order of landing. */
    readonly writers: readonly number[];
    /** The index among the component's requests of the last durable writer; -1 without one. */
    readonly lastDurable: number;
    /** What shows when no request of the component lands there. */
    readonly floor: Source;
    /** Candidates, for the bound on the number of outcomes. */
    readonly candidateCount: number;
}

/** The segments of a component, and who writes them. */
export interface WrittenSegments {
    /** In the order of their places. */
    readonly segments: readonly Segment[];
    /** By index of a request: the indexes of the segments that it writes. */
    readonly covered: readonly (readonly number[])[];
}

/** The segments of the undecided sectors of `requests`, which are in the order of landing. */
export function writtenSegments(
    view: CrashView,
    domain: Domain,
    requests: readonly number[],
): WrittenSegments {
    const ranges = requests.map((id) => sectorRange(view.trace, id));
    const cuts = [...new Set(ranges.flat())].sort((a, b) => a - b);
    const members = new Set<Source>(requests);
    const present = new Present(ranges);
    const segments: Segment[] = [];
    const covered: number[][] = requests.map(() => []);
    for (const { place, firstSector, sectorCount, sources } of domain.piecesBetween(cuts)) {
        const writers = present.at(firstSector);
        if (writers.length === 0) {
            continue;
        }
        for (const index of writers) {
            covered[index].push(segments.length);
        }
        segments.push({
            place,
            sectorCount,
            writers: writers.map((index) => requests[index]),
            lastDurable: writers.findLast((index) => isDurable(view, requests[index])) ?? -1,
            // Where there is none, a durable request of the component covers it for sure.
            floor: sources.find((source) => !members.has(source)) ?? sources[0],
            candidateCount: sources.length,
        });
    }
    return { segments, covered };
}

/** Goes along the disk and says which of some ranges are there. */
class Present {
    readonly #ranges: readonly (readonly [first: number, end: number])[];
    /** Indexes of ranges that are still to come, the next one last. */
    readonly #coming: number[];
    #here: number[] = [];

    constructor(ranges: readonly (readonly [first: number, end: number])[]) {
        this.#ranges = ranges;
        this.#coming = [...ranges.keys()].sort((a, b) => ranges[b][0] - ranges[a][0]);
    }

    /** The indexes of the ranges with a sector, ascending; sectors must ascend, too. */
    at(sectorNo: number): readonly number[] {
        const isHere = (index: number) => sectorNo < this.#ranges[index][1];
        const here = this.#here.filter(isHere);
        for (;;) {
            const next = this.#coming.at(-1);
            if (next === undefined || this.#ranges[next][0] > sectorNo) {
                break;
            }
            this.#coming.pop();
            if (isHere(next)) {
                here.push(next);
            }
        }
        this.#here = here.sort((a, b) => a - b);
        return this.#here;
    }
}
