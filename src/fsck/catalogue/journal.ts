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
        readonly more?: string;
        readonly text: (p: { notice: JournalNotice }) => string;
    };
};

const help: Readonly<Record<JournalFindingKind, string>> = {
    "data-looks-like-metablock":
        "A data block of a record holds a metablock: a crash tore the record, or nobody escaped " +
        "it.",
    "data-bad-checksum":
        "A data block is not what its record says: a crash tore the record, which is left out.",
    "marked-error": "The kernel itself marked a metablock as bad; its record is left out.",
    "not-marked-meta": "A metablock lacks the flag 0x01 that each one has; its record is left out.",
    "too-many-refs": "A metablock claims more than the 339 references that fit; it is left out.",
    "too-many-data-blocks":
        "A record claims as many data blocks as the journal has blocks; nothing is replayed.",
    "duplicate-seq":
        "Two metablocks have one sequence number: two writers, or a restart without clearing.",
    "commit-backtracked":
        "A newer metablock has an older commit boundary; a boundary must never go back.",
    "complete-backtracked":
        "A newer metablock has an older complete boundary; a boundary must never go back.",
    "complete-above-commit":
        "The boundaries call a transaction completed that is not committed yet.",
    "adds-to-committed":
        "A record adds data to a transaction that was committed before; it joined too late.",
    "adds-to-completed":
        "A record adds data to a transaction that its own boundary calls completed.",
    "completed-above-boundary":
        "A completion does not move the complete boundary past its own transaction.",
    "committed-above-boundary":
        "A commit does not move the commit boundary past its own transaction.",
    "seq-missing": "A committed transaction has lost a metablock: its commit was written too soon.",
    "start-misplaced":
        "A committed transaction lacks its first metablock, or a later one says it is the first.",
    "continues-after-commit": "A transaction writes more data behind its own commit.",
    "continues-after-complete": "A transaction goes on behind its own completion.",
    "completes-below-boundary":
        "A transaction is marked completed, but the newest boundary says that it is not.",
    "not-committed":
        "The boundaries call a transaction committed of which there is no commit in the journal.",
    "target-out-of-range":
        "A committed transaction writes a block that the disk does not have; nothing is replayed.",
    "target-protected":
        "A committed transaction writes over the superblock, swap space or the journal itself.",
};

/** What all findings of a class have in common. */
const more = {
    torn:
        "A crash before the commit leaves such records, also of a correct kernel: replay goes on " +
        "without them.",
    malformed: "No crash causes this: a kernel wrote it so. Replay goes on without the record.",
    fatal: "Nothing at all is replayed, for what the journal holds can no longer be trusted.",
} as const;

const severities = { torn: "warning", malformed: "error", fatal: "error" } as const;

export const journalFindings = Object.fromEntries(
    (["torn", "malformed", "fatal"] as const).flatMap((noticeClassName) =>
        noticeKinds[noticeClassName].map((kind) => [
            `journal-${kind}`,
            {
                severity: severities[noticeClassName],
                help: help[kind],
                more: more[noticeClassName],
                text: (p: { notice: JournalNotice }) => noticeText(p.notice),
            } satisfies CatalogueEntry,
        ]),
    ),
) as JournalFindings;

/** The finding that a notice amounts to, or undefined for mere progress. */
export function findingOfNotice({
    kind,
}: Pick<JournalNotice, "kind">): keyof JournalFindings | undefined {
    return noticeClass({ kind }) === "message"
        ? undefined
        : `journal-${kind as JournalFindingKind}`;
}
