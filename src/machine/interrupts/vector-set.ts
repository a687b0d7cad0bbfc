/**
 * A set of interrupt vectors, a bit for each of the 256, as a local APIC keeps three of them: IRR,
 * ISR and TMR. A vector's number is its priority: its high four bits are the priority class.
 */

/** Registers of 32 bits that a set takes. */
export const vectorWordCount = 8;

export class VectorSet {
    readonly #words = new Uint32Array(vectorWordCount);

    has(vector: number): boolean {
        return (this.#words[vector >>> 5] & (1 << (vector & 31))) !== 0;
    }

    add(vector: number): void {
        this.#words[vector >>> 5] |= 1 << (vector & 31);
    }

    delete(vector: number): void {
        this.#words[vector >>> 5] &= ~(1 << (vector & 31));
    }

    /** Empties the set. */
    clear(): void {
        this.#words.fill(0);
    }

    /** The vector of highest priority, or -1. */
    highest(): number {
        for (let index = vectorWordCount - 1; index >= 0; index--) {
            const word = this.#words[index];
            if (word !== 0) {
                return 32 * index + 31 - Math.clz32(word);
            }
        }
        return -1;
    }

    /** Vectors 32 * `index` to 32 * `index` + 31 as a register shows them, the lowest in bit 0. */
    word(index: number): number {
        return this.#words[index];
    }

    /** All words, for a saved state. */
    get words(): number[] {
        return [...this.#words];
    }

    set words(words: readonly number[]) {
        this.#words.set(words);
    }
}
