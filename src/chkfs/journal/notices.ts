/**
 * What the analysis of a journal has to say, as values; their words are made when printed.
 *
 * The words are those of the reference replayer, for scripts and people know them.
 */

/** The kinds of notice. */
export const noticeKinds = {
    /** Progress: printed only on request. */
    message: [
        "found-metablock",
        "not-metablock-magic",
        "not-metablock-checksum",
        "no-metablocks",
        "committable-region",
    ],
    /** The metablock is left out; a legal crash can cause it. */
    torn: ["data-looks-like-metablock", "data-bad-checksum"],
    /** The metablock is left out; no crash of a correct kernel causes it. */
    malformed: ["marked-error", "not-marked-meta", "too-many-refs"],
    /** Nothing is replayed. */
    fatal: [
        "too-many-data-blocks",
        "duplicate-seq",
        "commit-backtracked",
        "complete-backtracked",
        "complete-above-commit",
        "adds-to-committed",
        "adds-to-completed",
        "completed-above-boundary",
        "committed-above-boundary",
        "seq-missing",
        "start-misplaced",
        "continues-after-commit",
        "continues-after-complete",
        "completes-below-boundary",
        "not-committed",
        "target-out-of-range",
        "target-protected",
    ],
} as const;

export type NoticeClass = keyof typeof noticeKinds;
export type NoticeKind = (typeof noticeKinds)[NoticeClass][number];

/** One notice. `first` and `second` are the numbers that its words need, if any. */
export interface JournalNotice {
    readonly kind: NoticeKind;
    /** The block of the journal that it is about, from 0; or -1 for the journal as a whole. */
    readonly blockIndex: number;
    readonly first: number | bigint;
    readonly second: number;
}

type Words = (first: number | bigint, second: number) => string;

const words: Readonly<Record<NoticeKind, Words>> = {
    "found-metablock": () => "found potential metablock",
    "not-metablock-magic": (magic) => `not a metablock (magic number ${magic.toString(16)})`,
    "not-metablock-checksum": (checksum) => `not a metablock (checksum ${checksum.toString(16)})`,
    "no-metablocks": () => "no metablocks found",
    "committable-region": (complete, commit) => `committable region is [${complete},${commit})`,
    "marked-error": () => "metablock marked jf_error (recoverable)",
    "not-marked-meta": () => "metablock not marked with jf_meta (recoverable)",
    "too-many-refs": () => "metablock has too many refs (recoverable)",
    "data-looks-like-metablock": () => "referenced datablock looks like metablock (recoverable)",
    "data-bad-checksum": () => "referenced datablock has bad checksum (recoverable)",
    "too-many-data-blocks": () => "too many referenced datablocks",
    "duplicate-seq": () => "duplicate journal seqno",
    "commit-backtracked": () => "journal commit_boundary backtracked",
    "complete-backtracked": () => "journal complete_boundary backtracked",
    "complete-above-commit": () => "journal complete_boundary above commit_boundary",
    "adds-to-committed": () => "journal adds data to a committed transaction",
    "adds-to-completed": () => "journal adds data to a completed transaction",
    "completed-above-boundary": () => "completed transaction above complete_boundary",
    "committed-above-boundary": () => "committed transaction above commit_boundary",
    "seq-missing": (tid, seq) => `tid ${tid}: seq number ${seq} missing`,
    "start-misplaced": (tid) => `tid ${tid}: jf_start flag in improper place`,
    "continues-after-commit": (tid) => `tid ${tid}: continues after commit`,
    "continues-after-complete": (tid) => `tid ${tid}: continues after complete`,
    "completes-below-boundary": (tid) => `tid ${tid}: completes below complete_boundary`,
    "not-committed": (tid) => `tid ${tid} in committable region is not committed`,
    "target-out-of-range": (tid, blockNo) =>
        `tid ${tid}: writes block ${blockNo}, which is not on the disk`,
    "target-protected": (tid, blockNo) =>
        `tid ${tid}: writes block ${blockNo}, which no transaction may write`,
};

/** What the numbers of a notice are, where it has any, as JSON documents name them. */
const numberNames: Readonly<Partial<Record<NoticeKind, readonly string[]>>> = {
    "not-metablock-magic": ["magic"],
    "not-metablock-checksum": ["checksum"],
    "committable-region": ["completeBoundary", "commitBoundary"],
    "seq-missing": ["tid", "seq"],
    "start-misplaced": ["tid"],
    "continues-after-commit": ["tid"],
    "continues-after-complete": ["tid"],
    "completes-below-boundary": ["tid"],
    "not-committed": ["tid"],
    "target-out-of-range": ["tid", "blockNo"],
    "target-protected": ["tid", "blockNo"],
};

const classes = new Map<NoticeKind, NoticeClass>(
    Object.entries(noticeKinds).flatMap(([noticeClass, kinds]) =>
        kinds.map((kind): [NoticeKind, NoticeClass] => [kind, noticeClass as NoticeClass]),
    ),
);

/** The notice in words, without the place. */
export function noticeText(notice: JournalNotice): string {
    return words[notice.kind](notice.first, notice.second);
}

/** The numbers that the words of a notice need, by name. */
export function noticeNumbers({
    kind,
    first,
    second,
}: JournalNotice): Readonly<Record<string, number | bigint>> {
    const names = numberNames[kind] ?? [];
    return Object.fromEntries(names.map((name, index) => [name, index === 0 ? first : second]));
}

/** How much a notice weighs. */
export function noticeClass({ kind }: Pick<JournalNotice, "kind">): NoticeClass {
    return classes.get(kind) ?? "fatal";
}

/**
 * Notices of a kind that are kept; more only repeat what is known. Progress has no limit of its
 * own, for there is at most one message about a block.
 */
const maxNoticesPerKind = 10_000;

/** Notices in the order in which the analysis came upon them; of each kind the first ones. */
export class NoticeLog {
    readonly notices: JournalNotice[] = [];
    readonly #counts = new Map<NoticeKind, number>();
    #isFatal = false;

    /** Whether a fatal one was among them. */
    get isFatal(): boolean {
        return this.#isFatal;
    }

    add(kind: NoticeKind, blockIndex: number, first: number | bigint = 0, second = 0): void {
        const count = (this.#counts.get(kind) ?? 0) + 1;
        this.#counts.set(kind, count);
        const noticeClass = classes.get(kind);
        this.#isFatal ||= noticeClass === "fatal";
        if (count <= maxNoticesPerKind || noticeClass === "message") {
            this.notices.push({ kind, blockIndex, first, second });
        }
    }

    /** Whether more notices of a kind would only be counted. */
    isFull(kind: NoticeKind): boolean {
        return (this.#counts.get(kind) ?? 0) >= maxNoticesPerKind;
    }

    /** How many notices were not kept, by kind, where there are any. */
    get dropped(): ReadonlyMap<NoticeKind, number> {
        const dropped = new Map<NoticeKind, number>();
        for (const [kind, count] of this.#counts) {
            if (count > maxNoticesPerKind && classes.get(kind) !== "message") {
                dropped.set(kind, count - maxNoticesPerKind);
            }
        }
        return dropped;
    }
}
