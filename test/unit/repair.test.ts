/** Repairs of one kind of damage each: what is said, what is done, and what is refused. */
import { describe, expect, it } from "vitest";
import { placeRecord } from "../../src/chkfs/journal/codec.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { catalogue } from "../../src/fsck/catalogue/index.ts";
import { checkImage } from "../../src/fsck/check.ts";
import { planRepair } from "../../src/fsck/repair/repair.ts";
import { treatedCodes, treatmentOf } from "../../src/fsck/repair/treatment.ts";
import { changeLine, refusalLine } from "../../src/report/repair-text.ts";
import { buildImage, type Folder, fragmented, TestImage } from "../support/image-builder.ts";

/** Block 1 is the bitmap, block 2 the inodes, data begin at block 3. */
function image(root: Folder = { a: "a", b: "bb" }, journalBlockCount = 0): TestImage {
    return buildImage({ root, blockCount: 64, journalBlockCount });
}

/** The lines of a repair, and the errors and warnings of a strict check after it. */
function repaired(damaged: TestImage) {
    const { changes, refusals, recording, changeCount } = planRepair(
        new MemoryStore(damaged.bytes),
    );
    const left: string[] = [];
    checkImage(
        recording,
        (event) => {
            if (event.kind === "finding" && event.finding.severity !== "note") {
                left.push(event.finding.code);
            }
        },
        { strict: true },
    );
    const lines = changes.map((change) => changeLine(change, true).trimEnd());
    const refused = refusals.map((refusal) => refusalLine(refusal, true).trimEnd());
    return { lines, refused, left, changeCount, recording };
}

/** What a repair says where it leaves nothing to be said. */
function linesOf(damaged: TestImage): string[] {
    const { lines, refused, left } = repaired(damaged);
    expect({ refused, left }).toEqual({ refused: [], left: [] });
    return lines;
}

/** The place of an entry of the root directory, whose block is 5. */
const root = "inode 1 (root directory) [5]: ";

/** Takes entries in the root away. */
function losing(damaged: TestImage, ...slots: number[]): TestImage {
    for (const slot of slots) {
        damaged.pokeDirent("/", slot, { inum: 0, name: "" });
    }
    return damaged;
}

/** What keeps a repair from doing anything. */
function refusalsOf(damaged: TestImage): string[] {
    const { lines, refused, changeCount, recording } = repaired(damaged);
    expect({ lines, changeCount, writes: recording.writes }).toEqual({
        lines: [],
        changeCount: 0,
        writes: [],
    });
    return refused;
}

describe("the treatment of findings", () => {
    it("is defined once for every code that there is", () => {
        expect([...treatedCodes].sort()).toEqual(Object.keys(catalogue).sort());
    });

    it("is to fix, to block and to ignore", () => {
        expect(treatmentOf("block-leaked")).toBe("fix");
        expect(treatmentOf("block-reused")).toBe("blocks");
        expect(treatmentOf("file-hole")).toBe("ignorable");
    });
});

