/**
 * Carrying out a replay plan, safely against a crash at any write of its own.
 *
 * Each step is durable before the next begins.
 *
 * 1. Every home block is written. A crash before that is done leaves the journal as it was, and
 *    the next replay writes the same blocks again.
 * 2. The newest metablock becomes the *mark*: a record without blocks that calls everything
 *    completed. This is the commit point: from here on nothing in the journal is to be replayed.
 *    Without it a crash during the wiping could leave an older metablock as the newest one, and
 *    the next replay would put old contents over new.
 *    At the same time the records that were left out as torn are spoilt for good. Wiping what
 *    lies around such a record could complete it: a lost data block of zeros is there once its
 *    place is zeroed.
 * 3. The other blocks that begin like metablocks lose their first sector, and with it the magic
 *    number. The mark is now the only record.
 * 4. Everything else is wiped, but for the mark's own sector.
 * 5. The mark is wiped.
 *
 * What a step changes of a record is its first sector alone (512 bytes, which a disk writes whole
 * or not at all), so that no write can tear a record into another one. The mark and what is
 * spoilt carry no checksum, for the rest of their blocks is wiped before them.
 *
 * What holds: a replay that is interrupted in any step, any number of times, and then repeated
 * under sound rules, leaves the disk byte for byte as an uninterrupted one does. It holds for
 * every journal whose transactions and boundaries lie within half the circle of 2^16, as those of
 * any kernel do. In others the home blocks are as they should be all the same, but the repeated
 * replay may find the boundaries in disorder, refuse, and leave the journal half wiped.
 */
import type { ByteStore } from "../../base/byte-store.ts";
import { crc32c } from "../../base/crc32c.ts";
import { sectorSize } from "../../base/sector.ts";
import {
    blockReferenceLayout,
    blockSize,
    journalMagic,
    MetablockFlag,
    maxBlockReferences,
    metablockLayout,
    noChecksum,
} from "../layout.ts";
import type { JournalAnalysis } from "./analysis.ts";
import { unescapeBlock } from "./codec.ts";
import type { JournalBlocks, JournalMetablock } from "./metablocks.ts";

/** Sequence numbers further apart than this, modulo 2^16, have no order of their own. */
const halfCircle = 0x8000;

/** Writes every block of the plan to its home in `disk`. Without a plan it writes nothing. */
export function writeHomeBlocks(disk: ByteStore, analysis: JournalAnalysis): void {
    const block = new Uint8Array(blockSize);
    for (const { blockNo, dataIndex, isEscaped } of analysis.plan ?? []) {
        const start = dataIndex * blockSize;
        block.set(analysis.blocks.bytes.subarray(start, start + blockSize));
        if (isEscaped) {
            unescapeBlock(block);
        }
        disk.write(blockNo * blockSize, block);
    }
}

/**
 * Replays a journal that has a plan into `disk` and wipes it, in an order that no crash can
 * spoil. `journalBlockNo` is the journal's first block.
 */
export function saveReplay(
    disk: ByteStore,
    journalBlockNo: number,
    analysis: JournalAnalysis,
): void {
    const { blocks, metablocks, sequence } = analysis;
    const mark = sequence[sequence.length - 1];
    const write = (blockIndex: number, byteOffset: number, bytes: Uint8Array) =>
        disk.write((journalBlockNo + blockIndex) * blockSize + byteOffset, bytes);
    const zeros = new Uint8Array(blockSize);
    const zeroSector = zeros.subarray(0, sectorSize);

    writeHomeBlocks(disk, analysis);
    disk.flush();

    for (const metablock of metablocks) {
        if (isTorn(metablock)) {
            write(metablock.blockIndex, 0, spoiltSector(blocks, metablock));
        }
    }
    write(mark.blockIndex, 0, markSector(blocks, mark));
    disk.flush();

    for (const { blockIndex } of recordsOutOfReach(sequence)) {
        write(blockIndex, 0, zeroSector);
        disk.flush();
    }
    for (let blockIndex = 0; blockIndex < blocks.blockCount; blockIndex++) {
        if (blockIndex !== mark.blockIndex && blocks.fieldsAt(blockIndex).magic === journalMagic) {
            write(blockIndex, 0, zeroSector);
        }
    }
    disk.flush();

    for (let blockIndex = 0; blockIndex < blocks.blockCount; blockIndex++) {
        const kept = blockIndex === mark.blockIndex ? sectorSize : 0;
        write(blockIndex, kept, zeros.subarray(kept));
    }
    disk.flush();

    write(mark.blockIndex, 0, zeroSector);
    disk.flush();
}

/** Whether a record was left out for its data blocks alone, and so might come to be accepted. */
function isTorn({ isAccepted, flags, nref }: JournalMetablock): boolean {
    const { meta, error, corrupt } = MetablockFlag;
    return !isAccepted && (flags & (meta | error | corrupt)) === meta && nref <= maxBlockReferences;
}

/** The first sector of a journal block, to be changed; reads as a metablock's. */
function firstSector({ bytes }: JournalBlocks, blockIndex: number): Uint8Array {
    const start = blockIndex * blockSize;
    return bytes.slice(start, start + sectorSize);
}

/** The newest metablock's first sector once everything is completed. */
function markSector(blocks: JournalBlocks, { blockIndex }: JournalMetablock): Uint8Array {
    const sector = firstSector(blocks, blockIndex);
    const view = metablockLayout.at(sector);
    view.complete_boundary = view.commit_boundary;
    view.nref = 0;
    view.checksum = noChecksum;
    return sector;
}

/**
 * A torn record's first sector with one reference left, whose checksum its data block does not
 * have, neither as it is nor with its first sector wiped. So it remains what it was, a metablock
 * that is left out, until it is wiped itself.
 */
function spoiltSector(blocks: JournalBlocks, { blockIndex }: JournalMetablock): Uint8Array {
    const start = ((blockIndex + 1) % blocks.blockCount) * blockSize;
    const data = blocks.bytes.slice(start, start + blockSize);
    const wholeChecksum = crc32c(data);
    data.fill(0, 0, sectorSize);
    const wipedChecksum = crc32c(data);
    const candidates = [0, 1, 2];
    const sector = firstSector(blocks, blockIndex);
    const view = metablockLayout.at(sector);
    view.nref = 1;
    view.checksum = noChecksum;
    const reference = blockReferenceLayout.at(sector, metablockLayout.fields.ref.offset);
    reference.bflags = 0;
    reference.bchecksum =
        candidates.find((sum) => sum !== wholeChecksum && sum !== wipedChecksum) ?? 0;
    return sector;
}

/**
 * The records that lie half a circle or more behind the newest, oldest first. While there are
 * such, which one is the oldest depends on all of them, so they go one after another.
 */
function recordsOutOfReach(sequence: readonly JournalMetablock[]): JournalMetablock[] {
    const newest = sequence[sequence.length - 1];
    return sequence.filter(({ seq }) => ((newest.seq - seq) & 0xffff) >= halfCircle);
}
