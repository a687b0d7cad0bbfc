/** What every level offers: its states, how many there are, and whether one is among them. */
import type { CrashView } from "./crash-view.ts";
import type { Domain } from "./domain.ts";

/** The names of the levels, the weakest disk last; see `levels.ts`. */
export const levels = ["L0", "L1", "L2", "L3", "L4", "L5"] as const;
export type Level = (typeof levels)[number];

/** One thing that a crash may leave. */
export interface CrashState {
    readonly level: Level;
    /** What the sources mean; at L5 a view in which no promise was kept. */
    readonly view: CrashView;
    readonly domain: Domain;
    /** The source of each sector of the domain. Never changed. */
    readonly sources: Int32Array;
}

/** A number of states; never a bound that is presented as the number. */
export interface StateCount {
    readonly count: bigint;
    /** False: there are at most so many, and finding out how many would take too long. */
    readonly isExact: boolean;
}

/** The states of one level for one view. */
export interface StateSpace {
    readonly level: Level;
    readonly view: CrashView;
    readonly domain: Domain;
    /** How many different states the level allows. */
    readonly count: StateCount;
    /** How many `states` and `stateAt` know; as many as `count` where that is exact. */
    readonly listedCount: bigint;

    /**
     * Every listed state, once each, in an order that tries first what finds most: nothing
     * landed, everything landed, one thing alone, all but one, two things, all but two.
     */
    states(): Generator<CrashState>;

    /** The state with an index from 0 to `listedCount`-1; 0 is the one where nothing landed. */
    stateAt(index: bigint): CrashState;

    /** The index of a state of this space; undefined for one that is not listed. */
    indexOf(state: CrashState): bigint | undefined;

    /** Whether the level allows sources for the sectors of the domain. */
    allows(sources: Int32Array): boolean;
}
