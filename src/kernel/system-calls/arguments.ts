/**
 * A system call's arguments, as registers have them: 64 bits each.
 *
 * A program states them as JavaScript numbers, any that there are. Each is read as what a register
 * would hold (the integer part, modulo 2^64) and then as the call's prototype has it: an `int`, an
 * address, a size.
 */

/** 2^64, from where on registers begin again. */
const registerLimit = 2n ** 64n;

export class CallArguments {
    readonly #values: readonly number[];

    constructor(values: readonly number[]) {
        this.#values = values;
    }

    /** An `int`: the low 32 bits, signed. */
    signed(index: number): number {
        const value = this.#values[index] ?? 0;
        const low = value | 0;
        return low === value ? low : Number(BigInt.asIntN(32, this.#register(index)));
    }

    /** An unsigned 32-bit number, as futex words are. */
    unsigned(index: number): number {
        return Number(BigInt.asUintN(32, this.#register(index)));
    }

    /**
     * An address, as the machine has them: the upper half of the 64 bits is negative. One that is
     * beyond 2^53 is rounded, and canonical neither before nor after.
     */
    address(index: number): number {
        const value = this.#values[index] ?? 0;
        // The sum makes a negative zero, which no register has, an ordinary one.
        return Number.isSafeInteger(value)
            ? value + 0
            : Number(BigInt.asIntN(64, this.#register(index)));
    }

    /** A `size_t`: from 0 to 2^64; what is beyond 2^53 is rounded, and beyond all memory anyway. */
    size(index: number): number {
        return Number(this.#register(index));
    }

    #register(index: number): bigint {
        const value = Math.trunc(this.#values[index] ?? 0);
        const bits = Number.isFinite(value) ? BigInt(value) : 0n;
        return ((bits % registerLimit) + registerLimit) % registerLimit;
    }
}
