/**
 * The chance of the reference tool, number for number.
 *
 * The reference draws random layouts with a default-seeded `std::default_random_engine` and the
 * distributions of libstdc++ 12, whose algorithms the C++ standard leaves open. These are those
 * algorithms, so that the same command line gives the same image.
 */
import { assert } from "../base/assert.ts";

/** `std::minstd_rand0`: x -> 16807 x mod (2^31 - 1), Park and Miller's "minimal standard". */
export class MinimalStandardEngine {
    static readonly min = 1;
    static readonly max = 0x7fff_fffe;
    #state = 1;

    next(): number {
        // The product stays below 2^46, where doubles are exact.
        this.#state = (this.#state * 16_807) % 0x7fff_ffff;
        return this.#state;
    }
}

/** The width of the engine's range: it gives `engineRange` + 1 different numbers. */
const engineRange = MinimalStandardEngine.max - MinimalStandardEngine.min;

/**
 * `std::uniform_int_distribution`: a number from 0 to `count`-1. The engine's range is cut into
 * `count` equal parts; draws from the rest are thrown away.
 */
export function uniformBelow(engine: MinimalStandardEngine, count: number): number {
    assert(count >= 1 && count <= engineRange, "a draw fits the engine's range");
    const partSize = Math.floor(engineRange / count);
    let draw: number;
    do {
        draw = engine.next() - MinimalStandardEngine.min;
    } while (draw >= count * partSize);
    return Math.floor(draw / partSize);
}

/** `std::generate_canonical<double, 53>`: two draws make a number from 0 to less than 1. */
function canonical(engine: MinimalStandardEngine): number {
    const base = engineRange + 1;
    const low = engine.next() - MinimalStandardEngine.min;
    const high = engine.next() - MinimalStandardEngine.min;
    const value = (low + high * base) / (base * base);
    return value < 1 ? value : 1 - Number.EPSILON / 2;
}

/** `std::discrete_distribution`: an index of `weights`, as likely as its weight says. */
export class DiscreteDistribution {
    /** At each index, the probability of an index up to it; the last is 1 exactly. */
    readonly #cumulative: readonly number[];

    constructor(weights: readonly number[]) {
        assert(weights.length >= 2, "there is something to choose");
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        let sum = 0;
        const cumulative = weights.map((weight) => {
            sum += weight / total;
            return sum;
        });
        cumulative[weights.length - 1] = 1;
        this.#cumulative = cumulative;
    }

    draw(engine: MinimalStandardEngine): number {
        const value = canonical(engine);
        return this.#cumulative.findIndex((bound) => bound >= value);
    }
}

/** `std::shuffle` of `list` from index `start` on, in place. */
export function shuffle<T>(engine: MinimalStandardEngine, list: T[], start: number): void {
    const count = list.length - start;
    if (count <= 0) {
        return;
    }
    const swap = (index: number, other: number) => {
        const at = start + index;
        const from = start + other;
        [list[at], list[from]] = [list[from], list[at]];
    };
    if (Math.floor(engineRange / count) < count) {
        for (let index = 1; index < count; index++) {
            swap(index, uniformBelow(engine, index + 1));
        }
        return;
    }
    // One draw serves two elements where the engine's range has room for both choices.
    let index = 1;
    if (count % 2 === 0) {
        swap(index++, uniformBelow(engine, 2));
    }
    for (; index < count; index += 2) {
        const second = index + 2;
        const draw = uniformBelow(engine, (index + 1) * second);
        swap(index, Math.floor(draw / second));
        swap(index + 1, draw % second);
    }
}
