/**
 * The levels: how much a disk is trusted, from one that loses only the newest writes to one that
 * lies. What a level allows, all later ones up to L4 allow too; L5 is L1 without promises.
 *
 *     L0  block prefix       requests whole, in one order
 *     L1  block subset       requests whole, any set of the open ones, in any order
 *     L2  sector tearing     each sector of an open request lands by itself
 *     L3  Ragnarok           a sector with an open write may hold trash
 *     L4  collateral         so may the rest of its physical 4 KiB
 *     L5  liar               flushes and write-throughs may have done nothing
 */

import { promises } from "../trace/durability.ts";
import { crashView } from "./crash-sweep.ts";
import { beforeTrace, type CrashView, isDurable, type Source } from "./crash-view.ts";
import { Domain } from "./domain.ts";
import { PrefixSpace } from "./prefix-space.ts";
import { RequestSpace } from "./request-space.ts";
import { collateralDomain, SectorSpace, type TrashPolicy, trashDomain } from "./sector-space.ts";
import { SourceRuns } from "./source-runs.ts";
import type { StateCount } from "./state-count.ts";
import type { CrashState, Level, StateSpace } from "./state-space.ts";

export interface LevelOptions {
    /** Which open writes may leave trash, for L3 and L4; `maybe` where left out. */
    readonly trash?: TrashPolicy;
}

/** The states of a level for a view. */
export function stateSpace(view: CrashView, level: Level, options: LevelOptions = {}): StateSpace {
    const trashPolicy = options.trash ?? "maybe";
    switch (level) {
        case "L0":
            return new PrefixSpace(view);
        case "L1":
            return new RequestSpace(level, view);
        case "L2":
            return new SectorSpace(level, view, Domain.ofCandidates(view));
        case "L3":
            return new SectorSpace(level, view, trashDomain(view, trashPolicy));
        case "L4":
            return new SectorSpace(level, view, collateralDomain(view, trashPolicy));
        case "L5":
            return new RequestSpace(level, liarView(view));
    }
}

/** How many states a level allows. */
export function countStates(view: CrashView, level: Level, options?: LevelOptions): StateCount {
    return stateSpace(view, level, options).count;
}

/** Whether a level allows a view to become what a state, of whichever level, leaves. */
export function isAllowed(
    view: CrashView,
    level: Level,
    state: CrashState,
    options?: LevelOptions,
): boolean {
    const space = stateSpace(view, level, options);
    const sources = projected(state, view, space.domain);
    return sources !== undefined && space.allows(sources);
}

/**
 * The sources that a state gives the sectors of another domain; undefined where the state changes
 * a sector that is decided in the view and so not of the domain.
 */
function projected(state: CrashState, view: CrashView, domain: Domain): SourceRuns | undefined {
    const found = new SourceRuns();
    for (const { firstSector, sectorCount, start, sources } of domain.extents) {
        found.append(sectorCount, decidedOf(state.view, sources));
        for (const piece of state.domain.piecesBetween([firstSector, firstSector + sectorCount])) {
            const shift = start + piece.firstSector - firstSector - piece.place;
            for (const run of state.sources.runs(piece.place, piece.place + piece.sectorCount)) {
                found.fill(run.source, run.start + shift, run.end + shift);
            }
        }
    }
    for (const { firstSector, sectorCount, start, sources } of state.domain.extents) {
        const decided = decidedOf(view, sources);
        for (const gap of domain.gapsBetween(firstSector, firstSector + sectorCount)) {
            const place = start + gap.firstSector - firstSector;
            if (state.sources.uniform(place, place + gap.sectorCount) !== decided) {
                return undefined;
            }
        }
    }
    return found;
}

/** What a sector with these sources holds in a view in which it is decided. */
function decidedOf(view: CrashView, sources: readonly Source[]): Source {
    return sources.findLast((id) => id >= 0 && isDurable(view, id)) ?? beforeTrace;
}

/** The same crash on a disk that kept no promise. */
function liarView({ trace, time }: CrashView): CrashView {
    return crashView(trace, time, promises(trace));
}
