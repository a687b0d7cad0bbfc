/**
 * For every code of the catalogue the smallest damage that a check reports with that code, and the
 * words of the report.
 *
 * The images are built by `image-builder`, which shares nothing with the checker. Small disks have
 * 64 blocks: 0 the superblock, 1 the bitmap, 2 the inodes, 3 and up the data, in the order of the
 * description with the root directory's block last.
 */
import { MemoryStore } from "../../src/disk/memory-store.ts";
import type { CheckOptions } from "../../src/fsck/check.ts";
import type { FindingCode } from "../../src/fsck/finding.ts";
import { referenceCheckRules } from "../../src/fsck/rules.ts";
import { damaged, type FindingImage, tree } from "./finding-image.ts";
import { journalFindingImages } from "./finding-images-journal.ts";
import { strictFindingImages } from "./finding-images-strict.ts";
import { buildImage, type Folder, fragmented } from "./image-builder.ts";

const reference: CheckOptions = { rules: referenceCheckRules };
const oneFile: Folder = { f: "text" };
const file = 2;

/** Inode 2 as a file of five extents, of which the last stands in block 13. */
const fiveExtents: Folder = { f: fragmented(new Uint8Array(5 * 4096), [1, 1, 1, 1, 1]) };

const superblockImages = {
    "size-unaligned": {
        disk: () => {
            const { bytes } = buildImage({ root: oneFile });
            return new MemoryStore(Uint8Array.from([...bytes, 0]));
        },
        lines: ["error: unexpected size 262145 is not a multiple of blocksize 4096"],
    },
    "size-too-small": {
        disk: () => new MemoryStore(new Uint8Array(0)),
        lines: ["error: file size 0 too small"],
    },
    "size-truncated": {
        disk: () => new MemoryStore(buildImage({ root: oneFile }).truncated(60)),
        lines: ["error: file size 245760 too small for 64 blocks (expected 262144)"],
    },
    "superblock-magic": tree(
        oneFile,
        (image) => image.pokeMagic(0xfbbfbb003ee9beeen),
        "error: bad magic number 0xFBBFBB003EE9BEEE",
    ),
    "superblock-nblocks": tree(
        oneFile,
        (image) => {
            image.pokeSuperblock("nblocks", 0x10000000);
            image.pokeSuperblock("inode_bn", 1 + 8192);
            image.pokeSuperblock("data_bn", 2 + 8192);
            image.pokeSuperblock("journal_bn", 0x10000000);
        },
        "error: bad number of blocks 268435456",
    ),
    "superblock-swap-bn": tree(
        oneFile,
        (image) => {
            image.pokeSuperblock("swap_bn", 2);
            image.pokeSuperblock("fbb_bn", 2);
            image.pokeSuperblock("inode_bn", 3);
            image.pokeSuperblock("data_bn", 4);
        },
        "error: unexpected swap_bn 2 (expected 1)",
    ),
    "superblock-nswap": {
        ...tree(
            oneFile,
            (image) => {
                image.pokeSuperblock("nswap", 64);
                image.pokeSuperblock("fbb_bn", 65);
                image.pokeSuperblock("inode_bn", 66);
                image.pokeSuperblock("data_bn", 67);
                image.pokeSuperblock("journal_bn", 64);
            },
            "error: too many swap blocks 64",
        ),
        also: ["superblock-data-bn-range", "superblock-journal-bn"],
        why: "what comes after swap space lies past the end of the disk too",
    },
    "superblock-fbb-bn": tree(
        oneFile,
        (image) => {
            image.pokeSuperblock("fbb_bn", 2);
            image.pokeSuperblock("inode_bn", 3);
            image.pokeSuperblock("data_bn", 4);
        },
        "error: unexpected fbb_bn 2 (expected 1)",
    ),
    "superblock-inode-bn": tree(
        oneFile,
        (image) => {
            image.pokeSuperblock("inode_bn", 3);
            image.pokeSuperblock("data_bn", 4);
        },
        "error: unexpected inode_bn 3 (expected 2)",
    ),
    "superblock-ninodes": tree(
        oneFile,
        (image) => image.pokeSuperblock("ninodes", 9),
        "error: expected at least 10 inodes (have 9)",
    ),
    "superblock-data-bn": tree(
        oneFile,
        (image) => image.pokeSuperblock("data_bn", 2),
        "error: unexpected data_bn 2 (expected at least 3)",
    ),
    "superblock-data-bn-range": tree(
        oneFile,
        (image) => image.pokeSuperblock("data_bn", 64),
        "error: data_bn 64 too large for disk (nblocks 64)",
    ),
    "superblock-journal-bn": tree(
        oneFile,
        (image) => image.pokeSuperblock("journal_bn", 2),
        "error: unexpected journal_bn 2",
    ),
    "superblock-njournal": tree(
        oneFile,
        (image) => image.pokeSuperblock("njournal", 1),
        "error: unexpected njournal 1 (expected at most 0)",
    ),
    "reference-njournal": {
        ...tree(
            oneFile,
            (image) => image.pokeSuperblock("njournal", 1),
            "error: unexpected njournal 1 (expected at least 128)",
        ),
        options: reference,
    },
    "journal-length": damaged(
        { root: oneFile, journalBlockCount: 8 },
        (image) => image.pokeSuperblock("njournal", 7),
        "error: njournal is 7, but 8 blocks lie from journal_bn to the end of the disk; " +
            "journal not replayed",
    ),
    "journal-too-long": damaged(
        { root: oneFile, blockCount: 65600, journalBlockCount: 65536 },
        () => {},
        "error: journal of 65536 blocks is too long (at most 65535); journal not replayed",
    ),
} satisfies Record<string, FindingImage>;

