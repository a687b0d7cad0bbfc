/** The first level that lets a sector hold something, against all states of all levels. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "../../src/base/random.ts";
import { crashView } from "../../src/disk/crash/crash-sweep.ts";
import { type CrashView, type Source, trash } from "../../src/disk/crash/crash-view.ts";
import { stateSpace } from "../../src/disk/crash/levels.ts";
import { SectorLevels } from "../../src/disk/crash/sector-levels.ts";
import type { Level } from "../../src/disk/crash/state-space.ts";
import { type HistoryAlphabet, nextEvents, traceOf } from "../support/disk-histories.ts";
import type { ModelEvent } from "../support/disk-model.ts";

const seed = 20_266;
/** Sectors 8 to 15 make a physical one, which nothing is written to. */
const sectorCount = 16;

const alphabet: HistoryAlphabet = {
    writes: [
        { sectors: [0], fua: false },
        { sectors: [0, 1], fua: false },
        { sectors: [1], fua: true },
    ],
    barriers: ["issue flush", "issue cache off", "issue cache on"],
    maxWriteCount: 4,
    maxBarrierCount: 2,
    canFail: true,
};

/** A random history, stopped at a random time. */
function randomView(viewSeed: number): CrashView {
    const random = new Random(viewSeed);
    const events: ModelEvent[] = [];
    for (let next = nextEvents(events, alphabet); next.length > 0; ) {
        events.push(random.pick(next));
        next = nextEvents(events, alphabet);
    }
    const trace = traceOf({ startsWithCache: true, events }, sectorCount);
    return crashView(trace, random.below(trace.eventCount + 1));
}

function levelsBySource(view: CrashView, sectorNo: number): ReadonlyMap<Source, Level> {
    return new SectorLevels(view).bySource(sectorNo);
}

/** The sources that a sector has in any state of a level; none outside of its domain. */
function seenAt(view: CrashView, level: Level, sectorNo: number): Set<Source> {
    const space = stateSpace(view, level);
    const place = space.domain.placeOf(sectorNo);
    const seen = new Set<Source>();
    for (const { sources } of place === undefined ? [] : space.states()) {
        seen.add(sources.uniform(place ?? 0, (place ?? 0) + 1) ?? trash);
    }
    return seen;
}

/** Levels whose states are few enough to be gone through; trash multiplies them. */
const listedLevels: readonly Level[] = ["L0", "L1", "L2", "L5"];

/** What is wrong with the levels that were found for a sector. */
function complaints(view: CrashView, sectorNo: number, found: ReadonlyMap<Source, Level>) {
    const wrong: string[] = [];
    const firstSeen = new Map<Source, Level>();
    for (const level of listedLevels) {
        const seen = seenAt(view, level, sectorNo);
        for (const source of seen) {
            firstSeen.set(source, firstSeen.get(source) ?? level);
        }
        if (seen.size === 0 && level === "L0" && ![...found.values()].includes("L0")) {
            wrong.push("a decided sector holds nothing");
        }
    }
    for (const [source, level] of firstSeen) {
        // A sector that is decided up to L2 is in no domain before L5, which has its source too.
        const isDecided = level === "L5" && found.get(source) === "L0";
        if (found.get(source) !== level && !isDecided) {
            wrong.push(`source ${source} is first at ${level}, not ${found.get(source)}`);
        }
    }
    for (const [source, level] of found) {
        const isListed = listedLevels.includes(level) && firstSeen.size > 0;
        if (source !== trash && isListed && !firstSeen.has(source)) {
            wrong.push(`source ${source} is nowhere`);
        }
    }
    return wrong;
}

describe("the first level that lets a sector hold something", () => {
    it("is the first whose states have it", () => {
        const property = fc.property(fc.nat(), fc.constantFrom(0, 1), (viewSeed, sectorNo) => {
            const view = randomView(viewSeed);
            expect(complaints(view, sectorNo, levelsBySource(view, sectorNo))).toEqual([]);
        });
        fc.assert(property, { seed, numRuns: 400 });
    });

    it("is L3 for trash in an open sector, L4 in the rest of its 4 KiB, and none elsewhere", () => {
        const property = fc.property(fc.nat(), (viewSeed) => {
            const view = randomView(viewSeed);
            const at = (sectorNo: number) => levelsBySource(view, sectorNo).get(trash);
            const isOpen = [0, 1].map((sectorNo) =>
                view.maybe.some(
                    ({ command }) =>
                        command.byteOffset <= 512 * sectorNo &&
                        512 * sectorNo < command.byteOffset + command.byteLength &&
                        levelsBySource(view, sectorNo).has(command.id) &&
                        levelsBySource(view, sectorNo).get(command.id) !== "L5",
                ),
            );
            const rest = isOpen.includes(true) ? "L4" : undefined;
            expect([at(0), at(1), at(7), at(8)]).toEqual([
                isOpen[0] ? "L3" : rest,
                isOpen[1] ? "L3" : rest,
                rest,
                undefined,
            ]);
        });
        fc.assert(property, { seed, numRuns: 400 });
    });

    it("is the only one for a sector that nothing was written to", () => {
        expect([...levelsBySource(randomView(1), 9)]).toEqual([[-1, "L0"]]);
    });

    it("would be found out if it were another (canary)", () => {
        const view = randomView(7);
        const shifted = new Map(
            [...levelsBySource(view, 0)].map(([source, level]): [Source, Level] => [
                source,
                level === "L0" ? "L1" : level,
            ]),
        );
        expect(complaints(view, 0, shifted)).not.toEqual([]);
    });
});
