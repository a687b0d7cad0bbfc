/** The numbers of a journal: sequence numbers without gaps, and none used twice. */
import type { JournalAnalysis } from "../../chkfs/journal/analysis.ts";
import { next16 } from "../../chkfs/journal/arithmetic.ts";
import type { NoticeKind } from "../../chkfs/journal/notices.ts";
import { journalMagic, MetablockFlag } from "../../chkfs/layout.ts";
import type { JournalReport } from "./journal.ts";

/** @param isDataBlock whether a block of the journal is data of an accepted record */
export function checkNumbers(
    analysis: JournalAnalysis,
    isDataBlock: (blockIndex: number) => boolean,
    report: JournalReport,
): void {
    checkTornBlocks(analysis, isDataBlock, report);
    checkGaps(analysis, report);
    checkStarts(analysis, report);
}

/** Blocks that begin like metablocks and are neither that nor data. */
function checkTornBlocks(
    { blocks, sequence }: JournalAnalysis,
    isDataBlock: (blockIndex: number) => boolean,
    report: JournalReport,
): void {
    const used = new Set(sequence.map(({ seq }) => seq));
    for (let blockIndex = 0; blockIndex < blocks.blockCount; blockIndex++) {
        const { magic, seq } = blocks.fieldsAt(blockIndex);
        if (magic !== journalMagic || blocks.isCandidate(blockIndex) || isDataBlock(blockIndex)) {
            continue;
        }
        if (used.has(seq)) {
            report("journal-seq-reused", blockIndex, { seq });
        } else {
            report("journal-metablock-torn", blockIndex, {});
        }
    }
}

/** Gaps between records; one inside a transaction has been reported, and so have equal numbers. */
function checkGaps(analysis: JournalAnalysis, report: JournalReport): void {
    const { sequence, metablocks } = analysis;
    const reported = noticedBlocks(analysis, "seq-missing");
    const leftOut = new Set(
        metablocks.filter(({ isAccepted }) => !isAccepted).map(({ seq }) => seq),
    );
    for (let index = 1; index < sequence.length; index++) {
        const { seq, blockIndex } = sequence[index];
        const last = sequence[index - 1].seq;
        if (seq === last || reported.has(blockIndex)) {
            continue;
        }
        let expected = next16(last);
        while (expected !== seq && leftOut.has(expected)) {
            expected = next16(expected);
        }
        if (expected !== seq) {
            report("journal-seq-gap", blockIndex, { expected, actual: seq });
        }
    }
}

/** Transactions that start more than once. */
function checkStarts(analysis: JournalAnalysis, report: JournalReport): void {
    const reported = noticedBlocks(analysis, "start-misplaced");
    const started = new Set<number>();
    for (const { tid, flags, blockIndex } of analysis.sequence) {
        if ((flags & MetablockFlag.start) === 0) {
            continue;
        }
        if (started.has(tid) && !reported.has(blockIndex)) {
            report("journal-tid-reused", blockIndex, { tid });
        }
        started.add(tid);
    }
}

/** Blocks of the journal about which there is a notice of that kind. */
function noticedBlocks({ log }: JournalAnalysis, wanted: NoticeKind): Set<number> {
    return new Set(
        log.notices.filter(({ kind }) => kind === wanted).map(({ blockIndex }) => blockIndex),
    );
}
