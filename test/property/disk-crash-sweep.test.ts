/**
 * Views of random histories at every time: what a sweep says depends on nothing that comes after,
 * and the disks that it settles are the ones made for each view alone.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "../../src/base/random.ts";
import { CrashSweep, crashView } from "../../src/disk/crash/crash-sweep.ts";
import type { CrashView } from "../../src/disk/crash/crash-view.ts";
import { isAllowed, stateSpace } from "../../src/disk/crash/levels.ts";
import { materialize } from "../../src/disk/crash/materialize.ts";
import { type Level, levels } from "../../src/disk/crash/state-space.ts";
import { parseToken, tokenOf } from "../../src/disk/crash/state-token.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import type { DiskTrace } from "../../src/disk/trace/disk-trace.ts";
import { type HistoryAlphabet, nextEvents, traceOf } from "../support/disk-histories.ts";
import type { ModelEvent } from "../support/disk-model.ts";

const seed = 20_265;
const sectorCount = 12;
const base = new MemoryStore(new Uint8Array(512 * sectorCount).fill(0xee));

const write = (first: number, count: number, fua = false) => ({
    sectors: Array.from({ length: count }, (_, index) => first + index),
    fua,
});

const alphabet: HistoryAlphabet = {
    writes: [write(0, 1), write(1, 2), write(0, 4), write(6, 4), write(7, 2, true), write(11, 1)],
    barriers: ["issue flush", "issue flush", "issue cache off", "issue cache on"],
    maxWriteCount: 7,
    maxBarrierCount: 3,
    canFail: false,
};

function randomTrace(traceSeed: number): DiskTrace {
    const random = new Random(traceSeed);
    const events: ModelEvent[] = [];
    for (;;) {
        const next = nextEvents(events, alphabet);
        if (next.length === 0) {
            return traceOf({ startsWithCache: true, events }, sectorCount);
        }
        events.push(random.pick(next));
    }
}

/** The trace as it was when its first `time` events had happened. */
function prefixOf(trace: DiskTrace, time: number): DiskTrace {
    const commands = trace.commands
        .filter(({ issuedAt }) => issuedAt < time)
        .map((command) =>
            command.completedAt < time
                ? command
                : ({ ...command, completedAt: Infinity, status: "outstanding" } as const),
        );
    return { ...trace, commands, eventCount: time };
}

function contentOf(disk: { read(at: number, target: Uint8Array): void }): string {
    const bytes = new Uint8Array(512 * sectorCount);
    disk.read(0, bytes);
    return bytes.join();
}

const traces = fc.nat().map(randomTrace);

describe("a sweep over all times of a trace", () => {
    it("shows at each time what the trace up to then shows, whatever comes after", () => {
        const seen = ({ maybe, extents, durableOrder, durableCount }: CrashView) => ({
            maybe: maybe.map(({ command, standing }) => [command.id, standing]),
            extents,
            durable: durableOrder.slice(0, durableCount),
        });
        const property = fc.property(traces, (trace) => {
            const sweep = new CrashSweep(trace);
            for (let time = 0; time <= trace.eventCount; time++) {
                sweep.advanceTo(time);
                const alone = crashView(prefixOf(trace, time), time);
                expect(seen(sweep.view())).toEqual(seen(alone));
            }
        });
        fc.assert(property, { seed, numRuns: 200 });
    });

    it("settles the disk under each view's states as one made for that view alone", () => {
        const property = fc.property(traces, (trace) => {
            const sweep = new CrashSweep(trace);
            const settled = sweep.settledDisk(base);
            for (let time = 0; time <= trace.eventCount; time++) {
                sweep.advanceTo(time);
                const space = stateSpace(sweep.view(), "L1");
                for (const index of [0n, (space.listedCount ?? 1n) - 1n]) {
                    const state = space.stateAt(index);
                    expect(contentOf(materialize(base, state, { settled }))).toBe(
                        contentOf(materialize(base, state)),
                    );
                }
            }
        });
        fc.assert(property, { seed, numRuns: 100 });
    });
});

describe("the levels of a view", () => {
    /** The first states of a level. */
    function* some(view: CrashView, level: Level, count: number) {
        const states = stateSpace(view, level).states();
        for (let left = count; left > 0; left--) {
            const { value, done } = states.next();
            if (done) {
                return;
            }
            yield value;
        }
    }

    it("contain each other from L0 to L4, and L1 is in L5", () => {
        const property = fc.property(traces, fc.nat(), (trace, at) => {
            const view = crashView(trace, at % (trace.eventCount + 1));
            const chain = [
                ...levels
                    .slice(0, 5)
                    .map((level, index) => [level, levels[Math.min(index + 1, 4)]] as const),
                ["L1", "L5"] as const,
            ];
            for (const [level, weaker] of chain) {
                for (const state of some(view, level, 20)) {
                    expect(isAllowed(view, level, state)).toBe(true);
                    expect(isAllowed(view, weaker, state)).toBe(true);
                }
            }
        });
        fc.assert(property, { seed, numRuns: 100 });
    });

    it("have tokens and indexes that name each state again", () => {
        const property = fc.property(traces, fc.nat(), (trace, at) => {
            const view = crashView(trace, at % (trace.eventCount + 1));
            for (const level of levels) {
                const space = stateSpace(view, level);
                for (const state of some(view, level, 30)) {
                    const named = parseToken(space, tokenOf(state)).sources;
                    expect([...named.runs()]).toEqual([...state.sources.runs()]);
                    const index = space.indexOf(state) ?? -1n;
                    expect(space.stateAt(index).sources.equals(state.sources)).toBe(true);
                }
            }
        });
        fc.assert(property, { seed, numRuns: 100 });
    });

    it("list every state once where there are few", () => {
        const property = fc.property(traces, fc.nat(), (trace, at) => {
            const view = crashView(trace, at % (trace.eventCount + 1));
            for (const level of levels) {
                const space = stateSpace(view, level);
                if ((space.listedCount ?? 301n) <= 300n) {
                    const listed = [...space.states()].map(({ sources }) =>
                        JSON.stringify([...sources.runs()]),
                    );
                    expect(new Set(listed).size).toBe(listed.length);
                    expect(BigInt(listed.length)).toBe(space.listedCount);
                    expect(space.count.isExact).toBe(true);
                    expect(space.count.count).toBe(space.listedCount);
                }
            }
        });
        fc.assert(property, { seed, numRuns: 100 });
    });
});

describe("a canary: the comparison exposes", () => {
    it("a settled disk that was left behind by its sweep", () => {
        const property = fc.property(traces, (trace) => {
            const view = crashView(trace, trace.eventCount);
            const state = stateSpace(view, "L1").stateAt(0n);
            const sweep = new CrashSweep(trace);
            sweep.advanceTo(trace.eventCount - 4);
            const settled = sweep.settledDisk(base);
            return (
                contentOf(materialize(base, state, { settled })) ===
                contentOf(materialize(base, state))
            );
        });
        expect(fc.check(property, { seed, numRuns: 100 }).failed).toBe(true);
    });
});
