/**
 * The superblock's own consistency: whether there is a disk to walk at all.
 *
 * All sums are exact here; the reference's wrap at 2^32 and let absurd disks pass.
 */

import type { ByteReader } from "../base/byte-store.ts";
import { blockSize, maxBlockCount, minInodeCount, superblockMagic } from "../chkfs/layout.ts";
import {
    bitmapBlockCount,
    inodeBlockCount,
    readSuperblock,
    type Superblock,
} from "../chkfs/superblock.ts";
import type { FindingCode, ParametersOf } from "./finding.ts";
import type { Reporter } from "./reporter.ts";
import type { CheckRules } from "./rules.ts";

/** Reads and judges the superblock; undefined when the disk cannot be walked. */
export function checkSuperblock(
    disk: ByteReader,
    rules: CheckRules,
    reporter: Reporter,
): Superblock | undefined {
    const { sizeBytes } = disk;
    const report = <C extends FindingCode>(code: C, parameters: ParametersOf<C>) =>
        reporter.report(code, { kind: "image" }, parameters);
    const superblock = sizeBytes < blockSize ? undefined : readSuperblock(disk);
    const isForeign = superblock !== undefined && superblock.magic !== superblockMagic;
    if (isForeign && !rules.judgeWithoutMagic) {
        // This is no chkfs image, and whatever else there was to say would only hide it.
        report("superblock-magic", { magic: superblock.magic });
        return undefined;
    }
    if (sizeBytes % blockSize !== 0) {
        report("size-unaligned", { sizeBytes });
    }
    if (superblock === undefined) {
        report("size-too-small", { sizeBytes });
        return undefined;
    }
    checkCounts(superblock, report);
    checkOrder(superblock, report);
    const room = superblock.nblocks - superblock.journal_bn;
    if (room < superblock.njournal) {
        if (rules.misprintNjournal) {
            const expected = (superblock.nblocks + superblock.journal_bn) >>> 0;
            if (superblock.njournal > room >>> 0) {
                report("reference-njournal", { actual: superblock.njournal, expected });
            }
        } else {
            const expected = Math.max(0, room);
            report("superblock-njournal", { actual: superblock.njournal, expected });
        }
    }
    const isSound = reporter.countOf("error") === 0;
    const neededBlockCount = rules.allowTruncated ? superblock.data_bn : superblock.nblocks;
    if (isSound && sizeBytes < neededBlockCount * blockSize) {
        report("size-truncated", { sizeBytes, blockCount: superblock.nblocks });
        return undefined;
    }
    return isSound ? superblock : undefined;
}

type Report = <C extends FindingCode>(code: C, parameters: ParametersOf<C>) => void;

function checkCounts(superblock: Superblock, report: Report): void {
    const { magic, nblocks, swap_bn, nswap } = superblock;
    if (magic !== superblockMagic) {
        report("superblock-magic", { magic });
    }
    if (nblocks <= 2 || nblocks >= maxBlockCount) {
        report("superblock-nblocks", { blockCount: nblocks });
    }
    if (swap_bn !== 1) {
        report("superblock-swap-bn", { actual: swap_bn });
    }
    if (swap_bn + nswap > nblocks) {
        report("superblock-nswap", { blockCount: nswap });
    }
}

function checkOrder(superblock: Superblock, report: Report): void {
    const { nblocks, ninodes, journal_bn, data_bn, inode_bn, fbb_bn } = superblock;
    const fbbExpected = superblock.swap_bn + superblock.nswap;
    if (fbb_bn !== fbbExpected) {
        report("superblock-fbb-bn", { actual: fbb_bn, expected: fbbExpected });
    }
    const inodeExpected = fbb_bn + bitmapBlockCount(nblocks);
    if (inode_bn !== inodeExpected) {
        report("superblock-inode-bn", { actual: inode_bn, expected: inodeExpected });
    }
    if ((ninodes | 0) < minInodeCount) {
        report("superblock-ninodes", { inodeCount: ninodes });
    }
    const dataExpected = inode_bn + inodeBlockCount(ninodes);
    if (data_bn < dataExpected) {
        report("superblock-data-bn", { actual: data_bn, expected: dataExpected });
    }
    if (data_bn >= nblocks) {
        report("superblock-data-bn-range", { actual: data_bn, blockCount: nblocks });
    }
    if (journal_bn < data_bn || journal_bn > nblocks) {
        report("superblock-journal-bn", { actual: journal_bn });
    }
}