const blockImages = {
    "block-reused": tree(
        { f: "text", g: "more" },
        (image) => {
            image.pokeExtent(3, 0, { first: 3, count: 1 });
            image.setFree(4, true);
        },
        "block 3: error: reusing block for g[0] as regular",
        "  originally used for f[0] as regular",
    ),
    "block-used-but-free": tree(
        oneFile,
        (image) => image.setFree(3, true),
        "block 3 (f) (regular): error: used block is marked free",
    ),
    "block-leaked": tree(
        oneFile,
        (image) => image.setFree(40, false),
        "block 40: warning: leaked block (unreferenced but allocated)",
    ),
    "check-incomplete": {
        ...damaged(
            { root: { f: "text" }, blockCount: 4096 },
            (image) => {
                for (let blockNo = 3; blockNo < 4004; blockNo++) {
                    image.setFree(blockNo, false);
                }
                image.pokeInode(file, "size", 0xffffffff);
                image.pokeIndirect(file, { first: 4003, count: 1 });
                for (let index = 0; index < 30; index++) {
                    image.pokeExtent(file, index, { first: 3, count: 4000 });
                }
            },
            "error: check stopped after 16385 uses of blocks; the rest was not looked at",
        ),
        also: ["block-reused"],
        why: "only blocks that are used again and again make a check that long",
    },
} satisfies Record<string, FindingImage>;

