import { describe, expect, it } from "vitest";
import { crashView } from "../../src/disk/crash/crash-sweep.ts";
import type { CrashView } from "../../src/disk/crash/crash-view.ts";
import { explainSector } from "../../src/disk/crash/explain.ts";
import { countStates, isAllowed, stateSpace } from "../../src/disk/crash/levels.ts";
import { materialize, settledDisk } from "../../src/disk/crash/materialize.ts";
import { noOpWrites } from "../../src/disk/crash/no-op-writes.ts";
import {
    indexTokenOf,
    levelOfToken,
    parseToken,
    tokenOf,
} from "../../src/disk/crash/state-token.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { smallDisk, TraceStory } from "../support/disk-traces.ts";

type Level = "L0" | "L1" | "L2" | "L3" | "L4" | "L5";

/** The view of a crash after everything that a story tells. */
function viewOf(tell: (story: TraceStory) => void, disk = smallDisk): CrashView {
    const story = new TraceStory(disk);
    tell(story);
    const trace = story.recorder.trace();
    return crashView(trace, trace.eventCount);
}

/** The number of states of each level, L0 first. All are exact. */
function counts(view: CrashView): (bigint | undefined)[] {
    return (["L0", "L1", "L2", "L3", "L4", "L5"] as const).map((level) => {
        const { count, isExact } = countStates(view, level);
        expect(isExact).toBe(true);
        return count;
    });
}

function tokens(view: CrashView, level: Level): string[] {
    return [...stateSpace(view, level).states()].map(tokenOf);
}

/** The first byte of each of the disk's first `count` sectors. */
function firstBytes(disk: { read(at: number, target: Uint8Array): void }, count: number): number[] {
    const bytes = new Uint8Array(512 * count);
    disk.read(0, bytes);
    return Array.from({ length: count }, (_, index) => bytes[512 * index]);
}

/** A disk full of 0xee. */
const base = new MemoryStore(new Uint8Array(32_768).fill(0xee));

