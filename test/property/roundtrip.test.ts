/**
 * The tools together: what `mkchickadeefs` packs, `chickadeefsck` finds clean and gives back, and
 * a journal that it saves is worth exactly the writes that are in it.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type RandomJournal, randomJournal } from "../../fuzz/random-journal.ts";
import { utf8Encode } from "../../src/base/byte-string.ts";
import { Random } from "../../src/base/random.ts";
import { readSuperblock } from "../../src/chkfs/superblock.ts";
import { Volume } from "../../src/chkfs/volume.ts";
import { chickadeefsck } from "../../src/cli/fsck-command.ts";
import { mkchickadeefs } from "../../src/cli/mkfs-command.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { type MemoryHost, memoryHost, runProgram } from "../support/memory-host.ts";

const seed = 20_262;

/** Files by their paths from the packed folder. */
type Files = Readonly<Record<string, Uint8Array>>;

const anyName = fc
    .oneof(
        fc.stringMatching(/^[ -~]{1,20}$/),
        fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }),
        fc.stringMatching(/^[a-z]{123}$/),
    )
    .map((name) => name.toWellFormed().replace(/[/\0]/g, "_"))
    .filter((name) => name !== "." && name !== ".." && utf8Encode(name).length <= 123);

const anyContent = fc
    .tuple(
        fc.oneof(
            { weight: 4, arbitrary: fc.nat({ max: 9000 }) },
            { weight: 2, arbitrary: fc.constantFrom(0, 1, 4095, 4096, 4097, 8192) },
            { weight: 1, arbitrary: fc.nat({ max: 200_000 }) },
        ),
        fc.integer({ min: 0, max: 255 }),
    )
    .map(([sizeBytes, first]) =>
        Uint8Array.from({ length: sizeBytes }, (_, at) => (first + at * 3 + (at >> 12)) & 0xff),
    );

interface Tree {
    readonly [name: string]: Tree | Uint8Array;
}

const { tree: anyTree } = fc.letrec<{ tree: Tree; entry: Tree | Uint8Array }>((tie) => ({
    entry: fc.oneof({ depthSize: "small", withCrossShrink: true }, anyContent, tie("tree")),
    tree: fc.dictionary(anyName, tie("entry"), { maxKeys: 6 }) as fc.Arbitrary<Tree>,
}));

const anyOptions = fc
    .record({
        blocks: fc.integer({ min: 700, max: 2500 }),
        inodes: fc.option(fc.integer({ min: 300, max: 1200 }), { nil: undefined }),
        swap: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
        journal: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
        layout: fc.oneof(
            fc.constant([]),
            fc.constant(["-r"]),
            fc.nat({ max: 9999 }).map((number) => ["--seed", String(number)]),
        ),
    })
    .map(({ blocks, inodes, swap, journal, layout }) => [
        ...["-b", String(blocks)],
        ...(inodes === undefined ? [] : ["-i", String(inodes)]),
        ...(swap === undefined ? [] : ["-w", String(swap)]),
        ...(journal === undefined ? [] : ["-j", String(journal)]),
        ...layout,
    ]);

/** Every file of a tree by its path. */
function filesOf(tree: Tree, path = ""): Files {
    const entries = Object.entries(tree).flatMap(([name, entry]): [string, Uint8Array][] =>
        entry instanceof Uint8Array
            ? [[`${path}/${name}`, entry]]
            : Object.entries(filesOf(entry, `${path}/${name}`)),
    );
    return Object.fromEntries(entries);
}

/** A computer with the tree in /in, empty folders too. */
function hostWith(tree: Tree): MemoryHost {
    const files = Object.entries(filesOf(tree));
    const memory = memoryHost({
        files: Object.fromEntries(files.map(([path, content]) => [`/in${path}`, content])),
    });
    const makeFolders = (folder: Tree, path: string) => {
        memory.volume.mkdirSync(path, { recursive: true });
        for (const [name, entry] of Object.entries(folder)) {
            if (!(entry instanceof Uint8Array)) {
                makeFolders(entry, `${path}/${name}`);
            }
        }
    };
    makeFolders(tree, "/in");
    return memory;
}

const isSame = (one: Uint8Array, other: Uint8Array) => Buffer.compare(one, other) === 0;

/** Runs `chickadeefsck` on the host's files; what it prints is its own, not earlier runs'. */
function fsck(memory: MemoryHost, args: readonly string[]) {
    const image = memory.readFile("/out.img");
    return runProgram(chickadeefsck, [...args, "/out.img"], { files: { "/out.img": image } });
}

/** An image of a tree that fits, or undefined. */
function packed(tree: Tree, options: readonly string[]): MemoryHost | undefined {
    const memory = hostWith(tree);
    const args = [...options, "--from", "/in", "-o", "/out.img"];
    const { status } = runProgram(mkchickadeefs, args, memory);
    if (status !== 0) {
        expect(memory.stderr()).toContain("out of space on output disk");
        return undefined;
    }
    expect([memory.stdout(), memory.stderr()]).toEqual(["", ""]);
    return memory;
}

