/**
 * The rule of durability against a disk that may do anything it was not told not to do: for every
 * small history, and a crash after each event, the media that the disk can have are the states
 * that the rule allows, no more and no fewer.
 */
import { describe, expect, it } from "vitest";
import { Random } from "../../src/base/random.ts";
import { CrashSweep } from "../../src/disk/crash/crash-sweep.ts";
import type { CrashView } from "../../src/disk/crash/crash-view.ts";
import { stateSpace } from "../../src/disk/crash/levels.ts";
import type { CrashState, StateSpace } from "../../src/disk/crash/state-space.ts";
import { type DiskTrace, notYet } from "../../src/disk/trace/disk-trace.ts";
import { durableFrom } from "../../src/disk/trace/durability.ts";
import { type HistoryAlphabet, nextEvents, traceOf } from "../support/disk-histories.ts";
import { ModelDisk, type ModelEvent } from "../support/disk-model.ts";

type Rule = (trace: DiskTrace) => readonly number[];

const sectorCount = 3;
const seed = 20_263;

/** The content of every sector of the disk in a state: what the model calls a medium. */
function mediumOf(state: CrashState, decided: readonly number[]): string {
    return decided
        .map((source, sectorNo) => {
            const place = state.domain.placeOf(sectorNo);
            return place === undefined ? source : state.sources[place];
        })
        .join();
}

/** What each decided sector holds. */
function decidedSources(view: CrashView): number[] {
    return Array.from({ length: sectorCount }, (_, sectorNo) => {
        const writes = view.trace.commands.filter(
            ({ id, byteOffset, byteLength }) =>
                view.durableFrom[id] < view.time &&
                byteOffset <= 512 * sectorNo &&
                512 * sectorNo < byteOffset + byteLength,
        );
        // Decided: of the durable writes one is newer than all others, and was issued last.
        return writes.at(-1)?.id ?? -1;
    });
}

/** The media that a level's states are. Throws when its count or its list is wrong. */
function mediaOf(space: StateSpace, decided: readonly number[]): Set<string> {
    const states = [...space.states()];
    const media = new Set(states.map((state) => mediumOf(state, decided)));
    if (media.size !== states.length) {
        throw new Error(`${space.level} lists a state twice`);
    }
    if (!space.count.isExact || space.count.count !== BigInt(states.length)) {
        throw new Error(`${space.level} lists ${states.length} and counts ${space.count.count}`);
    }
    return media;
}

/** How the states of the rule differ from what the disk can have; undefined when they do not. */
function difference(view: CrashView, torn: ModelDisk, whole: ModelDisk): string | undefined {
    const decided = decidedSources(view);
    const sectors = stateSpace(view, "L2");
    const requests = stateSpace(view, "L1");
    const listed = mediaOf(requests, decided);
    for (const [level, ofRule, disk] of [
        ["L2", mediaOf(sectors, decided), torn],
        ["L1", listed, whole],
    ] as const) {
        const ofDisk = disk.media();
        if (ofDisk.size !== ofRule.size || [...ofDisk].some((medium) => !ofRule.has(medium))) {
            const can = [...ofDisk].sort().join(" ");
            const says = [...ofRule].sort().join(" ");
            return `${level}: the disk can have ${can}; the rule says ${says}`;
        }
    }
    // Of the states of L2, L1 allows just the ones that it lists.
    for (const state of sectors.states()) {
        if (requests.allows(state.sources) !== listed.has(mediumOf(state, decided))) {
            return `L1 lists or allows ${mediumOf(state, decided)}, but not both`;
        }
    }
    return undefined;
}

/** A walk through histories: an event, the history with it, and the disk after it. */
class Walk {
    readonly #startsWithCache: boolean;
    readonly #rule: Rule;
    readonly events: ModelEvent[] = [];
    torn: ModelDisk;
    whole: ModelDisk;
    checkedCount = 0;

    constructor(startsWithCache: boolean, rule: Rule) {
        this.#startsWithCache = startsWithCache;
        this.#rule = rule;
        this.torn = new ModelDisk(sectorCount, startsWithCache, false);
        this.whole = new ModelDisk(sectorCount, startsWithCache, true);
    }

