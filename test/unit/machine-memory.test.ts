import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GuestMemory } from "../../src/machine/guest-memory.ts";

const mebibyte = 2 ** 20;

describe("guest memory", () => {
    it("has 32 MiB, or what it is told, of zeros, in pages of 4 KiB", () => {
        const memory = new GuestMemory();
        expect([memory.sizeBytes, memory.pageCount]).toEqual([33_554_432, 8192]);
        expect(memory.bytes.every((byte) => byte === 0)).toBe(true);
        expect(new GuestMemory(mebibyte).bytes.length).toBe(mebibyte);
    });

    it.each([0, mebibyte - 65_536, mebibyte + 4096, 0xb001_0000])(
        "has no %d bytes",
        (sizeBytes) => {
            expect(() => new GuestMemory(sizeBytes)).toThrow(
                "memory has from 1 MiB to 2816 MiB, in steps of 64 KiB",
            );
        },
    );

    it("contains whole ranges only, of whatever numbers a guest can state", () => {
        const memory = new GuestMemory(mebibyte);
        const ranges: [number, number, boolean][] = [
            [0, mebibyte, true],
            [mebibyte, 0, true],
            [mebibyte - 1, 2, false],
            [-1, 1, false],
            [0, -1, false],
            [2 ** 52, 8, false],
            [Number.NaN, 1, false],
            [0, Number.POSITIVE_INFINITY, false],
        ];
        for (const [address, byteLength, isInside] of ranges) {
            expect([address, memory.contains(address, byteLength)]).toEqual([address, isInside]);
        }
    });

    it("moves bytes for devices, all or nothing", () => {
        const memory = new GuestMemory(mebibyte);
        expect(memory.dmaWrite(0x1ffe, new Uint8Array([1, 2, 3, 4]))).toBe(true);
        const target = new Uint8Array(4).fill(9);
        expect(memory.dmaRead(0x1ffe, target)).toBe(true);
        expect([...target]).toEqual([1, 2, 3, 4]);
        expect(memory.takeDirtyPages()).toEqual([1, 2]);
        expect(memory.dmaWrite(mebibyte - 2, new Uint8Array(4).fill(7))).toBe(false);
        expect(memory.dmaRead(mebibyte - 2, target)).toBe(false);
        expect([...target]).toEqual([1, 2, 3, 4]);
        expect(memory.bytes[mebibyte - 2]).toBe(0);
        expect(memory.takeDirtyPages()).toEqual([]);
    });

    it("knows exactly which pages devices wrote, ascending", () => {
        fc.assert(
            marksExactly((memory) => memory.takeDirtyPages()),
            { seed: 33_006, numRuns: 100 },
        );
    });

    it("is told from a memory that marks just the first page of a write (canary)", () => {
        const firstOnly = (memory: GuestMemory) =>
            memory.takeDirtyPages().filter((page, index, pages) => page !== pages[index - 1] + 1);
        expect(fc.check(marksExactly(firstOnly), { seed: 33_006, numRuns: 100 }).failed).toBe(true);
    });

    it("tells who caches pages as writable whenever pages become clean or watched", () => {
        const memory = new GuestMemory(mebibyte);
        let told = 0;
        memory.onClean(() => told++);
        memory.takeDirtyPages();
        memory.watch(5, () => undefined);
        expect(told).toBe(2);
        expect(memory.watched[5]).toBe(1);
    });

    it("tells a page's one watcher of the part of a write that lies there", () => {
        const memory = new GuestMemory(mebibyte);
        const told: [number, number][] = [];
        memory.watch(0xb8, (address, byteLength) => told.push([address, byteLength]));
        expect(() => memory.watch(0xb8, () => undefined)).toThrow("page 184 is watched once");
        memory.dmaWrite(0xb7fff, new Uint8Array(2));
        memory.dmaWrite(0xb8ff0, new Uint8Array(0x20));
        memory.dmaWrite(0xb7000, new Uint8Array(0x3000));
        memory.dmaWrite(0xb9000, new Uint8Array(1));
        memory.wrote(0xb8000, 0);
        expect(told).toEqual([
            [0xb8000, 1],
            [0xb8ff0, 0x10],
            [0xb8000, 0x1000],
        ]);
    });
});

/** Writes of devices here and there; the pages that `take` gives are those that hold a byte. */
function marksExactly(take: (memory: GuestMemory) => number[]) {
    const memory = new GuestMemory(mebibyte);
    const anyWrite = fc.tuple(fc.nat(mebibyte - 20_000), fc.integer({ min: 0, max: 20_000 }));
    return fc.property(fc.array(anyWrite, { maxLength: 6 }), (writes) => {
        const expected = new Set<number>();
        for (const [address, byteLength] of writes) {
            memory.dmaWrite(address, new Uint8Array(byteLength));
            for (let at = address; at < address + byteLength; at++) {
                expected.add(at >> 12);
            }
        }
        expect(take(memory)).toEqual([...expected].sort((a, b) => a - b));
    });
}
