import { describe, expect, it } from "vitest";
import { InvariantError } from "../../src/base/assert.ts";
import { Random } from "../../src/base/random.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { FreeBlockBitmap } from "../../src/mkfs/bitmap.ts";
import { mergedExtents, withoutBlock } from "../../src/mkfs/extent.ts";
import {
    fittingGeometry,
    type GeometryRequest,
    neededBlockCount,
    planGeometry,
} from "../../src/mkfs/geometry.ts";
import { ImageBuilder } from "../../src/mkfs/image-builder.ts";
import { type LayoutChance, referenceChance, seededChance } from "../../src/mkfs/layout-chance.ts";
import { DiscreteDistribution } from "../../src/mkfs/reference-random.ts";
import { scatterExtents } from "../../src/mkfs/scatter.ts";
import type { Segment } from "../../src/mkfs/segments.ts";
import { writeImage } from "../../src/mkfs/write-image.ts";

/** The numbers of a geometry in the order of the superblock, from nblocks to journal_bn. */
function geometry(request: GeometryRequest): number[] {
    const s = planGeometry(request);
    return [
        ...[s.nblocks, s.nswap, s.ninodes, s.njournal],
        ...[s.swap_bn, s.fbb_bn, s.inode_bn, s.data_bn, s.journal_bn],
    ];
}

describe("planGeometry", () => {
    it("makes 1024 blocks with data from block 16 by default", () => {
        expect(geometry({})).toEqual([1024, 0, 896, 0, 1, 1, 2, 16, 1024]);
    });

    it("lays the course's own images out", () => {
        expect(geometry({ blockCount: 4096, firstDataBlock: 16 })).toEqual([
            ...[4096, 0, 896, 0],
            ...[1, 1, 2, 16, 4096],
        ]);
        expect(geometry({ blockCount: 32768, firstDataBlock: 16, journalBlockCount: 64 })).toEqual([
            32768, 0, 896, 64, 1, 1, 2, 16, 32704,
        ]);
    });

    it("fills the blocks before a wanted first data block with inodes", () => {
        expect(geometry({ firstDataBlock: 5 })).toEqual([1024, 0, 192, 0, 1, 1, 2, 5, 1024]);
    });

    it("gives a disk with swap, or with a large bitmap, 16 blocks of inodes", () => {
        expect(geometry({ swapBlockCount: 2 })).toEqual([1024, 2, 1024, 0, 1, 3, 4, 20, 1024]);
        expect(geometry({ swapBlockCount: 1 })).toEqual([1024, 1, 832, 0, 1, 2, 3, 16, 1024]);
        expect(geometry({ blockCount: 98305 })[6]).toBe(5);
    });

    it.each<[string, GeometryRequest]>([
        ["too few blocks, need at least 16", { blockCount: 15 }],
        ["too few blocks, need at least 106", { blockCount: 100, journalBlockCount: 90 }],
        [
            "too few blocks, need at least 4294967312",
            { swapBlockCount: 0x7fffffff, journalBlockCount: 0x7fffffff },
        ],
        ["too few blocks, need at least 33554434", { inodeCount: 0x7fffffff }],
        ["expected first data block 16, computed 3", { inodeCount: 64, firstDataBlock: 16 }],
        ["expected first data block 2, computed 16", { firstDataBlock: 2 }],
        ["too few inodes, need at least 10", { inodeCount: 9 }],
        [
            "too few inodes, need at least 2: inode 1 is the root directory",
            { inodeCount: 1, isReference: true },
        ],
        ["too many blocks, at most 268435455", { blockCount: 0x10000000 }],
        [
            "data from block 117440512 leaves room for 7515668416 inodes, but there are at most " +
                "2147483647; choose their number with -i",
            { blockCount: 0x0fffffff, firstDataBlock: 0x7000000 },
        ],
    ])("says '%s'", (message, request) => {
        expect(() => planGeometry(request)).toThrow(expect.objectContaining({ message }));
    });
});

