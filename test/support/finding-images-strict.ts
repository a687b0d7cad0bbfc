/** The images of `finding-images` for what only a strict check reports of disk and tree. */
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { damaged, type FindingImage, tree } from "./finding-image.ts";
import { buildImage, type Folder, fragmented } from "./image-builder.ts";

const oneFile: Folder = { f: "text" };
const file = 2;

const diskImages = {
    "image-longer": {
        disk: () => {
            const { bytes } = buildImage({ root: oneFile });
            const longer = new Uint8Array(bytes.length + 8192);
            longer.set(bytes);
            return new MemoryStore(longer);
        },
        lines: ["note: image has 8192 bytes behind the last block of the disk"],
    },
    "boot-signature-half": tree(
        oneFile,
        (image) => image.pokeBlock(0, 511, Uint8Array.of(0xaa)),
        "note: bytes 510 and 511 are 00 AA, half of the boot signature 55 AA",
    ),
    "superblock-padding": tree(
        oneFile,
        (image) => image.pokeBlock(0, 556, Uint8Array.of(5, 0, 4)),
        "note: 2 bytes behind the superblock not zero, the first at offset 556 of block 0",
    ),
    "superblock-data-gap": damaged(
        { root: oneFile, inodeCount: 192 },
        (image) => image.pokeSuperblock("ninodes", 64),
        "note: 2 blocks from block 3 on, between inodes and data, can never be used",
    ),
    "bitmap-past-end": tree(
        oneFile,
        (image) => {
            image.setFree(70, true);
            image.setFree(32767, true);
        },
        "error: 2 blocks past the end of the disk marked free, the first is 70",
    ),
} satisfies Record<string, FindingImage>;

const inodeImages = {
    "root-not-directory": tree(
        {},
        (image) => image.pokeInode(1, "type", 1),
        "inode 1: error: root directory has type 1 (expected 2)",
    ),
    "inode-nlink-low": tree(
        oneFile,
        (image) => image.pokeDirent("/", 1, { inum: file, name: "g" }),
        "inode 2 (f): error: nlink 1 is too low (expected 2)",
    ),
    "inode-nlink-high": tree(
        { d: {} },
        (image) => image.pokeInode(2, "nlink", 2),
        "inode 2 (d): warning: nlink 2 is too high (expected 1)",
    ),
    "inode-flags": tree(
        oneFile,
        (image) => image.pokeInode(file, "flags", 0x80000000),
        "inode 2 (f): warning: unknown flags 0x80000000",
    ),
    "inode-mlock": tree(
        oneFile,
        (image) => image.pokeInode(9, "mlock", 0xffffffff),
        "note: mlock not 0: 1 inode (the first is 9)",
    ),
    "inode-mbcindex": tree(
        oneFile,
        (image) => {
            image.pokeInode(0, "mbcindex", 1);
            image.pokeInode(file, "mbcindex", 1);
        },
        "note: mbcindex not 0: 2 inodes (the first is 0)",
    ),
    "inode-free-leftover": tree(
        oneFile,
        (image) => {
            image.pokeInode(5, "size", 10);
            image.pokeIndirect(6, { first: 0, count: 1 });
        },
        "note: leftovers in free inodes: 2 inodes (the first is 5)",
    ),
    "inode-table-tail": damaged(
        { root: oneFile, inodeCount: 60 },
        (image) => image.pokeBlock(2, 60 * 64, Uint8Array.of(1)),
        "note: 1 byte behind the last of 60 inodes not zero",
    ),
    "directory-lost": tree(
        { d: { e: { x: "text" } } },
        (image) => image.pokeDirent("/", 0, { inum: 0, name: "" }),
        "inode 2: error: lost directory, with everything below it",
    ),
    "directory-cycle": tree(
        { d: { e: { x: "text" } } },
        (image) => {
            image.pokeDirent("/", 0, { inum: 0, name: "" });
            image.pokeDirent("/d/e", 1, { inum: 2, name: "d" });
        },
        "inode 2: error: lost directory is below itself, in a circle that the root does not reach",
    ),
    "extent-empty-first": tree(
        oneFile,
        (image) => {
            image.pokeExtent(file, 2, { first: 9, count: 0 });
            image.pokeIndirect(file, { first: 9, count: 0 });
        },
        "inode 2 (f): warning: 2 extents of count 0 with a first block, the first is extent 2",
    ),
    "extents-adjacent": tree(
        { f: new Uint8Array(3 * 4096) },
        (image) => {
            image.pokeExtent(file, 0, { first: 3, count: 1 });
            image.pokeExtent(file, 1, { first: 4, count: 1 });
            image.pokeExtent(file, 2, { first: 5, count: 1 });
        },
        "inode 2 (f): note: 2 extents could be joined to the one before, the first is extent 1",
    ),
    "indirect-empty": tree(
        oneFile,
        (image) => {
            image.setFree(10, false);
            image.pokeIndirect(file, { first: 10, count: 1 });
        },
        "inode 2 (f): note: no extent in indirect extent 10+1",
    ),
    "indirect-before-direct": tree(
        { f: fragmented(new Uint8Array(5 * 4096), [1, 1, 1, 1, 1]) },
        (image) => {
            // Blocks 3, 5, 7, 9 and 11, the last through the indirect block 12.
            image.pokeExtent(file, 3, { first: 0, count: 0 });
            image.pokeExtent(file, 4, { first: 9, count: 1 });
            image.pokeInode(file, "size", 4 * 4096);
            image.setFree(11, true);
        },
        "inode 2 (f) [3]: error: indirect extents are in use, but not all direct ones",
    ),
    "block-not-data": tree(
        oneFile,
        (image) => {
            image.pokeExtent(file, 0, { first: 2, count: 1 });
            image.setFree(3, true);
        },
        "block 2: error: no block of data for f[0] as regular",
        "  it belongs to inode[0] as inode",
    ),
} satisfies Record<string, FindingImage>;