describe("the number of crash states", () => {
    it("is one at every level when nothing was written, or all of it is durable", () => {
        expect(counts(viewOf(() => {}))).toEqual([1n, 1n, 1n, 1n, 1n, 1n]);
        const flushed = viewOf((story) => {
            story.write(0, 8);
            story.flush();
        });
        expect(counts(flushed).slice(0, 5)).toEqual([1n, 1n, 1n, 1n, 1n]);
    });

    it("of k blocks of 4 KiB is k+1, 2^k, 2^8k, 3^8k and 3^8k", () => {
        const view = viewOf((story) => {
            story.write(0, 8);
            story.begin(16, 8);
            story.write(32, 8);
        });
        expect(counts(view)).toEqual([4n, 8n, 2n ** 24n, 3n ** 24n, 3n ** 24n, 8n]);
    });

    it("of a block with v versions in the cache has v+1 for each sector", () => {
        const view = viewOf((story) => {
            story.write(0, 8);
            story.write(0, 8);
            story.write(0, 8);
        });
        expect(counts(view)).toEqual([4n, 4n, 4n ** 8n, 5n ** 8n, 5n ** 8n, 4n]);
    });

    it("of one sector lets trash reach the seven others of its 4 KiB at L4 alone", () => {
        const view = viewOf((story) => {
            story.write(3, 1);
        });
        expect(counts(view)).toEqual([2n, 2n, 2n, 3n, 3n * 2n ** 7n, 2n]);
    });

    it("counts no neighbours at L4 where a logical sector is a physical one", () => {
        const disk = { diskSizeBytes: 32_768, sectorSizeBytes: 4096, startsWithCache: true };
        const view = viewOf((story) => {
            story.write(1, 2);
        }, disk);
        expect(counts(view)).toEqual([2n, 2n, 4n, 9n, 9n, 2n]);
    });

    it("ends L4 at the end of a disk that ends inside 4 KiB", () => {
        const disk = { diskSizeBytes: 5 * 512, sectorSizeBytes: 512, startsWithCache: true };
        const view = viewOf((story) => {
            story.write(4, 1);
        }, disk);
        expect(countStates(view, "L4")).toMatchObject({ count: 3n * 2n ** 4n, isExact: true });
    });

    it("has both orders of writes that overlap in time, durable or not", () => {
        const view = viewOf((story) => {
            const first = story.begin(0, 2);
            const second = story.begin(1, 2);
            story.end(second, first);
        });
        // Neither, each alone, the first on top, the second on top.
        expect(countStates(view, "L1")).toMatchObject({ count: 5n, isExact: true });
        const durable = viewOf((story) => {
            const first = story.begin(0, 2);
            const second = story.begin(1, 2);
            story.end(second, first);
            story.flush();
        });
        expect(tokens(durable, "L1")).toEqual(["L1:none", "L1:+w1"]);
        expect(countStates(durable, "L3")).toMatchObject({ count: 2n, isExact: true });
    });

    it("counts what a disk that lies about any flushes and FUA writes may leave at L5", () => {
        const view = viewOf((story) => {
            story.write(0, 8);
            story.flush();
            story.write(8, 8, { fua: true });
            story.write(16, 8);
        });
        expect(counts(view)).toEqual([2n, 2n, 2n ** 8n, 3n ** 8n, 3n ** 8n, 8n]);
        expect(tokens(view, "L5")).toEqual([
            "L5:none",
            "L5:+w0,+w2,+w3",
            "L5:+w0",
            "L5:+w2",
            "L5:+w3",
            "L5:+w2,+w3",
            "L5:+w0,+w3",
            "L5:+w0,+w2",
        ]);
    });

    it("has no failed write under a durable one that was issued after it failed", () => {
        const failThenWrite = (story: TraceStory) => {
            story.fail(story.begin(0, 2));
            story.write(1, 1);
        };
        // Before the flush the newer one may be on top of the failed one, or missing.
        expect(tokens(viewOf(failThenWrite), "L2")).toEqual([
            "L2:none",
            "L2:+w0,+w1",
            "L2:+w0[0]",
            "L2:+w0[1]",
            "L2:+w1",
            "L2:+w0",
        ]);
        // After it the failed one is open only where nothing newer lies.
        const flushed = viewOf((story) => {
            failThenWrite(story);
            story.flush();
        });
        expect(tokens(flushed, "L2")).toEqual(["L2:none", "L2:+w0"]);
        expect(tokens(flushed, "L1")).toEqual(["L1:none", "L1:+w0"]);
    });

    it("has a failed write over a durable one that was in flight together with it", () => {
        const view = viewOf((story) => {
            const failing = story.begin(0, 1);
            const forced = story.begin(0, 1, { fua: true });
            story.fail(failing);
            story.end(forced);
        });
        expect(tokens(view, "L1")).toEqual(["L1:none", "L1:+w0"]);
    });

    it("has a write that never ended over all that was issued later", () => {
        const view = viewOf((story) => {
            story.begin(0, 1);
            story.write(0, 1);
            story.flush();
        });
        expect(tokens(view, "L1")).toEqual(["L1:none", "L1:+w0"]);
    });

    it("takes trash only from writes in flight where the policy says so", () => {
        const view = viewOf((story) => {
            story.write(0, 1);
            story.begin(8, 1);
        });
        expect(countStates(view, "L3", { trash: "inflight" }).count).toBe(6n);
        expect(countStates(view, "L3", { trash: "maybe" }).count).toBe(9n);
        expect(countStates(view, "L4", { trash: "inflight" }).count).toBe(6n * 2n ** 7n);
    });

    it("is a bound, and says so, where counting would take too long", () => {
        // One write over thirty others, all in flight at once: 2^30 sets, and more orders.
        const view = viewOf((story) => {
            story.begin(0, 60);
            for (let index = 0; index < 30; index++) {
                story.begin(2 * index, 1);
            }
        });
        const space = stateSpace(view, "L1");
        // Each of the thirty is old, the big write's or its own; beside each a sector of the big
        // write alone.
        expect(space.count).toMatchObject({ count: 3n ** 30n * 2n ** 30n, isExact: false });
        expect(space.listedCount).toBeLessThan(3n ** 30n * 2n ** 30n);
        const first = space.states();
        for (let left = 100; left > 0; left--) {
            const { value } = first.next();
            expect(space.allows(value.sources)).toBe(true);
        }
    });

    it("knows that what was durable before a write was issued lies below all of it", () => {
        // w1 overlaps w2 and w3 in time. It cannot be over w3 and under w2: w2 was on the medium
        // before w3 was issued.
        const view = viewOf((story) => {
            story.write(0, 2);
            const long = story.begin(0, 2);
            story.write(1, 2, { fua: true });
            const late = story.begin(0, 1, { fua: true });
            story.end(long, late);
        });
        const found = tokens(view, "L1");
        expect(found).not.toContain("L1:+w1[0]");
        expect(found).toEqual(["L1:none", "L1:+w1[1]", "L1:+w1"]);
    });
});

