/**
 * Images with damage that a repair puts right, and what must survive it.
 */
import type { Random } from "../../src/base/random.ts";
import { buildImage, type Folder, fragmented, type TestImage } from "./image-builder.ts";

/** A damaged image. */
export interface DamagedImage {
    readonly image: TestImage;
    /** What was done to it, in words. */
    readonly damage: readonly string[];
    /** The path and the content of each file, lost ones by the path that they had. */
    readonly files: ReadonlyMap<string, Uint8Array>;
    /** Paths of the tops of what was cut off the tree. */
    readonly lost: readonly string[];
}

const blockSize = 4096;

/** A tree of some files and folders; every block of a file is different. */
function randomTree(chance: Random, files: Map<string, Uint8Array>): Folder {
    const folder = (path: string, depth: number): Folder => {
        const entries: [string, Folder | ReturnType<typeof fragmented>][] = [];
        for (let index = chance.between(1, 4); index > 0; index--) {
            const name = `${depth}-${index}`;
            const entryPath = path === "/" ? `/${name}` : `${path}/${name}`;
            if (depth < 3 && chance.chance(2, 5)) {
                entries.push([name, folder(entryPath, depth + 1)]);
                continue;
            }
            const runs = Array.from({ length: chance.below(7) }, () => chance.between(1, 2));
            const blockCount = runs.reduce((sum, run) => sum + run, 0);
            const content = new Uint8Array(blockCount * blockSize + chance.below(blockSize));
            for (let at = 0; at < content.length; at += blockSize) {
                content.fill(chance.between(1, 255), at, at + blockSize);
            }
            files.set(entryPath, content);
            entries.push([name, fragmented(content, runs)]);
        }
        return entries;
    };
    return folder("/", 0);
}

/** A random image with random damage of the kinds that have one safe answer. */
export function damagedImage(chance: Random): DamagedImage {
    const files = new Map<string, Uint8Array>();
    const root = randomTree(chance, files);
    const image = buildImage({
        root,
        blockCount: 700,
        inodeCount: 250,
        swapBlockCount: chance.below(3),
        journalBlockCount: chance.pick([0, 8]),
    });
    const damage: string[] = [];
    const lost: string[] = [];
    const paths = [...image.inodeNumbers.keys()];
    const freeBlock = () => chance.between(680, 690);
    const kinds: Record<string, () => void> = {
        leak: () => image.setFree(chance.between(600, 679), false),
        "used but free": () => {
            const used = paths.flatMap((path) => image.dataBlocks(path));
            image.setFree(chance.pick([0, 1, ...used]), true);
        },
        "link count": () =>
            image.pokeInode(image.inodeNo(chance.pick(paths)), "nlink", chance.below(5)),
        "bit past the end": () => image.setFree(700 + chance.below(32_000), true),
        "free inode named": () =>
            image.pokeDirent("/", 20 + chance.below(4), { inum: 249, name: "free" }),
        "no such inode named": () =>
            image.pokeDirent("/", 24 + chance.below(4), {
                inum: chance.pick([-1, 250, -(2 ** 31), 2 ** 31 - 1]),
                name: "far",
            }),
        "extra extent": () => {
            // Of a file without any other extents, so that the list stays in order.
            const path = paths.find((candidate) => files.get(candidate)?.length === 0);
            if (path !== undefined) {
                const first = freeBlock();
                image.pokeExtent(image.inodeNo(path), 0, { first, count: 3 });
            }
        },
        lost: () => {
            const slot = chance.below(4);
            const path = [...image.inodeNumbers.keys()].filter((candidate) =>
                /^\/[^/]+$/.test(candidate),
            )[slot];
            if (path !== undefined && !lost.includes(path)) {
                lost.push(path);
                image.pokeDirent("/", slot, { inum: 0, name: "" });
            }
        },
    };
    for (let count = chance.between(1, 6); count > 0; count--) {
        const kind = chance.pick(Object.keys(kinds));
        kinds[kind]();
        damage.push(kind);
    }
    return { image, damage, files, lost };
}
