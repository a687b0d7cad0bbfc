/** Numbers of states: products, which may have more digits than there is memory. */

/** A number of states; never a bound that is presented as the number. */
export interface StateCount {
    /** Undefined where it is too long to write down: from 2 to the power of 2^20 on. */
    readonly count: bigint | undefined;
    /** Its decimal logarithm, to some twelve digits. */
    readonly log10: number;
    /** False: there are at most so many, and finding out how many would take too long. */
    readonly isExact: boolean;
}

/** Bits of the numbers that are written down. */
const maxBitCount = 2 ** 20;

/** A product in the making. */
export class CountProduct {
    /** How often each factor occurs: most are the same few. */
    readonly #exponents = new Map<bigint, number>();

    /** Multiplies by `factor`, at least 1, `exponent` times. */
    multiply(factor: bigint, exponent = 1): void {
        this.#exponents.set(factor, (this.#exponents.get(factor) ?? 0) + exponent);
    }

    /** The product as a number of states. */
    result(isExact = true): StateCount {
        let bitCount = 0;
        for (const [factor, exponent] of this.#exponents) {
            bitCount += log2(factor) * exponent;
        }
        const count = bitCount <= maxBitCount ? this.#product() : undefined;
        return { count, log10: bitCount * Math.log10(2), isExact };
    }

    #product(): bigint {
        let product = 1n;
        for (const [factor, exponent] of this.#exponents) {
            product *= factor ** BigInt(exponent);
        }
        return product;
    }
}

/** The binary logarithm of a number of any size. */
function log2(number: bigint): number {
    const digits = number.toString(16);
    const head = digits.slice(0, 13);
    return Math.log2(Number.parseInt(head, 16)) + 4 * (digits.length - head.length);
}