describe("the states of a level", () => {
    const view = viewOf((story) => {
        story.write(0, 1);
        story.write(1, 1);
        story.write(2, 1);
    });

    it("come with those near nothing and near everything first", () => {
        expect(tokens(view, "L1")).toEqual([
            "L1:none",
            "L1:+w0,+w1,+w2",
            "L1:+w0",
            "L1:+w1",
            "L1:+w2",
            "L1:+w1,+w2",
            "L1:+w0,+w2",
            "L1:+w0,+w1",
        ]);
        expect(tokens(view, "L0")).toEqual(["L0:none", "L0:+w0,+w1,+w2", "L0:+w0", "L0:+w0,+w1"]);
        expect(tokens(view, "L3").slice(0, 9)).toEqual([
            "L3:none",
            "L3:+w0,+w1,+w2",
            "L3:+w0",
            "L3:!0",
            "L3:+w1",
            "L3:!1",
            "L3:+w2",
            "L3:!2",
            "L3:+w1,+w2",
        ]);
    });

    it("leave out of L0 a write that durable ones cover in its place", () => {
        const covered = viewOf((story) => {
            const slow = story.begin(0, 1);
            const forced = story.begin(0, 1, { fua: true });
            story.end(slow, forced);
        });
        expect(tokens(covered, "L0")).toEqual(["L0:none"]);
        expect(tokens(covered, "L1")).toEqual(["L1:none", "L1:+w0"]);
    });

    it("make a disk each, with trash that is nothing else, and leave the base alone", () => {
        const space = stateSpace(view, "L4");
        const disk = materialize(base, parseToken(space, "L4:+w1,!2-3"));
        expect(firstBytes(disk, 2)).toEqual([0xee, 2]);
        expect(firstBytes(disk, 5)[4]).toBe(0xee);
        const twoSectors = new Uint8Array(1024);
        disk.read(1024, twoSectors);
        expect(new Set(twoSectors).size).toBeGreaterThan(100);
        const again = new Uint8Array(1024);
        materialize(base, parseToken(space, "L4:!2-3"), { trashSeed: 2 }).read(1024, again);
        expect(again).not.toEqual(twoSectors);
        expect(base.bytes.every((byte) => byte === 0xee)).toBe(true);
    });

    it("make the same disks over a settled disk that they share", () => {
        const later = viewOf((story) => {
            story.write(0, 3);
            story.flush();
            story.write(1, 1);
            story.discard(2, 1);
        });
        const settled = settledDisk(base, later);
        const disks = [...stateSpace(later, "L1").states()].map((state) => [
            tokenOf(state),
            firstBytes(materialize(base, state, { settled }), 4),
            firstBytes(materialize(base, state), 4),
        ]);
        expect(disks).toEqual([
            ["L1:none", [1, 1, 1, 0xee], [1, 1, 1, 0xee]],
            ["L1:+w2,+w3", [1, 3, 0, 0xee], [1, 3, 0, 0xee]],
            ["L1:+w2", [1, 3, 1, 0xee], [1, 3, 1, 0xee]],
            ["L1:+w3", [1, 1, 0, 0xee], [1, 1, 0, 0xee]],
        ]);
    });

    it("are allowed at one level or another", () => {
        const two = viewOf((story) => {
            story.write(0, 2);
            story.flush();
            story.write(0, 2);
        });
        const allows = (token: string, level: Level): boolean => {
            const state = parseToken(stateSpace(two, levelOfToken(token)), token);
            return isAllowed(two, level, state);
        };
        expect(allows("L2:+w2[1]", "L1")).toBe(false);
        expect(allows("L2:+w2[1]", "L3")).toBe(true);
        expect(allows("L2:+w2", "L0")).toBe(true);
        expect(allows("L4:!5", "L3")).toBe(false);
        expect(allows("L5:none", "L1")).toBe(false);
        expect(allows("L1:none", "L5")).toBe(true);
        expect(allows("L2:+w2[1]", "L5")).toBe(false);
    });
});

