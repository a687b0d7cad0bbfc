import { describe, expect, it } from "vitest";
import { blockClaims, blockRoles, diskParts } from "../../src/chkfs/block-roles.ts";
import { readSuperblock } from "../../src/chkfs/superblock.ts";
import { Volume } from "../../src/chkfs/volume.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { buildImage, fragmented, type TestImage } from "../support/image-builder.ts";
import { overclaimedImage } from "../support/overclaimed-image.ts";

function open(image: TestImage, bytes = image.bytes): Volume {
    const disk = new MemoryStore(bytes);
    return new Volume(disk, readSuperblock(disk));
}

function roles(image: TestImage, bytes = image.bytes): string[] {
    return [...blockRoles(open(image, bytes))].map(
        ({ role, first, count }) => `${role} ${first} ${count}`,
    );
}

describe("the parts of a disk", () => {
    it("follow each other without gaps", () => {
        const image = buildImage({ root: {}, swapBlockCount: 2, journalBlockCount: 4 });
        image.pokeSuperblock("data_bn", 7);
        expect(diskParts(readSuperblock(new MemoryStore(image.bytes)))).toEqual([
            { role: "superblock", first: 0, count: 1 },
            { role: "swap", first: 1, count: 2 },
            { role: "bitmap", first: 3, count: 1 },
            { role: "inodes", first: 4, count: 1 },
            { role: "reserved", first: 5, count: 2 },
            { role: "data", first: 7, count: 53 },
            { role: "journal", first: 60, count: 4 },
        ]);
    });
});

describe("the claims of a disk", () => {
    it("name each inode's blocks and their places in the file", () => {
        const image = buildImage({
            root: { f: fragmented(new Uint8Array(9 * 4096), [1, -2, 1, 1, 1, 3]) },
        });
        const data = image.dataBlocks("/f");
        const [indirect] = image.indirectBlocks("/f");
        const [root] = image.dataBlocks("/");
        expect([...blockClaims(open(image))]).toEqual([
            { role: "directory", inodeNo: 1, first: root, count: 1, index: 0 },
            { role: "file", inodeNo: 2, first: data[0], count: 1, index: 0 },
            { role: "file", inodeNo: 2, first: data[1], count: 1, index: 3 },
            { role: "file", inodeNo: 2, first: data[2], count: 1, index: 4 },
            { role: "file", inodeNo: 2, first: data[3], count: 1, index: 5 },
            { role: "file", inodeNo: 2, first: data[4], count: 3, index: 6 },
            { role: "indirect", inodeNo: 2, first: indirect, count: 1, index: 0 },
        ]);
    });

    it("are clipped to the data, and keep their places in the file", () => {
        const image = buildImage({ root: { f: "" } });
        image.pokeExtent(2, 0, { first: 1, count: 0xffffffff });
        expect([...blockClaims(open(image))].at(-1)).toEqual({
            role: "file",
            inodeNo: 2,
            first: 3,
            count: 61,
            index: 2,
        });
    });
});

describe("the claims of a disk that uses the same blocks again and again", () => {
    it("are twice as many as there are blocks of data, and 4096", () => {
        const volume = open(overclaimedImage());
        const budget = volume.newBudget();
        expect([...blockClaims(volume, budget)]).toHaveLength(2 * 61 + 4096);
        expect(budget.isSpent).toBe(true);
    });

    it("include the indirect extents of every inode", () => {
        const image = buildImage({ root: {}, inodeCount: 8192, blockCount: 256 });
        for (let inodeNo = 2; inodeNo < 8192; inodeNo++) {
            image.pokeInode(inodeNo, "type", 1);
            image.pokeIndirect(inodeNo, { first: 130, count: 126 });
        }
        const volume = open(image);
        const dataBlockCount = 256 - 130;
        expect([...blockClaims(volume)]).toHaveLength(2 * dataBlockCount + 4096);
    });
});

describe("the roles of blocks", () => {
    it("are those of the claims that there was room for", () => {
        const volume = open(overclaimedImage());
        const budget = volume.newBudget();
        expect([...blockRoles(volume, budget)].slice(3)).toEqual([
            { role: "shared", first: 3, count: 61 },
        ]);
        expect(budget.isSpent).toBe(true);
    });

    it("tell what is free, leaked, used but marked free, and used more than once", () => {
        const image = buildImage({ root: { f: "f", g: "g" } });
        // Blocks: 0 superblock, 1 bitmap, 2 inodes, 3 f, 4 g, 5 root.
        expect(roles(image)).toEqual([
            "superblock 0 1",
            "bitmap 1 1",
            "inodes 2 1",
            "file 3 2",
            "directory 5 1",
            "free 6 58",
        ]);
        image.pokeExtent(3, 0, { first: 3, count: 1 });
        image.setFree(0, true);
        image.setFree(5, true);
        image.setFree(6, false);
        expect(roles(image)).toEqual([
            "marked-free 0 1",
            "bitmap 1 1",
            "inodes 2 1",
            "shared 3 1",
            "leaked 4 1",
            "marked-free 5 1",
            "leaked 6 1",
            "free 7 57",
        ]);
    });

    it("call a block shared that one file uses twice", () => {
        const image = buildImage({ root: { f: "f" } });
        image.pokeExtent(2, 1, { first: 3, count: 2 });
        image.pokeExtent(2, 2, { first: 3, count: 1 });
        expect(roles(image).slice(3, 6)).toEqual(["shared 3 2", "free 5 59"]);
    });

    it("call missing what an image that was cut short lacks, at no cost a block", () => {
        const image = buildImage({ root: { f: "f" }, journalBlockCount: 4 });
        expect(roles(image, image.truncated(5)).slice(3)).toEqual([
            "file 3 1",
            "directory 4 1",
            "missing 5 59",
        ]);
        image.pokeSuperblock("nblocks", 0xfffffff);
        image.pokeSuperblock("inode_bn", 9000);
        image.pokeSuperblock("data_bn", 9001);
        image.pokeSuperblock("journal_bn", 0xfffffff);
        const bytes = new Uint8Array(9002 * 4096);
        bytes.set(image.bytes);
        expect(roles(image, bytes).at(-1)).toBe("missing 9002 268426453");
    });
});
