import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ByteReader } from "../../src/base/byte-store.ts";
import { readSuperblock } from "../../src/chkfs/superblock.ts";
import { Volume } from "../../src/chkfs/volume.ts";
import { geometryProblem } from "../../src/chkfs/volume-geometry.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import {
    buildImage,
    type Folder,
    FragmentedFile,
    fragmented,
    type TestImage,
} from "../support/image-builder.ts";
import { anyDamage, damagedImage } from "../support/image-damage.ts";
import { readImage } from "../support/read-image.ts";

const seed = 20_251;

const anyName = fc
    .uint8Array({ minLength: 1, maxLength: 123 })
    .map((bytes) => String.fromCharCode(...bytes).replace(/[/\0]/g, "_"));

/** A file of up to 9 runs and holes, a short last block, and a different byte in each block. */
const anyFile = fc
    .record({
        runs: fc.array(
            fc.integer({ min: -3, max: 3 }).filter((run) => run !== 0),
            { maxLength: 9 },
        ),
        tailBytes: fc.integer({ min: 0, max: 4096 }),
    })
    .map(({ runs, tailBytes }) => {
        const blockCount = runs.reduce((sum, run) => sum + Math.abs(run), 0);
        const content = new Uint8Array(blockCount * 4096 + tailBytes);
        let blockIndex = 0;
        for (const run of [...runs, 1]) {
            const end = blockIndex + Math.abs(run);
            for (; blockIndex < end; blockIndex++) {
                const byte = run < 0 ? 0 : 1 + (blockIndex % 255);
                content.fill(byte, blockIndex * 4096, (blockIndex + 1) * 4096);
            }
        }
        return fragmented(content, runs);
    });

const { folder: anyFolder } = fc.letrec<{ folder: Folder; entry: Folder | FragmentedFile }>(
    (tie) => ({
        entry: fc.oneof({ depthSize: "small", withCrossShrink: true }, anyFile, tie("folder")),
        folder: fc.uniqueArray(fc.tuple(anyName, tie("entry")), {
            maxLength: 6,
            selector: ([name]) => name,
        }) as fc.Arbitrary<Folder>,
    }),
);

function build(root: Folder): TestImage {
    return buildImage({ root, blockCount: 2048, inodeCount: 512 });
}

function open(image: TestImage): Volume {
    const disk = new MemoryStore(image.bytes);
    return new Volume(disk, readSuperblock(disk));
}

/** Every path of a description, depth first, with its file where it is one. */
function* described(folder: Folder, path: string): Generator<[string, FragmentedFile | undefined]> {
    yield [path, undefined];
    const pairs = Array.isArray(folder) ? folder : Object.entries(folder);
    for (const [name, entry] of pairs) {
        const entryPath = path === "/" ? `/${name}` : `${path}/${name}`;
        if (entry instanceof FragmentedFile) {
            yield [entryPath, entry];
        } else {
            yield* described(entry, entryPath);
        }
    }
}

/** What a volume says differently from the description that its image was built from. */
function differences(volume: Volume, image: TestImage, root: Folder): string[] {
    const found: string[] = [];
    const walked = [...volume.walk()];
    const expected = [...described(root, "/")];
    if (
        JSON.stringify(walked.map(({ path }) => path)) !== JSON.stringify(expected.map(([p]) => p))
    ) {
        found.push("the walk");
    }
    for (const [path, file] of expected) {
        const inodeNo = volume.lookup(path);
        if (inodeNo !== image.inodeNo(path)) {
            found.push(`lookup of ${path}`);
            continue;
        }
        const inode = volume.inode(inodeNo);
        const content = new Uint8Array(inode.size);
        volume.readFile(inode, 0, content);
        if (file !== undefined && Buffer.compare(content, file.content) !== 0) {
            found.push(`content of ${path}`);
        }
        const data = [...volume.extentsOf(inode)].flatMap(({ kind, first, count }) =>
            kind === "data" ? Array.from({ length: count }, (_, index) => first + index) : [],
        );
        if (JSON.stringify(data) !== JSON.stringify(image.dataBlocks(path))) {
            found.push(`blocks of ${path}`);
        }
    }
    return found;
}

