/**
 * What is left to chance in a random layout, and the two ways to draw it.
 *
 * Random layouts exist to catch kernels that read files as if they lay in one piece: files fall
 * into short extents, in any order, with gaps between them.
 */
import type { Random } from "../base/random.ts";
import {
    DiscreteDistribution,
    MinimalStandardEngine,
    shuffle as referenceShuffle,
} from "./reference-random.ts";

export interface LayoutChance {
    /** Blocks in a file's next extent: 1 to 6, short ones more often. */
    extentLength(): number;
    /** Free blocks before the next extent on the disk: 0, 1 or 2, mostly 0. */
    gapLength(): number;
    /** Puts `list` from index `start` on into random order, in place. */
    shuffle<T>(list: T[], start: number): void;
}

/** How often, relative to each other, an extent has 0, 1, 2, ... blocks. */
const extentLengthWeights = [0, 3, 2, 1, 1, 1, 1];

/** How often a gap has 0, 1, 2 blocks. */
const gapLengthWeights = [13, 2, 1];

/** The one random layout that the reference tool makes. */
export function referenceChance(): LayoutChance {
    const engine = new MinimalStandardEngine();
    const extentLengths = new DiscreteDistribution(extentLengthWeights);
    const gapLengths = new DiscreteDistribution(gapLengthWeights);
    return {
        extentLength: () => extentLengths.draw(engine),
        gapLength: () => gapLengths.draw(engine),
        shuffle: (list, start) => referenceShuffle(engine, list, start),
    };
}

/** A layout of the same kind for every seed. */
export function seededChance(random: Random): LayoutChance {
    const extentLengths = indexesByWeight(extentLengthWeights);
    const gapLengths = indexesByWeight(gapLengthWeights);
    return {
        extentLength: () => random.pick(extentLengths),
        gapLength: () => random.pick(gapLengths),
        shuffle(list, start) {
            for (let index = start + 1; index < list.length; index++) {
                const other = random.between(start, index);
                [list[index], list[other]] = [list[other], list[index]];
            }
        },
    };
}

/** Each index as often as its weight says. */
function indexesByWeight(weights: readonly number[]): number[] {
    return weights.flatMap((weight, index) => Array<number>(weight).fill(index));
}
