import { describe, expect, it } from "vitest";
import { readSuperblock } from "../../src/chkfs/superblock.ts";
import { Volume } from "../../src/chkfs/volume.ts";
import { geometryProblem } from "../../src/chkfs/volume-geometry.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { SparseStore } from "../../src/disk/sparse-store.ts";
import { buildImage, fragmented, type TestImage } from "../support/image-builder.ts";

function volumeOf(image: TestImage): Volume {
    const disk = new MemoryStore(image.bytes);
    return new Volume(disk, readSuperblock(disk));
}

/** `count` blocks of which block k is full of the byte k+1. */
function blocks(count: number): Uint8Array {
    const content = new Uint8Array(count * 4096);
    for (let index = 0; index < count; index++) {
        content.fill(index + 1, index * 4096, (index + 1) * 4096);
    }
    return content;
}

/** The same with the given blocks zeroed. */
function blocksWithHoles(count: number, ...holes: number[]): Uint8Array {
    const content = blocks(count);
    for (const hole of holes) {
        content.fill(0, hole * 4096, (hole + 1) * 4096);
    }
    return content;
}

function contentOf(volume: Volume, path: string): Uint8Array {
    const inode = volume.inode(volume.lookup(path) ?? 0);
    const content = new Uint8Array(inode.size);
    expect(volume.readFile(inode, 0, content)).toBe(inode.size);
    return content;
}

const sample = () =>
    buildImage({
        blockCount: 4096,
        inodeCount: 128,
        root: {
            "a.txt": "text",
            empty: "",
            folder: { inner: { deep: "deep text" }, bare: {} },
            pieces: fragmented(blocksWithHoles(7, 1, 2), [1, -2, 3]),
            many: fragmented(
                blocks(1200),
                Array.from({ length: 1100 }, () => 1),
            ),
        },
    });

describe("a volume", () => {
    it("gives an inode's fields as they stand on the disk", () => {
        const image = sample();
        image.pokeInode(2, "flags", 0xffffffff);
        image.pokeInode(2, "mlock", 7);
        image.pokeInode(2, "mbcindex", 8);
        image.pokeIndirect(2, { first: 9, count: 10 });
        const none = { first: 0, count: 0 };
        expect(volumeOf(image).inode(2)).toEqual({
            inodeNo: 2,
            type: 1,
            size: 4,
            nlink: 1,
            flags: 0xffffffff,
            mlock: 7,
            mbcindex: 8,
            direct: [{ first: image.data_bn, count: 1 }, none, none, none],
            indirect: { first: 9, count: 10 },
        });
    });

    it("knows the inodes that it has", () => {
        const volume = volumeOf(sample());
        expect([-1, 0, 1, 127, 128, 2 ** 31].map((inodeNo) => volume.hasInode(inodeNo))).toEqual([
            false,
            false,
            true,
            true,
            false,
            false,
        ]);
        expect(() => volume.inode(128)).toThrow("the disk has an inode 128");
    });

    it("lists the inodes in use without inode 0", () => {
        const image = sample();
        image.pokeInode(0, "type", 1);
        image.pokeInode(127, "type", 99);
        const inodeNos = [...volumeOf(image).liveInodes()].map(({ inodeNo }) => inodeNo);
        expect(inodeNos).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 127]);
    });

    it("reads files of one extent, of many, with holes, and of none", () => {
        const volume = volumeOf(sample());
        expect(contentOf(volume, "/a.txt")).toEqual(Uint8Array.from([116, 101, 120, 116]));
        expect(contentOf(volume, "/empty")).toEqual(new Uint8Array(0));
        expect(Buffer.compare(contentOf(volume, "/pieces"), blocksWithHoles(7, 1, 2))).toBe(0);
        expect(Buffer.compare(contentOf(volume, "/many"), blocks(1200))).toBe(0);
    });

    it("reads a byte range across extents and holes, and clips it at the end of the file", () => {
        const volume = volumeOf(sample());
        const inode = volume.inode(volume.lookup("/pieces") ?? 0);
        const target = new Uint8Array(3 * 4096 + 2).fill(0xee);
        expect(volume.readFile(inode, 4095, target)).toBe(target.length);
        const expected = blocksWithHoles(7, 1, 2).subarray(4095, 4 * 4096 + 1);
        expect(Buffer.compare(target, expected)).toBe(0);

        const last = new Uint8Array(10).fill(0xee);
        expect(volume.readFile(inode, 7 * 4096 - 2, last)).toBe(2);
        expect([...last]).toEqual([7, 7, ...Array.from({ length: 8 }, () => 0xee)]);
        expect(volume.readFile(inode, 7 * 4096, last)).toBe(0);
        expect(volume.readFile(inode, 2 ** 40, last)).toBe(0);
    });

    it("finds the block of a file block", () => {
        const image = sample();
        const volume = volumeOf(image);
        const pieces = volume.inode(volume.lookup("/pieces") ?? 0);
        const data = image.dataBlocks("/pieces");
        expect([0, 1, 2, 3, 4, 5, 6, 7].map((no) => volume.blockOfFile(pieces, no))).toEqual([
            data[0],
            0,
            0,
            data[1],
            data[2],
            data[3],
            data[4],
            undefined,
        ]);
        const many = volume.inode(volume.lookup("/many") ?? 0);
        expect(volume.blockOfFile(many, 1000)).toBe(image.dataBlocks("/many")[1000]);
        expect(image.indirectBlocks("/many")).toHaveLength(3);
    });

    it("looks paths up, whatever their slashes", () => {
        const image = sample();
        const volume = volumeOf(image);
        const deep = image.inodeNo("/folder/inner/deep");
        expect(volume.lookup("/folder/inner/deep")).toBe(deep);
        expect(volume.lookup("folder//inner///deep/")).toBe(deep);
        expect(volume.lookup("/")).toBe(1);
        expect(volume.lookup("")).toBe(1);
        expect(volume.lookup("/folder/inner/nothing")).toBeUndefined();
        expect(volume.lookup("/nothing/deep")).toBeUndefined();
        expect(volume.lookup("/a.txt/deep")).toBeUndefined();
        expect(volume.lookup("/folder/bare/deep")).toBeUndefined();
        expect(volume.lookup("/.")).toBeUndefined();
    });

    it("does not find an entry whose inode the disk does not have", () => {
        const image = sample();
        image.pokeDirent("/", 0, { inum: -1 });
        expect(volumeOf(image).lookup("/a.txt")).toBeUndefined();
        image.pokeDirent("/", 0, { inum: 128 });
        expect(volumeOf(image).lookup("/a.txt")).toBeUndefined();
    });

    it("reads no file's bytes while it walks and lists", () => {
        const image = sample();
        const memory = new MemoryStore(image.bytes);
        const fileBlocks = new Set([
            ...image.dataBlocks("/a.txt"),
            ...image.dataBlocks("/pieces"),
            ...image.dataBlocks("/many"),
        ]);
        const touched: number[] = [];
        const volume = new Volume(
            {
                sizeBytes: memory.sizeBytes,
                read(byteOffset, target) {
                    touched.push(Math.floor(byteOffset / 4096));
                    memory.read(byteOffset, target);
                },
            },
            readSuperblock(memory),
        );
        for (const { inode } of volume.walk()) {
            expect(inode && [...volume.extentsOf(inode)]).toBeDefined();
        }
        expect([...volume.liveInodes()]).toHaveLength(9);
        expect(touched.filter((blockNo) => fileBlocks.has(blockNo))).toEqual([]);
    });
});

