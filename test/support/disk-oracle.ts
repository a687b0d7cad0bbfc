/**
 * The walk that compares the crash states of the rule with a disk that may do anything it was not
 * told not to do: after each event of a history, the media that the disk can have are the states
 * that the rule allows, no more and no fewer.
 */
import { Random } from "../../src/base/random.ts";
import type { CrashSweep } from "../../src/disk/crash/crash-sweep.ts";
import type { CrashView } from "../../src/disk/crash/crash-view.ts";
import { stateSpace } from "../../src/disk/crash/levels.ts";
import type { CrashState, StateSpace } from "../../src/disk/crash/state-space.ts";
import type { DiskTrace } from "../../src/disk/trace/disk-trace.ts";
import { type HistoryAlphabet, isRepetition, nextEvents, traceOf } from "./disk-histories.ts";
import { ModelDisk, type ModelEvent } from "./disk-model.ts";

/** How a trace is read: the rule, or a broken one. */
export type Rule = (trace: DiskTrace) => CrashSweep;

/** Sectors of the disk. */
const sectorCount = 3;

/** The content of every sector of the disk in a state: what the model calls a medium. */
function mediumOf(state: CrashState, decided: readonly number[]): string {
    return decided
        .map((source, sectorNo) => {
            const place = state.domain.placeOf(sectorNo);
            return place === undefined ? source : state.sources.at(place);
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
export class Walk {
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
        const sweep = this.#rule(trace);
        sweep.advanceTo(trace.eventCount);
        this.checkedCount++;
        const found = difference(sweep.view(), this.torn, this.whole);
        return found && `${JSON.stringify(this.events)}: ${found}`;
    }

    /**
     * Every history of an alphabet from here on, or just those that are no repetitions. Returns
     * the first thing wrong.
     */
    all(alphabet: HistoryAlphabet, withRepetitions = false): string | undefined {
        const { torn, whole } = this;
        for (const event of nextEvents(this.events, alphabet)) {
            if (!withRepetitions && isRepetition(this.events.at(-1), event, alphabet)) {
                continue;
            }
            this.torn = torn.fork();
            this.whole = whole.fork();
            const problem = this.step(event) ?? this.all(alphabet, withRepetitions);
            if (problem !== undefined) {
                return problem;
            }
            this.events.pop();
        }
        return undefined;
    }
}

/** Walks of random histories, to their ends. Returns the first thing wrong. */
export function randomWalks(
    alphabet: HistoryAlphabet,
    walkCount: number,
    rule: Rule,
): string | undefined {
    const random = new Random(20_263);
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
