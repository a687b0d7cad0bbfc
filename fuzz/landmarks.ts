/** Where in a sound image the structs and the blocks of each role are: what damage aims at. */
import type { ByteReader } from "../src/base/byte-store.ts";
import type { Fields, StructType } from "../src/base/struct.ts";
import { blockClaims } from "../src/chkfs/block-roles.ts";
import {
    blockSize,
    direntLayout,
    direntsPerBlock,
    extentLayout,
    inodeLayout,
    superblockLayout,
    superblockOffset,
} from "../src/chkfs/layout.ts";
import type { Superblock } from "../src/chkfs/superblock.ts";
import { Volume } from "../src/chkfs/volume.ts";

/** A struct in an image. */
export interface Site {
    /** What a description calls it. */
    readonly name: string;
    readonly layout: StructType<Fields>;
    readonly byteOffset: number;
}

export interface Landmarks {
    readonly superblock: readonly Site[];
    /** Inodes in use, some that are free, and inode 0. */
    readonly inodes: readonly Site[];
    /** Extents in indirect blocks; none where no file has so many. */
    readonly listedExtents: readonly Site[];
    readonly dirents: readonly Site[];
    /** A few blocks of every role that the image has, metadata and data. */
    readonly blocks: readonly number[];
}

/** Structs of one block that are taken for sites; the rest look the same. */
const maxSitesPerBlock = 8;

/** Blocks of one role that are taken. */
const maxBlocksPerRole = 6;

export function landmarksOf(disk: ByteReader, superblock: Superblock): Landmarks {
    const volume = new Volume(disk, superblock);
    const claims = [...blockClaims(volume)];
    const blocksOf = (wanted: string) =>
        claims
            .filter(({ role }) => role === wanted)
            .flatMap(({ first, count }) => run(first, count));
    const { swap_bn, nswap, fbb_bn, inode_bn, data_bn, journal_bn, nblocks } = superblock;
    const parts = [
        [0],
        run(swap_bn, nswap),
        run(fbb_bn, inode_bn - fbb_bn),
        run(inode_bn, data_bn - inode_bn),
        blocksOf("directory"),
        blocksOf("indirect"),
        blocksOf("file"),
        [journal_bn - 1],
        run(journal_bn, nblocks - journal_bn),
    ];
    return {
        superblock: [
            { name: "superblock", layout: superblockLayout, byteOffset: superblockOffset },
        ],
        inodes: inodeSites(volume),
        listedExtents: blocksOf("indirect").flatMap((blockNo) =>
            sitesInBlock("extent", extentLayout, blockNo),
        ),
        dirents: blocksOf("directory").flatMap((blockNo) =>
            sitesInBlock("dirent", direntLayout, blockNo, direntsPerBlock),
        ),
        blocks: parts.flatMap((blocks) => blocks.slice(0, maxBlocksPerRole)),
    };
}

function run(first: number, count: number): number[] {
    return Array.from({ length: count }, (_, index) => first + index);
}

function inodeSites(volume: Volume): Site[] {
    const { inode_bn, ninodes } = volume.superblock;
    const live = [...volume.liveInodes()].map(({ inodeNo }) => inodeNo);
    return [0, ...live, live.length + 1, ninodes - 1].map((inodeNo) => ({
        name: `inode ${inodeNo}`,
        layout: inodeLayout,
        byteOffset: inode_bn * blockSize + inodeNo * inodeLayout.sizeBytes,
    }));
}

function sitesInBlock(
    name: string,
    layout: StructType<Fields>,
    blockNo: number,
    count = maxSitesPerBlock,
): Site[] {
    return Array.from({ length: count }, (_, index) => ({
        name: `${name} ${index} of block ${blockNo}`,
        layout,
        byteOffset: blockNo * blockSize + index * layout.sizeBytes,
    }));
}
