/**
 * The sound images that damage starts from: small ones, one for each way in which a layout can be
 * unusual, for a case must cost milliseconds.
 */
import type { ByteReader } from "../src/base/byte-store.ts";
import { bytesOf } from "../src/base/byte-string.ts";
import { Random } from "../src/base/random.ts";
import { blockSize } from "../src/chkfs/layout.ts";
import type { Superblock } from "../src/chkfs/superblock.ts";
import { MemoryStore } from "../src/disk/memory-store.ts";
import { SparseStore } from "../src/disk/sparse-store.ts";
import { type GeometryRequest, planGeometry } from "../src/mkfs/geometry.ts";
import { ImageBuilder, type OpenDirectory } from "../src/mkfs/image-builder.ts";
import { seededChance } from "../src/mkfs/layout-chance.ts";
import { imageSegments } from "../src/mkfs/segments.ts";
import { writeImage } from "../src/mkfs/write-image.ts";
import { type Landmarks, landmarksOf } from "./landmarks.ts";

/** A sound image, and where in it is what. */
export interface BaseImage {
    readonly name: string;
    readonly disk: ByteReader;
    readonly superblock: Superblock;
    readonly landmarks: Landmarks;
}

/** A folder to be: a number is a file of so many bytes. */
interface Tree {
    readonly [name: string]: number | Tree;
}

interface Recipe {
    readonly name: string;
    readonly geometry: GeometryRequest;
    readonly tree: Tree;
    /** The seed of a random layout. */
    readonly scatter?: number;
}

function nested(depth: number): Tree {
    return depth === 0 ? { leaf: 5000 } : { [`level${depth}`]: nested(depth - 1), file: depth };
}

function numbered(count: number, sizeBytes: number): Tree {
    const names = Array.from({ length: count }, (_, index) => `file${index}.txt`);
    return Object.fromEntries(names.map((name) => [name, sizeBytes]));
}

const smallTree: Tree = {
    "a.txt": 10,
    "b.bin": 4096,
    "c.bin": 9000,
    empty: 0,
    dir: { "d.txt": 4097, sub: { "e.txt": 1 }, none: {} },
};

const recipes: readonly Recipe[] = [
    { name: "small", geometry: { blockCount: 48, inodeCount: 64 }, tree: smallTree },
    {
        name: "journaled",
        geometry: { blockCount: 80, inodeCount: 64, journalBlockCount: 16 },
        tree: smallTree,
    },
    {
        name: "long-journal",
        geometry: { blockCount: 160, inodeCount: 100, journalBlockCount: 64 },
        tree: smallTree,
    },
    {
        name: "short-journal",
        geometry: { blockCount: 40, inodeCount: 40, journalBlockCount: 3 },
        tree: smallTree,
    },
    {
        name: "swap",
        geometry: {
            blockCount: 91,
            inodeCount: 130,
            swapBlockCount: 7,
            journalBlockCount: 21,
        },
        tree: smallTree,
    },
    { name: "nested", geometry: { blockCount: 128 }, tree: nested(12) },
    { name: "many-names", geometry: { blockCount: 100, inodeCount: 200 }, tree: numbered(70, 1) },
    {
        name: "scattered",
        geometry: { blockCount: 203, journalBlockCount: 33 },
        tree: { ...smallTree, "long.bin": 100 * blockSize, "other.bin": 30 * blockSize - 1 },
        scatter: 1,
    },
    {
        name: "two-lists",
        geometry: { blockCount: 1500, inodeCount: 64 },
        tree: { ...smallTree, "huge.bin": 1400 * blockSize },
        scatter: 2,
    },
    {
        name: "endless-journal",
        geometry: { blockCount: 65_600, inodeCount: 64, journalBlockCount: 65_536 },
        tree: { "a.txt": 10 },
    },
    {
        name: "two-bitmaps",
        geometry: { blockCount: 33_000, inodeCount: 4000, journalBlockCount: 40 },
        tree: smallTree,
    },
];

/** Builds every base image. */
export function makeBaseImages(): BaseImage[] {
    return recipes.map(makeBaseImage);
}

function makeBaseImage({ name, geometry, tree, scatter }: Recipe): BaseImage {
    const superblock = planGeometry(geometry);
    const builder = new ImageBuilder({
        superblock,
        chance: scatter === undefined ? undefined : seededChance(new Random(scatter)),
        pinsFirstFile: false,
        reference: false,
        measuresShortage: false,
    });
    addTree(builder, builder.root, tree);
    const disk = new SparseStore(superblock.nblocks * blockSize);
    writeImage(imageSegments(builder.finish(), undefined), disk, () => {});
    return { name, disk, superblock, landmarks: landmarksOf(disk, superblock) };
}

function addTree(builder: ImageBuilder, directory: OpenDirectory, tree: Tree): void {
    for (const [name, entry] of Object.entries(tree)) {
        if (typeof entry === "number") {
            const content = new MemoryStore(bytesOf(`${name} `.repeat(entry).slice(0, entry)));
            builder.addFile(directory, name, name, content);
        } else {
            addTree(builder, builder.addDirectory(directory, name, name), entry);
        }
    }
}