const inodeImages = {
    "inode-lost": tree(
        oneFile,
        (image) => image.pokeDirent("/", 0, { inum: 0, name: "" }),
        "inode 2: error: lost inode appears live",
    ),
    "inode-zero-referenced": {
        ...tree(
            oneFile,
            (image) => image.pokeInode(0, "type", 1),
            "lost inode: error: refers to inode number 0",
        ),
        options: reference,
        also: ["inode-lost"],
        why: "the reference says both",
    },
    "inode-zero-live": tree(
        oneFile,
        (image) => image.pokeInode(0, "type", 1),
        "error: inode 0 is never used, but has type 1",
    ),
    "inode-unknown-type": tree(
        oneFile,
        (image) => image.pokeInode(file, "type", 7),
        "inode 2 (f): error: unknown type 7",
    ),
    "directory-linked-twice": tree(
        { d: {} },
        (image) => image.pokeDirent("/", 1, { inum: 2, name: "again" }),
        "inode 2 (d): error: more than one link to directory",
        "  other link is #2 from again",
    ),
    "directory-size": tree(
        oneFile,
        (image) => image.pokeInode(1, "size", 4000),
        "inode 1 (root directory): error: directory size 4000 not multiple of 128",
    ),
    "extent-after-empty": tree(
        oneFile,
        (image) => {
            image.pokeExtent(file, 0, { first: 0, count: 0 });
            image.pokeExtent(file, 1, { first: 3, count: 1 });
        },
        "inode 2 (f) [0]: error: nonempty extent follows empty extent",
    ),
    "extent-beyond-size": tree(
        oneFile,
        (image) => image.pokeInode(file, "size", 0),
        "inode 2 (f) [0]: warning: file has extra extents beyond its size",
        "  file size is 0, extent 3+1 covers offsets 0-4095",
    ),
    "extent-out-of-range": tree(
        oneFile,
        (image) => {
            image.pokeExtent(file, 0, { first: 64, count: 3 });
            image.pokeInode(file, "size", 3 * 4096);
            image.setFree(3, true);
        },
        "inode 2 (f) [0]: error: block number 64 out of range",
        "  so are the 2 blocks after it",
    ),
    "extent-zero-block": {
        ...tree(
            { f: "" },
            (image) => image.pokeExtent(file, 0, { first: 0, count: 1 }),
            "inode 2 (f) [0]: error: nonempty extent starts at zero block",
        ),
        options: reference,
    },
    "file-hole": tree(
        { f: fragmented(new Uint8Array(2 * 4096), [-1, 1]) },
        () => {},
        "inode 2 (f) [0]: warning: hole in file",
    ),
    "indirect-out-of-range": tree(
        oneFile,
        (image) => image.pokeIndirect(file, { first: 60, count: 5 }),
        "inode 2 (f): error: indirect extent 60+5 out of range",
    ),
    "indirect-zero-block": tree(
        oneFile,
        (image) => image.pokeIndirect(file, { first: 0, count: 1 }),
        "inode 2 (f): error: nonempty indirect extent starts at zero block",
    ),
    "indirect-missing": tree(
        oneFile,
        (image) => image.pokeInode(file, "size", 4097),
        "inode 2 (f): error: missing indirect block",
    ),
    "extents-end-early": tree(
        fiveExtents,
        (image) => image.pokeInode(file, "size", 6 * 4096),
        "inode 2 (f): error: extents end at offset 20480, before file size 24576",
    ),
} satisfies Record<string, FindingImage>;

const directoryImages = {
    "dirent-empty-name": tree(
        oneFile,
        (image) => image.pokeDirent("/", 0, { name: "" }),
        "inode 1 (root directory) [4]: error: dirent 0 empty name",
    ),
    "dirent-long-name": tree(
        oneFile,
        (image) => image.pokeDirent("/", 0, { name: "n".repeat(124) }),
        "inode 1 (root directory) [4]: error: dirent 0 name too long",
        `  name is "${"n".repeat(124)}"`,
    ),
    "dirent-reserved-name": tree(
        { "a/b": "text" },
        () => {},
        'inode 1 (root directory) [4]: error: dirent 0 name "a/b" reserved',
    ),
    "dirent-duplicate-name": tree(
        [
            ["f", "text"],
            ["f", "more"],
        ],
        () => {},
        'inode 1 (root directory) [5]: error: dirent 1 reuses name "f"',
    ),
    "dirent-inode-range": tree(
        oneFile,
        (image) => image.pokeDirent("/", 1, { inum: -3, name: "g" }),
        "inode 1 (root directory) [4]: error: dirent 1 inode -3 out of range",
    ),
} satisfies Record<string, FindingImage>;

export const findingImages = {
    ...superblockImages,
    ...blockImages,
    ...inodeImages,
    ...directoryImages,
    ...journalFindingImages,
    ...strictFindingImages,
} satisfies Record<FindingCode, FindingImage>;
