/** Random numbers of a program: a 32-bit xorshift (Marsaglia, 2003), seeded by its pid. */

export class Random {
    #state: number;

    constructor(seed: number) {
        // Any number but 0 will do; neighbouring seeds are far apart.
        this.#state = Math.imul(seed + 1, 0x9e37_79b1) | 1;
    }

    /** From 0 to `bound` - 1. */
    below(bound: number): number {
        let state = this.#state;
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        this.#state = state;
        return (state >>> 0) % bound;
    }
}
