/**
 * Damage that makes work: many inodes that all claim the same blocks, and directories that list
 * each other, so that whoever follows every claim goes over the same ground again and again.
 */
import type { Random } from "../src/base/random.ts";
import { blockSize, extentLayout, InodeType, inodeLayout } from "../src/chkfs/layout.ts";
import type { BaseImage } from "./base-images.ts";
import type { Damage } from "./damaged-image.ts";

/** Inodes that are written; the many at the end exhaust the allowance of a small disk. */
const inodeCounts = [1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 10, 60];

/** Inodes from the root on, each with all the blocks that it can name. */
export function crowdOfInodes(random: Random, { superblock }: BaseImage): Damage {
    const { inode_bn, data_bn, journal_bn, ninodes } = superblock;
    const inodeCount = Math.min(ninodes - 1, random.pick(inodeCounts));
    const count = random.pick([1, 2, journal_bn - data_bn, 0xffff_ffff]);
    const type = random.pick([InodeType.regular, InodeType.regular, InodeType.directory]);
    const bytes = new Uint8Array(inodeCount * inodeLayout.sizeBytes);
    for (let index = 0; index < inodeCount; index++) {
        const inode = inodeLayout.at(bytes, index * inodeLayout.sizeBytes);
        inode.type = index === 0 ? InodeType.directory : type;
        inode.size = random.pick([0x7fff_f000, 0xffff_f000, 4096]);
        inode.nlink = 1;
        const extent = extentLayout.at(bytes);
        const { direct, indirect } = inodeLayout.fields;
        for (let slot = random.pick([0, 3, 3, 3]); slot < 4; slot++) {
            extent.byteOffset = inode.byteOffset + direct.offset + slot * extentLayout.sizeBytes;
            extent.first = data_bn;
            extent.count = count;
        }
        if (random.chance(1, 2)) {
            extent.byteOffset = inode.byteOffset + indirect.offset;
            extent.first = data_bn;
            extent.count = journal_bn - data_bn;
        }
    }
    return {
        description: `${inodeCount} inodes of type ${type} claim ${count} blocks again and again`,
        apply: (image) => image.poke(inode_bn * blockSize + inodeLayout.sizeBytes, bytes),
    };
}

/** A block of the data as a list of extents, which indirect extents of others may name. */
export function crowdOfExtents(random: Random, { superblock }: BaseImage): Damage {
    const { data_bn, journal_bn } = superblock;
    const blockNo = random.pick([data_bn, random.between(data_bn, journal_bn - 1)]);
    const first = random.pick([0, data_bn, journal_bn, 0xffff_ffff]);
    const count = random.pick([1, 2, 0xffff_ffff]);
    const bytes = new Uint8Array(blockSize);
    const extent = extentLayout.at(bytes);
    for (; extent.byteOffset < blockSize; extent.byteOffset += extentLayout.sizeBytes) {
        extent.first = first;
        extent.count = count;
    }
    return {
        description: `block ${blockNo}: extents ${first}+${count}`,
        apply: (image) => image.poke(blockNo * blockSize, bytes),
    };
}
