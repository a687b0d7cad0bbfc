/**
 * Finding the metablocks of a journal: the first pass of its analysis.
 *
 * A block is a candidate when it has the magic number and its checksum fits (or says that there
 * is none). A candidate is accepted when its flags and its number of references make sense and
 * every data block that it names is there as it was written. What is not accepted is left out as
 * if it had never been written, which is how a torn record disappears.
 *
 * Work: each block is summed at most twice (as a metablock and as a data block), and each
 * candidate's references are walked once: at most 339 of them, and without `boundReferences` at
 * most `maxStrayReferences` more in the whole journal.
 */
import { crc32c } from "../../base/crc32c.ts";
import {
    BlockFlag,
    blockReferenceLayout,
    blockSize,
    journalMagic,
    MetablockFlag,
    maxBlockReferences,
    metablockLayout,
} from "../layout.ts";
import { difference16 } from "./arithmetic.ts";
import { type ChecksumVerdict, judgeChecksum } from "./checksum.ts";
import { metablockVerdict } from "./codec.ts";
import type { NoticeLog } from "./notices.ts";
import type { JournalRules } from "./rules.ts";

/**
 * References behind the 339th that are read in a journal, for a metablock can claim 65,535 of
 * them and a journal can be full of such metablocks.
 */
const maxStrayReferences = 1_000_000;

/** One reference of a metablock. */
export interface JournalReference {
    /** The block's home. */
    readonly blockNo: number;
    readonly checksum: number;
    /** `BlockFlag` bits, as on disk. */
    readonly bflags: number;
    /** The block of the journal that holds the content, or -1 when it is not journaled. */
    readonly dataIndex: number;
}

/** A candidate: its place and its fields. */
export interface JournalMetablock {
    /** Its block of the journal, from 0. */
    readonly blockIndex: number;
    readonly seq: number;
    readonly tid: number;
    readonly commitBoundary: number;
    readonly completeBoundary: number;
    /** `MetablockFlag` bits, as on disk. */
    readonly flags: number;
    /** As on disk; may be more than there is room for. */
    readonly nref: number;
    /** Whether it takes part in the replay. */
    readonly isAccepted: boolean;
}

/** A journal in memory, and what is known of its blocks. */
export class JournalBlocks {
    /** The whole journal, a multiple of 4096 bytes. Never written. */
    readonly bytes: Uint8Array;
    readonly blockCount: number;
    readonly #metablock;
    /** Checksums of whole blocks, filled when asked; -1 where unknown. */
    readonly #checksums: Float64Array;
    /** 1 for a candidate, 0 for none, 2 where unknown. */
    readonly #candidacy: Uint8Array;

    constructor(bytes: Uint8Array) {
        this.bytes = bytes;
        this.blockCount = bytes.length / blockSize;
        this.#metablock = metablockLayout.at(bytes);
        this.#checksums = new Float64Array(this.blockCount).fill(-1);
        this.#candidacy = new Uint8Array(this.blockCount).fill(2);
    }

    /** The metablock fields of a block, whatever it is; valid until the next call. */
    fieldsAt(blockIndex: number) {
        this.#metablock.byteOffset = blockIndex * blockSize;
        return this.#metablock;
    }

    isCandidate(blockIndex: number): boolean {
        if (this.#candidacy[blockIndex] === 2) {
            const isCandidate =
                this.fieldsAt(blockIndex).magic === journalMagic &&
                this.metablockVerdict(blockIndex).state !== "does not fit";
            this.#candidacy[blockIndex] = isCandidate ? 1 : 0;
        }
        return this.#candidacy[blockIndex] === 1;
    }

    /** Whether a block's checksum fits, as a metablock's. */
    metablockVerdict(blockIndex: number): ChecksumVerdict {
        return metablockVerdict(this.bytes, blockIndex * blockSize);
    }

