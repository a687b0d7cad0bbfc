/** Findings about the journal: the notices of its analysis, with what they mean. */
import {
    type JournalNotice,
    type NoticeKind,
    noticeClass,
    noticeKinds,
    noticeText,
} from "../../chkfs/journal/notices.ts";
import type { Severity } from "../finding.ts";
import type { CatalogueEntry } from "./entry.ts";

/** Notices that are findings; the rest is progress. */
export type JournalFindingKind = Exclude<NoticeKind, (typeof noticeKinds.message)[number]>;

type JournalFindings = {
    readonly [K in JournalFindingKind as `journal-${K}`]: {
        readonly severity: Severity;
        readonly help: string;
        readonly text: (p: { notice: JournalNotice }) => string;
    };
};

const help: Readonly<Record<JournalFindingKind, string>> = {
    "data-looks-like-metablock":
        "A record's data block holds another metablock: the record was torn by a crash and is left out, or a data block was not escaped.",
    "data-bad-checksum":
        "A record's data block is not what was written: the record was torn by a crash and is left out.",
    "marked-error": "The kernel marked a record as bad; it is left out.",
    "not-marked-meta": "A metablock lacks the flag that every metablock has; it is left out.",
    "too-many-refs": "A metablock claims more references than fit into it; it is left out.",
    "too-many-data-blocks": "A record claims more data blocks than the journal has.",
    "duplicate-seq":
        "Two metablocks have one sequence number; two writers, or a restart without clearing.",
    "commit-backtracked": "A newer metablock has an older commit boundary.",
    "complete-backtracked": "A newer metablock has an older complete boundary.",
    "complete-above-commit": "A transaction is called completed that is not committed.",
    "adds-to-committed": "A record adds data to a transaction that was committed before.",
    "adds-to-completed": "A record adds data to a transaction that was completed before.",
    "completed-above-boundary": "A completion record does not move the complete boundary past it.",
    "committed-above-boundary": "A commit record does not move the commit boundary past it.",
    "seq-missing": "A committed transaction has lost a metablock.",
    "start-misplaced":
        "A committed transaction's first metablock is missing, or another one says it is first.",
    "continues-after-commit": "A transaction has data after its commit record.",
    "continues-after-complete": "A transaction goes on after its completion record.",
    "completes-below-boundary": "A completed transaction lies in the committable region.",
    "not-committed": "A transaction below the commit boundary has no commit record.",
    "target-out-of-range": "A committed transaction writes a block that the disk does not have.",
    "target-protected":
        "A committed transaction writes over the superblock, swap space or the journal.",
};

const severities = { torn: "warning", malformed: "error", fatal: "error" } as const;

export const journalFindings = Object.fromEntries(
    (["torn", "malformed", "fatal"] as const).flatMap((noticeClassName) =>
        noticeKinds[noticeClassName].map((kind) => [
            `journal-${kind}`,
            {
                severity: severities[noticeClassName],
                help: help[kind],
                text: (p: { notice: JournalNotice }) => noticeText(p.notice),
            } satisfies CatalogueEntry,
        ]),
    ),
) as JournalFindings;

/** The finding that a notice amounts to, or undefined for mere progress. */
export function findingOfNotice(notice: JournalNotice): keyof JournalFindings | undefined {
    return noticeClass(notice) === "message"
        ? undefined
        : `journal-${notice.kind as JournalFindingKind}`;
}
