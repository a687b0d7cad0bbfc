import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type Fields, fieldSizeBytes, type StructType } from "../../src/base/struct.ts";
import * as layout from "../../src/chkfs/layout.ts";
import {
    bitmapBlockCount,
    decodeSuperblock,
    encodeSuperblock,
    inodeBlockCount,
    readSuperblock,
} from "../../src/chkfs/superblock.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";

/** Offsets and sizes in bytes, as the C declarations of the format have them. */
const expected: [StructType<Fields>, number, Record<string, [number, number]>][] = [
    [
        layout.superblockLayout,
        48,
        {
            magic: [0, 8],
            nblocks: [8, 4],
            nswap: [12, 4],
            ninodes: [16, 4],
            njournal: [20, 4],
            swap_bn: [24, 4],
            fbb_bn: [28, 4],
            inode_bn: [32, 4],
            data_bn: [36, 4],
            journal_bn: [40, 4],
        },
    ],
    [layout.extentLayout, 8, { first: [0, 4], count: [4, 4] }],
    [
        layout.inodeLayout,
        64,
        {
            type: [0, 4],
            size: [4, 4],
            nlink: [8, 4],
            flags: [12, 4],
            mlock: [16, 4],
            mbcindex: [20, 4],
            direct: [24, 32],
            indirect: [56, 8],
        },
    ],
    [layout.direntLayout, 128, { inum: [0, 4], name: [4, 124] }],
    [layout.blockReferenceLayout, 12, { bn: [0, 4], bchecksum: [4, 4], bflags: [8, 2] }],
    [
        layout.metablockLayout,
        4096,
        {
            magic: [0, 8],
            checksum: [8, 4],
            seq: [16, 2],
            tid: [18, 2],
            commit_boundary: [20, 2],
            complete_boundary: [22, 2],
            flags: [24, 2],
            nref: [26, 2],
            ref: [28, 4068],
        },
    ],
];

/** Fields of `struct` that do not stand where `fields` says, or that only one of them has. */
function misplaced(struct: StructType<Fields>, fields: Record<string, [number, number]>): string[] {
    const names = new Set([...Object.keys(struct.fields), ...Object.keys(fields)]);
    return [...names].filter((name) => {
        const field = struct.fields[name];
        const [offset, size] = fields[name] ?? [];
        return field === undefined || field.offset !== offset || fieldSizeBytes(field) !== size;
    });
}

describe("the on-disk layout", () => {
    it("has every field where the format has it", () => {
        for (const [struct, sizeBytes, fields] of expected) {
            expect([struct.name, struct.sizeBytes, misplaced(struct, fields)]).toEqual([
                struct.name,
                sizeBytes,
                [],
            ]);
        }
    });

    it("is told from one with a field that moved, is missing, or is too long (canary)", () => {
        const [, , inode] = expected[2];
        const { flags: _, ...rest } = inode;
        const twin = { ...rest, size: [8, 4], indirect: [56, 4] } as typeof inode;
        expect(misplaced(layout.inodeLayout, twin).sort()).toEqual(["flags", "indirect", "size"]);
    });

    it("has the format's numbers", () => {
        const { superblockMagic, journalMagic, noChecksum } = layout;
        expect([superblockMagic, journalMagic, noChecksum]).toEqual([
            0xfbbfbb003ee9beefn,
            0xfbbfbb009eebceedn,
            0x82600a5f,
        ]);
        expect([layout.blockSize, layout.superblockOffset, layout.bitsPerBlock]).toEqual([
            4096, 512, 32768,
        ]);
        expect([layout.inodesPerBlock, layout.direntsPerBlock, layout.extentsPerBlock]).toEqual([
            64, 32, 512,
        ]);
        expect([layout.directExtentCount, layout.maxNameLength, layout.rootInodeNumber]).toEqual([
            4, 123, 1,
        ]);
        expect([layout.maxBlockReferences, layout.metablockChecksumStart]).toEqual([339, 16]);
        expect(layout.maxBlockCount).toBe(0x10000000);
        expect(layout.InodeType).toEqual({ free: 0, regular: 1, directory: 2 });
        expect(layout.MetablockFlag).toEqual({
            meta: 1,
            error: 2,
            corrupt: 4,
            start: 16,
            commit: 32,
            complete: 64,
        });
        expect(layout.BlockFlag).toEqual({ escaped: 256, nonjournaled: 512, overwritten: 1024 });
    });
});

describe("a superblock", () => {
    const numbers = {
        magic: 0xfbbfbb003ee9beefn,
        nblocks: 0x01020304,
        nswap: 0x05060708,
        ninodes: 0xfffffffe,
        njournal: 0x0d0e0f10,
        swap_bn: 0x11121314,
        fbb_bn: 0x15161718,
        inode_bn: 0x191a1b1c,
        data_bn: 0x1d1e1f20,
        journal_bn: 0xffffffff,
    };

    it("is written in the order of the format, little-endian, padded with zeros", () => {
        expect(Buffer.from(encodeSuperblock(numbers)).toString("hex")).toBe(
            "efbee93e00bbbffb" +
                "0403020108070605feffffff100f0e0d" +
                "14131211181716151c1b1a19201f1e1dffffffff" +
                "00000000",
        );
    });

    it("reads back as it was written, the inode count as an unsigned number", () => {
        expect(decodeSuperblock(encodeSuperblock(numbers))).toEqual(numbers);
    });

    it("is found at byte 512 of an image that the reference tool made", () => {
        const record = new URL("../golden/recorded/mkfs/", import.meta.url);
        const image = gunzipSync(readFileSync(new URL("003-long-options.img.gz", record)));
        expect(readSuperblock(new MemoryStore(image))).toEqual({
            magic: 0xfbbfbb003ee9beefn,
            nblocks: 512,
            nswap: 3,
            ninodes: 90,
            njournal: 16,
            swap_bn: 1,
            fbb_bn: 4,
            inode_bn: 5,
            data_bn: 7,
            journal_bn: 496,
        });
    });
});

describe("the geometry of a disk", () => {
    it.each([
        [1, 1],
        [32768, 1],
        [32769, 2],
        [0x0fffffff, 8192],
        [0xffffffff, 131072],
    ])("of %d blocks has a bitmap of %d blocks", (blockCount, bitmapBlocks) => {
        expect(bitmapBlockCount(blockCount)).toBe(bitmapBlocks);
    });

    it.each([
        [1, 1],
        [64, 1],
        [65, 2],
        [896, 14],
        [0xffffffff, 67108864],
    ])("of %d inodes keeps them in %d blocks", (inodeCount, inodeBlocks) => {
        expect(inodeBlockCount(inodeCount)).toBe(inodeBlocks);
    });
});
