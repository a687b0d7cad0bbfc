/**
 * The sectors over which states of a level differ, and the sources that each of them may have.
 *
 * A state is one source for each sector of its domain, in the order of the domain; all other
 * sectors are as the settled disk has them.
 */
import { assert } from "../../base/assert.ts";
import type { CrashView, Extent, Source } from "./crash-view.ts";
import { partitionPoint } from "./partition-point.ts";
import { SourceRuns } from "./source-runs.ts";

/** Neighbouring sectors that may have the same sources, at least two. The first is the floor. */
export interface DomainExtent extends SectorRange {
    /** Place of the first sector among all sectors of the domain. */
    readonly start: number;
    readonly sources: readonly Source[];
    /** Which of `sources` a sector has when everything landed and nothing broke. */
    readonly top: number;
}

export class Domain {
    readonly extents: readonly DomainExtent[];
    /** Sectors in all. */
    readonly sectorCount: number;

    constructor(extents: readonly Omit<DomainExtent, "start">[]) {
        let start = 0;
        this.extents = extents.map((extent) => {
            assert(extent.sources.length >= 2, "a domain has undecided sectors only");
            const placed = { ...extent, start };
            start += extent.sectorCount;
            return placed;
        });
        this.sectorCount = start;
    }

    /** The undecided sectors of a view with their candidates. */
    static ofCandidates({ extents }: CrashView): Domain {
        return new Domain(extents.filter(isUndecided).map(withCandidates));
    }

    /** The extent with the sector at a place of the domain. */
    extentAt(place: number): DomainExtent {
        assert(place >= 0 && place < this.sectorCount, "a place of the domain");
        return this.extents[this.#countWhere(({ start }) => start <= place) - 1];
    }

    /** Where a sector stands in the domain; undefined when it is not of it. */
    placeOf(sectorNo: number): number | undefined {
        const index = this.#countWhere(({ firstSector }) => firstSector <= sectorNo) - 1;
        const extent = this.extents[index];
        if (extent === undefined || sectorNo >= extent.firstSector + extent.sectorCount) {
            return undefined;
        }
        return extent.start + sectorNo - extent.firstSector;
    }

    /** The number of the sector at a place. */
    sectorAt(place: number): number {
        const { firstSector, start } = this.extentAt(place);
        return firstSector + place - start;
    }

    /** The state in which every sector is as the floor has it. */
    floor(): SourceRuns {
        return this.#allAt(() => 0);
    }

    /** The state in which everything landed and nothing broke. */
    tops(): SourceRuns {
        return this.#allAt(({ top }) => top);
    }

    /**
     * The sectors from the first to the last of `cuts`, in pieces that lie in one extent and
     * between two cuts each. `cuts` are sectors in ascending order.
     */
    *piecesBetween(cuts: readonly number[]): Generator<DomainPiece> {
        for (let cut = 0; cut + 1 < cuts.length; cut++) {
            const end = cuts[cut + 1];
            let index = this.#countWhere((extent) => endOf(extent) <= cuts[cut]);
            for (; index < this.extents.length; index++) {
                const extent = this.extents[index];
                const first = Math.max(cuts[cut], extent.firstSector);
                const sectorCount = Math.min(end, endOf(extent)) - first;
                if (sectorCount <= 0) {
                    break;
                }
                const place = extent.start + first - extent.firstSector;
                yield { firstSector: first, sectorCount, place, sources: extent.sources };
            }
        }
    }

    /** The sectors from `first` to before `end` that are not of the domain, in runs. */
    *gapsBetween(first: number, end: number): Generator<SectorRange> {
        let at = first;
        for (const { firstSector, sectorCount } of this.piecesBetween([first, end])) {
            if (at < firstSector) {
                yield { firstSector: at, sectorCount: firstSector - at };
            }
            at = firstSector + sectorCount;
        }
        if (at < end) {
            yield { firstSector: at, sectorCount: end - at };
        }
    }

    #allAt(option: (extent: DomainExtent) => number): SourceRuns {
        const runs = new SourceRuns();
        for (const extent of this.extents) {
            runs.append(extent.sectorCount, extent.sources[option(extent)]);
        }
        return runs;
    }

    /** How many extents come before the first for which `isBefore` is false. */
    #countWhere(isBefore: (extent: DomainExtent) => boolean): number {
        return partitionPoint(this.extents.length, (index) => isBefore(this.extents[index]));
    }
}

/** Sectors in a row. */
export interface SectorRange {
    readonly firstSector: number;
    readonly sectorCount: number;
}

/** Neighbouring sectors of one extent of a domain. */
export interface DomainPiece extends SectorRange {
    /** Place of the first sector among all sectors of the domain. */
    readonly place: number;
    readonly sources: readonly Source[];
}

function endOf({ firstSector, sectorCount }: DomainExtent): number {
    return firstSector + sectorCount;
}

/** Whether the sectors of an extent have more than one candidate. */
export function isUndecided({ candidates }: Extent): boolean {
    return candidates.length > 1;
}

/** An extent for a domain, with its candidates as the sources. */
export function withCandidates(extent: Extent): Omit<DomainExtent, "start"> {
    const { firstSector, sectorCount, candidates } = extent;
    return { firstSector, sectorCount, sources: candidates, top: candidates.length - 1 };
}
