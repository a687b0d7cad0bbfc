/**
 * Analysing a journal: from its bytes to the writes that bring the disk up to date.
 *
 * Nothing here writes. The passes are those of the reference replayer, in its order, so that its
 * words come out in its order too: find the metablocks, check the sequence, check the
 * transactions, plan the writes. `replay.ts` carries the plan out.
 */
import { assert } from "../../base/assert.ts";
import { blockSize } from "../layout.ts";
import { checkSequence, checkTransactions } from "./invariants.ts";
import { findMetablocks, inSequence, JournalBlocks, type JournalMetablock } from "./metablocks.ts";
import { NoticeLog } from "./notices.ts";
import { planWrites, type ReplayWrite, type TargetRange } from "./plan.ts";
import type { JournalRules } from "./rules.ts";

/**
 * The longest journal that can be analysed, in blocks. A longer one could hold more metablocks
 * than there are sequence numbers, and their order would be anyone's guess.
 */
export const maxJournalBlockCount = 65_535;

/** What there is to know about a journal. */
export interface JournalAnalysis {
    readonly blocks: JournalBlocks;
    /** Every candidate, in the order of the journal's blocks. */
    readonly metablocks: readonly JournalMetablock[];
    /** The accepted ones, oldest first. */
    readonly sequence: readonly JournalMetablock[];
    /** What was noticed, in order. */
    readonly log: NoticeLog;
    /**
     * Transactions from `completeBoundary` up to `commitBoundary` are to be replayed; undefined
     * when an error was found before, or no metablock.
     */
    readonly region: { completeBoundary: number; commitBoundary: number } | undefined;
    /** What to write; undefined when the journal is refused or holds no metablock. */
    readonly plan: readonly ReplayWrite[] | undefined;
}

/**
 * Analyses the `bytes` of a whole journal, at most `maxJournalBlockCount` blocks. Any bytes will
 * do: what is wrong with them is in the log.
 */
export function analyzeJournal(
    bytes: Uint8Array,
    targets: TargetRange,
    rules: JournalRules,
): JournalAnalysis {
    assert(bytes.length % blockSize === 0, "a journal consists of whole blocks");
    assert(bytes.length <= maxJournalBlockCount * blockSize, "a journal's order is defined");
    const blocks = new JournalBlocks(bytes);
    const log = new NoticeLog();
    const metablocks = findMetablocks(blocks, rules, log);
    const sequence = inSequence(metablocks, rules);
    const found = { blocks, metablocks, sequence, log };
    const newest = sequence.at(-1);
    if (log.isFatal || newest === undefined) {
        if (newest === undefined && !log.isFatal) {
            log.add("no-metablocks", -1);
        }
        return { ...found, region: undefined, plan: undefined };
    }
    checkSequence(sequence, log);
    if (log.isFatal) {
        return { ...found, region: undefined, plan: undefined };
    }
    const { completeBoundary, commitBoundary } = newest;
    log.add("committable-region", -1, completeBoundary, commitBoundary);
    checkTransactions(sequence, completeBoundary, commitBoundary, log);
    const plan = planWrites(
        blocks,
        sequence,
        completeBoundary,
        commitBoundary,
        targets,
        rules,
        log,
    );
    return {
        ...found,
        region: { completeBoundary, commitBoundary },
        plan: log.isFatal ? undefined : plan,
    };
}