    /** Goes on by one event. Returns what is wrong then. */
    step(event: ModelEvent): string | undefined {
        this.events.push(event);
        this.torn.happen(event);
        this.whole.happen(event);
        const history = { startsWithCache: this.#startsWithCache, events: this.events };
        const trace = traceOf(history, sectorCount);
        const sweep = new CrashSweep(trace, { durableFrom: this.#rule(trace) });
        sweep.advanceTo(trace.eventCount);
        this.checkedCount++;
        const found = difference(sweep.view(), this.torn, this.whole);
        return found && `${JSON.stringify(this.events)}: ${found}`;
    }

    /** Every history of an alphabet from here on. Returns the first thing wrong. */
    all(alphabet: HistoryAlphabet): string | undefined {
        const { torn, whole } = this;
        for (const event of nextEvents(this.events, alphabet)) {
            this.torn = torn.fork();
            this.whole = whole.fork();
            const problem = this.step(event) ?? this.all(alphabet);
            if (problem !== undefined) {
                return problem;
            }
            this.events.pop();
        }
        return undefined;
    }
}

const plain = (...sectors: number[]) => ({ sectors, fua: false });
const fua = (...sectors: number[]) => ({ sectors, fua: true });
const flush = ["issue flush"] as const;
const switches = ["issue flush", "issue cache off", "issue cache on"] as const;

interface Family extends HistoryAlphabet {
    readonly name: string;
    readonly startsWithCache: boolean;
    /** How many histories there are, their beginnings included: a walk that skips some fails. */
    readonly historyCount: number;
}

const common = { startsWithCache: true, barriers: flush, canFail: false };

/** Families of histories that are small enough to be walked whole. */
const families: readonly Family[] = [
    {
        ...common,
        name: "three writes of one sector and two flushes",
        historyCount: 27_261,
        writes: [plain(0)],
        maxWriteCount: 3,
        maxBarrierCount: 2,
    },
    {
        ...common,
        name: "four writes of one sector and a flush",
        historyCount: 13_658,
        writes: [plain(0)],
        maxWriteCount: 4,
        maxBarrierCount: 1,
    },
    {
        ...common,
        name: "three writes that overlap and a flush",
        historyCount: 9_314,
        writes: [plain(0, 1), plain(1, 2)],
        maxWriteCount: 3,
        maxBarrierCount: 1,
    },
    {
        ...common,
        name: "three writes of one to three sectors",
        historyCount: 4_810,
        writes: [plain(0), plain(0, 1), plain(0, 1, 2), plain(1), plain(1, 2)],
        maxWriteCount: 3,
        maxBarrierCount: 0,
    },
    {
        ...common,
        name: "three writes, FUA or not, that overlap",
        historyCount: 4_810,
        writes: [plain(0), plain(1), fua(0, 1), fua(1), plain(0, 1)],
        maxWriteCount: 3,
        maxBarrierCount: 0,
    },
    {
        ...common,
        name: "two writes, FUA or not, that may fail, and a flush that may",
        historyCount: 5_508,
        writes: [plain(0, 1), fua(0), fua(1, 2)],
        maxWriteCount: 2,
        maxBarrierCount: 1,
        canFail: true,
    },
    {
        ...common,
        name: "two writes while the cache is turned off and on",
        historyCount: 15_816,
        writes: [plain(0, 1)],
        barriers: switches,
        maxWriteCount: 2,
        maxBarrierCount: 2,
    },
    {
        ...common,
        name: "two writes while the cache, off at first, is turned on and off",
        historyCount: 15_816,
        startsWithCache: false,
        writes: [plain(0)],
        barriers: switches,
        maxWriteCount: 2,
        maxBarrierCount: 2,
    },
];

/** Everything at once: too much to walk whole. */
const everything: HistoryAlphabet = {
    writes: [plain(0), plain(1), plain(0, 1), plain(1, 2), plain(0, 1, 2), fua(0), fua(1, 2)],
    barriers: ["issue flush", "issue flush", ...switches],
    maxWriteCount: 4,
    maxBarrierCount: 2,
    canFail: true,
};

/** Walks of random histories, to their ends. Returns the first thing wrong. */
function randomWalks(alphabet: HistoryAlphabet, walkCount: number, rule: Rule): string | undefined {
    const random = new Random(seed);
    for (let left = walkCount; left > 0; left--) {
        const walk = new Walk(random.chance(7, 8), rule);
        for (;;) {
            const next = nextEvents(walk.events, alphabet);
            if (next.length === 0) {
                break;
            }
            const problem = walk.step(random.pick(next));
            if (problem !== undefined) {
                return problem;
            }
        }
    }
    return undefined;
}

describe("the rule of durability", () => {
    for (const family of families) {
        it(`allows just what a disk can do with ${family.name}`, () => {
            const walk = new Walk(family.startsWithCache, durableFrom);
            expect(walk.all(family)).toBeUndefined();
            expect(walk.checkedCount).toBe(family.historyCount);
        });
    }

    it("allows just what a disk can do with four writes and two flushes or cache switches", () => {
        expect(randomWalks(everything, 300, durableFrom)).toBeUndefined();
    });
});

describe("canaries: the disk exposes a rule", () => {
    const alphabet = {
        writes: [plain(0)],
        barriers: flush,
        maxWriteCount: 1,
        maxBarrierCount: 1,
        canFail: false,
    };

    it("by which a flush covers a write that completes while it runs", () => {
        const early: Rule = ({ commands }) =>
            commands.map((write) => {
                const covering = commands.filter(
                    ({ kind, completedAt }) =>
                        kind === "flush" &&
                        completedAt !== notYet &&
                        write.completedAt < completedAt,
                );
                return Math.min(notYet, ...covering.map(({ completedAt }) => completedAt));
            });
        expect(new Walk(true, early).all(alphabet)).toBe(
            '[{"event":"issue write","sectors":[0],"fua":false},{"event":"issue flush"},' +
                '{"event":"complete","command":0},{"event":"complete","command":1}]: ' +
                "L2: the disk can have -1,-1,-1 0,-1,-1; the rule says 0,-1,-1",
        );
    });

    it("by which a FUA write covers what was done before it", () => {
        const contagious: Rule = (trace) => {
            const forced = trace.commands.map((command) =>
                command.fua ? ({ ...command, kind: "flush" } as const) : command,
            );
            const byFua = durableFrom({ ...trace, commands: forced });
            return durableFrom(trace).map((at, id) => Math.min(at, byFua[id]));
        };
        const found = new Walk(true, contagious).all({
            ...alphabet,
            writes: [plain(0), fua(1)],
            maxWriteCount: 2,
            maxBarrierCount: 0,
        });
        expect(found).toBe(
            '[{"event":"issue write","sectors":[0],"fua":false},' +
                '{"event":"complete","command":0},' +
                '{"event":"issue write","sectors":[1],"fua":true},' +
                '{"event":"complete","command":1}]: ' +
                "L2: the disk can have -1,1,-1 0,1,-1; the rule says 0,1,-1",
        );
    });
});