describe("a walk", () => {
    const lines = (volume: Volume, inodeNo?: number, path?: string) =>
        [...volume.walk(inodeNo, path)].map(({ path, depth, inodeNo, isLast, problem }) =>
            [depth, path, inodeNo, ...(isLast ? ["last"] : []), problem].join(" ").trimEnd(),
        );

    it("goes depth first in the order of the directories", () => {
        expect(lines(volumeOf(sample()))).toEqual([
            "0 / 1 last",
            "1 /a.txt 2",
            "1 /empty 3",
            "1 /folder 4",
            "2 /folder/inner 5",
            "3 /folder/inner/deep 6 last",
            "2 /folder/bare 7 last",
            "1 /pieces 8",
            "1 /many 9 last",
        ]);
    });

    it("begins where it is told", () => {
        expect(lines(volumeOf(sample()), 5, "/folder/inner")).toEqual([
            "0 /folder/inner 5 last",
            "1 /folder/inner/deep 6 last",
        ]);
        expect(lines(volumeOf(sample()), 2, "/a.txt")).toEqual(["0 /a.txt 2 last"]);
    });

    it("goes into a directory once, though it contains itself or its parents", () => {
        const image = sample();
        image.pokeDirent("/folder/inner", 0, { inum: 5 });
        image.pokeDirent("/", 0, { inum: 1 });
        image.pokeDirent("/", 3, { inum: 4 });
        expect(lines(volumeOf(image))).toEqual([
            "0 / 1 last",
            "1 /a.txt 1 seen before",
            "1 /empty 3",
            "1 /folder 4",
            "2 /folder/inner 5",
            "3 /folder/inner/deep 5 last seen before",
            "2 /folder/bare 7 last",
            "1 /pieces 4 seen before",
            "1 /many 9 last",
        ]);
    });

    it("passes a file by as often as it is named", () => {
        const image = sample();
        image.pokeDirent("/", 1, { inum: 2 });
        expect(lines(volumeOf(image)).slice(1, 3)).toEqual(["1 /a.txt 2", "1 /empty 2"]);
    });

    it("says which entries name no inode or a free one", () => {
        const image = sample();
        image.pokeDirent("/", 0, { inum: -(2 ** 31) });
        image.pokeDirent("/", 1, { inum: 127 });
        image.pokeDirent("/", 2, { inum: 128 });
        expect(lines(volumeOf(image)).slice(1, 4)).toEqual([
            "1 /a.txt -2147483648 no such inode",
            "1 /empty 127 free inode",
            "1 /folder 128 no such inode",
        ]);
    });

    it("ends at a depth of 500 directories", () => {
        const entries = [...volumeOf(buildChain(600)).walk()];
        expect(entries.at(-1)).toMatchObject({ depth: 500, inodeNo: 501, problem: "too deep" });
        expect(entries).toHaveLength(501);
    });
});

