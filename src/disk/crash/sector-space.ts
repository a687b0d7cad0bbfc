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
import { type Choice, choiceAt, nearExtremes, type Units } from "./near-extremes.ts";
import type { SourceRuns } from "./source-runs.ts";
import { CountProduct, type StateCount } from "./state-count.ts";
import type { CrashState, Level, StateSpace } from "./state-space.ts";

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
        const moving = domain.extents.filter(({ top }) => top !== 0);
        this.#units = {
            count: domain.sectorCount,
            movingCount: moving.reduce((sum, { sectorCount }) => sum + sectorCount, 0),
            optionCount: (place) => domain.extentAt(place).sources.length,
            top: (place) => domain.extentAt(place).top,
        };
        this.count = productCount(domain);
    }

    get listedCount(): bigint | undefined {
        return this.count.count;
    }

    *states(): Generator<CrashState> {
        for (const choice of nearExtremes(this.#units)) {
            yield this.#state(choice);
        }
    }

    stateAt(index: bigint): CrashState {
        const { listedCount } = this;
        assert(index >= 0n && (listedCount === undefined || index < listedCount), "a listed state");
        return this.#state(choiceAt(this.#units, index));
    }

    indexOf({ sources }: CrashState): bigint | undefined {
        if (this.listedCount === undefined) {
            return undefined;
        }
        // Each sector is a digit, the first one the lowest; a run has the same digit throughout.
        let index = 0n;
        for (const { start, sectorCount, sources: options } of this.domain.extents.toReversed()) {
            for (const run of [...sources.runs(start, start + sectorCount)].reverse()) {
                const digit = options.indexOf(run.source);
                if (digit < 0) {
                    return undefined;
                }
                const radix = BigInt(options.length);
                const weight = radix ** BigInt(run.end - run.start);
                index = index * weight + (BigInt(digit) * (weight - 1n)) / (radix - 1n);
            }
        }
        return index;
    }

    allows(sources: SourceRuns): boolean {
        return (
            sources.length === this.domain.sectorCount &&
            this.domain.extents.every(({ start, sectorCount, sources: options }) => {
                const runs = [...sources.runs(start, start + sectorCount)];
                return runs.every(({ source }) => options.includes(source));
            })
        );
    }

    #state({ origin, differing }: Choice): CrashState {
        const sources = origin === "none" ? this.domain.floor() : this.domain.tops();
        for (const { unit, option } of differing) {
            sources.fill(this.domain.extentAt(unit).sources[option], unit, unit + 1);
        }
        return { level: this.level, view: this.view, domain: this.domain, sources };
    }
}

/** How many states a product of sectors has. */
function productCount(domain: Domain): StateCount {
    const product = new CountProduct();
    for (const { sources, sectorCount } of domain.extents) {
        product.multiply(BigInt(sources.length), sectorCount);
    }
    return product.result();
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
    const struck = new Set<number | undefined>(
        pieces
            .filter(({ extent }) => mayBeTrash(view, extent, policy))
            .map(({ physicalNo }) => physicalNo),
    );
    const isStruck = ({ extent, physicalNo }: Piece) =>
        physicalNo === undefined ? mayBeTrash(view, extent, policy) : struck.has(physicalNo);
    return new Domain(
        pieces
            .filter((piece) => isStruck(piece) || isUndecided(piece.extent))
            .map((piece) =>
                isStruck(piece) ? withTrash(piece.extent) : withCandidates(piece.extent),
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

/** A part of an extent. */
interface Piece {
    readonly extent: Extent;
    /** The physical sector that it is a part of; undefined for whole ones. */
    readonly physicalNo: number | undefined;
}

/** An extent as the part of a physical sector, whole ones, and the part of another. */
function byPhysicalSector({ trace }: CrashView, whole: Extent): Piece[] {
    const perPhysical = physicalSectorSize / trace.sectorSizeBytes;
    const pieces: Piece[] = [];
    const { firstSector, sectorCount, candidates } = whole;
    const end = firstSector + sectorCount;
    for (let at = firstSector; at < end; ) {
        const physicalNo = Math.floor(at / perPhysical);
        const isAligned = at % perPhysical === 0;
        const wholeEnd = end - (end % perPhysical);
        const isWhole = isAligned && at < wholeEnd;
        const pieceEnd = isWhole ? wholeEnd : Math.min((physicalNo + 1) * perPhysical, end);
        const extent = { firstSector: at, sectorCount: pieceEnd - at, candidates };
        pieces.push({ extent, physicalNo: isWhole ? undefined : physicalNo });
        at = pieceEnd;
    }
    return pieces;
}
