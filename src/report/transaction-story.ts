/**
 * The story of a journal, transaction by transaction: what each wrote, and why it would or would
 * not be replayed.
 */
import type { JournalAnalysis } from "../chkfs/journal/analysis.ts";
import { isWithin16 } from "../chkfs/journal/arithmetic.ts";
import type { ChecksumVerdict } from "../chkfs/journal/checksum.ts";
import {
    isCompletedBy,
    type JournalMetablock,
    type JournalReference,
    misfitMetablocks,
    oldestFirst,
} from "../chkfs/journal/metablocks.ts";
import { type JournalNotice, noticeClass, noticeText } from "../chkfs/journal/notices.ts";
import { soundRules } from "../chkfs/journal/rules.ts";
import { BlockFlag, MetablockFlag } from "../chkfs/layout.ts";

/** What becomes of a transaction, with the reason in words. */
export const transactionFates = {
    replayed: "committed and not completed: would be replayed",
    refused: "committed and not completed, but the journal is refused",
    completed: "completed: its blocks are at home",
    uncommitted: "not committed: as if it had never been written",
    "left out": "none of its metablocks is valid",
} as const;

export type TransactionFate = keyof typeof transactionFates;

/** What becomes of one reference. */
export type ReferenceFate =
    /** Replay writes the block home. */
    | "written"
    /** A newer reference to the same block counts in its place. */
    | "replaced"
    /** The reference only silences older ones. */
    | "not journaled"
    /** Its transaction or its metablock takes no part in the replay. */
    | "unused";

export interface ReferenceStory {
    readonly reference: JournalReference;
    readonly fate: ReferenceFate;
    /** Whether the data block is there as it was written; undefined where it is not journaled. */
    readonly checksum: ChecksumVerdict | undefined;
}

export interface MetablockStory {
    readonly metablock: JournalMetablock;
    readonly checksum: ChecksumVerdict;
    /** Why it is left out; empty for one that is accepted. */
    readonly reasons: readonly string[];
    readonly references: readonly ReferenceStory[];
}

export interface TransactionStory {
    readonly tid: number;
    readonly fate: TransactionFate;
    /** In the order of the sequence; those that are left out stand where their numbers do. */
    readonly metablocks: readonly MetablockStory[];
}

/** A transaction without what it wrote. */
export interface TransactionOutline {
    readonly tid: number;
    readonly fate: TransactionFate;
    /** As in `TransactionStory`. */
    readonly metablocks: readonly JournalMetablock[];
}

/**
 * The transactions in the order in which they begin; those left out altogether come last.
 *
 * @param metablocks those to tell of: all that the analysis accepted, and others
 */
export function transactionOutlines(
    analysis: JournalAnalysis,
    metablocks = analysis.metablocks,
): TransactionOutline[] {
    const ordered = inPlace(analysis.sequence, metablocks);
    const groups = new Map<number, JournalMetablock[]>();
    for (const { tid } of [...analysis.sequence, ...ordered]) {
        groups.set(tid, []);
    }
    for (const metablock of ordered) {
        groups.get(metablock.tid)?.push(metablock);
    }
    return [...groups].map(([tid, ofTransaction]) => {
        return { tid, fate: fateOf(analysis, tid, ofTransaction), metablocks: ofTransaction };
    });
}

/**
 * The same transactions with all that each wrote. Blocks that only begin like metablocks, with a
 * checksum that does not fit, are among those left out.
 */
export function transactionStories(analysis: JournalAnalysis): TransactionStory[] {
    const metablocks = [...analysis.metablocks, ...misfitMetablocks(analysis.blocks)];
    const teller = new Teller(analysis);
    return transactionOutlines(analysis, metablocks).map((outline) => teller.transaction(outline));
}

/**
 * Metablocks in the order of the analysis's sequence. One that is not part of it stands where its
 * number does; a number outside the sequence's arc of the circle stands at the nearer end.
 */
function inPlace(
    sequence: readonly JournalMetablock[],
    metablocks: readonly JournalMetablock[],
): JournalMetablock[] {
    const ordered = sequence.length > 0 ? sequence : oldestFirst(metablocks, soundRules);
    const distance = (from: number, to: number) => (to - from) & 0xffff;
    const first = ordered.at(0)?.seq ?? 0;
    const last = ordered.at(-1)?.seq ?? 0;
    const place = ({ seq }: JournalMetablock) => {
        const behindFirst = distance(first, seq);
        const isOutside = behindFirst > distance(first, last);
        const aheadOfFirst = distance(seq, first);
        return isOutside && aheadOfFirst < distance(last, seq) ? -aheadOfFirst : behindFirst;
    };
    return [...metablocks].sort((a, b) => place(a) - place(b));
}

