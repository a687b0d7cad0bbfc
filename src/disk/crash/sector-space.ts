/**
 * Levels L2 to L4: every sector has its own fate, so that the states are a product over sectors.
 *
 *     L2  sector tearing: any candidate
 *     L3  Ragnarok: or trash, where an open write reaches
 *     L4  collateral: or trash in the other sectors of a physical sector of 4 KiB that L3 trashes
 */
import { assert } from "../../base/assert.ts";
import {
    type CrashView,
    type Extent,
    isMaybe,
    physicalSectorSize,
    type Source,
    standingOf,
    trash,
} from "./crash-view.ts";
import { Domain, type DomainExtent, isUndecided, withCandidates } from "./domain.ts";
import { choiceAt, indexOfChoice, nearExtremes, type Units } from "./near-extremes.ts";
import type { CrashState, Level, StateCount, StateSpace } from "./state-space.ts";

/**
 * Which open writes may leave trash: those that were in flight when power failed, or also those
 * whose completion was told while the data was in the cache.
 */
export type TrashPolicy = "inflight" | "maybe";

/** The states of a product of sectors. */
export class SectorSpace implements StateSpace {
    readonly level: Level;
    readonly view: CrashView;
    readonly domain: Domain;
    readonly count: StateCount;
    readonly #units: Units;

    constructor(level: Level, view: CrashView, domain: Domain) {
        this.level = level;
        this.view = view;
        this.domain = domain;
        this.#units = {
            count: domain.sectorCount,
            optionCount: (place) => domain.extentAt(place).sources.length,
            top: (place) => domain.extentAt(place).top,
        };
        this.count = { count: productCount(domain), isExact: true };
    }

    get listedCount(): bigint {
        return this.count.count;
    }

    *states(): Generator<CrashState> {
        for (const choice of nearExtremes(this.#units)) {
            yield this.#state(choice);
        }
    }

    stateAt(index: bigint): CrashState {
        assert(index >= 0n && index < this.listedCount, "an index of a state");
        return this.#state(choiceAt(this.#units, index));
    }

    indexOf({ sources }: CrashState): bigint | undefined {
        const digits = Array.from(sources, (source, place) =>
            this.domain.extentAt(place).sources.indexOf(source),
        );
        return digits.includes(-1) ? undefined : indexOfChoice(this.#units, digits);
    }

    allows(sources: Int32Array): boolean {
        return (
            sources.length === this.domain.sectorCount &&
            this.domain.extents.every((extent) =>
                sources
                    .subarray(extent.start, extent.start + extent.sectorCount)
                    .every((source) => extent.sources.includes(source)),
            )
        );
    }

    #state(choice: Uint32Array): CrashState {
        const sources = new Int32Array(choice.length);
        for (const extent of this.domain.extents) {
            const end = extent.start + extent.sectorCount;
            for (let place = extent.start; place < end; place++) {
                sources[place] = extent.sources[choice[place]];
            }
        }
        return { level: this.level, view: this.view, domain: this.domain, sources };
    }
}

/** How many states a product of sectors has. */
function productCount(domain: Domain): bigint {
    let count = 1n;
    for (const { sources, sectorCount } of domain.extents) {
        count *= BigInt(sources.length) ** BigInt(sectorCount);
    }
    return count;
}

/** The sectors of L3. */
export function trashDomain(view: CrashView, policy: TrashPolicy): Domain {
    return new Domain(
        view.extents
            .filter(isUndecided)
            .map((extent) =>
                mayBeTrash(view, extent, policy) ? withTrash(extent) : withCandidates(extent),
            ),
    );
}

/** The sectors of L4: those of L3, and what shares a physical sector with trash. */
export function collateralDomain(view: CrashView, policy: TrashPolicy): Domain {
    const pieces = view.extents.flatMap((extent) => byPhysicalSector(view, extent));
    const struck = new Set(
        pieces
            .filter(({ extent }) => mayBeTrash(view, extent, policy))
            .map(({ physicalNo }) => physicalNo),
    );
    return new Domain(
        pieces
            .filter(({ extent, physicalNo }) => struck.has(physicalNo) || isUndecided(extent))
            .map(({ extent, physicalNo }) =>
                struck.has(physicalNo) ? withTrash(extent) : withCandidates(extent),
            ),
    );
}

/** Whether an open write that may leave trash reaches the sectors of an extent. */
function mayBeTrash(view: CrashView, extent: Extent, policy: TrashPolicy): boolean {
    return extent.candidates.some(
        (source) =>
            isMaybe(view, source) &&
            (policy === "maybe" || standingOf(view, view.trace.commands[source]) === "in flight"),
    );
}

/** An extent that may also hold trash. */
function withTrash(extent: Extent): Omit<DomainExtent, "start"> {
    const sources: Source[] = [...extent.candidates, trash];
    return { ...withCandidates(extent), sources };
}

/** An extent cut where physical sectors end. */
function byPhysicalSector(
    { trace }: CrashView,
    { firstSector, sectorCount, candidates }: Extent,
): { extent: Extent; physicalNo: number }[] {
    const perPhysical = physicalSectorSize / trace.sectorSizeBytes;
    const pieces: { extent: Extent; physicalNo: number }[] = [];
    for (let at = firstSector; at < firstSector + sectorCount; ) {
        const physicalNo = Math.floor(at / perPhysical);
        const end = Math.min((physicalNo + 1) * perPhysical, firstSector + sectorCount);
        const extent = { firstSector: at, sectorCount: end - at, candidates };
        pieces.push({ extent, physicalNo });
        at = end;
    }
    return pieces;
}
