/** Families of histories that are walked, all of each. */
import type { HistoryAlphabet } from "./disk-histories.ts";

export const plain = (...sectors: number[]) => ({ sectors, fua: false });
export const fua = (...sectors: number[]) => ({ sectors, fua: true });
export const flush = ["issue flush"] as const;
const switches = ["issue flush", "issue cache off", "issue cache on"] as const;

export interface Family extends HistoryAlphabet {
    readonly name: string;
    readonly startsWithCache: boolean;
    /** How many histories there are without repetitions, and their beginnings. */
    readonly checkedCount: number;
}

const common = { startsWithCache: true, barriers: flush, canFail: false };

/** Families that a test can walk each time. */
export const smallFamilies: readonly Family[] = [
    {
        ...common,
        name: "four writes of one sector and two flushes",
        checkedCount: 32_064,
        writes: [plain(0)],
        maxWriteCount: 4,
        maxBarrierCount: 2,
    },
    {
        ...common,
        name: "three writes that overlap and a flush",
        checkedCount: 1868,
        writes: [plain(0, 1), plain(1, 2)],
        maxWriteCount: 3,
        maxBarrierCount: 1,
    },
    {
        ...common,
        name: "four writes that overlap",
        checkedCount: 1248,
        writes: [plain(0, 1), plain(1, 2)],
        maxWriteCount: 4,
        maxBarrierCount: 0,
    },
    {
        ...common,
        name: "three writes of one to three sectors",
        checkedCount: 1700,
        writes: [plain(0), plain(0, 1), plain(0, 1, 2), plain(1), plain(1, 2)],
        maxWriteCount: 3,
        maxBarrierCount: 0,
    },
    {
        ...common,
        name: "three writes, FUA or not, that overlap",
        checkedCount: 1700,
        writes: [plain(0), plain(1), fua(0, 1), fua(1), plain(0, 1)],
        maxWriteCount: 3,
        maxBarrierCount: 0,
    },
    {
        ...common,
        name: "two writes, FUA or not, that may fail, and a flush that may",
        checkedCount: 1659,
        writes: [plain(0, 1), fua(0), fua(1, 2)],
        maxWriteCount: 2,
        maxBarrierCount: 1,
        canFail: true,
    },
    {
        ...common,
        name: "two writes while the cache is turned off and on",
        checkedCount: 6064,
        writes: [plain(0, 1)],
        barriers: switches,
        maxWriteCount: 2,
        maxBarrierCount: 2,
    },
    {
        ...common,
        name: "two writes while the cache, off at first, is turned on and off",
        checkedCount: 6064,
        startsWithCache: false,
        writes: [plain(0)],
        barriers: switches,
        maxWriteCount: 2,
        maxBarrierCount: 2,
    },
];

/** Families that take minutes together. */
export const largeFamilies: readonly Family[] = [
    {
        ...common,
        name: "three writes that overlap and two flushes",
        checkedCount: 20_228,
        writes: [plain(0, 1), plain(1, 2)],
        maxWriteCount: 3,
        maxBarrierCount: 2,
    },
    {
        ...common,
        name: "four writes that overlap and a flush",
        checkedCount: 21_740,
        writes: [plain(0, 1), plain(1, 2)],
        maxWriteCount: 4,
        maxBarrierCount: 1,
    },
    {
        ...common,
        name: "three writes, FUA or not, that overlap and two flushes",
        checkedCount: 20_228,
        writes: [plain(0, 1), fua(1)],
        maxWriteCount: 3,
        maxBarrierCount: 2,
    },
    {
        ...common,
        name: "three writes that may fail and two flushes that may",
        checkedCount: 296_889,
        writes: [plain(0, 1), fua(1)],
        maxWriteCount: 3,
        maxBarrierCount: 2,
        canFail: true,
    },
    {
        ...common,
        name: "three writes while the cache is turned off and on",
        checkedCount: 57_616,
        writes: [plain(0)],
        barriers: switches,
        maxWriteCount: 3,
        maxBarrierCount: 2,
    },
];

/** Everything at once: too much to walk whole. */
export const everything: HistoryAlphabet = {
    writes: [plain(0), plain(1), plain(0, 1), plain(1, 2), plain(0, 1, 2), fua(0), fua(1, 2)],
    barriers: ["issue flush", "issue flush", ...switches],
    maxWriteCount: 4,
    maxBarrierCount: 2,
    canFail: true,
};