const directoryImages = {
    "directory-size-partial": tree(
        oneFile,
        (image) => image.pokeInode(1, "size", 128),
        "inode 1 (root directory): note: directory size 128 not multiple of 4096",
    ),
    "directory-hole": tree(
        oneFile,
        (image) => {
            image.pokeInode(1, "size", 8192);
            image.pokeExtent(1, 0, { first: 0, count: 1 });
            image.pokeExtent(1, 1, { first: 4, count: 1 });
        },
        "inode 1 (root directory) [0]: error: hole in directory",
    ),
    "directory-names-root": tree(
        oneFile,
        (image) => image.pokeDirent("/", 1, { inum: 1, name: "top" }),
        "inode 1 (root directory): error: an entry names the root directory",
        "  the entry is top",
    ),
    "directory-names-ancestor": tree(
        { d: { e: { x: "text" } } },
        (image) => image.pokeDirent("/d/e", 1, { inum: 2, name: "up" }),
        "inode 2 (d): error: an entry below this directory names it",
        "  the entry is up",
    ),
    "dirent-inode-free": tree(
        oneFile,
        (image) => image.pokeDirent("/", 1, { inum: 9, name: "ghost" }),
        "inode 9 (ghost): error: directory entry names a free inode",
    ),
    "dirent-name-tail": tree(
        oneFile,
        (image) => image.pokeDirent("/", 0, { name: "f\0old" }),
        "inode 1 (root directory): note: bytes behind the NUL of a name in 1 dirent " +
            "(the first is 0)",
    ),
    "dirent-free-leftover": tree(
        oneFile,
        (image) => {
            image.pokeDirent("/", 3, { name: "old" });
            image.pokeDirent("/", 5, { name: "older" });
        },
        "inode 1 (root directory): note: leftovers in free entries: 2 dirents (the first is 3)",
    ),
    "dirent-name-control": tree(
        { "a\x1b": "text" },
        () => {},
        'inode 1 (root directory): note: dirent 0 name "a\x1b" has control characters',
    ),
    "dirent-name-encoding": tree(
        { "a\xff": "text" },
        () => {},
        'inode 1 (root directory): note: dirent 0 name "a\xff" is not UTF-8',
    ),
} satisfies Record<string, FindingImage>;

export const strictFindingImages = { ...diskImages, ...inodeImages, ...directoryImages };
