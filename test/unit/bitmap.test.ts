import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FreeBlockBitmap } from "../../src/chkfs/bitmap.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";

/** A bitmap in block 1, of runs that are free and allocated in turn. */
function bitmapOf(runs: readonly number[]): FreeBlockBitmap {
    const bytes = new Uint8Array(3 * 4096);
    let next = 0;
    for (const [index, count] of runs.entries()) {
        for (const end = next + count; next < end; next++) {
            bytes[4096 + (next >> 3)] |= index % 2 === 0 ? 1 << (next & 7) : 0;
        }
    }
    return new FreeBlockBitmap(new MemoryStore(bytes), { fbb_bn: 1 });
}

/** The runs that a bitmap says it has from block `start` to block `end`. */
function runsIn({ runEnd }: Pick<FreeBlockBitmap, "runEnd">, start: number, end: number): number[] {
    const runs: number[] = [];
    for (let next = start; next < end; ) {
        const stop = runEnd(next, end);
        runs.push(stop - next);
        next = stop;
    }
    return runs;
}

const anyRuns = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 });
const seed = 20_254;

describe("the runs of a bitmap", () => {
    it("end where the bits change, wherever in a byte that is", () => {
        fc.assert(
            fc.property(anyRuns, (runs) => {
                const bitmap = bitmapOf(runs);
                const end = runs.reduce((sum, count) => sum + count);
                const runEnd = (from: number, to: number) => bitmap.runEnd(from, to);
                expect(runsIn({ runEnd }, 0, end)).toEqual(runs);
            }),
            { seed, numRuns: 300 },
        );
    });

    it("end at the end that is asked for, and go from one block of bits to the next", () => {
        const bitmap = bitmapOf([40_000, 5]);
        expect(bitmap.runEnd(0, 3)).toBe(3);
        expect(bitmap.runEnd(1, 32_771)).toBe(32_771);
        expect(bitmap.runEnd(7, 65_536)).toBe(40_000);
        expect(bitmap.runEnd(40_000, 65_536)).toBe(65_536);
    });

    it("would be caught if they went on to the end of a byte (canary)", () => {
        const bitmap = bitmapOf([3, 5]);
        const runEnd = (from: number, to: number) =>
            Math.min(Math.ceil(bitmap.runEnd(from, to) / 8) * 8, to);
        expect(runsIn({ runEnd }, 0, 8)).not.toEqual([3, 5]);
    });
});
