/**
 * What must hold of a journal before anything is replayed: the second and third pass.
 *
 * First each accepted metablock against its predecessor and itself; then each transaction of the
 * committable region [complete boundary, commit boundary) of the newest metablock: it must be
 * there from its start to its commit, without a gap. Any violation refuses the whole journal.
 *
 * Work: the second pass is linear; the third looks at each metablock once, and at each gap of the
 * sequence once for each transaction that spans it, which `NoticeLog` bounds.
 */
import { MetablockFlag } from "../layout.ts";
import { difference16, isBefore16, next16 } from "./arithmetic.ts";
import { isCommittedBy, isCompletedBy, type JournalMetablock } from "./metablocks.ts";
import type { NoticeLog } from "./notices.ts";

/** Checks each metablock of `sequence`, oldest first. */
export function checkSequence(sequence: readonly JournalMetablock[], log: NoticeLog): void {
    sequence.forEach((current, index) => {
        const { blockIndex, tid, nref, flags } = current;
        if (index > 0) {
            const last = sequence[index - 1];
            if (current.seq === last.seq) {
                log.add("duplicate-seq", blockIndex);
            }
            if (difference16(current.commitBoundary, last.commitBoundary) < 0) {
                log.add("commit-backtracked", blockIndex);
            }
            if (difference16(current.completeBoundary, last.completeBoundary) < 0) {
                log.add("complete-backtracked", blockIndex);
            }
        }
        if (difference16(current.completeBoundary, current.commitBoundary) > 0) {
            log.add("complete-above-commit", blockIndex);
        }
        if (nref > 0 && index > 0 && isBefore16(tid, sequence[index - 1].commitBoundary)) {
            log.add("adds-to-committed", blockIndex);
        }
        if (nref > 0 && isBefore16(tid, current.completeBoundary)) {
            log.add("adds-to-completed", blockIndex);
        }
        if (flags & MetablockFlag.complete && !isBefore16(tid, current.completeBoundary)) {
            log.add("completed-above-boundary", blockIndex);
        }
        if (flags & MetablockFlag.commit && !isBefore16(tid, current.commitBoundary)) {
            log.add("committed-above-boundary", blockIndex);
        }
    });
}

/** Checks every transaction from `completeBoundary` up to `commitBoundary`. */
export function checkTransactions(
    sequence: readonly JournalMetablock[],
    completeBoundary: number,
    commitBoundary: number,
    log: NoticeLog,
): void {
    const positions = positionsByTransaction(sequence);
    const gaps: number[] = [];
    for (let index = 1; index < sequence.length; index++) {
        if (sequence[index].seq !== next16(sequence[index - 1].seq)) {
            gaps.push(index);
        }
    }
    for (let tid = completeBoundary; tid !== commitBoundary; tid = next16(tid)) {
        checkTransaction(sequence, positions.get(tid) ?? [], gaps, tid, log);
    }
}

function positionsByTransaction(sequence: readonly JournalMetablock[]): Map<number, number[]> {
    const positions = new Map<number, number[]>();
    sequence.forEach(({ tid }, index) => {
        const known = positions.get(tid);
        if (known === undefined) {
            positions.set(tid, [index]);
        } else {
            known.push(index);
        }
    });
    return positions;
}

/** @param own where the transaction's metablocks stand in `sequence`, ascending */
function checkTransaction(
    sequence: readonly JournalMetablock[],
    own: readonly number[],
    gaps: readonly number[],
    tid: number,
    log: NoticeLog,
): void {
    let state = 0;
    let checkedTo = (own[0] ?? 0) + 1;
    const reportGapsBefore = (end: number) => {
        for (let at = firstAtLeast(gaps, checkedTo); gaps[at] < end; at++) {
            const { blockIndex } = sequence[gaps[at]];
            log.add("seq-missing", blockIndex, tid, next16(sequence[gaps[at] - 1].seq));
            if (log.isFull("seq-missing")) {
                return;
            }
        }
        checkedTo = end;
    };
    for (const index of own) {
        const metablock = sequence[index];
        if (state !== 0 && !(state & MetablockFlag.commit)) {
            reportGapsBefore(index + 1);
        }
        const flags =
            metablock.flags |
            (isCommittedBy(metablock, tid) ? MetablockFlag.commit : 0) |
            (isCompletedBy(metablock, tid) ? MetablockFlag.complete : 0);
        const { blockIndex } = metablock;
        if (((flags & MetablockFlag.start) !== 0) !== (state === 0)) {
            log.add("start-misplaced", blockIndex, tid);
        }
        if (state & MetablockFlag.commit && metablock.nref !== 0) {
            log.add("continues-after-commit", blockIndex, tid);
        }
        if (state & MetablockFlag.complete) {
            log.add("continues-after-complete", blockIndex, tid);
        }
        if (flags & MetablockFlag.complete) {
            log.add("completes-below-boundary", blockIndex, tid);
        }
        state |= flags;
    }
    if (state & MetablockFlag.commit) {
        return;
    }
    if (state !== 0) {
        reportGapsBefore(sequence.length);
    }
    log.add("not-committed", -1, tid);
}

/** Index of the first of the ascending `numbers` that is at least `bound`. */
function firstAtLeast(numbers: readonly number[], bound: number): number {
    let low = 0;
    let high = numbers.length;
    while (low < high) {
        const middle = (low + high) >>> 1;
        if (numbers[middle] < bound) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
