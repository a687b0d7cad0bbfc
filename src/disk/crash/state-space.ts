/** What every level offers: its states, how many there are, and whether one is among them. */
import type { CrashView } from "./crash-view.ts";
import type { Domain } from "./domain.ts";
import type { SourceRuns } from "./source-runs.ts";
import type { StateCount } from "./state-count.ts";

/** The names of the levels, the weakest disk last; see `levels.ts`. */
export const levels = ["L0", "L1", "L2", "L3", "L4", "L5"] as const;
export type Level = (typeof levels)[number];

/** One thing that a crash may leave. */
export interface CrashState {
    readonly level: Level;
    /** What the sources mean; at L5 a view in which no promise was kept. */
    readonly view: CrashView;
    readonly domain: Domain;
    /** The source of each sector of the domain, by place. Never changed. */
    readonly sources: SourceRuns;
}

/** The states of one level for one view. */
export interface StateSpace {
    readonly level: Level;
    readonly view: CrashView;
    readonly domain: Domain;
    /** How many different states the level allows. */
    readonly count: StateCount;
    /**
     * How many `states` and `stateAt` know; as many as `count` where that is exact. Undefined
     * where the number is too long to write down.
     */
    readonly listedCount: bigint | undefined;

    /**
     * Every listed state, once each, in an order that tries first what finds most: nothing
     * landed, everything landed, one thing alone, all but one, two things, all but two.
     */
    states(): Generator<CrashState>;

    /** The state with an index below `listedCount`; 0 is the one where nothing landed. */
    stateAt(index: bigint): CrashState;

    /**
     * The index of a state of this space; undefined for one that is not listed, and for all where
     * `listedCount` is.
     */
    indexOf(state: CrashState): bigint | undefined;

    /** Whether the level allows sources for the sectors of the domain. */
    allows(sources: SourceRuns): boolean;
}
