import { describe, expect, it } from "vitest";
import { PagedUint32Array } from "../../src/base/paged-array.ts";
import { Random } from "../../src/base/random.ts";
import { decodeSuperblock } from "../../src/chkfs/superblock.ts";
import { BlockOwners } from "../../src/fsck/block-owners.ts";

/** The page that both keep: 16,384 numbers. */
const page = 16_384;

describe("a paged array", () => {
    it("is zero until set, and full where it was filled", () => {
        const array = new PagedUint32Array();
        expect(array.get(5 * page + 7)).toBe(0);
        expect(array.zerosEnd(5 * page, 9 * page)).toBe(6 * page);
        array.fill(5 * page, 6 * page, 9);
        expect(array.zerosEnd(5 * page, 9 * page)).toBe(5 * page);
        expect(array.nonzerosEnd(5 * page + 3, 9 * page)).toBe(6 * page);
        expect(array.nonzerosEnd(6 * page, 9 * page)).toBe(6 * page);
        expect([5 * page - 1, 5 * page, 6 * page - 1, 6 * page].map((i) => array.get(i))).toEqual([
            0, 9, 9, 0,
        ]);
        array.set(5 * page + 1, 3);
        expect([0, 1, 2].map((i) => array.get(5 * page + i))).toEqual([9, 3, 9]);
    });

    it("holds what a plain array holds, whatever is set in it", () => {
        const random = new Random(3);
        const array = new PagedUint32Array();
        const plain = new Uint32Array(4 * page);
        for (let step = 0; step < 2000; step++) {
            const start = random.below(4) * page;
            const value = random.uint32();
            if (random.chance(1, 200)) {
                array.fill(start, start + page, value);
                plain.fill(value, start, start + page);
            } else if (random.chance(1, 10)) {
                const from = start + random.below(page);
                const to = random.between(from + 1, start + page);
                array.fill(from, to, value % 3);
                plain.fill(value % 3, from, to);
                const firstSet = plain.findIndex((number, at) => at >= from && number !== 0);
                const zerosEnd = Math.min(firstSet < 0 ? to : firstSet, to);
                expect(array.zerosEnd(from, to)).toBe(zerosEnd);
            } else {
                const index = start + random.below(page);
                array.set(index, value);
                plain[index] = value;
            }
        }
        expect(Uint32Array.from(plain, (_, index) => array.get(index))).toEqual(plain);
    });
});

describe("the owners of blocks", () => {
    const superblock = {
        ...decodeSuperblock(new Uint8Array(48)),
        nblocks: 10 * page,
        swap_bn: 1,
        fbb_bn: 3,
        inode_bn: 8,
        data_bn: 16,
        journal_bn: 9 * page,
    };

    it("are the disk's parts at first, and the first inode to claim a block after that", () => {
        const owners = new BlockOwners(superblock);
        expect(owners.ownerOf(0)).toEqual({ role: "superblock", inodeNo: 0, index: -1 });
        expect(owners.ownerOf(2)).toEqual({ role: "swap", inodeNo: 0, index: 1 });
        expect(owners.ownerOf(16)).toBeUndefined();
        expect(owners.ownerOf(9 * page + 5)).toEqual({ role: "journal", inodeNo: 0, index: 5 });
        owners.claim(20, "regular", 2, 0);
        owners.claim(21, "regular", 2, 1);
        owners.claim(22, "regular", 2, 7);
        owners.claim(23, "indirect", 2, 0);
        owners.claim(24, "regular", 3, 1);
        expect([20, 21, 22, 23, 24, 25].map((blockNo) => owners.ownerOf(blockNo))).toEqual([
            { role: "regular", inodeNo: 2, index: 0 },
            { role: "regular", inodeNo: 2, index: 1 },
            { role: "regular", inodeNo: 2, index: 7 },
            { role: "indirect", inodeNo: 2, index: 0 },
            { role: "regular", inodeNo: 3, index: 1 },
            undefined,
        ]);
        expect(owners.isClaimed(25)).toBe(false);
    });

    it("can claim a run at once as far as it is data that nobody claimed, page by page", () => {
        const owners = new BlockOwners(superblock);
        expect(owners.freeRunEnd(5, 100)).toBe(5);
        expect(owners.freeRunEnd(9 * page, 10 * page)).toBe(9 * page);
        expect(owners.freeRunEnd(16, 10 * page)).toBe(page);
        expect(owners.freeRunEnd(9 * page - 8, 10 * page)).toBe(9 * page);
        expect(owners.freeRunEnd(100, 130)).toBe(130);
        owners.claim(page - 1, "regular", 4, 10);
        owners.claimRun(page, 2 * page, "regular", 4, 11);
        expect(owners.freeRunEnd(16, 10 * page)).toBe(page - 1);
        expect(owners.freeRunEnd(page + 5, 2 * page)).toBe(page + 5);
        expect(owners.ownerOf(page + 100)).toEqual({ role: "regular", inodeNo: 4, index: 111 });
        expect(owners.ownerOf(2 * page)).toBeUndefined();
    });
});