describe("a repair", () => {
    it("finds nothing to do in a sound image", () => {
        const { lines, recording } = repaired(image());
        expect(lines).toEqual([]);
        expect(recording.writes).toEqual([]);
    });

    it("frees leaked blocks, run by run", () => {
        const damaged = image();
        for (const blockNo of [20, 30, 31, 40, 41, 42]) {
            damaged.setFree(blockNo, false);
        }
        expect(linesOf(damaged)).toEqual([
            "block 20: nothing uses it: marked as free",
            "block 30: nothing uses it or the 1 block after it: marked as free",
            "block 40: nothing uses it or the 2 blocks after it: marked as free",
        ]);
    });

    it("marks used blocks as used, the disk's own and those of files", () => {
        const damaged = image();
        damaged.setFree(0, true);
        damaged.setFree(2, true);
        damaged.setFree(damaged.dataBlocks("/b")[0], true);
        expect(linesOf(damaged)).toEqual([
            "block 0 (superblock) (superblock): marked as used",
            "block 2 (inode) (inode): marked as used",
            "block 4 (b) (regular): marked as used",
        ]);
    });

    it("clears the bits of blocks that the disk does not have", () => {
        const damaged = image();
        damaged.setFree(64, true);
        damaged.setFree(32_767, true);
        expect(linesOf(damaged)).toEqual(["2 bits of the bitmap past the end of the disk cleared"]);
    });

    it("sets link counts to the number of names", () => {
        const damaged = image([
            ["a", "a"],
            ["b", "bb"],
        ]);
        damaged.pokeDirent("/", 5, { inum: damaged.inodeNo("/a"), name: "also a" });
        damaged.pokeInode(1, "nlink", 0);
        expect(linesOf(damaged)).toEqual([
            "inode 1 (root directory): link count 0 set to 1",
            "inode 2 (a): link count 1 set to 2",
        ]);
    });

    it("clears entries that name a free inode or none, whatever their names", () => {
        const damaged = image();
        damaged.pokeDirent("/", 2, { inum: 40, name: "gone" });
        damaged.pokeDirent("/", 3, { inum: -7, name: "" });
        damaged.pokeDirent("/", 4, { inum: 64, name: "a" });
        expect(linesOf(damaged)).toEqual([
            `${root}entry 2 "gone" cleared: it names inode 40, which is free`,
            `${root}entry 3 "" cleared: it names inode -7, which the disk does not have`,
            `${root}entry 4 "a" cleared: it names inode 64, which the disk does not have`,
        ]);
    });

    it("clears the entry of a free inode whose blocks are free or another file's", () => {
        const damaged = image();
        const stale = { first: damaged.dataBlocks("/a")[0], count: 1 };
        damaged.pokeDirent("/", 2, { inum: 40, name: "gone" });
        damaged.pokeExtent(40, 0, stale);
        damaged.pokeExtent(40, 1, { first: 50, count: 3 });
        const { lines, refused } = repaired(damaged);
        expect({ lines, refused }).toEqual({
            lines: [`${root}entry 2 "gone" cleared: it names inode 40, which is free`],
            refused: [],
        });
    });

    it("cuts files to their size, in the inode and in the indirect extents", () => {
        const damaged = image({
            direct: fragmented("d", []),
            listed: fragmented(new Uint8Array(7 * 4096), [1, 1, 1, 1, 1, 1, 1]),
            inside: fragmented(new Uint8Array(3 * 4096), [3]),
        });
        damaged.pokeInode(damaged.inodeNo("/direct"), "size", 0);
        damaged.pokeInode(damaged.inodeNo("/listed"), "size", 5 * 4096);
        damaged.pokeInode(damaged.inodeNo("/inside"), "size", 4097);
        expect(linesOf(damaged)).toEqual([
            "inode 2 (direct): 1 block behind its size of 0 bytes cut off",
            "inode 3 (listed): 2 blocks behind its size of 20480 bytes cut off",
            "inode 4 (inside): 1 block behind its size of 4097 bytes cut off",
            "block 3: nothing uses it: marked as free",
            "block 14: nothing uses it: marked as free",
            "block 16: nothing uses it: marked as free",
            "block 20: nothing uses it: marked as free",
        ]);
    });

    it("frees the indirect block where no extent in it is left", () => {
        const damaged = image({ listed: fragmented(new Uint8Array(6 * 4096), [1, 1, 1, 1, 1, 1]) });
        damaged.pokeInode(damaged.inodeNo("/listed"), "size", 4 * 4096);
        const { lines, left, recording } = repaired(damaged);
        expect({ lines, left }).toEqual({
            lines: [
                "inode 2 (listed): 2 blocks behind its size of 16384 bytes cut off",
                "block 11: nothing uses it: marked as free",
                "block 13: nothing uses it or the 1 block after it: marked as free",
            ],
            left: [],
        });
        const inode = new Uint8Array(64);
        recording.read(2 * 4096 + 2 * 64, inode);
        expect([...inode.subarray(56)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    });

    it("cuts a directory whose blocks behind its size are empty", () => {
        const damaged = image({ dir: {} });
        damaged.pokeExtent(damaged.inodeNo("/dir"), 0, { first: 20, count: 2 });
        damaged.setFree(20, false);
        expect(linesOf(damaged)).toEqual([
            "inode 2 (dir): 2 blocks behind its size of 0 bytes cut off",
            "block 20: nothing uses it: marked as free",
        ]);
    });

    it("replays the journal first, and clears it", () => {
        const damaged = image({ a: "a" }, 8);
        const content = new Uint8Array(4096).fill(0x77);
        placeRecord(damaged.bytes.subarray(56 * 4096), 3, {
            seq: 1,
            tid: 1,
            commitBoundary: 2,
            completeBoundary: 1,
            flags: 0x10 | 0x20,
            writes: [{ blockNo: damaged.dataBlocks("/a")[0], content }],
        });
        const { lines, left, recording } = repaired(damaged);
        expect({ lines, left }).toEqual({
            lines: ["journal: 1 block replayed, the journal cleared"],
            left: [],
        });
        const bytes = new Uint8Array(64 * 4096);
        recording.read(0, bytes);
        expect(bytes[3 * 4096]).toBe(0x77);
        expect(bytes.subarray(56 * 4096).every((byte) => byte === 0)).toBe(true);
    });

    it("leaves a journal alone that has nothing to replay, torn records and all", () => {
        const damaged = image({ a: "a" }, 8);
        placeRecord(damaged.bytes.subarray(56 * 4096), 0, {
            seq: 1,
            tid: 1,
            commitBoundary: 2,
            completeBoundary: 2,
            flags: 0x10 | 0x20,
        });
        placeRecord(damaged.bytes.subarray(56 * 4096), 1, {
            seq: 2,
            tid: 2,
            commitBoundary: 3,
            completeBoundary: 2,
            flags: 0x10 | 0x20,
            writes: [{ blockNo: 3, content: new Uint8Array(4096).fill(1) }],
        });
        damaged.bytes[58 * 4096 + 9] ^= 1;
        expect(repaired(damaged).recording.writes).toEqual([]);
    });
});

describe("a lost inode", () => {
    it("is named in a lost+found that is made for it", () => {
        const damaged = losing(image(), 1);
        expect(linesOf(damaged)).toEqual([
            'inode 1 (root directory): directory "lost+found" made, with inode 4',
            'inode 3: named "/lost+found/#3"',
            "block 6 (lost+found) (directory): marked as used",
        ]);
    });

    it("is named in the lost+found that is there, under a name that is free", () => {
        const damaged = losing(image({ "lost+found": { "#4": "other" }, b: "bb" }), 1);
        expect(linesOf(damaged)).toEqual(['inode 4: named "/lost+found/#4.2"']);
    });

    it("brings what is below it", () => {
        const damaged = losing(image({ dir: { sub: { deep: "x" }, file: "y" }, z: "z" }), 0);
        expect(linesOf(damaged)).toEqual([
            'inode 1 (root directory): directory "lost+found" made, with inode 7',
            'inode 2: named "/lost+found/#2"',
            "block 9 (lost+found) (directory): marked as used",
        ]);
    });

    it("is not named where a lost directory with a larger number names it", () => {
        const damaged = image({ a: "a", dir: {} });
        // Inode 2 gets into directory 3, and directory 3 is lost.
        damaged.pokeExtent(3, 0, { first: 30, count: 1 });
        damaged.pokeInode(3, "size", 4096);
        damaged.setFree(30, false);
        damaged.bytes.set([2, 0, 0, 0, 0x61], 30 * 4096);
        expect(linesOf(losing(damaged, 0, 1))).toEqual([
            'inode 1 (root directory): directory "lost+found" made, with inode 4',
            'inode 3: named "/lost+found/#3"',
            "block 5 (lost+found) (directory): marked as used",
        ]);
    });

    it("gets more blocks for lost+found where it is full", () => {
        const names = Array.from({ length: 70 }, (_, index): [string, string] => [`${index}`, ""]);
        const damaged = buildImage({ root: names, blockCount: 64, inodeCount: 128 });
        expect(linesOf(losing(damaged, ...names.keys()))).toEqual([
            'inode 1 (root directory): directory "lost+found" made, with inode 72',
            ...names.map((_, index) => `inode ${index + 2}: named "/lost+found/#${index + 2}"`),
            "block 7 (lost+found) (directory): marked as used",
            "block 8 (lost+found) (directory): marked as used",
            "block 9 (lost+found) (directory): marked as used",
        ]);
    });

    it("gets a block more for the root where it is full, in an extent of its own", () => {
        const names = Array.from({ length: 32 }, (_, index): [string, string] => [`${index}`, ""]);
        const damaged = image([...names.slice(0, 31), ["last", "x"]]);
        // The last slot now names inode 2 once more, and inode 33 is lost. Block 3, which it had,
        // is the lowest that nothing uses: the root gets it.
        damaged.pokeDirent("/", 31, { inum: 2, name: "2 again" });
        damaged.pokeExtent(33, 0, { first: 5, count: 1 });
        damaged.setFree(5, false);
        expect(linesOf(damaged)).toEqual([
            'inode 1 (root directory): directory "lost+found" made, with inode 34',
            'inode 33: named "/lost+found/#33"',
            "inode 2 (0): link count 1 set to 2",
            "block 6 (lost+found) (directory): marked as used",
        ]);
    });
});

describe("a repair refuses", () => {
    it("a bad superblock", () => {
        const damaged = image();
        damaged.pokeMagic(1n);
        expect(refusalsOf(damaged)).toEqual(["bad magic number 0x1 [superblock-magic]"]);
    });

    it("a journal that is refused", () => {
        const damaged = image({ a: "a" }, 8);
        damaged.setFree(20, false);
        placeRecord(damaged.bytes.subarray(56 * 4096), 0, {
            seq: 1,
            tid: 1,
            commitBoundary: 2,
            completeBoundary: 1,
            flags: 0x20,
        });
        expect(refusalsOf(damaged)).toEqual([
            "journal: block 0/8: tid 1: jf_start flag in improper place [journal-start-misplaced]",
        ]);
    });

    it("a block that is used twice", () => {
        const damaged = image();
        damaged.pokeExtent(damaged.inodeNo("/b"), 0, { first: 3, count: 1 });
        expect(refusalsOf(damaged)).toEqual([
            "block 3: reusing block for b[0] as regular [block-reused]",
        ]);
    });

    it("an extent that leaves the disk, and one that ends early", () => {
        const damaged = image();
        damaged.pokeExtent(2, 0, { first: 100, count: 1 });
        damaged.pokeInode(3, "size", 5000);
        expect(refusalsOf(damaged)).toEqual([
            "inode 2 (a) [0]: block number 100 out of range [extent-out-of-range]",
            "inode 3 (b): missing indirect block [indirect-missing]",
        ]);
    });

    it("a free inode with blocks of its own, which may be a file", () => {
        const damaged = image();
        damaged.pokeInode(2, "type", 0);
        expect(refusalsOf(damaged)).toEqual(["inode 2 (a): unknown type 0 [inode-unknown-type]"]);
    });

    it("names that are taken, reserved or too long", () => {
        const damaged = image({ a: "", b: "", c: "" });
        damaged.pokeDirent("/", 1, { name: "a" });
        damaged.pokeDirent("/", 2, { name: ".." });
        expect(refusalsOf(damaged)).toEqual([
            'inode 1 (root directory) [3]: dirent 1 reuses name "a" [dirent-duplicate-name]',
            'inode 1 (root directory) [3]: dirent 2 name ".." reserved [dirent-reserved-name]',
        ]);
    });

    it("a directory with two names, and a root with one", () => {
        const damaged = image({ dir: {} });
        damaged.pokeDirent("/", 1, { inum: 2, name: "again" });
        damaged.pokeDirent("/", 2, { inum: 1, name: "root" });
        const message = "more than one link to directory (2) [directory-linked-twice]";
        expect(refusalsOf(damaged)).toEqual([
            `inode 1 (root directory): ${message}`,
            `inode 2 (dir): ${message}`,
        ]);
    });

    it("lost directories that contain each other in a circle", () => {
        const damaged = image({ outer: { inner: { file: "x" } } });
        damaged.pokeDirent("/outer/inner", 1, { inum: damaged.inodeNo("/outer"), name: "up" });
        expect(refusalsOf(losing(damaged, 0))).toEqual([
            "inode 2: lost in a circle of directories; clear one of their entries by hand " +
                "[directory-cycle]",
        ]);
    });

    it("a root that is no directory", () => {
        const damaged = image();
        damaged.pokeInode(1, "type", 1);
        expect(refusalsOf(damaged)).toEqual([
            "inode 1: root directory has type 1 (expected 2) [root-not-directory]",
        ]);
    });

    it("a directory with entries behind its size", () => {
        const damaged = image({ dir: { file: "x" } });
        damaged.pokeInode(damaged.inodeNo("/dir"), "size", 0);
        expect(refusalsOf(damaged)).toEqual([
            "inode 2 (dir): entries lie behind the directory's size of 0 bytes " +
                "[extent-beyond-size]",
        ]);
    });

    it("a lost inode where lost+found is a file", () => {
        const damaged = image({ "lost+found": "file", b: "bb" });
        damaged.pokeDirent("/", 1, { inum: 0, name: "" });
        expect(refusalsOf(damaged)).toEqual([
            'inode 3: lost, and "/lost+found" is no directory to name it in [inode-lost]',
        ]);
    });

    it("a lost inode where no inode is free", () => {
        const damaged = buildImage({ root: { a: "a" }, blockCount: 64, inodeCount: 10 });
        for (let inodeNo = 3; inodeNo < 10; inodeNo++) {
            damaged.pokeInode(inodeNo, "type", 1);
        }
        expect(refusalsOf(damaged)).toEqual([
            'inode 3: lost, and no inode is free for "/lost+found" [inode-lost]',
        ]);
    });

    it("a lost inode where the disk is full", () => {
        const damaged = buildImage({ root: { a: new Uint8Array(4 * 4096), b: "" }, blockCount: 8 });
        damaged.pokeDirent("/", 1, { inum: 0, name: "" });
        expect(refusalsOf(damaged)).toEqual([
            'inode 3: no room for it in "lost+found": the disk is full [inode-lost]',
        ]);
    });

    it("an image of nothing but zeros, or of nothing", () => {
        const empty = new TestImage({ root: {} });
        empty.bytes.fill(0);
        expect(refusalsOf(empty)).toContain("bad magic number 0x0 [superblock-magic]");
        expect(planRepair(new MemoryStore(new Uint8Array(0))).refusals).toHaveLength(1);
    });
});
