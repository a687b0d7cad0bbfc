import { describe, expect, it } from "vitest";
import { readSuperblock } from "../../src/chkfs/superblock.ts";
import { Volume } from "../../src/chkfs/volume.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { buildImage, type TestImage } from "../support/image-builder.ts";

function entriesOf(image: TestImage, path: string) {
    const disk = new MemoryStore(image.bytes);
    const volume = new Volume(disk, readSuperblock(disk));
    return [...volume.entriesOf(volume.inode(image.inodeNo(path)))];
}

describe("the entries of a directory", () => {
    it("come with their slots, inode numbers, names and blocks", () => {
        const names = Array.from({ length: 40 }, (_, index) => `name ${index}`);
        const image = buildImage({ root: { d: names.map((name) => [name, ""] as const) } });
        const [first, second] = image.dataBlocks("/d");
        expect(entriesOf(image, "/d")).toEqual(
            names.map((name, slot) => ({
                slot,
                inodeNo: 3 + slot,
                name,
                blockNo: slot < 32 ? first : second,
            })),
        );
    });

    it("are none in a directory without blocks", () => {
        expect(entriesOf(buildImage({ root: { d: {} } }), "/d")).toEqual([]);
    });

    it("leave free slots out, whatever name they still hold", () => {
        const image = buildImage({ root: { a: "", b: "", c: "" } });
        image.pokeDirent("/", 1, { inum: 0 });
        expect(entriesOf(image, "/").map(({ slot, name }) => [slot, name])).toEqual([
            [0, "a"],
            [2, "c"],
        ]);
    });

    it("keep numbers and names that are wrong as they are", () => {
        const image = buildImage({ root: { a: "", b: "", c: "", d: "" } });
        const longest = "x".repeat(124);
        image.pokeDirent("/", 0, { inum: -1, name: "" });
        image.pokeDirent("/", 1, { inum: 0x7fffffff, name: longest });
        image.pokeDirent("/", 2, { name: "\xff\n/\0rest" });
        image.pokeDirent("/", 3, { inum: -(2 ** 31), name: ".." });
        expect(entriesOf(image, "/").map(({ inodeNo, name }) => [inodeNo, name])).toEqual([
            [-1, ""],
            [0x7fffffff, longest],
            [4, "\xff\n/"],
            [-(2 ** 31), ".."],
        ]);
    });

    it("end with the size, in the middle of a block", () => {
        const image = buildImage({ root: { a: "", b: "", c: "" } });
        image.pokeInode(1, "size", 2 * 128 + 127);
        expect(entriesOf(image, "/").map(({ name }) => name)).toEqual(["a", "b"]);
    });

    it("end with the blocks where the size goes on", () => {
        const image = buildImage({ root: { a: "", b: "" } });
        image.pokeInode(1, "size", 0xffffffff);
        expect(entriesOf(image, "/").map(({ name }) => name)).toEqual(["a", "b"]);
    });

    it("behind a hole keep the slots that their place gives them", () => {
        const image = buildImage({ root: { a: "" } });
        const [blockNo] = image.dataBlocks("/");
        image.pokeExtent(1, 0, { first: 0, count: 1000 });
        image.pokeExtent(1, 1, { first: blockNo, count: 1 });
        image.pokeInode(1, "size", 1001 * 4096);
        expect(entriesOf(image, "/")).toEqual([{ slot: 32_000, inodeNo: 2, name: "a", blockNo }]);
    });
});
