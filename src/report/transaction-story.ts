/**
 * The story of a journal, transaction by transaction: what each wrote, and why it would or would
 * not be replayed.
 */
import type { JournalAnalysis } from "../chkfs/journal/analysis.ts";
import { isWithin16 } from "../chkfs/journal/arithmetic.ts";
import {
    isCompletedBy,
    type JournalMetablock,
    type JournalReference,
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

export interface MetablockStory {
    readonly metablock: JournalMetablock;
    /** Why it is left out; empty for one that is accepted. */
    readonly reasons: readonly string[];
    readonly references: readonly { reference: JournalReference; fate: ReferenceFate }[];
}

export interface TransactionStory {
    readonly tid: number;
    readonly fate: TransactionFate;
    /** The accepted ones in the order of the sequence, then those that are left out. */
    readonly metablocks: readonly MetablockStory[];
}

/** A transaction without what it wrote. */
export interface TransactionOutline {
    readonly tid: number;
    readonly fate: TransactionFate;
    /** As in `TransactionStory`. */
    readonly metablocks: readonly JournalMetablock[];
}

/** The transactions in the order in which they begin; those left out altogether come last. */
export function transactionOutlines(analysis: JournalAnalysis): TransactionOutline[] {
    const groups = new Map<number, JournalMetablock[]>();
    const leftOut = analysis.metablocks.filter(({ isAccepted }) => !isAccepted);
    for (const metablock of [...analysis.sequence, ...leftOut]) {
        const known = groups.get(metablock.tid);
        if (known === undefined) {
            groups.set(metablock.tid, [metablock]);
        } else {
            known.push(metablock);
        }
    }
    return [...groups].map(([tid, metablocks]) => {
        return { tid, fate: fateOf(analysis, tid, metablocks), metablocks };
    });
}

/** The same transactions with all that each wrote. */
export function transactionStories(analysis: JournalAnalysis): TransactionStory[] {
    const teller = new Teller(analysis);
    return transactionOutlines(analysis).map((outline) => teller.transaction(outline));
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
        const found: JournalReference[] = [];
        this.#analysis.blocks.forEachReference(metablock, soundRules, (reference) =>
            found.push(reference),
        );
        const isUsed = metablock.isAccepted && fate === "replayed";
        const references = found.map((reference) => ({
            reference,
            fate: isUsed ? this.#referenceFate(metablock.tid, reference) : ("unused" as const),
        }));
        return { metablock, reasons: this.#reasons(metablock, found), references };
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
