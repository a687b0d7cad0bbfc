/**
 * How much a check may read and say: functions of the image, and counted, not timed.
 *
 * N stands for the blocks that the superblock gives the disk, I for its blocks of inodes, B for
 * its blocks of bitmap, J for its blocks of journal. `WalkState` allows a walk S = 3N + 4096
 * claims of blocks, as many extents, and 512 more for each block of these that is first claimed.
 * A claimed block is read at most once, as part of a directory or of a list of extents, and its
 * bit may have to be fetched; a directory's block names at most 32 inodes, each of which may have
 * to be fetched. A strict check reads lost directories beforehand, of which each block counts
 * once, and after a walk that was not cut short it reads the claimed blocks once more.
 */
import type { ByteReader } from "../src/base/byte-store.ts";
import {
    bitsPerBlock,
    blockSize,
    direntsPerBlock,
    extentsPerBlock,
    inodesPerBlock,
    maxBlockReferences,
} from "../src/chkfs/layout.ts";
import { bitmapBlockCount, inodeBlockCount, readSuperblock } from "../src/chkfs/superblock.ts";
import { catalogue } from "../src/fsck/catalogue/index.ts";
import { maxFindingsPerCode } from "../src/fsck/reporter.ts";

export interface Limits {
    /** Bytes read from the image. */
    readonly readBytes: number;
    readonly events: number;
    /** Bytes of text, of any one event. */
    readonly eventTextBytes: number;
}

/** Blocks of inodes that `InodeTable` keeps; more may be fetched again and again. */
const keptInodeBlockCount = 1024;

/** A finding names two files at most, in 124 bytes each that may show as four each. */
const eventTextBytes = 2048;

/** What checking an image may take. */
export function checkLimits(image: ByteReader, isStrict = false): Limits {
    const imageBlockCount = Math.ceil(image.sizeBytes / blockSize);
    const { nblocks, ninodes, journal_bn } =
        image.sizeBytes < blockSize
            ? { nblocks: 0, ninodes: 0, journal_bn: 0 }
            : readSuperblock(image);
    // A superblock with larger numbers is refused: what they count does not fit into the image.
    // The reference accepts one whose data is missing, but not one whose bitmap is.
    const N = Math.min(nblocks, imageBlockCount * bitsPerBlock);
    const B = Math.min(bitmapBlockCount(N), imageBlockCount);
    const I = Math.min(inodeBlockCount(ninodes), imageBlockCount);
    const J = Math.max(0, Math.min(nblocks - journal_bn, imageBlockCount));
    const S = 3 * N + 4096;
    const fetchesPerStep = 1 + (B > 1 ? 1 : 0) + (I > keptInodeBlockCount ? direntsPerBlock : 0);
    // The journal is read once, and a block that it replaces once before; the bitmap for the
    // disk's parts, for its leaks and before the first step.
    const strictBlockCount = isStrict ? N + I + S : 0;
    const readBlockCount = 1 + 2 * J + 3 * (B + 4) + 2 * I + S * fetchesPerStep + strictBlockCount;
    const codeCount = Object.keys(catalogue).length;
    const findings = codeCount * (maxFindingsPerCode + 1);
    const notices = 2 * J + 2;
    const replays = J * maxBlockReferences;
    const extents = N * extentsPerBlock + S;
    const observed =
        1 + notices + replays + I * inodesPerBlock * 5 + S * (1 + direntsPerBlock) + extents;
    return {
        readBytes: readBlockCount * blockSize,
        events: findings + observed,
        eventTextBytes,
    };
}
