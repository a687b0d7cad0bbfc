/** What fuzzing found, each shown by the smallest image that shows it. */
import { describe, expect, it } from "vitest";
import { InodeTable } from "../../src/chkfs/inode-table.ts";
import { analyzeJournal } from "../../src/chkfs/journal/analysis.ts";
import { placeRecord } from "../../src/chkfs/journal/codec.ts";
import { referenceRules } from "../../src/chkfs/journal/rules.ts";
import { chickadeefsck } from "../../src/cli/fsck-command.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { checkImage } from "../../src/fsck/check.ts";
import { buildImage } from "../support/image-builder.ts";
import { droppedCount } from "../support/journal-cases.ts";
import { runProgram } from "../support/memory-host.ts";

describe("an image that was cut short", () => {
    const image = buildImage({ root: { a: "text" }, journalBlockCount: 8 });
    const journal = new Uint8Array(8 * 4096);
    placeRecord(journal, 0, {
        seq: 1,
        tid: 1,
        commitBoundary: 2,
        completeBoundary: 1,
        flags: 0x30,
        writes: [{ blockNo: 40, content: new Uint8Array(4096).fill(7) }],
    });
    image.pokeBlock(56, 0, journal);

    it("has no journal to save, by the reference's rules either", () => {
        const cut = image.truncated(58);
        const run = runProgram(chickadeefsck, ["--reference", "-s", "/x"], {
            files: { "/x": cut },
        });
        const message = "file size 237568 too small for 64 blocks (expected 262144)";
        expect([run.status, run.stdout(), run.stderr()]).toEqual([1, `error: ${message}\n`, ""]);
        expect(Buffer.compare(run.readFile("/x"), cut)).toBe(0);
    });

    it("is not walked without its inodes, by the reference's rules either", () => {
        const cut = image.truncated(2);
        const args = ["--reference", "--no-journal", "/x"];
        const run = runProgram(chickadeefsck, args, { files: { "/x": cut } });
        const message = "file size 8192 too small for 64 blocks (expected 262144)";
        expect([run.status, run.stdout(), run.stderr()]).toEqual([1, `error: ${message}\n`, ""]);
    });

    it("is walked without some of its data by the reference's rules", () => {
        const cut = image.truncated(50);
        const args = ["--reference", "--no-journal", "/x"];
        const run = runProgram(chickadeefsck, args, { files: { "/x": cut } });
        expect([run.status, run.stdout(), run.stderr()]).toEqual([0, "", ""]);
    });
});

describe("a directory that a damaged extent leads into the journal", () => {
    /** A journal that writes block 40, and a folder whose block is that of the journaled data. */
    const image = buildImage({ root: { d: {} }, journalBlockCount: 8 });
    const journal = new Uint8Array(8 * 4096);
    const entries = new Uint8Array(4096);
    entries.set([99, 0, 0, 0, 0x78]);
    placeRecord(journal, 0, {
        seq: 1,
        tid: 1,
        commitBoundary: 2,
        completeBoundary: 1,
        flags: 0x30,
        writes: [{ blockNo: 40, content: entries }],
    });
    image.pokeBlock(56, 0, journal);
    image.pokeInode(2, "size", 4096);
    image.pokeExtent(2, 0, { first: 57, count: 1 });

    it("is checked as it will be when the journal is saved", () => {
        const before = runProgram(chickadeefsck, ["/x"], { files: { "/x": image.bytes } });
        const saved = runProgram(chickadeefsck, ["-s", "/x"], { files: { "/x": image.bytes } });
        const after = runProgram(chickadeefsck, ["/x"], { files: { "/x": saved.readFile("/x") } });
        expect(before.stdout()).toContain("originally used for journal[1] as journal\n");
        expect(before.stdout()).not.toContain("dirent");
        expect([saved.stdout(), after.stdout()]).toEqual([before.stdout(), before.stdout()]);
    });
});

describe("work that an image can cause", () => {
    it("is bounded where every metablock claims 65,535 references", () => {
        const blockCount = 400;
        const bytes = new Uint8Array(blockCount * 4096);
        const view = new DataView(bytes.buffer);
        for (let start = 0; start < bytes.length; start += 4096) {
            view.setBigUint64(start, 0xfbbfbb009eebceedn, true);
            view.setUint32(start + 8, 0x82600a5f, true);
            view.setUint16(start + 24, 1, true);
            view.setUint16(start + 26, 65_535, true);
        }
        const targets = { blockCount: 1000, firstTarget: 1, endTarget: 600 };
        const { log, plan } = analyzeJournal(bytes, targets, referenceRules);
        expect(plan).toBeUndefined();
        // Each reference to a metablock is a notice, and past the journal's length another one.
        const referenceCount = 1_000_000 + 65_535 + blockCount * 339;
        const noticeCount = log.notices.length + droppedCount(log);
        expect(noticeCount).toBeGreaterThan(1_000_000);
        expect(noticeCount).toBeLessThan(2 * referenceCount + 3 * blockCount);
    });

    it("is bounded where inodes share blocks that list extents", () => {
        const image = buildImage({ root: {}, inodeCount: 64 });
        const extents = new Uint8Array(4096);
        const view = new DataView(extents.buffer);
        for (let at = 0; at < 4096; at += 8) {
            view.setUint32(at + 4, 1, true);
        }
        for (let blockNo = 10; blockNo < 60; blockNo++) {
            image.pokeBlock(blockNo, 0, extents);
        }
        for (let inodeNo = 2; inodeNo < 64; inodeNo++) {
            image.pokeInode(inodeNo, "type", 1);
            image.pokeIndirect(inodeNo, { first: 10, count: 50 });
        }
        const { countsByCode } = checkImage(new MemoryStore(image.bytes), () => {});
        const holes = countsByCode.get("extent-beyond-size") ?? 0;
        // 62 inodes with 50 blocks of 512 holes each; the blocks allow 512 extents
        // once, and the disk of 64 blocks 4,288 more.
        expect(holes).toBeGreaterThan(2000);
        expect(holes).toBeLessThanOrEqual(50 * 512 + 3 * 64 + 4096);
        expect(countsByCode.get("check-incomplete")).toBe(1);
    });

    it.each([
        [1024 * 64, 65_536],
        [1024 * 64 + 1, 4096],
    ])("is, for one of %d inodes, %d bytes to read", (ninodes, expected) => {
        let readBytes = 0;
        const disk = {
            sizeBytes: 2 ** 30,
            read(_: number, target: Uint8Array) {
                readBytes += target.length;
            },
        };
        new InodeTable(disk, { inode_bn: 2, ninodes }).view(5000);
        expect(readBytes).toBe(expected);
    });
});