    /** Whether a journaled reference's checksum fits its data block. */
    dataVerdict({ checksum, dataIndex }: JournalReference): ChecksumVerdict {
        return judgeChecksum(checksum, () => this.checksumOf(dataIndex));
    }

    /** CRC32C of a whole block. */
    checksumOf(blockIndex: number): number {
        let checksum = this.#checksums[blockIndex];
        if (checksum < 0) {
            const start = blockIndex * blockSize;
            checksum = crc32c(this.bytes, start, start + blockSize);
            this.#checksums[blockIndex] = checksum;
        }
        return checksum;
    }

    /** References that can be read of a metablock: all that it claims and the rules allow. */
    referenceCount(blockIndex: number, nref: number, rules: JournalRules): number {
        if (rules.boundReferences) {
            return Math.min(nref, maxBlockReferences);
        }
        const start = blockIndex * blockSize + metablockLayout.fields.ref.offset;
        const room = (this.bytes.length - start) / blockReferenceLayout.sizeBytes;
        return Math.min(nref, Math.floor(room));
    }

    /** Calls `visit` for each readable reference of a metablock, in order. */
    forEachReference(
        metablock: { readonly blockIndex: number; readonly nref: number },
        rules: JournalRules,
        visit: (reference: JournalReference) => void,
    ): void {
        const { blockIndex, nref } = metablock;
        const referenceCount = this.referenceCount(blockIndex, nref, rules);
        const start = blockIndex * blockSize + metablockLayout.fields.ref.offset;
        const view = blockReferenceLayout.at(this.bytes, start);
        let dataIndex = blockIndex;
        for (let index = 0; index < referenceCount; index++) {
            const { bn: blockNo, bchecksum: checksum, bflags } = view;
            const isJournaled = (bflags & BlockFlag.nonjournaled) === 0;
            if (isJournaled) {
                dataIndex = dataIndex + 1 === this.blockCount ? 0 : dataIndex + 1;
            }
            visit({ blockNo, checksum, bflags, dataIndex: isJournaled ? dataIndex : -1 });
            view.byteOffset += blockReferenceLayout.sizeBytes;
        }
    }
}

/** Every candidate of a journal in the order of its blocks; notices go to `log`. */
export function findMetablocks(
    blocks: JournalBlocks,
    rules: JournalRules,
    log: NoticeLog,
): JournalMetablock[] {
    const found: JournalMetablock[] = [];
    let strayCount = 0;
    for (let blockIndex = 0; blockIndex < blocks.blockCount; blockIndex++) {
        if (blocks.isCandidate(blockIndex)) {
            log.add("found-metablock", blockIndex);
            const isAtLimit = strayCount >= maxStrayReferences && !rules.boundReferences;
            const limited = isAtLimit ? { ...rules, boundReferences: true } : rules;
            const metablock = examine(blocks, blockIndex, limited, log);
            strayCount += isAtLimit ? 0 : Math.max(0, metablock.nref - maxBlockReferences);
            found.push(metablock);
        } else {
            const { magic, checksum } = blocks.fieldsAt(blockIndex);
            if (magic === journalMagic) {
                log.add("not-metablock-checksum", blockIndex, checksum);
            } else if (magic !== 0n) {
                log.add("not-metablock-magic", blockIndex, magic);
            }
        }
    }
    return found;
}

/**
 * The blocks that begin like metablocks and have a checksum that does not fit, in the order of the
 * journal. The analysis passes over them; whoever looks for a mistake wants to see them.
 */
export function misfitMetablocks(blocks: JournalBlocks): JournalMetablock[] {
    const found: JournalMetablock[] = [];
    for (let blockIndex = 0; blockIndex < blocks.blockCount; blockIndex++) {
        const hasMagic = blocks.fieldsAt(blockIndex).magic === journalMagic;
        if (hasMagic && !blocks.isCandidate(blockIndex)) {
            found.push({ ...decodeMetablock(blocks, blockIndex), isAccepted: false });
        }
    }
    return found;
}

