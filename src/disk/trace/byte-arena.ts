/** Room for many copies of bytes that stay: cut from slabs, they cost the collector little. */

/** Bytes of a slab; larger copies get room of their own. */
const slabSize = 2 ** 20;

export class ByteArena {
    #slab = new Uint8Array(0);
    #used = 0;

    /** A copy that nobody else writes to. */
    copy(bytes: Uint8Array): Uint8Array {
        if (bytes.length > slabSize / 4) {
            return bytes.slice();
        }
        if (this.#used + bytes.length > this.#slab.length) {
            this.#slab = new Uint8Array(slabSize);
            this.#used = 0;
        }
        const copy = this.#slab.subarray(this.#used, this.#used + bytes.length);
        copy.set(bytes);
        this.#used += bytes.length;
        return copy;
    }
}
