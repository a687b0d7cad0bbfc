/**
 * The journal's part of a check: analyse it, report what was noticed, and lay what it replays
 * over the disk. Nothing reaches the disk itself; `src/chkfs/journal/replay.ts` does that.
 */

import type { ByteReader, ByteStore } from "../base/byte-store.ts";
import {
    analyzeJournal,
    type JournalAnalysis,
    maxJournalBlockCount,
} from "../chkfs/journal/analysis.ts";
import { type JournalNotice, type NoticeKind, noticeClass } from "../chkfs/journal/notices.ts";
import { writeHomeBlocks } from "../chkfs/journal/replay.ts";
import { blockSize } from "../chkfs/layout.ts";
import type { Superblock } from "../chkfs/superblock.ts";
import { findingOfNotice } from "./catalogue/journal.ts";
import type { Severity } from "./finding.ts";
import type { Reporter } from "./reporter.ts";
import type { CheckRules } from "./rules.ts";

/**
 * Reads and analyses the journal of a disk that has one; undefined, with a finding, when it
 * cannot be analysed.
 */
export function readJournal(
    disk: ByteReader,
    superblock: Superblock,
    rules: CheckRules,
    reporter: Reporter,
): JournalAnalysis | undefined {
    const { nblocks, journal_bn, njournal, fbb_bn } = superblock;
    const blockCount = nblocks - journal_bn;
    if (njournal !== blockCount && !rules.allowShortJournal) {
        const parameters = { actual: njournal, expected: blockCount };
        reporter.report("journal-length", { kind: "image" }, parameters);
        return undefined;
    }
    if (blockCount > maxJournalBlockCount) {
        const parameters = { actual: blockCount, limit: maxJournalBlockCount };
        reporter.report("journal-too-long", { kind: "image" }, parameters);
        return undefined;
    }
    if (disk.sizeBytes < nblocks * blockSize) {
        // The reference dies of reading what is not there.
        const parameters = { sizeBytes: disk.sizeBytes, blockCount: nblocks };
        reporter.report("size-truncated", { kind: "image" }, parameters);
        return undefined;
    }
    const bytes = new Uint8Array(blockCount * blockSize);
    // What the reference reads past its copy of a short journal is anything; here it is zeros.
    disk.read(journal_bn * blockSize, bytes.subarray(0, njournal * blockSize));
    const targets = { blockCount: nblocks, firstTarget: fbb_bn, endTarget: journal_bn };
    return analyzeJournal(bytes, targets, rules.journal);
}

/** Reports an analysis, and writes what it replays to `overlay`. */
export function applyJournal(
    overlay: ByteStore,
    superblock: Superblock,
    analysis: JournalAnalysis,
    rules: CheckRules,
    reporter: Reporter,
): void {
    const blockCount = superblock.njournal;
    for (const notice of analysis.log.notices) {
        reportNotice(notice, blockCount, rules, reporter);
    }
    for (const [kind, count] of analysis.log.dropped) {
        const code = findingOfNotice({ kind });
        if (code !== undefined) {
            reporter.countMore(code, count, severityOf(kind, rules));
        }
    }
    if (reporter.isObserving) {
        for (const { tid, blockNo } of analysis.plan ?? []) {
            reporter.observe({ kind: "replay", tid, blockNo });
        }
    }
    writeHomeBlocks(overlay, analysis);
}

function reportNotice(
    notice: JournalNotice,
    blockCount: number,
    rules: CheckRules,
    reporter: Reporter,
): void {
    const code = findingOfNotice(notice);
    if (code !== undefined) {
        const place = { kind: "journal", blockIndex: notice.blockIndex, blockCount } as const;
        reporter.report(code, place, { notice }, severityOf(notice.kind, rules));
    } else if (reporter.isObserving) {
        reporter.observe({ kind: "journal", notice, blockCount });
    }
}

function severityOf(kind: NoticeKind, { tornRecordsFail }: CheckRules): Severity {
    return noticeClass({ kind }) === "torn" && !tornRecordsFail ? "warning" : "error";
}
