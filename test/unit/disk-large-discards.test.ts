import { describe, expect, it } from "vitest";
import { CrashSweep, crashView } from "../../src/disk/crash/crash-sweep.ts";
import { explainSector } from "../../src/disk/crash/explain.ts";
import { countStates, isAllowed, stateSpace } from "../../src/disk/crash/levels.ts";
import { materialize } from "../../src/disk/crash/materialize.ts";
import { noOpWrites } from "../../src/disk/crash/no-op-writes.ts";
import { levels } from "../../src/disk/crash/state-space.ts";
import { indexTokenOf, parseToken, tokenOf } from "../../src/disk/crash/state-token.ts";
import { SparseStore } from "../../src/disk/sparse-store.ts";
import { TraceStory } from "../support/disk-traces.ts";

// A terabyte: 2^31 sectors.
const diskSizeBytes = 2 ** 40;
const sectorCount = 2 ** 31;

/** A discard of the whole disk, a write of eight sectors, and one of the last eight in flight. */
function story(isFlushed: boolean) {
    const told = new TraceStory({ diskSizeBytes, sectorSizeBytes: 512, startsWithCache: true });
    told.discard(0, sectorCount);
    if (isFlushed) {
        told.flush();
    }
    told.write(8, 8);
    told.begin(sectorCount - 8, 8);
    return told.recorder.trace();
}

const flushed = story(true);
const open = story(false);
const openView = crashView(open, open.eventCount);

/** A disk whose first sectors, and one in the middle, hold something. */
function base(): SparseStore {
    const disk = new SparseStore(diskSizeBytes);
    disk.write(0, new Uint8Array(16 * 512).fill(0xee));
    disk.write(diskSizeBytes / 2, new Uint8Array(512).fill(0xee));
    return disk;
}

function byteAt(disk: { read(at: number, target: Uint8Array): void }, sectorNo: number): number {
    const sector = new Uint8Array(512);
    disk.read(512 * sectorNo, sector);
    expect(new Set(sector).size).toBe(1);
    return sector[0];
}

describe("a discard of a terabyte", () => {
    it("leaves the states of what is open when it is durable", () => {
        const view = crashView(flushed, flushed.eventCount);
        const counts = levels.map((level) => countStates(view, level).count);
        expect(counts).toEqual([3n, 4n, 2n ** 16n, 3n ** 16n, 3n ** 16n, 8n]);
    });

    it("counts as a request at L0, L1 and L5, and by its sectors at the others", () => {
        const counts = levels.map((level) => countStates(openView, level));
        expect(counts.map(({ count }) => count)).toEqual([
            4n,
            8n,
            undefined,
            undefined,
            undefined,
            8n,
        ]);
        const log10Of = (options: number) =>
            (sectorCount - 16) * Math.log10(options) + 16 * Math.log10(options + 1);
        for (const [index, expected] of [
            [2, log10Of(2)],
            [3, log10Of(3)],
            [4, log10Of(3)],
        ]) {
            expect(counts[index].log10 / expected).toBeCloseTo(1, 10);
            expect(counts[index].isExact).toBe(true);
        }
    });

    it("has the same few extents at every time", () => {
        const sweep = new CrashSweep(open);
        const found: number[] = [];
        for (let time = 0; time <= open.eventCount; time++) {
            sweep.advanceTo(time);
            found.push(sweep.view().extents.length);
        }
        // Nothing; the discard; the write in it; the one at its end.
        expect(found).toEqual([0, 0, 1, 1, 1, 3, 3, 3, 4]);
    });

    it("has states with names, near the extremes first", () => {
        const firstOf = (level: "L1" | "L2" | "L3") => {
            const states = stateSpace(openView, level).states();
            return Array.from({ length: 3 }, () => tokenOf(states.next().value));
        };
        expect(firstOf("L1")).toEqual(["L1:none", "L1:+w0,+w1,+w2", "L1:+w0"]);
        expect(firstOf("L2")).toEqual(["L2:none", "L2:+w0,+w1,+w2", "L2:+w0[0]"]);
        expect(firstOf("L3")).toEqual(["L3:none", "L3:+w0,+w1,+w2", "L3:+w0[0]"]);
    });

    it("has states that are named by writes, sectors and indexes at every level", () => {
        for (const level of levels) {
            const space = stateSpace(openView, level);
            const token = `${level}:+w0,+w1,+w2`;
            const state = parseToken(space, token);
            expect(tokenOf(state)).toBe(token);
            expect(isAllowed(openView, level, state)).toBe(true);
            expect(tokenOf(parseToken(space, indexTokenOf(space, 0n)))).toBe(`${level}:none`);
        }
        const space = stateSpace(openView, "L3");
        for (const token of ["L3:+w0[0-7,16-2147483639]", "L3:+w0[5],!2147483640-2147483647"]) {
            expect(tokenOf(parseToken(space, token))).toBe(token);
        }
        // 14 is 2 + 1*3 + 1*9: the digits of sectors 0, 1 and 2, of which 2 is trash.
        expect(tokenOf(parseToken(space, "L3:#14"))).toBe("L3:+w0[1-2],!0");
        expect(space.indexOf(parseToken(space, "L3:#14"))).toBeUndefined();
    });

    it("makes disks that cost what is read of them", () => {
        const disk = (token: string) => {
            const state = parseToken(stateSpace(openView, "L4"), token);
            return materialize(base(), state);
        };
        const all = disk("L4:+w0,+w1,+w2");
        const places = [0, 7, 8, 15, 16, sectorCount / 2, sectorCount - 9, sectorCount - 8];
        expect(places.map((sectorNo) => byteAt(all, sectorNo))).toEqual([0, 0, 2, 2, 0, 0, 0, 3]);
        const torn = disk("L4:+w0[3-9]");
        expect([2, 3, 9, 10, sectorCount / 2].map((sectorNo) => byteAt(torn, sectorNo))).toEqual([
            0xee, 0, 0, 0xee, 0xee,
        ]);
        const across = new Uint8Array(2048);
        all.read(512 * 7 - 512, across);
        expect([0, 512, 1024, 1536].map((at) => across[at])).toEqual([0, 0, 2, 2]);
    });

    it("is explained, and is no write that changes nothing", () => {
        expect(explainSector(openView, sectorCount / 2).map(({ isAllowed: is }) => is)).toEqual([
            true,
            true,
            true,
        ]);
        expect(noOpWrites(base(), openView)).toEqual([]);
    });
});

describe("discards that all overlap", () => {
    it("are followed to where it would cost too much, and no further", () => {
        const { recorder } = new TraceStory({
            diskSizeBytes,
            sectorSizeBytes: 512,
            startsWithCache: true,
        });
        // Each begins 4 KiB after the one before and ends 4 KiB after it: n cuts in each.
        const count = 2100;
        for (let index = 0; index < count; index++) {
            const range = { byteOffset: 4096 * index, byteLength: 4096 * count };
            const id = recorder.issue({ kind: "discard", fua: false, ...range }, 0);
            recorder.accept(id, undefined, new Uint8Array(0));
        }
        const trace = recorder.trace();
        // Of 2^22 pieces, 1997 discards of 2100 strips have the first 4,193,700.
        expect(() => crashView(trace, trace.eventCount)).toThrow(
            "cannot follow the trace beyond w1997: too many of its discards overlap; choose a " +
                "time up to 3995",
        );
        expect(crashView(trace, 3995).maybe.length).toBe(1997);
    });
});
