import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BlockRole, blockRoles } from "../../src/chkfs/block-roles.ts";
import { readSuperblock } from "../../src/chkfs/superblock.ts";
import { Volume } from "../../src/chkfs/volume.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { buildImage, fragmented, type TestImage } from "../support/image-builder.ts";

const seed = 20_252;

interface Setting {
    readonly runs: readonly (readonly number[])[];
    readonly swapBlockCount: number;
    readonly journalBlockCount: number;
    readonly flippedBlocks: readonly number[];
}

const anySetting: fc.Arbitrary<Setting> = fc.record({
    runs: fc.array(
        fc.array(
            fc.integer({ min: -3, max: 3 }).filter((run) => run !== 0),
            { maxLength: 8 },
        ),
        { maxLength: 5 },
    ),
    swapBlockCount: fc.nat(3),
    journalBlockCount: fc.nat(5),
    flippedBlocks: fc.uniqueArray(fc.nat(127), { maxLength: 10 }),
});

function build({ runs, swapBlockCount, journalBlockCount }: Setting): TestImage {
    return buildImage({
        blockCount: 128,
        swapBlockCount,
        journalBlockCount,
        root: runs.map((run, index) => {
            const blockCount = run.reduce((sum, count) => sum + Math.abs(count), 0);
            return [`f${index}`, fragmented(new Uint8Array(blockCount * 4096), run)] as const;
        }),
    });
}

/** The role of each block, from what the builder knows. */
function expectedRoles(image: TestImage, setting: Setting): BlockRole[] {
    const roles = Array.from({ length: 128 }, (_, blockNo): BlockRole => {
        if (blockNo === 0) {
            return "superblock";
        }
        if (blockNo < image.fbb_bn) {
            return "swap";
        }
        if (blockNo < image.data_bn) {
            return blockNo < image.inode_bn ? "bitmap" : "inodes";
        }
        return blockNo < image.journal_bn ? "free" : "journal";
    });
    for (const [inodeNo, { data, indirect }] of image.blocks) {
        for (const blockNo of data) {
            roles[blockNo] = inodeNo === 1 ? "directory" : "file";
        }
        for (const blockNo of indirect) {
            roles[blockNo] = "indirect";
        }
    }
    for (const blockNo of setting.flippedBlocks) {
        roles[blockNo] = roles[blockNo] === "free" ? "leaked" : "marked-free";
    }
    return roles;
}

function actualRoles(image: TestImage): BlockRole[] {
    const disk = new MemoryStore(image.bytes);
    const runs = [...blockRoles(new Volume(disk, readSuperblock(disk)))];
    for (const [index, run] of runs.entries()) {
        expect(run.count).toBeGreaterThan(0);
        expect(run.first).toBe(index === 0 ? 0 : runs[index - 1].first + runs[index - 1].count);
        expect(run.role).not.toBe(runs[index - 1]?.role);
    }
    return runs.flatMap(({ role, count }) => new Array<BlockRole>(count).fill(role));
}

function flip(image: TestImage, { flippedBlocks }: Setting): void {
    for (const blockNo of flippedBlocks) {
        const byteOffset = image.fbb_bn * 4096 + Math.floor(blockNo / 8);
        image.bytes[byteOffset] ^= 1 << (blockNo % 8);
    }
}

describe("the roles of a disk's blocks", () => {
    it("are what the image was built with, wrong bits of the bitmap included", () => {
        fc.assert(
            fc.property(anySetting, (setting) => {
                const image = build(setting);
                flip(image, setting);
                expect(actualRoles(image)).toEqual(expectedRoles(image, setting));
            }),
            { seed, numRuns: 200 },
        );
    });

    it("differ when one extent is one block off", () => {
        fc.assert(
            fc.property(anySetting, fc.constantFrom(-1, 1), (setting, step) => {
                const image = build(setting);
                const first = image.dataBlocks("/")[0];
                image.pokeExtent(1, 0, { first: first + step, count: 1 });
                expect(actualRoles(image)).not.toEqual(expectedRoles(image, setting));
            }),
            { seed, numRuns: 20 },
        );
    });
});
