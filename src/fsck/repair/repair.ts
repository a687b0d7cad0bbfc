/**
 * Planning a repair: what to change so that the disk has no errors, or why that is not sure.
 *
 * Only what has one safe answer is changed; `treatment.ts` says what that is. In this order:
 *
 * 1. The superblock must be sound and the journal must not be refused. What the journal holds is
 *    replayed as `-s` does it, in the same order of writes and flushes.
 * 2. Dead directory entries are cleared, so that what they name is not judged as a file.
 * 3. The disk is judged. Anything that blocks ends the repair, and nothing at all is changed.
 * 4. Extents are cut to the size, lost inodes named, link counts set, the bitmap put right; in
 *    this order, for each step frees or takes what the next one counts.
 *
 * In-memory fields of inodes (`mlock`, `mbcindex`) are left as they are: the kernel clears them
 * when it loads an inode.
 *
 * The plan is a recording of writes over the disk, which is only read. The changes of steps 2 to
 * 4 are one epoch of whole blocks.
 */
import type { ByteReader } from "../../base/byte-store.ts";
import { noticeClass } from "../../chkfs/journal/notices.ts";
import { saveReplay } from "../../chkfs/journal/replay.ts";
import type { Superblock } from "../../chkfs/superblock.ts";
import { OverlayStore } from "../../disk/overlay-store.ts";
import { RecordingStore } from "../../disk/recording-store.ts";
import { applyJournal, readJournal } from "../journal-check.ts";
import { type CheckEvent, Reporter } from "../reporter.ts";
import { soundCheckRules } from "../rules.ts";
import { checkSuperblock } from "../superblock-check.ts";
import { walk } from "../walk.ts";
import { WalkState } from "../walk-state.ts";
import { repairBitmap } from "./bitmap-repair.ts";
import { ChangeLog, counted, type Refusal, type RepairChange, refusalOf } from "./change.ts";
import { clearDeadEntries } from "./dead-entries.ts";
import { DiskEditor } from "./disk-editor.ts";
import { EntryGraph } from "./entry-graph.ts";
import { cutExtraExtents } from "./extra-extents.ts";
import { setLinkCounts } from "./link-counts.ts";
import { attachLostInodes } from "./lost-found.ts";
import { treatmentOf } from "./treatment.ts";

/** What a repair would do. */
export interface RepairPlan {
    /** The changes, in order; where there are very many of a kind, the first of them. */
    readonly changes: readonly RepairChange[];
    /** How many changes there are. */
    readonly changeCount: number;
    /** Why nothing is changed; empty where the repair is possible. */
    readonly refusals: readonly Refusal[];
    /** The writes to make, and the disk as they leave it. */
    readonly recording: RecordingStore;
}

/** Plans the repair of `disk`, any bytes at all. Never throws on them, and never writes. */
export function planRepair(disk: ByteReader): RepairPlan {
    const recording = new RecordingStore(disk);
    const log = new ChangeLog();
    const refusals: Refusal[] = [];
    const judge = new Reporter((event) => collectRefusal(event, refusals), false);
    const superblock = checkSuperblock(disk, soundCheckRules, judge);
    if (superblock !== undefined && refusals.length === 0) {
        replayJournal(recording, superblock, judge, log);
        if (refusals.length === 0) {
            const editor = new DiskEditor(recording, superblock);
            repairTree(editor, judge, refusals, log);
            editor.writeChanges(recording);
            recording.flush();
        }
    }
    if (refusals.length > 0) {
        return { changes: [], changeCount: 0, refusals, recording: new RecordingStore(disk) };
    }
    return { changes: log.changes, changeCount: log.count, refusals, recording };
}

function collectRefusal(event: CheckEvent, refusals: Refusal[]): void {
    if (event.kind === "finding" && treatmentOf(event.finding.code) === "blocks") {
        refusals.push(refusalOf(event.finding));
    }
}

/** Replays the journal into `recording`, where there is something to replay or to clear away. */
function replayJournal(
    recording: RecordingStore,
    superblock: Superblock,
    judge: Reporter,
    log: ChangeLog,
): void {
    const { journal_bn, nblocks } = superblock;
    const journal =
        journal_bn < nblocks
            ? readJournal(recording, superblock, soundCheckRules, judge)
            : undefined;
    if (journal === undefined) {
        return;
    }
    applyJournal(new OverlayStore(recording), superblock, journal, soundCheckRules, judge);
    const { plan, log: noticed } = journal;
    const isFaulty = noticed.notices.some((notice) => noticeClass(notice) === "malformed");
    if (plan === undefined || (plan.length === 0 && !isFaulty)) {
        return;
    }
    saveReplay(recording, journal_bn, journal);
    const place = { kind: "journal", blockIndex: -1, blockCount: superblock.njournal } as const;
    const what =
        plan.length === 0 ? "nothing to replay" : `${counted(plan.length, "block")} replayed`;
    log.add("replay-journal", place, `${what}, the journal cleared`);
}

/** Repairs everything but the superblock and the journal; adds to `refusals` what forbids it. */
function repairTree(
    editor: DiskEditor,
    judge: Reporter,
    refusals: Refusal[],
    log: ChangeLog,
): void {
    clearDeadEntries(editor, log);
    const judged = walked(editor, judge);
    refusals.push(...directoryRefusals(editor, judged));
    if (refusals.length > 0) {
        return;
    }
    refusals.push(...cutExtraExtents(editor, judged, log));
    const lost = attachLostInodes(editor, walked(editor), log);
    if (lost !== undefined) {
        refusals.push(lost);
    }
    if (refusals.length === 0) {
        const state = walked(editor);
        setLinkCounts(editor, state, log);
        repairBitmap(editor, state, log);
    }
}

/** A walk over the disk as the editor has it; findings go nowhere unless a reporter is given. */
function walked(editor: DiskEditor, reporter = new Reporter(() => {}, false)): WalkState {
    const state = new WalkState(editor.disk, editor.superblock, soundCheckRules, reporter);
    walk(state);
    return state;
}

/** Directories that have more names than they may. */
function directoryRefusals({ volume }: DiskEditor, state: WalkState): Refusal[] {
    const found = new EntryGraph(volume).directoriesLinkedTwice();
    return found.map(({ inodeNo, linkCount }) => ({
        code: "directory-linked-twice",
        place: { kind: "inode", inodeNo, name: state.nameOf(inodeNo) },
        message: `more than one link to directory (${linkCount})`,
    }));
}