describe("a state's token", () => {
    const view = viewOf((story) => {
        story.write(0, 4);
        story.flush();
        story.write(0, 4);
        const slow = story.begin(2, 4);
        story.write(16, 1);
        story.end(slow);
    });

    it("names the same state again, at every level", () => {
        for (const level of ["L0", "L1", "L2", "L5"] as const) {
            const space = stateSpace(view, level);
            let index = 0n;
            for (const state of space.states()) {
                const named = parseToken(space, tokenOf(state)).sources;
                expect([...named.runs()]).toEqual([...state.sources.runs()]);
                const found = space.indexOf(state);
                const byIndex = parseToken(space, indexTokenOf(space, found ?? -1n));
                expect(byIndex.sources.equals(state.sources)).toBe(true);
                index++;
            }
            expect(index).toBe(space.listedCount);
        }
    });

    it("is refused with what is wrong and what is right", () => {
        const refused = (token: string, level: Level = "L2"): string => {
            try {
                return tokenOf(parseToken(stateSpace(view, level), token));
            } catch (error) {
                return (error as Error).message;
            }
        };
        expect(refused("L2:+w9")).toBe(
            "state L2:+w9: command 9 of the trace is no write that it has",
        );
        expect(refused("L2:+w1")).toBe(
            "state L2:+w1: command 1 of the trace is no write that it has",
        );
        expect(refused("L2:w2")).toBe(
            "state L2:w2: w2 is neither a write, as +w3 or +w3[0,2-4], nor sectors of trash, as " +
                "!2050-2051",
        );
        expect(refused("L2:+w2[3-5]")).toBe("state L2:+w2[3-5]: w2 has sectors 0 to 3, not 3-5");
        expect(refused("L2:+w2[1-0]")).toBe(
            "state L2:+w2[1-0]: 1-0 is no run of sectors such as 3 or 3-5",
        );
        expect(refused("L3:!99", "L3")).toBe("state L3:!99: the disk has sectors 0 to 63, not 99");
        expect(refused("L2:!2")).toBe(
            "state L2:!2: level L2 does not allow trash in all of sectors 2 to 2 at time 14",
        );
        expect(refused("L3:!6-7", "L3")).toBe(
            "state L3:!6-7: level L3 does not allow trash in all of sectors 6 to 7 at time 14",
        );
        expect(refused("L1:+w2[0]", "L1")).toBe(
            "state L1:+w2[0]: level L1 does not allow it at time 14; L2 and above, but not L5, " +
                "allow parts of a write",
        );
        expect(refused("L0:#4", "L0")).toBe("state L0:#4: L0 has states #0 to #3 at time 14");
        expect(refused("L2:+w2,")).toBe("state L2:+w2,: an empty part after the comma");
        expect(refused("L2:,+w2")).toBe("state L2:,+w2: an empty part before the comma");
        expect(refused("L2:")).toBe(
            "state L2:: nothing after the colon; where nothing landed it is L2:none",
        );
        expect(refused("L2:+w2[0],+w2[1]")).toBe(
            "state L2:+w2[0],+w2[1]: w2 is named twice; one item has all of its sectors, as " +
                "+w2[0,2-4]",
        );
    });

    it("says that a write which was decided cannot be chosen", () => {
        const decided = viewOf((story) => {
            story.write(0, 1);
            story.flush();
        });
        expect(() => parseToken(stateSpace(decided, "L1"), "L1:+w0")).toThrow(
            "state L1:+w0: what write w0 brought is decided at time 5; only writes whose fate is " +
                "open can be named",
        );
    });
});