function decodeMetablock(
    blocks: JournalBlocks,
    blockIndex: number,
): Omit<JournalMetablock, "isAccepted"> {
    const view = blocks.fieldsAt(blockIndex);
    return {
        blockIndex,
        seq: view.seq,
        tid: view.tid,
        commitBoundary: view.commit_boundary,
        completeBoundary: view.complete_boundary,
        flags: view.flags,
        nref: view.nref,
    };
}

function examine(
    blocks: JournalBlocks,
    blockIndex: number,
    rules: JournalRules,
    log: NoticeLog,
): JournalMetablock {
    const fields = decodeMetablock(blocks, blockIndex);
    let isAccepted = true;
    if (fields.flags & (MetablockFlag.error | MetablockFlag.corrupt)) {
        log.add("marked-error", blockIndex);
        isAccepted = false;
    }
    if (!(fields.flags & MetablockFlag.meta)) {
        log.add("not-marked-meta", blockIndex);
        isAccepted = false;
    }
    if (fields.nref > maxBlockReferences) {
        log.add("too-many-refs", blockIndex);
        isAccepted = false;
    }
    let journaledCount = 0;
    blocks.forEachReference(fields, rules, (reference) => {
        if (reference.dataIndex >= 0) {
            journaledCount++;
            const isIntact = checkData(blocks, blockIndex, journaledCount, reference, log);
            isAccepted = isIntact && isAccepted;
        }
    });
    return { ...fields, isAccepted };
}

/** Whether the data block of a reference is there as it was written. */
function checkData(
    blocks: JournalBlocks,
    blockIndex: number,
    journaledCount: number,
    reference: JournalReference,
    log: NoticeLog,
): boolean {
    const { dataIndex } = reference;
    if (journaledCount >= blocks.blockCount) {
        log.add("too-many-data-blocks", blockIndex);
    }
    if (blocks.isCandidate(dataIndex)) {
        log.add("data-looks-like-metablock", dataIndex);
        return false;
    }
    if (blocks.dataVerdict(reference).state === "does not fit") {
        log.add("data-bad-checksum", dataIndex);
        return false;
    }
    return true;
}

/** The accepted metablocks, oldest first. */
export function inSequence(
    metablocks: readonly JournalMetablock[],
    rules: JournalRules,
): JournalMetablock[] {
    return oldestFirst(
        metablocks.filter((metablock) => metablock.isAccepted),
        rules,
    );
}

/** Metablocks in the order of their sequence numbers, accepted or not. */
export function oldestFirst(
    metablocks: readonly JournalMetablock[],
    rules: JournalRules,
): JournalMetablock[] {
    const sorted = [...metablocks].sort((a, b) => a.seq - b.seq);
    return rules.orderModulo ? rotateToOldest(sorted) : sorted;
}

/**
 * Turns a list in plain numeric order so that it begins with the oldest.
 *
 * Sequence numbers lie on a circle. Those of a live journal fill a small arc of it, so the
 * oldest is the one behind the widest gap; within half a circle that is the order by signed
 * 16-bit difference.
 */
function rotateToOldest(sorted: JournalMetablock[]): JournalMetablock[] {
    let oldest = 0;
    let widestGap = -1;
    for (let index = 0; index < sorted.length; index++) {
        const before = sorted[(index + sorted.length - 1) % sorted.length];
        const gap = (sorted[index].seq - before.seq) & 0xffff;
        if (gap > widestGap) {
            widestGap = gap;
            oldest = index;
        }
    }
    return [...sorted.slice(oldest), ...sorted.slice(0, oldest)];
}

/** Whether `metablock` carries the commit boundary past `tid`. */
export function isCommittedBy(metablock: JournalMetablock, tid: number): boolean {
    return difference16(metablock.commitBoundary, tid) > 0;
}

/** Whether `metablock` carries the complete boundary past `tid`. */
export function isCompletedBy(metablock: JournalMetablock, tid: number): boolean {
    return difference16(metablock.completeBoundary, tid) > 0;
}
