import fc from "fast-check";
import { createFsFromVolume, Volume } from "memfs";
import { describe, expect, it } from "vitest";
import { InvariantError } from "../../src/base/assert.ts";
import type { ByteStore } from "../../src/base/byte-store.ts";
import { Random } from "../../src/base/random.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { OverlayStore } from "../../src/disk/overlay-store.ts";
import { SparseStore } from "../../src/disk/sparse-store.ts";
import { FileStore } from "../../src/host/file-store.ts";
import type { FileSystem } from "../../src/host/host.ts";

/** A file on memfs with some content, and a store on it. */
function fileStore(content: Uint8Array) {
    const volume = Volume.fromJSON({});
    volume.writeFileSync("/disk.img", content);
    // memfs has the functions of node:fs that stores use, typed by itself.
    const fs = createFsFromVolume(volume) as unknown as FileSystem;
    const fd = fs.openSync("/disk.img", "r+");
    const store = new FileStore(fs, fd, content.length, "disk.img", 2);
    return { fs, fd, volume, store };
}

/** A store whose content is `content`. */
type StoreOf = (content: Uint8Array) => ByteStore;

const stores: Record<string, StoreOf> = {
    MemoryStore: (content) => new MemoryStore(content.slice()),
    SparseStore: (content) => {
        const store = new SparseStore(content.length);
        store.write(0, content);
        return store;
    },
    "SparseStore that grew": (content) => {
        const store = new SparseStore(0);
        store.grow(content.length);
        store.write(0, content);
        return store;
    },
    OverlayStore: (content) => new OverlayStore(new MemoryStore(content.slice())),
    "OverlayStore on an OverlayStore": (content) =>
        new OverlayStore(new OverlayStore(new MemoryStore(content.slice()))),
    FileStore: (content) => fileStore(content).store,
};

/** One request to a store: where, how many bytes, and what is written (undefined: a read). */
interface Request {
    readonly byteOffset: number;
    readonly length: number;
    readonly value: number | undefined;
}

/** Requests to a disk of `sizeBytes`, the ends of pages and of the disk among the likely places. */
function requests(random: Random, sizeBytes: number, count: number): Request[] {
    return Array.from({ length: count }, () => {
        const near = random.pick([0, 4096, 8192, sizeBytes]) + random.between(-3, 3);
        const place = random.chance(1, 2) ? near : random.between(0, sizeBytes);
        const byteOffset = Math.min(Math.max(place, 0), sizeBytes);
        const longest = random.pick([1, 8, 4096, 9000]);
        const length = random.between(0, Math.min(longest, sizeBytes - byteOffset));
        const value = random.chance(1, 2) ? random.below(256) : undefined;
        return { byteOffset, length, value };
    });
}

/** The first request after which a store and a plain array of bytes differ, or undefined. */
function firstDifference(storeOf: StoreOf, sizeBytes: number, asked: Request[]) {
    const model = Uint8Array.from({ length: sizeBytes }, (_, at) => at * 31 + (at >> 8));
    const store = storeOf(model);
    return asked.find(({ byteOffset, length, value }) => {
        const range = model.subarray(byteOffset, byteOffset + length);
        if (value !== undefined) {
            const source = new Uint8Array(length).map((_, at) => value + at);
            store.write(byteOffset, source);
            range.set(source);
            // The caller may use its buffer again.
            source.fill(0xee);
            return false;
        }
        const target = new Uint8Array(length).fill(0xcc);
        store.read(byteOffset, target);
        return Buffer.compare(target, range) !== 0;
    });
}

describe.each(Object.entries(stores))("%s", (_, storeOf) => {
    it("reads back what a plain array of bytes would, after any requests", () => {
        fc.assert(
            fc.property(fc.nat(), fc.integer({ min: 1, max: 13_000 }), (seed, sizeBytes) => {
                const asked = requests(new Random(seed), sizeBytes, 40);
                expect(firstDifference(storeOf, sizeBytes, asked)).toBeUndefined();
            }),
            { seed: 1, numRuns: 60 },
        );
    });

    it("knows its size, and takes requests of no bytes anywhere up to its end", () => {
        const store = storeOf(new Uint8Array(5000));
        expect(store.sizeBytes).toBe(5000);
        store.read(5000, new Uint8Array(0));
        store.write(0, new Uint8Array(0));
        store.flush();
    });

    it.each([
        [-1, 1],
        [5000, 1],
        [4999, 2],
        [0, 5001],
        [2 ** 53, 1],
        [Number.NaN, 1],
    ])("refuses bytes %d+%d of 5000", (byteOffset, length) => {
        const store = storeOf(new Uint8Array(5000));
        const expected = new InvariantError(
            `bytes ${byteOffset}+${length} lie inside a store of 5000`,
        );
        expect(() => store.read(byteOffset, new Uint8Array(length))).toThrow(expected);
        expect(() => store.write(byteOffset, new Uint8Array(length))).toThrow(expected);
    });
});

describe("the model of a store", () => {
    it("catches a store that loses the last byte of some writes (canary)", () => {
        class Forgetful extends MemoryStore {
            override write(byteOffset: number, source: Uint8Array): void {
                const endsPage = (byteOffset + source.length) % 4096 === 0;
                super.write(byteOffset, endsPage ? source : source.subarray(0, -1));
            }
        }
        const twin: StoreOf = (content) => new Forgetful(content.slice());
        const asked = requests(new Random(1), 10_000, 40);
        expect(firstDifference(twin, 10_000, asked)).toBeDefined();
    });
});

