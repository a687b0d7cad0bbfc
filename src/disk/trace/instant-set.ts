/**
 * A set of instants of a trace. They are dense as a rule, so a few dozen share an entry; where a
 * file claims sparse ones, each takes an entry, and so no more than a plain set would.
 */

/** Instants of an entry, as many as a small integer of the engine has bits. */
const instantsPerEntry = 30;

export class InstantSet {
    /** By the instant divided by `instantsPerEntry`: a bit for each that is in the set. */
    readonly #entries = new Map<number, number>();

    /** Adds a whole number from 0; false where it was in the set. */
    add(instant: number): boolean {
        const key = Math.floor(instant / instantsPerEntry);
        const bit = 1 << (instant % instantsPerEntry);
        const bits = this.#entries.get(key) ?? 0;
        this.#entries.set(key, bits | bit);
        return (bits & bit) === 0;
    }
}
