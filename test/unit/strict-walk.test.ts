/** What a strict check makes of lost trees, of circles, and of bytes that mean nothing. */
import { describe, expect, it } from "vitest";
import { Random } from "../../src/base/random.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { type CheckOptions, checkImage } from "../../src/fsck/check.ts";
import { Ancestry } from "../../src/fsck/strict/ancestry.ts";
import { eventText } from "../../src/report/fsck-text.ts";
import { buildImage, fragmented, type TestImage } from "../support/image-builder.ts";

/** What is printed, without bold. */
function report(image: TestImage, options: CheckOptions = { strict: true }): string[] {
    const lines: string[] = [];
    checkImage(
        new MemoryStore(image.bytes),
        (event) => {
            const style = { isColored: false, isTerminal: false, showsCodes: false };
            const text = eventText(event, style);
            const bare = text.replaceAll("\x1b[1m", "").replaceAll("\x1b[m", "");
            lines.push(...bare.trimEnd().split("\n"));
        },
        options,
    );
    return lines;
}

describe("a strict check of lost inodes", () => {
    /** Inodes: 2 for `outer`, 3 `inner`, 4 `x`, 5 `y`; then `outer` loses its name. */
    const lostTree = () => {
        const image = buildImage({ root: { outer: { inner: { x: "text" } }, y: "text" } });
        image.pokeDirent("/", 0, { inum: 0, name: "" });
        return image;
    };

    it("reports the top of a lost tree and nothing below it", () => {
        expect(report(lostTree())).toEqual([
            "inode 2: error: lost directory, with everything below it",
        ]);
    });

    it("finds the top behind what lies below it", () => {
        // A directory with a smaller number below one with a larger.
        const image = buildImage({ root: { first: { x: "text" }, second: { z: "text" } } });
        image.pokeDirent("/", 0, { inum: 0, name: "" });
        image.pokeDirent("/", 1, { inum: 0, name: "" });
        image.pokeDirent("/second", 1, { inum: 2, name: "first" });
        expect(report(image)).toEqual(["inode 4: error: lost directory, with everything below it"]);
        // A plain check takes them by number, and so says more than there is to say.
        expect(report(image, {})).toEqual([
            "inode 2: error: lost inode appears live",
            "inode 4: error: lost inode appears live",
            "inode 2 (lost inode): error: more than one link to directory",
            "  other link is #2 from first",
        ]);
    });

    it("reports a circle once, at its smallest inode, whatever hangs on it", () => {
        const image = buildImage({ root: { a: { b: { c: { x: "text" } } }, d: { y: "text" } } });
        image.pokeDirent("/", 0, { inum: 0, name: "" });
        // a, inode 2, hangs on the circle of b, 3, and c, 4.
        image.pokeDirent("/a", 0, { inum: 0, name: "" });
        image.pokeDirent("/a/b/c", 1, { inum: 3, name: "b" });
        image.pokeDirent("/a/b/c", 2, { inum: 2, name: "a" });
        expect(report(image)).toEqual([
            "inode 3: error: lost directory is below itself, in a circle that the root does not " +
                "reach",
        ]);
    });

    it("reports a lost directory that names itself as a circle", () => {
        const image = buildImage({ root: { a: { x: "text" } } });
        image.pokeDirent("/", 0, { inum: 0, name: "" });
        image.pokeDirent("/a", 1, { inum: 2, name: "me" });
        expect(report(image)).toEqual([
            "inode 2: error: lost directory is below itself, in a circle that the root does not " +
                "reach",
        ]);
    });

    it("still tells a second name of a lost directory", () => {
        const image = lostTree();
        image.pokeDirent("/outer", 1, { inum: 3, name: "again" });
        expect(report(image)).toEqual([
            "inode 2: error: lost directory, with everything below it",
            "inode 3 (inner): error: more than one link to directory",
            "  other link is #2 from again",
        ]);
    });
});

describe("a strict check of links", () => {
    it("is content with a file of as many names as its nlink says", () => {
        const image = buildImage({ root: { f: "text" } });
        image.pokeDirent("/", 1, { inum: 2, name: "g" });
        image.pokeInode(2, "nlink", 2);
        expect(report(image)).toEqual([]);
    });

    it("calls a directory that names itself an ancestor of itself", () => {
        const image = buildImage({ root: { a: { x: "text" } } });
        image.pokeDirent("/a", 1, { inum: 2, name: "me" });
        expect(report(image)).toEqual([
            "inode 2 (a): error: an entry below this directory names it",
            "  the entry is me",
        ]);
    });

    it("gives up the search upwards when it was long, and then says less", () => {
        const ancestry = new Ancestry(0);
        for (let inodeNo = 2; inodeNo < 40_000; inodeNo++) {
            ancestry.add(inodeNo + 1, inodeNo);
        }
        expect(ancestry.secondLinkCode(2, 40_000)).toBe("directory-names-ancestor");
        expect(ancestry.secondLinkCode(2, 40_000)).toBe("directory-linked-twice");
        expect(ancestry.secondLinkCode(1, 40_000)).toBe("directory-names-root");
    });
});

describe("a strict check of anything", () => {
    const sample = () =>
        buildImage({
            blockCount: 96,
            journalBlockCount: 8,
            root: {
                f: "text",
                d: { e: { x: "text" }, y: "" },
                many: fragmented(new Uint8Array(8 * 4096), [1, 1, 1, 1, 1, 1, 1, 1]),
            },
        });

    it("has nothing to say of a sound disk", () => {
        expect(report(sample())).toEqual([]);
    });

    it("ends, whatever the bytes are, and finds errors wherever a plain check does", () => {
        const random = new Random(2026);
        const errors = { plain: 0, strict: 0 };
        for (let round = 0; round < 400; round++) {
            const image = sample();
            const hitCount = random.between(1, 40);
            for (let hit = 0; hit < hitCount; hit++) {
                // Mostly metadata: bitmap, inodes, directories, journal.
                const blockNo = random.pick([1, 2, 2, 2, 4, 5, 6, 8, 90, random.below(96)]);
                const value = random.pick([0, 1, 2, 0xff, random.below(256)]);
                const byteOffset = blockNo * 4096 + random.below(random.pick([512, 4096]));
                image.bytes[byteOffset] = value;
            }
            const disk = new MemoryStore(image.bytes);
            const plain = checkImage(disk, () => {}).counts;
            const strict = checkImage(disk, () => {}, { strict: true }).counts;
            errors.plain += plain.error > 0 ? 1 : 0;
            errors.strict += strict.error > 0 ? 1 : 0;
            expect(plain.error > 0 && strict.error === 0).toBe(false);
        }
        expect(errors.plain).toBeGreaterThan(100);
        expect(errors.strict).toBeGreaterThan(errors.plain);
    });

    it("looks at no inode when the walk was cut short", () => {
        const image = sample();
        image.pokeInode(1, "nlink", 7);
        image.pokeInode(2, "size", 0xffffffff);
        image.pokeIndirect(2, { first: 60, count: 20 });
        for (let index = 0; index < 4 + 512; index++) {
            image.pokeExtent(2, index, { first: 3, count: 80 });
        }
        const lines = report(image);
        expect(lines).toContain(
            "error: check stopped after 4435 uses of blocks; the rest was not looked at",
        );
        expect(lines.filter((line) => line.includes("nlink"))).toEqual([]);
    });
});
