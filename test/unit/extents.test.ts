import { describe, expect, it } from "vitest";
import type { Extent } from "../../src/chkfs/inode.ts";
import { readSuperblock } from "../../src/chkfs/superblock.ts";
import { Volume } from "../../src/chkfs/volume.ts";
import { VolumeBudget } from "../../src/chkfs/volume-budget.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { buildImage, fragmented, type TestImage } from "../support/image-builder.ts";
import { overclaimedImage } from "../support/overclaimed-image.ts";

const maxU32 = 0xffffffff;

/** 64 blocks: data from 3 up to the journal at 60. */
function imageWithFile(sizeBytes: number, extents: readonly Extent[]): TestImage {
    const image = buildImage({ root: { f: "" }, journalBlockCount: 4 });
    image.pokeInode(2, "size", sizeBytes);
    for (const [index, extent] of extents.entries()) {
        image.pokeExtent(2, index, extent);
    }
    return image;
}

function open(image: TestImage, bytes = image.bytes): Volume {
    const disk = new MemoryStore(bytes);
    return new Volume(disk, readSuperblock(disk));
}

/** The file's stretches, each as "kind fileBlockNo first count". */
function stretches(image: TestImage, bytes = image.bytes): string[] {
    const volume = open(image, bytes);
    return [...volume.extentsOf(volume.inode(2))].map(
        ({ kind, fileBlockNo, first, count }) => `${kind} ${fileBlockNo} ${first} ${count}`,
    );
}

describe("the stretches of a file", () => {
    it("are its extents, clipped to the size", () => {
        const image = imageWithFile(5 * 4096 + 1, [
            { first: 10, count: 2 },
            { first: 0, count: 1 },
            { first: 20, count: 30 },
        ]);
        expect(stretches(image)).toEqual(["data 0 10 2", "hole 2 0 1", "data 3 20 3"]);
    });

    it("are none in an empty file, whatever its extents", () => {
        expect(stretches(imageWithFile(0, [{ first: 10, count: 2 }]))).toEqual([]);
    });

    it("say where the size goes beyond the last extent", () => {
        expect(stretches(imageWithFile(maxU32, [{ first: 10, count: 2 }]))).toEqual([
            "data 0 10 2",
            "unmapped 2 0 1048574",
        ]);
    });

    it("stop at the first extent of count 0", () => {
        const image = imageWithFile(3 * 4096, [
            { first: 10, count: 1 },
            { first: 11, count: 0 },
            { first: 12, count: 1 },
        ]);
        expect(stretches(image)).toEqual(["data 0 10 1", "unmapped 1 0 2"]);
    });

    it.each<[string, Extent, string[]]>([
        ["before the data", { first: 1, count: 2 }, ["invalid 0 1 2", "unmapped 2 0 98"]],
        [
            "that enters the data",
            { first: 1, count: 4 },
            ["invalid 0 1 2", "data 2 3 2", "unmapped 4 0 96"],
        ],
        [
            "that runs into the journal",
            { first: 58, count: 4 },
            ["data 0 58 2", "invalid 2 60 2", "unmapped 4 0 96"],
        ],
        [
            "around all of the disk",
            { first: 1, count: 99 },
            ["invalid 0 1 2", "data 2 3 57", "invalid 59 60 40", "unmapped 99 0 1"],
        ],
        ["of the journal", { first: 60, count: 1 }, ["invalid 0 60 1", "unmapped 1 0 99"]],
        ["far away", { first: maxU32, count: 3 }, [`invalid 0 ${maxU32} 3`, "unmapped 3 0 97"]],
        ["of 2^32-1 blocks", { first: 3, count: maxU32 }, ["data 0 3 57", "invalid 57 60 43"]],
        [
            "whose end wraps around 2^32",
            { first: maxU32 - 1, count: maxU32 },
            [`invalid 0 ${maxU32 - 1} 100`],
        ],
        ["that is a hole of 2^32-1 blocks", { first: 0, count: maxU32 }, ["hole 0 0 100"]],
    ])("cut an extent %s", (_, extent, expected) => {
        expect(stretches(imageWithFile(100 * 4096, [extent]))).toEqual(expected);
    });

    it("lack the blocks that the image was cut short of", () => {
        const image = imageWithFile(4 * 4096, [{ first: 10, count: 4 }]);
        const expected = ["data 0 10 2", "invalid 2 12 2"];
        expect(stretches(image, image.truncated(12))).toEqual(expected);
        expect(stretches(image, image.bytes.slice(0, 13 * 4096 - 1))).toEqual(expected);
    });

    it.each<[string, Extent]>([
        ["before the data", { first: 2, count: 1 }],
        ["that enters the data", { first: 2, count: 9 }],
        ["at block 0", { first: 0, count: 1 }],
        ["in the journal", { first: 60, count: 1 }],
        ["whose end wraps around 2^32", { first: maxU32, count: maxU32 }],
    ])("end before an indirect extent %s", (_, indirect) => {
        const image = imageWithFile(
            9 * 4096,
            Array.from({ length: 4 }, () => ({ first: 10, count: 1 })),
        );
        image.pokeIndirect(2, indirect);
        expect(stretches(image).slice(4)).toEqual(["unmapped 4 0 5"]);
    });

    it("follow an indirect extent as far as it can be read", () => {
        const image = buildImage({
            root: { f: fragmented(new Uint8Array(9 * 4096), [1, 1, 1, 1, 1, 1, 1, 1, 1]) },
        });
        const [indirect] = image.indirectBlocks("/f");
        image.pokeIndirect(2, { first: indirect, count: maxU32 });
        expect(stretches(image)).toHaveLength(9);
        expect(stretches(image, image.truncated(indirect)).at(-1)).toBe("unmapped 4 0 5");
    });
});

