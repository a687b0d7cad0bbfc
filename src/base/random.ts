/**
 * The seeded generator: all chance in this project is a function of a seed.
 *
 * The algorithm is xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number
 * generators", 2021), its state filled from the seed by SplitMix32, so that neighbouring seeds
 * give unrelated streams.
 */
import { assert } from "./assert.ts";

function rotateLeft(value: number, count: number): number {
    return (value << count) | (value >>> (32 - count));
}

/** The generator's four words; what all numbers to come follow from. */
export type RandomState = readonly [number, number, number, number];

/** A stream of numbers that its seed determines, on every platform. */
export class Random {
    readonly #state = new Uint32Array(4);

    /** @param seed any integer below 2^53; its low 32 and next 21 bits both count. */
    constructor(seed: number) {
        assert(Number.isSafeInteger(seed) && seed >= 0, "a seed is an integer from 0 to 2^53-1");
        let mix = (seed ^ Math.imul(Math.floor(seed / 2 ** 32), 0x9e3779b1)) >>> 0;
        for (let word = 0; word < 4; word++) {
            mix = (mix + 0x9e3779b9) >>> 0;
            let z = mix;
            z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
            z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
            this.#state[word] = z ^ (z >>> 16);
        }
    }

    /** Where in its stream the generator is. */
    get state(): RandomState {
        const [first, second, third, fourth] = this.#state;
        return [first, second, third, fourth];
    }

    set state(words: RandomState) {
        this.#state.set(words);
    }

    /** A number from 0 to 2^32-1. */
    uint32(): number {
        const s = this.#state;
        const result = Math.imul(rotateLeft(Math.imul(s[1], 5), 7), 9) >>> 0;
        const shifted = s[1] << 9;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = rotateLeft(s[3], 11);
        return result;
    }

    /** A number from 0 to `count`-1, each equally likely; `count` from 1 to 2^32. */
    below(count: number): number {
        assert(Number.isInteger(count) && count >= 1 && count <= 2 ** 32, "a choice has options");
        // Draws above the largest multiple of `count` are thrown away, for they would favour
        // the small numbers.
        const limit = 2 ** 32 - (2 ** 32 % count);
        let draw = this.uint32();
        while (draw >= limit) {
            draw = this.uint32();
        }
        return draw % count;
    }

    /** A number from `low` to `high`, both included. */
    between(low: number, high: number): number {
        return low + this.below(high - low + 1);
    }

    /** True with probability `numerator`/`denominator`. */
    chance(numerator: number, denominator: number): boolean {
        return this.below(denominator) < numerator;
    }

    /** One of `options`, each equally likely. */
    pick<T>(options: readonly T[]): T {
        return options[this.below(options.length)];
    }
}
