/** From which level on a sector may hold what it may hold after a crash. */
import { isWrite, promises } from "../trace/durability.ts";
import { crashView } from "./crash-sweep.ts";
import {
    beforeTrace,
    type CrashView,
    compareLanding,
    isDurable,
    isMaybe,
    type Source,
} from "./crash-view.ts";
import type { Domain } from "./domain.ts";
import { collateralDomain, type TrashPolicy, trashDomain } from "./sector-space.ts";
import { type Level, levels } from "./state-space.ts";

/** The levels of a view's sectors; asking for many sectors costs little more than for one. */
export class SectorLevels {
    readonly #view: CrashView;
    readonly #liarView: CrashView;
    readonly #trashDomain: Domain;
    readonly #collateralDomain: Domain;

    constructor(view: CrashView, policy: TrashPolicy = "maybe") {
        this.#view = view;
        this.#liarView = crashView(view.trace, view.time, promises(view.trace));
        this.#trashDomain = trashDomain(view, policy);
        this.#collateralDomain = collateralDomain(view, policy);
    }

    /**
     * By source: the first level at which some state gives it to the sector. A source that none
     * does is not there; the only one there is what the sector holds in every state of every
     * level.
     *
     * @param sectorNo counts the trace's logical sectors from 0
     */
    bySource(sectorNo: number): ReadonlyMap<Source, Level> {
        const candidates = candidatesOf(this.#view, sectorNo);
        const inDomain = (domain: Domain) => {
            const place = domain.placeOf(sectorNo);
            return place === undefined ? candidates : domain.extentAt(place).sources;
        };
        const sources: Readonly<Record<Level, readonly Source[]>> = {
            L0: shownInPrefixes(this.#view, candidates),
            // Any one open write may be all that landed, whole writes or not.
            L1: candidates,
            L2: candidates,
            L3: inDomain(this.#trashDomain),
            L4: inDomain(this.#collateralDomain),
            L5: candidatesOf(this.#liarView, sectorNo),
        };
        const found = new Map<Source, Level>();
        for (const level of levels) {
            for (const source of sources[level]) {
                found.set(source, found.get(source) ?? level);
            }
        }
        return found;
    }
}

/** What the rule of `durability.ts` lets a sector hold, the floor first. */
function candidatesOf(view: CrashView, sectorNo: number): readonly Source[] {
    const extent = view.extents.find(
        ({ firstSector, sectorCount }) =>
            firstSector <= sectorNo && sectorNo < firstSector + sectorCount,
    );
    return extent?.candidates ?? [decidedSource(view, sectorNo)];
}

/** What a decided sector holds: of the durable writes to it the last one. */
function decidedSource(view: CrashView, sectorNo: number): Source {
    const { trace } = view;
    const byteOffset = sectorNo * trace.sectorSizeBytes;
    const durable = trace.commands.filter(
        (command) =>
            isWrite(command) &&
            isDurable(view, command.id) &&
            command.byteOffset <= byteOffset &&
            byteOffset < command.byteOffset + command.byteLength,
    );
    return durable
        .map(({ id }) => id)
        .reduce<Source>(
            (last, id) => (last === beforeTrace || compareLanding(view, last, id) < 0 ? id : last),
            beforeTrace,
        );
}

/** Of candidates those that come on top when writes land in order: the floor, and later ones. */
function shownInPrefixes(view: CrashView, [floor, ...others]: readonly Source[]): Source[] {
    const later = others.filter(
        (id) => isMaybe(view, id) && (floor < 0 || compareLanding(view, floor, id) < 0),
    );
    return [floor, ...later];
}
