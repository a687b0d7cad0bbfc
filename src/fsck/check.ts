/**
 * Checking a disk: superblock, journal, walk. Nothing is written and nothing throws, whatever the
 * bytes; what there is to say goes to a listener in order, and the outcome is returned.
 */
import type { ByteReader } from "../base/byte-store.ts";
import type { JournalAnalysis } from "../chkfs/journal/analysis.ts";
import { blockSize } from "../chkfs/layout.ts";
import type { Superblock } from "../chkfs/superblock.ts";
import { OverlayStore } from "../disk/overlay-store.ts";
import type { FindingCode, Severity } from "./finding.ts";
import { applyJournal, readJournal } from "./journal-check.ts";
import { type CheckListener, Reporter } from "./reporter.ts";
import { type CheckRules, soundCheckRules } from "./rules.ts";
import { checkStrictly } from "./strict/strict-check.ts";
import { checkSuperblock } from "./superblock-check.ts";
import { walk } from "./walk.ts";
import { WalkState } from "./walk-state.ts";

export interface CheckOptions {
    readonly rules?: CheckRules;
    /** Leave the journal alone and check the disk as it is. */
    readonly ignoreJournal?: boolean;
    /** Report also what is unusual, useless or not as it should be written. */
    readonly strict?: boolean;
    /** Codes not to report. */
    readonly muted?: ReadonlySet<FindingCode>;
    /** Pass on everything that the check sees, not only findings. */
    readonly isObserving?: boolean;
}

/** What a check found out. */
export interface CheckResult {
    /** Undefined when the superblock is too bad to go on. */
    readonly superblock: Superblock | undefined;
    /** Undefined without a journal, or when it was not to be replayed or could not be read. */
    readonly journal: JournalAnalysis | undefined;
    /** The disk with the journal replayed into it, as it was checked. */
    readonly replayed: ByteReader;
    readonly counts: Readonly<Record<Severity, number>>;
    readonly countsByCode: ReadonlyMap<FindingCode, number>;
}

/** A disk that is shorter than its superblock says, with zeros for what is missing. */
function paddedReader(disk: ByteReader, { nblocks }: Superblock): ByteReader {
    const sizeBytes = nblocks * blockSize;
    if (disk.sizeBytes >= sizeBytes) {
        return disk;
    }
    return {
        sizeBytes,
        read(byteOffset, target) {
            const there = Math.max(0, Math.min(target.length, disk.sizeBytes - byteOffset));
            if (there > 0) {
                disk.read(byteOffset, target.subarray(0, there));
            }
            target.fill(0, there);
        },
    };
}

/**
 * A disk with its journal wiped, as it is after a replay: a damaged extent that leads there must
 * not show what the replay has done away with.
 */
function wipedReader(disk: ByteReader, { journal_bn, nblocks }: Superblock): ByteReader {
    return {
        sizeBytes: disk.sizeBytes,
        read(byteOffset, target) {
            disk.read(byteOffset, target);
            const start = Math.max(0, journal_bn * blockSize - byteOffset);
            target.fill(0, start, Math.max(start, nblocks * blockSize - byteOffset));
        },
    };
}

/** Checks `disk`. */
export function checkImage(
    disk: ByteReader,
    listener: CheckListener,
    options: CheckOptions = {},
): CheckResult {
    const { rules = soundCheckRules, ignoreJournal = false, isObserving = false, muted } = options;
    const { strict = false } = options;
    const reporter = new Reporter(listener, isObserving, muted);
    const superblock = checkSuperblock(disk, rules, reporter);
    const whole = superblock === undefined ? disk : paddedReader(disk, superblock);
    const overlay = new OverlayStore(whole);
    let replayed: ByteReader = overlay;
    let journal: JournalAnalysis | undefined;
    if (superblock !== undefined) {
        if (reporter.isObserving) {
            reporter.observe({ kind: "superblock", superblock });
        }
        if (superblock.journal_bn < superblock.nblocks && !ignoreJournal) {
            journal = readJournal(disk, superblock, rules, reporter);
            if (journal !== undefined) {
                applyJournal(overlay, superblock, journal, rules, reporter);
                replayed = journal.plan === undefined ? overlay : wipedReader(overlay, superblock);
            }
        }
        const state = new WalkState(replayed, superblock, rules, reporter, strict);
        walk(state);
        if (strict) {
            checkStrictly(state, disk.sizeBytes, journal);
        }
    }
    reporter.finish();
    const counts = {
        error: reporter.countOf("error"),
        warning: reporter.countOf("warning"),
        note: reporter.countOf("note"),
    };
    const { countsByCode } = reporter;
    return { superblock, journal, replayed, counts, countsByCode };
}
