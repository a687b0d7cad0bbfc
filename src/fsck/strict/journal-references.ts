/** The references of a metablock: their flags, their homes, and the data behind them. */
import type { JournalAnalysis } from "../../chkfs/journal/analysis.ts";
import type { JournalMetablock, JournalReference } from "../../chkfs/journal/metablocks.ts";
import { soundRules } from "../../chkfs/journal/rules.ts";
import {
    BlockFlag,
    blockReferenceLayout,
    blockSize,
    journalMagic,
    metablockLayout,
    noChecksum,
} from "../../chkfs/layout.ts";
import type { Superblock } from "../../chkfs/superblock.ts";
import type { JournalReport } from "./journal.ts";
import { hasNonzeroByte, Tally } from "./nonzero.ts";

const knownFlags = Object.values(BlockFlag).reduce((all, flag) => all | flag, 0);

/** Bytes of a reference up to its padding, and bytes that escaping clears. */
const referenceFieldsEnd = blockReferenceLayout.fields.bflags.offset + 2;
const escapedLength = 8;

/** References of one metablock that share a fault. */
class TargetTally extends Tally {
    firstBlockNo = 0;

    addTarget(number: number, blockNo: number): void {
        this.firstBlockNo = this.count === 0 ? blockNo : this.firstBlockNo;
        this.add(number);
    }
}

/** Checks the references of one metablock after another. */
export class ReferenceCheck {
    readonly #analysis: JournalAnalysis;
    readonly #superblock: Superblock;
    readonly #report: JournalReport;
    /** Journal block and home of the writes that the analysis has complained about. */
    readonly #noticed = new Set<string>();
    /** 1 for each block of the journal that is data of an accepted record. */
    readonly #data: Uint8Array;

    constructor(analysis: JournalAnalysis, superblock: Superblock, report: JournalReport) {
        this.#analysis = analysis;
        this.#superblock = superblock;
        this.#report = report;
        this.#data = new Uint8Array(analysis.blocks.blockCount);
        for (const { kind, blockIndex, second } of analysis.log.notices) {
            if (kind === "target-out-of-range" || kind === "target-protected") {
                this.#noticed.add(`${blockIndex} ${second}`);
            }
        }
    }

    /** Whether a block is data of an accepted record that has been checked. */
    readonly isDataBlock = (blockIndex: number): boolean => this.#data[blockIndex] === 1;

    check(metablock: JournalMetablock): void {
        const { blockIndex, isAccepted } = metablock;
        const flags = new FlagTallies();
        const targets = new TargetTallies();
        const { blocks } = this.#analysis;
        const start = blockIndex * blockSize + metablockLayout.fields.ref.offset;
        let index = 0;
        blocks.forEachReference(metablock, soundRules, (reference) => {
            const at = start + index * blockReferenceLayout.sizeBytes;
            const paddingEnd = at + blockReferenceLayout.sizeBytes;
            const isPadded = hasNonzeroByte(blocks.bytes, at + referenceFieldsEnd, paddingEnd);
            flags.add(index, reference, isPadded);
            targets.add(index, reference, this.#targetFault(blockIndex, reference.blockNo));
            if (isAccepted && reference.dataIndex >= 0) {
                this.#checkData(reference);
            }
            index++;
        });
        flags.report(blockIndex, this.#report);
        targets.report(blockIndex, this.#report);
    }

    /** What is wrong with a home, unless the analysis has said so. */
    #targetFault(blockIndex: number, blockNo: number): "range" | "protected" | undefined {
        const { nblocks, fbb_bn, journal_bn } = this.#superblock;
        if (fbb_bn <= blockNo && blockNo < journal_bn) {
            return undefined;
        }
        if (this.#noticed.has(`${blockIndex} ${blockNo}`)) {
            return undefined;
        }
        return blockNo >= nblocks ? "range" : "protected";
    }

    #checkData({ dataIndex, bflags }: JournalReference): void {
        const { blocks } = this.#analysis;
        this.#data[dataIndex] = 1;
        const start = dataIndex * blockSize;
        if ((bflags & BlockFlag.escaped) !== 0) {
            if (hasNonzeroByte(blocks.bytes, start, start + escapedLength)) {
                this.#report("journal-escape-overwrites", dataIndex, {});
            }
        } else if (blocks.fieldsAt(dataIndex).magic === journalMagic) {
            this.#report("journal-escape-missing", dataIndex, {});
        }
    }
}

/** What the fields of a metablock's references say besides their homes. */
class FlagTallies {
    readonly #unknown = new Tally();
    readonly #padded = new Tally();
    readonly #overwritten = new Tally();
    readonly #contradictory = new Tally();
    readonly #unchecked = new Tally();

    add(index: number, { bflags, dataIndex, checksum }: JournalReference, isPadded: boolean): void {
        if ((bflags & ~knownFlags) !== 0) {
            this.#unknown.add(index);
        }
        if (isPadded) {
            this.#padded.add(index);
        }
        if ((bflags & BlockFlag.overwritten) !== 0) {
            this.#overwritten.add(index);
        }
        const isJournaled = dataIndex >= 0;
        if (!isJournaled && (bflags & BlockFlag.escaped) !== 0) {
            this.#contradictory.add(index);
        }
        if (isJournaled && checksum === noChecksum) {
            this.#unchecked.add(index);
        }
    }

    report(blockIndex: number, report: JournalReport): void {
        for (const [code, { count, first }] of [
            ["journal-reference-flags", this.#unknown],
            ["journal-reference-padding", this.#padded],
            ["journal-reference-overwritten", this.#overwritten],
            ["journal-reference-contradiction", this.#contradictory],
            ["journal-reference-unchecked", this.#unchecked],
        ] as const) {
            if (count > 0) {
                report(code, blockIndex, { referenceCount: count, firstReference: first });
            }
        }
    }
}

/** Where the references of a metablock lead. */
class TargetTallies {
    readonly #seen = new Set<number>();
    readonly #repeated = new TargetTally();
    readonly #offDisk = new TargetTally();
    readonly #protected = new TargetTally();

    add(
        index: number,
        { blockNo, dataIndex }: JournalReference,
        fault: "range" | "protected" | undefined,
    ): void {
        if (dataIndex >= 0 && this.#seen.has(blockNo)) {
            this.#repeated.addTarget(index, blockNo);
        }
        if (dataIndex >= 0) {
            this.#seen.add(blockNo);
        }
        if (fault !== undefined) {
            (fault === "range" ? this.#offDisk : this.#protected).addTarget(index, blockNo);
        }
    }

    report(blockIndex: number, report: JournalReport): void {
        for (const [code, { count, first, firstBlockNo }] of [
            ["journal-target-repeated", this.#repeated],
            ["journal-idle-target-range", this.#offDisk],
            ["journal-idle-target-protected", this.#protected],
        ] as const) {
            if (count > 0) {
                report(code, blockIndex, {
                    referenceCount: count,
                    firstReference: first,
                    blockNo: firstBlockNo,
                });
            }
        }
    }
}