describe("an overlay", () => {
    it("never writes what lies under it, and knows the pages that it changed", () => {
        const content = Uint8Array.from({ length: 10_000 }, (_, at) => at);
        const base = new MemoryStore(content.slice());
        const overlay = new OverlayStore(base);
        overlay.write(8190, Uint8Array.of(1, 2, 3, 4));
        overlay.write(9999, Uint8Array.of(5));
        overlay.write(8190, Uint8Array.of(6));
        expect(Buffer.compare(base.bytes, content)).toBe(0);
        expect(overlay.changedPages()).toEqual([1, 2]);
    });

    it("shows what changes under it only where it changed nothing itself", () => {
        const base = new MemoryStore(new Uint8Array(8192));
        const overlay = new OverlayStore(base);
        overlay.write(0, Uint8Array.of(7));
        base.write(0, Uint8Array.of(1, 1));
        base.write(4096, Uint8Array.of(2));
        const bytes = new Uint8Array(8192);
        overlay.read(0, bytes);
        expect([bytes[0], bytes[1], bytes[4096]]).toEqual([7, 0, 2]);
    });
});

describe("a sparse disk", () => {
    it("of a tebibyte takes memory for nothing but the pages that were written", () => {
        const store = new SparseStore(2 ** 40);
        store.write(2 ** 39 - 1, Uint8Array.of(1, 2));
        store.write(2 ** 40 - 1, Uint8Array.of(3));
        expect(store.writtenPages()).toEqual([2 ** 27 - 1, 2 ** 27, 2 ** 28 - 1]);
        const bytes = new Uint8Array(4).fill(9);
        store.read(2 ** 39 - 2, bytes);
        expect([...bytes]).toEqual([0, 1, 2, 0]);
    });

    it("grows by zeros and never shrinks", () => {
        const store = new SparseStore(1);
        store.write(0, Uint8Array.of(5));
        store.grow(5000);
        const bytes = new Uint8Array(5000).fill(9);
        store.read(0, bytes);
        expect([bytes[0], bytes.subarray(1).every((byte) => byte === 0)]).toEqual([5, true]);
        expect(() => store.grow(4999)).toThrow(new InvariantError("a disk only grows"));
    });
});

describe("a disk in a file", () => {
    it("writes the file itself, at the offset and nowhere else", () => {
        const { store, volume } = fileStore(new Uint8Array(6));
        store.write(2, Uint8Array.of(1, 2));
        store.flush();
        store.close();
        expect([...(volume.readFileSync("/disk.img") as Buffer)]).toEqual([0, 0, 1, 2, 0, 0]);
    });

    it("reads zeros where the file has been cut short since it was opened", () => {
        const { store, volume } = fileStore(new Uint8Array(100).fill(7));
        volume.truncateSync("/disk.img", 50);
        const bytes = new Uint8Array(60).fill(9);
        store.read(40, bytes);
        expect([...bytes]).toEqual([...Array(10).fill(7), ...Array(50).fill(0)]);
    });

    it("goes on where the system read or wrote only a part", () => {
        const { fs, fd, volume } = fileStore(new Uint8Array(1000));
        const slow: FileSystem = Object.assign(Object.create(fs), {
            readSync: (of: number, to: Uint8Array, at: number, length: number, from: number) =>
                fs.readSync(of, to, at, Math.min(length, 7), from),
            writeSync: (of: number, from: Uint8Array, at: number, length: number, to: number) =>
                fs.writeSync(of, from, at, Math.min(length, 7), to),
        });
        const store = new FileStore(slow, fd, 1000, "disk.img", 2);
        const source = new Uint8Array(900).map((_, at) => at);
        store.write(50, source);
        const target = new Uint8Array(900);
        store.read(50, target);
        expect(Buffer.compare(source, target)).toBe(0);
        expect((volume.readFileSync("/disk.img") as Buffer).length).toBe(1000);
    });

    it("names the file and keeps the exit status when the system fails", () => {
        const { store } = fileStore(new Uint8Array(10));
        store.close();
        const expected = { message: "disk.img: Bad file descriptor", exitCode: 2 };
        const actions = [
            () => store.read(0, new Uint8Array(1)),
            () => store.write(0, new Uint8Array(1)),
            () => store.flush(),
            () => store.close(),
        ];
        for (const action of actions) {
            expect(action).toThrow(expect.objectContaining(expected));
        }
    });
});

describe("a SparseStore of thousands of pages", () => {
    it("keeps each page apart from the others, and zeros where nothing was written", () => {
        const pageCount = 3000;
        const store = new SparseStore(2 * pageCount * 4096);
        // Every other page holds its number, at its beginning and at its end.
        const mark = (pageNo: number) => Uint8Array.of(pageNo & 0xff, pageNo >>> 8, 1);
        for (let pageNo = 0; pageNo < 2 * pageCount; pageNo += 2) {
            store.write(pageNo * 4096, mark(pageNo));
            store.write(pageNo * 4096 + 4093, mark(pageNo));
        }
        const wrong: number[] = [];
        const bytes = new Uint8Array(4096);
        for (let pageNo = 0; pageNo < 2 * pageCount; pageNo++) {
            const expected = new Uint8Array(4096);
            if (pageNo % 2 === 0) {
                expected.set(mark(pageNo));
                expected.set(mark(pageNo), 4093);
            }
            store.read(pageNo * 4096, bytes);
            if (Buffer.compare(bytes, expected) !== 0) {
                wrong.push(pageNo);
            }
        }
        expect(wrong).toEqual([]);
        expect(store.writtenPages()).toHaveLength(pageCount);
    });
});
