/**
 * How a write cache behaves where the disk's promises leave it free, and which of them it takes
 * back; data, not code. The promises are the head of `write-cache.ts`.
 */

/**
 * What a loss of power does to sectors that only the cache holds; each fault includes the ones
 * before it. The levels are those of the crash states in `src/disk/crash/levels.ts`.
 */
export type PowerLossFault =
    /** L1: a command's data lands whole or not at all, also that of a command that failed. */
    | "requests"
    /** L2: each sector lands or does not, whatever becomes of its neighbours. */
    | "sectors"
    /** L3: a cached sector may hold trash instead. */
    | "trash"
    /** L4: so may the other sectors of its physical sector of 4 KiB. */
    | "collateral";

export interface DestagePolicy {
    /** What an occasion for background destaging moves to the medium. */
    readonly background: "nothing" | "everything" | "random";
    readonly powerLoss: PowerLossFault;
    /**
     * Whether each flush and each write through may, by choice, break its promise (L5). Goes with
     * "requests" alone: a liar's requests are whole.
     */
    readonly lies: boolean;
    /** Cached bytes above which the cache empties itself; counted in pages of 4 KiB. */
    readonly capacityBytes: number;
}

/** A drive that keeps what it may: only flushes and a full cache bring data to the medium. */
export const lazyDestage: DestagePolicy = {
    background: "nothing",
    powerLoss: "sectors",
    lies: false,
    capacityBytes: 8 * 2 ** 20,
};

/** A drive that uses every occasion, so that little is ever lost. */
export const eagerDestage: DestagePolicy = { ...lazyDestage, background: "everything" };

/** A drive that writes back whatever it likes, in any order. */
export const randomDestage: DestagePolicy = { ...lazyDestage, background: "random" };
