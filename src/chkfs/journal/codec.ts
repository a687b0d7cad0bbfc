/**
 * Journal records as bytes: a metablock and the data blocks behind it.
 *
 * A data block that begins with the journal's magic number would be taken for a metablock, so it
 * is escaped: its first eight bytes are zeroed, its reference says so, and its checksum covers
 * the block as it then stands. Replay puts the magic number back.
 */
import { assert } from "../../base/assert.ts";
import { crc32c } from "../../base/crc32c.ts";
import {
    BlockFlag,
    blockReferenceLayout,
    blockSize,
    journalMagic,
    MetablockFlag,
    maxBlockReferences,
    metablockChecksumStart,
    metablockLayout,
    noChecksum,
} from "../layout.ts";
import { type ChecksumVerdict, judgeChecksum } from "./checksum.ts";

/** One block of a record. */
export interface JournalWrite {
    /** The block's home. */
    readonly blockNo: number;
    /** Its new content, 4096 bytes; or undefined for a reference that is not journaled. */
    readonly content?: Uint8Array;
    /** Leave the data block without a checksum. */
    readonly unchecked?: boolean;
}

/** A metablock's fields, and the blocks that it writes. Numbers are modulo 2^16. */
export interface JournalRecord {
    readonly seq: number;
    readonly tid: number;
    readonly commitBoundary: number;
    readonly completeBoundary: number;
    /** `MetablockFlag` bits besides `meta`, which every record has. */
    readonly flags: number;
    /** At most 339. */
    readonly writes?: readonly JournalWrite[];
    /** Leave the metablock without a checksum. */
    readonly unchecked?: boolean;
}

/** The checksum that a metablock should carry. */
export function metablockChecksum(block: Uint8Array, start = 0): number {
    return crc32c(block, start + metablockChecksumStart, start + blockSize);
}

/** Whether the checksum of the metablock at `start` fits. */
export function metablockVerdict(block: Uint8Array, start = 0): ChecksumVerdict {
    const { checksum } = metablockLayout.at(block, start);
    return judgeChecksum(checksum, () => metablockChecksum(block, start));
}

/** Whether a block begins like a metablock. */
export function beginsWithJournalMagic(block: Uint8Array): boolean {
    return metablockLayout.at(block).magic === journalMagic;
}

/** A copy of `block` that cannot be taken for a metablock. */
export function escapeBlock(block: Uint8Array): Uint8Array {
    const escaped = block.slice();
    escaped.fill(0, 0, 8);
    return escaped;
}

/** Puts back what `escapeBlock` took, in place. */
export function unescapeBlock(block: Uint8Array): void {
    metablockLayout.at(block).magic = journalMagic;
}

/** The blocks of a record, one after another: the metablock first. */
export function encodeRecord(record: JournalRecord): Uint8Array {
    const { writes = [] } = record;
    assert(writes.length <= maxBlockReferences, "a record's references fit into its metablock");
    const journaledCount = writes.filter((write) => write.content !== undefined).length;
    const blocks = new Uint8Array((1 + journaledCount) * blockSize);
    const metablock = metablockLayout.at(blocks);
    metablock.magic = journalMagic;
    metablock.seq = record.seq;
    metablock.tid = record.tid;
    metablock.commit_boundary = record.commitBoundary;
    metablock.complete_boundary = record.completeBoundary;
    metablock.flags = record.flags | MetablockFlag.meta;
    metablock.nref = writes.length;
    const reference = blockReferenceLayout.at(blocks, metablockLayout.fields.ref.offset);
    let dataOffset = blockSize;
    for (const { blockNo, content, unchecked = false } of writes) {
        reference.bn = blockNo;
        if (content === undefined) {
            reference.bflags = BlockFlag.nonjournaled;
            reference.bchecksum = noChecksum;
        } else {
            assert(content.length === blockSize, "a journaled block is a whole block");
            const isEscaped = beginsWithJournalMagic(content);
            blocks.set(isEscaped ? escapeBlock(content) : content, dataOffset);
            reference.bflags = isEscaped ? BlockFlag.escaped : 0;
            reference.bchecksum = unchecked
                ? noChecksum
                : crc32c(blocks, dataOffset, dataOffset + blockSize);
            dataOffset += blockSize;
        }
        reference.byteOffset += blockReferenceLayout.sizeBytes;
    }
    metablock.checksum = record.unchecked === true ? noChecksum : metablockChecksum(blocks);
    return blocks;
}

/** Writes a record into a journal's bytes from block `blockIndex` on, around the end if need be. */
export function placeRecord(journal: Uint8Array, blockIndex: number, record: JournalRecord): void {
    const blocks = encodeRecord(record);
    const journalBlockCount = journal.length / blockSize;
    for (let done = 0; done < blocks.length; done += blockSize) {
        const target = ((blockIndex + done / blockSize) % journalBlockCount) * blockSize;
        journal.set(blocks.subarray(done, done + blockSize), target);
    }
}
