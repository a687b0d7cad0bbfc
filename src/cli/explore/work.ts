/**
 * What `chickadee explore` has its workers do: a share of the search, or what comes after it, which
 * is one piece.
 */
import { assert } from "../../base/assert.ts";
import { type Exploration, explore, type FailingRun } from "../../crash/exploration/explore.ts";
import { type Interleaving, tellInterleaving } from "../../crash/exploration/interleaving.ts";
import { type ShrunkFailure, shrink } from "../../crash/exploration/shrink.ts";
import { sourcePositions } from "../../host/source-positions.ts";
import { parseSchedule } from "../../machine/schedule/parse-schedule.ts";
import { Board } from "./board.ts";
import { subjectOf, type Target } from "./target.ts";

/** Every `workerCount`-th run. */
export interface SearchWork {
    readonly kind: "search";
    readonly target: Target;
    readonly board: SharedArrayBuffer;
    readonly schedule: string;
    readonly seed: number;
    readonly runs: number;
    /** The first run of all workers. */
    readonly first: number;
    readonly worker: number;
    readonly workerCount: number;
}

/** Makes a failure small. */
export interface ShrinkWork {
    readonly kind: "shrink";
    readonly target: Target;
    readonly board: SharedArrayBuffer;
    readonly found: FailingRun;
    /** Runs that it may take. */
    readonly maxRuns: number;
}

/** Looks closely at a small one. */
export interface TellWork {
    readonly kind: "tell";
    readonly target: Target;
    readonly shrunk: ShrunkFailure;
    readonly maxOperations: number | undefined;
}

export type Work = SearchWork | ShrinkWork | TellWork;

export interface Results {
    readonly search: Exploration;
    readonly shrink: ShrunkFailure;
    readonly tell: Interleaving;
}

export function perform(work: Work): Results[Work["kind"]] {
    switch (work.kind) {
        case "search":
            return search(work);
        case "shrink":
            return makeSmall(work);
        case "tell": {
            const { shrunk, maxOperations, target } = work;
            const { seed, points } = shrunk;
            const subject = subjectOf(target);
            const mapPosition = sourcePositions();
            return tellInterleaving({ subject, seed, points, maxOperations, mapPosition });
        }
    }
}

function search(work: SearchWork): Exploration {
    const { target, schedule, seed, runs, first, worker, workerCount } = work;
    const board = new Board(work.board);
    return explore({
        subject: subjectOf(target),
        schedule,
        seed,
        runs,
        firstRun: first + worker,
        stride: workerCount,
        runLimit: () => board.runLimit,
        onProgress: ({ run, failure }) => {
            // Run 0 is everybody's, and counts once.
            if (run > 0 || worker === 0) {
                board.did(worker, run === 0 ? first + worker : run + workerCount);
            }
            if (failure !== undefined) {
                board.failed(run);
            }
        },
    });
}

function makeSmall({ target, found, maxRuns, board }: ShrinkWork): ShrunkFailure {
    const { seed, maxOperations } = found;
    const shared = new Board(board);
    const shrunk = shrink({
        subject: subjectOf(target),
        seed,
        schedule: parseSchedule(found.schedule),
        maxOperations,
        maxRuns,
        onProgress: (progress) => {
            shared.shrinking = progress;
        },
    });
    assert(shrunk !== undefined, "a run that failed fails when it is done again");
    return shrunk;
}
