/**
 * A queue of bytes: first in, first out, in a ring that grows up to a limit.
 *
 * Invariant: the ring's length is a power of two and at least the number of bytes that wait.
 */
import { assert } from "../../base/assert.ts";

export class ByteQueue {
    readonly limit: number;
    #ring = new Uint8Array(16);
    #first = 0;
    #length = 0;

    /** @param limit most bytes that ever wait; who pushes more breaks the contract. */
    constructor(limit: number) {
        this.limit = limit;
    }

    /** Bytes that wait. */
    get length(): number {
        return this.#length;
    }

    /** Bytes that can still be pushed. */
    get room(): number {
        return this.limit - this.#length;
    }

    push(byte: number): void {
        assert(this.#length < this.limit, "a byte queue keeps to its limit");
        if (this.#length === this.#ring.length) {
            this.#grow();
        }
        this.#ring[(this.#first + this.#length) & (this.#ring.length - 1)] = byte;
        this.#length++;
    }

    /** Takes the byte that waits longest. */
    shift(): number {
        assert(this.#length > 0, "a byte waits in the queue that is read");
        const byte = this.#ring[this.#first];
        this.#first = (this.#first + 1) & (this.#ring.length - 1);
        this.#length--;
        return byte;
    }

    clear(): void {
        this.#first = 0;
        this.#length = 0;
    }

    /** A copy of what waits, the oldest first. */
    toBytes(): Uint8Array {
        const mask = this.#ring.length - 1;
        return Uint8Array.from(
            { length: this.#length },
            (_, index) => this.#ring[(this.#first + index) & mask],
        );
    }

    #grow(): void {
        const larger = new Uint8Array(2 * this.#ring.length);
        larger.set(this.toBytes());
        this.#ring = larger;
        this.#first = 0;
    }
}
