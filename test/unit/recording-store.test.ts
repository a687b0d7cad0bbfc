import { describe, expect, it } from "vitest";
import type { ByteReader } from "../../src/base/byte-store.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { type Landing, RecordingStore } from "../../src/disk/recording-store.ts";

/** A disk of 8 sectors of 512 bytes, all zeros. */
function recorded() {
    const base = new MemoryStore(new Uint8Array(4096));
    return { base, disk: new RecordingStore(base) };
}

/** `count` sectors full of `byte`. */
function sectors(count: number, byte: number): Uint8Array {
    return new Uint8Array(count * 512).fill(byte);
}

/** The first byte of each sector, and of the rest that every byte is the same. */
function sectorBytes(disk: ByteReader): number[] {
    const bytes = new Uint8Array(disk.sizeBytes);
    disk.read(0, bytes);
    return Array.from({ length: 8 }, (_, index) => {
        const sector = bytes.subarray(index * 512, (index + 1) * 512);
        expect(sector.every((byte) => byte === sector[0])).toBe(true);
        return sector[0];
    });
}

describe("a recording store", () => {
    it("reads what was written and leaves its base alone", () => {
        const { base, disk } = recorded();
        disk.write(512, sectors(2, 7));
        expect(sectorBytes(disk)).toEqual([0, 7, 7, 0, 0, 0, 0, 0]);
        expect(sectorBytes(base)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    });

    it("keeps writes by flush, as they were when they were made", () => {
        const { disk } = recorded();
        const buffer = sectors(1, 1);
        disk.write(0, buffer);
        buffer.fill(2);
        disk.write(512, buffer);
        disk.flush();
        disk.write(1024, sectors(1, 3));
        expect(
            disk.epochs.map((writes) =>
                writes.map(({ byteOffset, bytes }) => [byteOffset, bytes.length, bytes[0]]),
            ),
        ).toEqual([
            [
                [0, 512, 1],
                [512, 512, 2],
            ],
            [[1024, 512, 3]],
        ]);
        expect(disk.writes).toHaveLength(3);
    });

    it("shows the disk after each number of writes", () => {
        const { disk } = recorded();
        disk.write(0, sectors(2, 1));
        disk.flush();
        disk.write(512, sectors(2, 2));
        expect([0, 1, 2].map((count) => sectorBytes(disk.afterPrefix(count)))).toEqual([
            [0, 0, 0, 0, 0, 0, 0, 0],
            [1, 1, 0, 0, 0, 0, 0, 0],
            [1, 2, 2, 0, 0, 0, 0, 0],
        ]);
    });

    it("shows any part of the epoch in which power fails, over all of the ones before", () => {
        const { disk } = recorded();
        disk.write(0, sectors(1, 1));
        disk.flush();
        disk.write(512, sectors(1, 2));
        disk.write(1024, sectors(1, 3));
        disk.flush();
        disk.write(1536, sectors(1, 4));
        const left = (epochNo: number, landings: Landing[]) =>
            sectorBytes(disk.afterCrash(epochNo, (_, index) => landings[index])).slice(0, 4);
        expect(left(0, ["lost"])).toEqual([0, 0, 0, 0]);
        expect(left(0, ["whole"])).toEqual([1, 0, 0, 0]);
        expect(left(1, ["lost", "lost"])).toEqual([1, 0, 0, 0]);
        expect(left(1, ["lost", "whole"])).toEqual([1, 0, 3, 0]);
        expect(left(1, ["whole", "lost"])).toEqual([1, 2, 0, 0]);
        expect(left(2, ["lost"])).toEqual([1, 2, 3, 0]);
        expect(left(2, ["whole"])).toEqual([1, 2, 3, 4]);
    });

    it("tears a write by sectors, counted from the one in which it begins", () => {
        const { disk } = recorded();
        disk.write(1024, sectors(4, 9));
        const torn = disk.afterCrash(0, () => (sectorIndex) => sectorIndex % 2 === 1);
        expect(sectorBytes(torn)).toEqual([0, 0, 0, 9, 0, 9, 0, 0]);
    });

    it("tears a write that begins inside a sector at the sector's end", () => {
        const { disk } = recorded();
        disk.write(500, new Uint8Array(20).fill(9));
        const torn = disk.afterCrash(0, () => (sectorIndex) => sectorIndex === 1);
        const bytes = new Uint8Array(4096);
        torn.read(0, bytes);
        expect([...bytes.keys()].filter((at) => bytes[at] === 9)).toEqual([
            512, 513, 514, 515, 516, 517, 518, 519,
        ]);
    });

    it("does the same on another disk, flushes included", () => {
        const { disk } = recorded();
        disk.write(0, sectors(1, 1));
        disk.flush();
        disk.flush();
        disk.write(0, sectors(1, 2));
        const { disk: other } = recorded();
        disk.repeatOn(other);
        expect(other.epochs).toEqual(disk.epochs);
        expect(sectorBytes(other)).toEqual([2, 0, 0, 0, 0, 0, 0, 0]);
    });
});
