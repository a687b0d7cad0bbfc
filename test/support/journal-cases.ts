/**
 * Random disks with a journal, as kernels that crashed at a bad moment leave them.
 *
 * A disk is twelve blocks of home and a journal behind them. Records are laid around the
 * journal's ring in order, so that new ones run over old ones; the last may have reached the disk
 * in part. Nothing here keeps them valid: whoever needs a journal that replays asks for one.
 */

import type { ByteReader } from "../../src/base/byte-store.ts";
import type { Random } from "../../src/base/random.ts";
import { analyzeJournal, type JournalAnalysis } from "../../src/chkfs/journal/analysis.ts";
import { encodeRecord, type JournalWrite } from "../../src/chkfs/journal/codec.ts";
import type { NoticeLog } from "../../src/chkfs/journal/notices.ts";
import { type JournalRules, soundRules } from "../../src/chkfs/journal/rules.ts";

/** Blocks before the journal; block 0 is the superblock's. */
export const homeBlockCount = 12;

const blockSize = 4096;
const sectorSize = 512;
const journalMagic = Uint8Array.of(0xed, 0xce, 0xeb, 0x9e, 0x00, 0xbb, 0xbf, 0xfb);
const flag = { error: 0x02, start: 0x10, commit: 0x20 } as const;

/** Reads and analyses the journal of such a disk. */
export function analyzeCase(disk: ByteReader, rules: JournalRules = soundRules): JournalAnalysis {
    const bytes = new Uint8Array(disk.sizeBytes - homeBlockCount * blockSize);
    disk.read(homeBlockCount * blockSize, bytes);
    const blockCount = disk.sizeBytes / blockSize;
    return analyzeJournal(bytes, { blockCount, firstTarget: 1, endTarget: homeBlockCount }, rules);
}

/** How many notices a log counted without keeping them. */
export function droppedCount(log: NoticeLog): number {
    return [...log.dropped.values()].reduce((sum, count) => sum + count, 0);
}

/** What a data block may hold; zeros above all, for they are what wiping leaves. */
function randomContent(chance: Random): Uint8Array {
    const content = new Uint8Array(blockSize);
    const kind = chance.below(6);
    if (kind >= 2) {
        content.fill(chance.between(1, 255), chance.pick([0, sectorSize]), blockSize);
    }
    if (kind === 4) {
        content.set(journalMagic);
    }
    if (kind === 5) {
        content.fill(0, chance.below(7) * sectorSize);
    }
    return content;
}

function randomWrites(chance: Random): JournalWrite[] {
    return Array.from({ length: chance.below(4) }, () => {
        const blockNo = chance.between(1, homeBlockCount - 1);
        return chance.chance(1, 8)
            ? { blockNo }
            : { blockNo, content: randomContent(chance), unchecked: chance.chance(1, 5) };
    });
}

/** A disk with a random journal of 3 to 14 blocks; it may or may not replay. */
export function randomDisk(chance: Random): Uint8Array {
    const journalBlockCount = chance.between(3, 16);
    const disk = new Uint8Array((homeBlockCount + journalBlockCount) * blockSize);
    for (let blockNo = 0; blockNo < homeBlockCount; blockNo++) {
        disk.fill(0x40 + blockNo, blockNo * blockSize, (blockNo + 1) * blockSize);
    }
    const journal = disk.subarray(homeBlockCount * blockSize);
    if (chance.chance(1, 4)) {
        journal.fill(chance.below(256));
    }
    let position = chance.below(journalBlockCount);
    let seq = chance.pick([0, 65_530, chance.below(65_536)]);
    let tid = chance.pick([0, 65_533, chance.below(65_536)]);
    let commitBoundary = tid;
    let completeBoundary = tid;
    const next = (value: number) => (value + 1) & 0xffff;
    const transactionCount = chance.between(1, 5);
    for (let transaction = 0; transaction < transactionCount; transaction++) {
        const isLast = transaction === transactionCount - 1;
        const recordCount = chance.between(1, 3);
        for (let record = 0; record < recordCount; record++) {
            const isCommit = record === recordCount - 1 && !(isLast && chance.chance(1, 2));
            commitBoundary = isCommit ? next(tid) : commitBoundary;
            const blocks = encodeRecord({
                seq,
                tid,
                commitBoundary,
                completeBoundary,
                flags:
                    (record === 0 ? flag.start : 0) |
                    (isCommit ? flag.commit : 0) |
                    (isLast && !isCommit && chance.chance(1, 8) ? flag.error : 0),
                writes: randomWrites(chance),
                unchecked: chance.chance(1, 6),
            });
            const isTorn = isLast && chance.chance(2, 3);
            for (let done = 0; done < blocks.length; done += blockSize) {
                const lastingSectors = done === 0 ? 8 : chance.pick([0, 6, 8]);
                const start = (position++ % journalBlockCount) * blockSize;
                for (let at = 0; at < blockSize; at += sectorSize) {
                    if (!isTorn || chance.chance(lastingSectors, 8)) {
                        const from = done + at;
                        journal.set(blocks.subarray(from, from + sectorSize), start + at);
                    }
                }
            }
            seq = next(seq);
        }
        tid = next(tid);
        if (chance.chance(1, 3)) {
            completeBoundary = commitBoundary;
        }
    }
    return disk;
}