/** Directories inside each other. */
function buildChain(depth: number): TestImage {
    let root = {};
    for (let level = 0; level < depth; level++) {
        root = { d: root };
    }
    return buildImage({ blockCount: 1024, inodeCount: 1024, root });
}

describe("geometryProblem", () => {
    const problemOf = (poke: (image: TestImage) => void, blockCount = 64) => {
        const image = buildImage({
            root: {},
            blockCount: 64,
            swapBlockCount: 2,
            journalBlockCount: 4,
        });
        poke(image);
        const disk = new MemoryStore(image.truncated(blockCount));
        return geometryProblem(readSuperblock(disk), disk.sizeBytes);
    };

    it("finds nothing wrong with a correct disk", () => {
        expect(problemOf(() => {})).toBeUndefined();
    });

    it.each<[string, (image: TestImage) => void]>([
        [
            "not a chkfs image: magic number is 0x0, expected 0xfbbfbb003ee9beef",
            (image) => image.pokeMagic(0n),
        ],
        [
            "nblocks is 2; a disk has 3 to 268435455 blocks",
            (image) => image.pokeSuperblock("nblocks", 2),
        ],
        [
            "nblocks is 268435456; a disk has 3 to 268435455 blocks",
            (image) => image.pokeSuperblock("nblocks", 0x10000000),
        ],
        [
            "ninodes is 1; a disk has at least inodes 0 and 1",
            (image) => image.pokeSuperblock("ninodes", 1),
        ],
        [
            "ninodes is -1; a disk has at least inodes 0 and 1",
            (image) => image.pokeSuperblock("ninodes", 0xffffffff),
        ],
        [
            "swap_bn is 0; swap space begins at block 1",
            (image) => image.pokeSuperblock("swap_bn", 0),
        ],
        [
            "fbb_bn is 3; swap space ends at block 4294967296",
            (image) => image.pokeSuperblock("nswap", 0xffffffff),
        ],
        [
            "inode_bn is 3; the free-block bitmap ends at block 4",
            (image) => image.pokeSuperblock("inode_bn", 3),
        ],
        [
            "data_bn is 5; the inodes end at block 33554436",
            (image) => image.pokeSuperblock("ninodes", 0x7fffffff),
        ],
        ["data_bn is 4; the inodes end at block 5", (image) => image.pokeSuperblock("data_bn", 4)],
        [
            "journal_bn is 4; data begins at block 5 and the disk ends at block 64",
            (image) => image.pokeSuperblock("journal_bn", 4),
        ],
        [
            "journal_bn is 65; data begins at block 5 and the disk ends at block 64",
            (image) => image.pokeSuperblock("journal_bn", 65),
        ],
    ])("says: %s", (message, poke) => {
        expect(problemOf(poke)).toBe(message);
    });

    it("wants the inodes whole, and lets data be missing", () => {
        expect(problemOf(() => {}, 5)).toBeUndefined();
        expect(problemOf(() => {}, 4)).toBe(
            "cut short: 16384 bytes, but the inodes alone reach to byte 20480",
        );
    });

    it("is what a volume insists on", () => {
        const image = buildImage({ root: {} });
        image.pokeMagic(1n);
        expect(() => volumeOf(image)).toThrow("a volume stands on a usable superblock");
    });
});

describe("a huge sparse disk", () => {
    it("is walked by reading its metadata alone", () => {
        const small = buildImage({ root: { a: "b" } });
        const lastBlockNo = 0xffffffe;
        const rootContent = small.bytes.slice(small.dataBlocks("/")[0] * 4096).subarray(0, 4096);
        small.pokeSuperblock("nblocks", lastBlockNo + 1);
        small.pokeSuperblock("inode_bn", 10_000);
        small.pokeSuperblock("data_bn", 10_001);
        small.pokeSuperblock("journal_bn", lastBlockNo + 1);
        small.pokeExtent(1, 0, { first: lastBlockNo, count: 1 });
        const disk = new SparseStore((lastBlockNo + 1) * 4096);
        disk.write(0, small.bytes.subarray(0, 4096));
        disk.write(10_000 * 4096, small.bytes.subarray(2 * 4096, 3 * 4096));
        disk.write(lastBlockNo * 4096, rootContent);
        const volume = new Volume(disk, readSuperblock(disk));
        expect([...volume.walk()].map(({ path }) => path)).toEqual(["/", "/a"]);
        expect(volume.lookup("/a")).toBe(2);
    });
});