describe("fittingGeometry", () => {
    const fitting = (request: GeometryRequest, dataBlockCount: number, inodeCount: number) => {
        const s = fittingGeometry(request, { dataBlockCount, inodeCount });
        return [s.nblocks, s.ninodes, s.data_bn, s.journal_bn];
    };

    it("has an eighth more than the content, and no less than the default", () => {
        expect(fitting({}, 1, 2)).toEqual([1024, 896, 16, 1024]);
        // 896 blocks and 112 more behind the 16 before them; then one more.
        expect(fitting({}, 896, 796)).toEqual([1024, 896, 16, 1024]);
        expect(fitting({}, 897, 797)).toEqual([1032, 960, 17, 1032]);
        expect(fitting({ journalBlockCount: 100 }, 896, 2)).toEqual([1128, 896, 16, 1028]);
        expect(fitting({ inodeCount: 10 }, 896, 2)).toEqual([1024, 10, 3, 1024]);
    });

    it("is, for what nearly fills the largest disk, that one", () => {
        expect(fitting({}, 0x0ff00000, 2)).toEqual([0x0fffffff, 1024, 8209, 0x0fffffff]);
    });
});

describe("neededBlockCount", () => {
    it("finds the smallest disk, where a larger one may need a larger bitmap", () => {
        expect(neededBlockCount({}, 1)).toBe(17);
        expect(neededBlockCount({ journalBlockCount: 64 }, 100)).toBe(180);
        // One bitmap block ends at 32768 blocks, of which 16 are head.
        expect(neededBlockCount({}, 32752)).toBe(32768);
        expect(neededBlockCount({}, 32753)).toBe(32769);
        expect(neededBlockCount({ inodeCount: 64 }, 32765)).toBe(32768);
        expect(neededBlockCount({ inodeCount: 64 }, 32766)).toBe(32770);
    });
});

describe("FreeBlockBitmap", () => {
    it("says of every block what a list of blocks says, read in pieces of any size", () => {
        const random = new Random(7);
        for (let round = 0; round < 200; round++) {
            const blockCount = random.between(1, 400);
            const isUsed = Array.from({ length: blockCount }, () => random.chance(1, 3));
            const allocated = mergedExtents(
                isUsed.flatMap((used, first) => (used ? [{ first, count: 1 }] : [])),
            );
            const bitmap = new FreeBlockBitmap(blockCount, allocated);
            expect(bitmap.sizeBytes).toBe(4096);
            const from = random.below(60);
            const bytes = new Uint8Array(random.between(1, 64));
            bitmap.read(from, bytes);
            const expected = Uint8Array.from(bytes, (_, index) => {
                const bits = [0, 1, 2, 3, 4, 5, 6, 7].map((bit) => {
                    const blockNo = (from + index) * 8 + bit;
                    return blockNo < blockCount && !isUsed[blockNo] ? 1 << bit : 0;
                });
                return bits.reduce((byte, bit) => byte | bit, 0);
            });
            expect(bytes).toEqual(expected);
        }
    });
});

describe("extents", () => {
    it("merge where they touch, in ascending order, and empty ones vanish", () => {
        expect(
            mergedExtents([
                { first: 9, count: 1 },
                { first: 2, count: 3 },
                { first: 5, count: 2 },
                { first: 8, count: 0 },
            ]),
        ).toEqual([
            { first: 2, count: 5 },
            { first: 9, count: 1 },
        ]);
    });

    it("lose one block from the middle, an end, or not at all", () => {
        const extents = [{ first: 4, count: 3 }];
        expect(withoutBlock(extents, 5)).toEqual([
            { first: 4, count: 1 },
            { first: 6, count: 1 },
        ]);
        expect(withoutBlock(extents, 4)).toEqual([{ first: 5, count: 2 }]);
        expect(withoutBlock(extents, 6)).toEqual([{ first: 4, count: 2 }]);
        expect(withoutBlock(extents, 7)).toEqual(extents);
    });
});

