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
import { beforeTrace, type CrashView, isDurable } from "./crash-view.ts";
import { Domain } from "./domain.ts";
import { PrefixSpace } from "./prefix-space.ts";
import { RequestSpace } from "./request-space.ts";
import { collateralDomain, SectorSpace, type TrashPolicy, trashDomain } from "./sector-space.ts";
import type { CrashState, Level, StateCount, StateSpace } from "./state-space.ts";

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

/** Whether a level allows what a state, of whichever level, leaves. */
export function isAllowed(state: CrashState, level: Level, options?: LevelOptions): boolean {
    const space = stateSpace(state.view, level, options);
    const sources = projected(state, space);
    return sources !== undefined && space.allows(sources);
}

/**
 * The sources that a state gives the sectors of another space; undefined where the state leaves
 * something in a sector that the space has as decided.
 */
function projected(
    { view, domain, sources }: CrashState,
    space: StateSpace,
): Int32Array | undefined {
    const found = new Int32Array(space.domain.sectorCount);
    for (const { firstSector, sectorCount, start, sources: options } of space.domain.extents) {
        // A sector that the state does not mention holds the write that is durable for the host.
        const decided = options.findLast((id) => id >= 0 && isDurable(view, id)) ?? beforeTrace;
        for (let index = 0; index < sectorCount; index++) {
            const place = domain.placeOf(firstSector + index);
            found[start + index] = place === undefined ? decided : sources[place];
        }
    }
    for (let place = 0; place < sources.length; place++) {
        const floor = domain.extentAt(place).sources[0];
        if (
            sources[place] !== floor &&
            space.domain.placeOf(domain.sectorAt(place)) === undefined
        ) {
            return undefined;
        }
    }
    return found;
}

/** The same crash on a disk that kept no promise. */
function liarView({ trace, time }: CrashView): CrashView {
    return crashView(trace, time, promises(trace));
}