describe("a volume on an image of a random tree", () => {
    it("says what the image was built from", () => {
        fc.assert(
            fc.property(anyFolder, (root) => {
                const image = build(root);
                expect(differences(open(image), image, root)).toEqual([]);
            }),
            { seed, numRuns: 100 },
        );
    });

    it("is built correctly, as the strict reader of files without holes confirms", () => {
        const files = fc.array(fc.tuple(anyFile, fc.nat(3)), { maxLength: 5 });
        fc.assert(
            fc.property(files, (described) => {
                const root = described.map(([{ content, runs }, depth], index) => {
                    const file = fragmented(content, runs.map(Math.abs));
                    const names = Array.from({ length: depth }, (_, level) => `d${level}`);
                    const entry = names.reduceRight<Folder | FragmentedFile>(
                        (inner, name) => [[name, inner]],
                        file,
                    );
                    return [`e${index}`, entry] as const;
                });
                const read = readImage(build(root).bytes);
                expect(read.problems).toEqual([]);
                expect(read.files.size).toBe(described.length);
            }),
            { seed, numRuns: 50 },
        );
    });

    it("reads any byte range as the whole file has it", () => {
        fc.assert(
            fc.property(anyFile, fc.nat(60_000), fc.nat(20_000), (file, byteOffset, length) => {
                const image = build([["f", file]]);
                const volume = open(image);
                const target = new Uint8Array(length);
                const count = volume.readFile(volume.inode(2), byteOffset, target);
                const expected = file.content.subarray(byteOffset, byteOffset + length);
                expect(Buffer.compare(target.subarray(0, count), expected)).toBe(0);
            }),
            { seed, numRuns: 100 },
        );
    });

    it("is told from one with a wrong extent, a wrong name or a wrong size", () => {
        const root: Folder = { f: fragmented(new Uint8Array(8192).fill(1), [1, 1]), d: { e: "" } };
        const damages: [string, (image: TestImage) => void][] = [
            ["blocks of /f", (image) => image.pokeExtent(2, 1, { first: 60, count: 1 })],
            ["content of /f", (image) => image.pokeBlock(image.data_bn, 7, Uint8Array.of(9))],
            ["content of /f", (image) => image.pokeInode(2, "size", 8191)],
            ["the walk", (image) => image.pokeDirent("/", 0, { name: "g" })],
            ["lookup of /d/e", (image) => image.pokeDirent("/", 1, { inum: 2 })],
        ];
        for (const [difference, damage] of damages) {
            const image = build(root);
            damage(image);
            expect(differences(open(image), image, root)).toContain(difference);
        }
    });
});

/** A disk that counts how often it is read. */
class CountingDisk implements ByteReader {
    readonly #store: MemoryStore;
    readCount = 0;

    constructor(bytes: Uint8Array) {
        this.#store = new MemoryStore(bytes);
    }

    get sizeBytes(): number {
        return this.#store.sizeBytes;
    }

    read(byteOffset: number, target: Uint8Array): void {
        this.readCount++;
        this.#store.read(byteOffset, target);
    }
}

describe("a volume on a damaged image", () => {
    it("answers everything within its bound of reads, and never throws", () => {
        let walkedCount = 0;
        fc.assert(
            fc.property(anyDamage, fc.integer({ min: 1, max: 64 }), (damage, blockCount) => {
                const image = damagedImage(damage);
                const disk = new CountingDisk(image.truncated(Math.max(blockCount, 20)));
                const superblock = readSuperblock(disk);
                if (geometryProblem(superblock, disk.sizeBytes) !== undefined) {
                    return;
                }
                walkedCount++;
                exercise(new Volume(disk, superblock), disk);
            }),
            { seed, numRuns: 2000 },
        );
        expect(walkedCount).toBeGreaterThan(1000);
    });
});

function exercise(volume: Volume, disk: CountingDisk): void {
    const dataBlockCount = volume.dataEnd - volume.dataStart;
    const entries = [...volume.walk()];
    expect(entries.length).toBeLessThanOrEqual(1 + 32 * dataBlockCount);

    const budget = volume.newBudget();
    let extentCount = 0;
    for (const inode of volume.liveInodes()) {
        extentCount += [...volume.extentSlotsOf(inode, budget)].length;
        const last = [...volume.extentsOf(inode)].at(-1);
        expect((last?.fileBlockNo ?? 0) + (last?.count ?? 0)).toBe(Math.ceil(inode.size / 4096));
        volume.readFile(inode, Math.max(inode.size - 100, 0), new Uint8Array(200));
        volume.blockOfFile(inode, 3);
    }
    const { ninodes } = volume.superblock;
    expect(extentCount).toBeLessThanOrEqual(5 * ninodes + 512 * dataBlockCount);
    volume.lookup("/d/e/f");
    // The walk: its entries' inodes and each block once. The scan: its blocks, the budget, and
    // for each inode three times its own extents and one read of data in each of them.
    const scanned = Math.ceil(ninodes / 64) + dataBlockCount + 4 * ninodes * (dataBlockCount + 4);
    expect(disk.readCount).toBeLessThanOrEqual(entries.length + dataBlockCount + scanned + 100);
}