describe("the extents of an inode", () => {
    it("are given as they stand, beyond the size too, with their places", () => {
        const image = buildImage({
            root: { f: fragmented(new Uint8Array(6 * 4096), [1, -1, 1, 1, 1, 1]) },
        });
        image.pokeInode(2, "size", 0);
        image.pokeExtent(2, 5, { first: maxU32, count: maxU32 });
        const volume = open(image);
        const data = image.dataBlocks("/f");
        expect([...volume.extentSlotsOf(volume.inode(2))]).toEqual([
            { index: 0, first: data[0], count: 1 },
            { index: 1, first: 0, count: 1 },
            { index: 2, first: data[1], count: 1 },
            { index: 3, first: data[2], count: 1 },
            { index: 4, first: data[3], count: 1 },
            { index: 5, first: maxU32, count: maxU32 },
        ]);
    });
});

describe("a budget", () => {
    it("grants five extents an inode and 512 a block, and each block once", () => {
        const budget = new VolumeBudget(2, 3);
        const count = (take: () => boolean) => {
            let granted = 0;
            while (take()) {
                granted++;
            }
            return granted;
        };
        expect(budget.isSpent).toBe(false);
        expect(count(() => budget.takeBlock())).toBe(3);
        expect(budget.isSpent).toBe(true);
        expect(count(() => budget.takeExtent())).toBe(5 * 2 + 512 * 3);
    });

    it("grants claims to twice as many blocks as there are, and 4096 more", () => {
        const budget = new VolumeBudget(2, 3);
        for (let count = 0; count < 2 * 3 + 4096; count++) {
            expect(budget.takeClaim()).toBe(true);
        }
        expect(budget.isSpent).toBe(false);
        expect(budget.takeClaim()).toBe(false);
        expect(budget.isSpent).toBe(true);
    });

    it("ends the extents of a file that claims the same blocks again and again", () => {
        const volume = open(overclaimedImage());
        const budget = volume.newBudget();
        expect([...volume.extentSlotsOf(volume.inode(2), budget)]).toHaveLength(2 * 61 + 4096);
        expect(budget.isSpent).toBe(true);
    });

    it.each<[string, Extent]>([
        ["holes", { first: 0, count: 1 }],
        ["extents before the data", { first: 1, count: 2 }],
        ["extents that the image was cut short of", { first: 64, count: 9 }],
    ])("asks no claim of %s, which correct disks have any number of", (_, extent) => {
        const volume = open(overclaimedImage(extent));
        const budget = volume.newBudget();
        expect([...volume.extentSlotsOf(volume.inode(2), budget)]).toHaveLength(4 + 60 * 512);
        expect(budget.isSpent).toBe(false);
    });

    it("is enough for a disk that is full of extents", () => {
        const image = buildImage({
            blockCount: 1200,
            root: { f: fragmented(new Uint8Array(516 * 4096), new Array<number>(516).fill(1)) },
        });
        const volume = open(image);
        const budget = volume.newBudget();
        for (const { inode } of volume.walk(1, "/", budget)) {
            expect(inode && [...volume.extentSlotsOf(inode, budget)]).toBeDefined();
        }
        expect(budget.isSpent).toBe(false);
    });

    it("bounds what a disk of extents that use each other's blocks can ask for", () => {
        // Every inode is a directory of 4 GiB whose extents all map the one block of the root,
        // and whose entries name every inode: unbounded, a walk of about 2^20 * 32 * 63 entries.
        const image = buildImage({
            root: Array.from({ length: 32 }, (_, index) => [`d${index}`, {}] as const),
        });
        const [block] = image.dataBlocks("/");
        for (let inodeNo = 1; inodeNo < 64; inodeNo++) {
            image.pokeInode(inodeNo, "type", 2);
            image.pokeInode(inodeNo, "size", maxU32);
            for (let index = 0; index < 4; index++) {
                image.pokeExtent(inodeNo, index, { first: block, count: maxU32 });
            }
        }
        const volume = open(image);
        const budget = volume.newBudget();
        const entries = [...volume.walk(1, "/", budget)];
        expect(entries.length).toBeLessThanOrEqual(1 + 32 * 61);
        expect(entries.length).toBeGreaterThan(32);
        expect(budget.isSpent).toBe(true);
    });
});