describe("layout chance", () => {
    it.each([
        ["of the reference", referenceChance()],
        ["of a seed", seededChance(new Random(1))],
    ])("%s draws extents and gaps as often as the weights say", (_, chance) => {
        const extents = [0, 0, 0, 0, 0, 0, 0];
        const gaps = [0, 0, 0];
        for (let index = 0; index < 90_000; index++) {
            extents[chance.extentLength()]++;
            gaps[chance.gapLength()]++;
        }
        expect(extents.map((count) => Math.round(count / 1000))).toEqual([
            ...[0, 30, 20, 10, 10, 10, 10],
        ]);
        expect(gaps.map((count) => Math.round((count * 16) / 90_000))).toEqual([13, 2, 1]);
    });

    it("of a seed shuffles everything from the start index on", () => {
        const list = [0, 1, 2, 3, 4, 5, 6, 7];
        seededChance(new Random(3)).shuffle(list, 2);
        expect(list.slice(0, 2)).toEqual([0, 1]);
        expect(list).not.toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
        expect([...list].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    });

    it("has something to choose from", () => {
        expect(() => new DiscreteDistribution([1])).toThrow(InvariantError);
    });
});

/** Nothing left to chance: extents of one block, gaps of two, no shuffling. */
const certain: LayoutChance = { extentLength: () => 1, gapLength: () => 2, shuffle() {} };

describe("the blocks that list extents", () => {
    it.each([
        [4, 0],
        [5, 1],
        [516, 1],
        [517, 2],
        [1028, 2],
        [1029, 3],
    ])("of a file of %i extents are %i", (extentCount, listBlockCount) => {
        const builder = new ImageBuilder({
            superblock: planGeometry({ blockCount: 8000 }),
            chance: certain,
            pinsFirstFile: false,
            reference: false,
            measuresShortage: false,
        });
        const content = new MemoryStore(new Uint8Array(extentCount * 4096));
        builder.addFile(builder.root, "f", "f", content);
        const [, file] = builder.finish().inodes;
        expect(file.extents.length).toBe(extentCount);
        expect(file.indirect?.count ?? 0).toBe(listBlockCount);
    });
});

describe("scatterExtents", () => {
    it("leaves gaps while there are free blocks, and never one more", () => {
        const superblock = planGeometry({ blockCount: 24, journalBlockCount: 1 });
        const extents = [16, 17, 18, 19].map((first) => ({ first, count: 1 }));
        scatterExtents(extents, 0, superblock, 20, certain);
        // Blocks 16 to 22 are for data: four are used, three free.
        expect(extents.map((extent) => extent.first)).toEqual([16, 19, 21, 22]);
    });
});

describe("writeImage", () => {
    /** What is written where, of content that starts at the given blocks. */
    function writes(contents: readonly (readonly [first: number, bytes: Uint8Array])[]): string[] {
        const segments: Segment[] = contents.map(([first, bytes]) => ({
            first,
            count: Math.ceil(bytes.length / 4096),
            content: new MemoryStore(bytes),
            contentOffset: 0,
        }));
        const log: string[] = [];
        const write = (byteOffset: number, bytes: Uint8Array) =>
            log.push(`${byteOffset / 4096}+${bytes.length / 4096}`);
        writeImage(segments, { write }, () => {});
        return log;
    }

    const ones = (sizeBytes: number) => new Uint8Array(sizeBytes).fill(1);

    it("joins neighbours, up to a mebibyte, and keeps the others apart", () => {
        expect(
            writes([
                [0, ones(1)],
                [1, ones(5000)],
                [4, ones(9)],
            ]),
        ).toEqual(["0+3", "4+1"]);
        expect(
            writes([
                [0, ones(4096 * 300)],
                [300, ones(9)],
            ]),
        ).toEqual(["0+256", "256+45"]);
    });

    it("leaves zeros out, but nothing that ends in a single one", () => {
        const zeros = new Uint8Array(256 * 4096);
        const almost = new Uint8Array(256 * 4096);
        almost[almost.length - 1] = 1;
        expect(
            writes([
                [0, zeros],
                [256, almost],
                [512, zeros],
            ]),
        ).toEqual(["256+256"]);
    });
});