describe("the explanation of a sector", () => {
    it("has a sentence for every write that reached it, and for trash", () => {
        const view = viewOf((story) => {
            story.write(0, 1);
            story.write(0, 1);
            story.flush();
            const late = story.begin(0, 1);
            const flush = story.beginOther("flush");
            story.end(late, flush);
            story.fail(story.begin(0, 1));
            story.begin(0, 1);
        });
        expect(explainSector(view, 0)).toEqual([
            { source: -1, isAllowed: false, because: "w0 is durable" },
            {
                source: 0,
                isAllowed: false,
                because:
                    "w1, issued after w0 was done, is durable (flush 2, issued after it was " +
                    "done, was done at 7)",
            },
            {
                source: 1,
                isAllowed: true,
                because:
                    "it is durable (flush 2, issued after it was done, was done at 7), and " +
                    "nothing durable is newer",
            },
            {
                source: 3,
                isAllowed: true,
                because:
                    "it was in the cache, done at 11, and flush 4 was issued at 10, before that",
            },
            {
                source: 5,
                isAllowed: true,
                because:
                    "it failed at 15, which says nothing of what landed, and nothing durable is " +
                    "newer",
            },
            {
                source: 6,
                isAllowed: true,
                because: "it was in flight: the drive had its data at 17, the host no answer",
            },
            {
                source: -2,
                isAllowed: true,
                because: "a write to it was open when power failed",
            },
        ]);
        const replaced = viewOf((story) => {
            story.fail(story.begin(0, 1));
            story.write(0, 1, { fua: true });
        });
        expect(explainSector(replaced, 0)[1]).toEqual({
            source: 0,
            isAllowed: false,
            because: "w1, issued after w0 had failed, is durable (FUA, and done at 5)",
        });
        expect(explainSector(view, 7).map(({ because }) => because)).toEqual([
            "no write to it is durable",
            "a write to its physical sector of 4 KiB was open",
        ]);
        expect(explainSector(view, 8).map(({ because }) => because)).toEqual([
            "no write to it is durable",
            "no write to its physical sector of 4 KiB was open",
        ]);
    });

    it("speak of writes in flight where only those may leave trash", () => {
        const view = viewOf((story) => {
            story.write(0, 1, { byte: 7 });
        });
        expect(explainSector(view, 0, "inflight").at(-1)).toMatchObject({
            isAllowed: false,
            because: "no write to its physical sector of 4 KiB was in flight",
        });
        expect(
            explainSector(view, 0)
                .map(({ because }) => because)
                .at(-1),
        ).toBe("a write to it was open when power failed");
    });
});

describe("writes that change nothing", () => {
    it("are those whose every open sector is as it was below them, with nothing between", () => {
        const view = viewOf((story) => {
            story.write(0, 2, { byte: 7 });
            story.flush();
            story.write(0, 2, { byte: 7 });
            story.write(8, 1, { byte: 0xee });
            story.write(16, 1, { byte: 9 });
            story.write(16, 1, { byte: 0xee });
            story.write(24, 2, { byte: 0xee });
            story.write(25, 1, { byte: 1 });
        });
        expect(noOpWrites(base, view)).toEqual([2, 3]);
    });
});