function fateOf(
    { sequence, plan }: JournalAnalysis,
    tid: number,
    metablocks: readonly JournalMetablock[],
): TransactionFate {
    const newest = sequence.at(-1);
    if (newest === undefined || metablocks.every(({ isAccepted }) => !isAccepted)) {
        return "left out";
    }
    const { completeBoundary, commitBoundary } = newest;
    if (isWithin16(tid, completeBoundary, commitBoundary)) {
        return plan === undefined ? "refused" : "replayed";
    }
    return isCompletedBy(newest, tid) ? "completed" : "uncommitted";
}

class Teller {
    readonly #analysis: JournalAnalysis;
    readonly #planned: ReadonlySet<string>;
    readonly #notices = new Map<number, JournalNotice[]>();

    constructor(analysis: JournalAnalysis) {
        this.#analysis = analysis;
        this.#planned = new Set((analysis.plan ?? []).map(writeKey));
        for (const notice of analysis.log.notices) {
            const known = this.#notices.get(notice.blockIndex);
            if (known === undefined) {
                this.#notices.set(notice.blockIndex, [notice]);
            } else {
                known.push(notice);
            }
        }
    }

    transaction({ tid, fate, metablocks }: TransactionOutline): TransactionStory {
        const stories = metablocks.map((metablock) => this.#metablock(metablock, fate));
        return { tid, fate, metablocks: stories };
    }

    #metablock(metablock: JournalMetablock, fate: TransactionFate): MetablockStory {
        const { blocks } = this.#analysis;
        const found: JournalReference[] = [];
        blocks.forEachReference(metablock, soundRules, (reference) => found.push(reference));
        const isUsed = metablock.isAccepted && fate === "replayed";
        const references = found.map((reference) => ({
            reference,
            fate: isUsed ? this.#referenceFate(metablock.tid, reference) : ("unused" as const),
            checksum: reference.dataIndex < 0 ? undefined : blocks.dataVerdict(reference),
        }));
        const checksum = blocks.metablockVerdict(metablock.blockIndex);
        const reasons =
            checksum.state === "does not fit"
                ? [checksumText(checksum)]
                : this.#reasons(metablock, found);
        return { metablock, checksum, reasons, references };
    }

    #referenceFate(tid: number, reference: JournalReference): ReferenceFate {
        if (reference.dataIndex < 0) {
            return "not journaled";
        }
        return this.#planned.has(writeKey({ tid, ...reference })) ? "written" : "replaced";
    }

    /** What the analysis noticed of a metablock and of its data blocks, when it is left out. */
    #reasons(metablock: JournalMetablock, references: readonly JournalReference[]): string[] {
        if (metablock.isAccepted) {
            return [];
        }
        const places = [metablock.blockIndex, ...references.map(({ dataIndex }) => dataIndex)];
        const noticed = [...new Set(places)].flatMap((place) => this.#notices.get(place) ?? []);
        const weighty = noticed.filter((notice) =>
            ["torn", "malformed"].includes(noticeClass(notice)),
        );
        return [...new Set(weighty.map(noticeText))];
    }
}

function writeKey(write: { tid: number; blockNo: number; dataIndex: number }): string {
    return `${write.tid} ${write.blockNo} ${write.dataIndex}`;
}

/** What there is to say about a checksum. */
export function checksumText(verdict: ChecksumVerdict): string {
    switch (verdict.state) {
        case "fits":
            return "checksum fits";
        case "none":
            return "no checksum: none is checked";
        default:
            return `checksum is ${hex32(verdict.stored)}, computed ${hex32(verdict.computed)}`;
    }
}

function hex32(value: number): string {
    return `0x${value.toString(16).padStart(8, "0")}`;
}

/** The names of the bits that are set in a metablock's flags. */
export function metablockFlagNames(flags: number): string[] {
    return flagNames(MetablockFlag, flags);
}

/** The names of the bits that are set in a reference's flags. */
export function blockFlagNames(bflags: number): string[] {
    return flagNames(BlockFlag, bflags);
}

/** Unknown bits come last, in hexadecimal. */
function flagNames(names: Readonly<Record<string, number>>, bits: number): string[] {
    const known = Object.entries(names).filter(([, bit]) => (bits & bit) !== 0);
    const rest = known.reduce((left, [, bit]) => left & ~bit, bits);
    return [...known.map(([name]) => name), ...(rest === 0 ? [] : [`0x${rest.toString(16)}`])];
}