describe("a tree that was packed", () => {
    it("is found clean, silently, and comes out byte for byte", () => {
        let fileCount = 0;
        fc.assert(
            fc.property(anyTree, anyOptions, (tree, options) => {
                const memory = packed(tree, options);
                if (memory === undefined) {
                    return;
                }
                const check = fsck(memory, []);
                expect([check.status, check.stdout(), check.stderr()]).toEqual([0, "", ""]);
                const disk = new MemoryStore(memory.readFile("/out.img"));
                const volume = new Volume(disk, readSuperblock(disk));
                for (const [path, content] of Object.entries(filesOf(tree))) {
                    const inode = volume.inode(volume.lookup(utf8Encode(path)) ?? 1);
                    const bytes = new Uint8Array(inode.size);
                    volume.readFile(inode, 0, bytes);
                    expect(isSame(bytes, content)).toBe(true);
                    fileCount++;
                }
                const [last] = Object.entries(filesOf(tree)).slice(-1);
                if (last !== undefined) {
                    const extracted = fsck(memory, ["-e", last[0]]);
                    expect([extracted.status, extracted.stderr()]).toEqual([0, ""]);
                    expect(isSame(extracted.stdoutBytes(), last[1])).toBe(true);
                }
            }),
            { seed, numRuns: 100 },
        );
        expect(fileCount).toBeGreaterThan(200);
    });

    it("is not found clean with one byte of its inodes or bitmap changed (canary)", () => {
        const memory = packed({ "a.txt": new Uint8Array(10) }, ["-b", "100", "-i", "64"]);
        for (const byteOffset of [4096, 2 * 4096 + 64]) {
            const bytes = memory?.readFile("/out.img") ?? new Uint8Array(0);
            bytes[byteOffset] ^= 0xff;
            const run = runProgram(chickadeefsck, ["/x"], { files: { "/x": bytes } });
            expect([run.status, run.stdout() === ""]).toEqual([1, false]);
        }
    });
});

/** A packed image of 200 blocks with a journal from block 160 on. */
function journaledImage(random: Random): { before: Uint8Array; journal: RandomJournal } {
    const files = Object.fromEntries(
        Array.from({ length: 8 }, (_, index) => [`f${index}`, new Uint8Array(index * 3000 + 1)]),
    );
    const memory = packed(files, ["-b", "200", "-i", "64", "-j", "40"]);
    const before = memory?.readFile("/out.img") ?? new Uint8Array(0);
    // Blocks 3 to 159 are data: 0 is the superblock's, 1 the bitmap's, 2 the inodes'.
    const targets = Array.from({ length: 12 }, () => random.between(60, 159));
    const magic = [0xed, 0xce, 0xeb, 0x9e, 0x00, 0xbb, 0xbf, 0xfb];
    const journal = randomJournal(random, {
        blockCount: 40,
        targets,
        contentFor: () => {
            const content = new Uint8Array(4096).fill(random.below(256));
            if (random.chance(1, 4)) {
                content.set(magic);
            }
            return content;
        },
    });
    before.set(journal.bytes, 160 * 4096);
    return { before, journal };
}

describe("a journal of committed transactions", () => {
    it("is saved as if its writes had been made directly, and is then empty", () => {
        let writeCount = 0;
        fc.assert(
            fc.property(fc.nat({ max: 2 ** 31 }), (journalSeed) => {
                const { before, journal } = journaledImage(new Random(journalSeed));
                const expected = before.slice();
                for (const [blockNo, content] of journal.replayed) {
                    expected.set(content, blockNo * 4096);
                    writeCount++;
                }
                expected.fill(0, 160 * 4096);

                const looked = runProgram(chickadeefsck, ["/x"], { files: { "/x": before } });
                expect([looked.status, looked.stderr()]).toEqual([0, ""]);
                expect(isSame(looked.readFile("/x"), before)).toBe(true);

                const saved = runProgram(chickadeefsck, ["-s", "/x"], { files: { "/x": before } });
                expect([saved.status, saved.stdout()]).toEqual([looked.status, looked.stdout()]);
                expect(isSame(saved.readFile("/x"), expected)).toBe(true);

                const again = runProgram(chickadeefsck, ["-s", "/x"], saved);
                expect(again.status).toBe(0);
                expect(isSame(again.readFile("/x"), expected)).toBe(true);
            }),
            { seed, numRuns: 150 },
        );
        expect(writeCount).toBeGreaterThan(300);
    });

    it("is not taken for saved when one write is missing (canary)", () => {
        const journals = Array.from({ length: 20 }, (_, at) => journaledImage(new Random(at)));
        const busy = journals.find(({ journal }) => journal.replayed.size > 1);
        const saved = runProgram(chickadeefsck, ["-s", "/x"], {
            files: { "/x": busy?.before ?? "" },
        });
        const [blockNo] = busy?.journal.replayed.keys() ?? [0];
        const bytes = (image: Uint8Array) => image.subarray(blockNo * 4096, (blockNo + 1) * 4096);
        expect(isSame(bytes(saved.readFile("/x")), bytes(busy?.before ?? block))).toBe(false);
    });
});

const block = new Uint8Array(4096);
