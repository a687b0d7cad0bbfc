/**
 * Bytes that came out of the machine, in order, each at its offset since power-on: what the log
 * port printed, what scrolled off the screen.
 *
 * They lie in chunks. A full chunk never changes again, so a saved state shares it instead of
 * copying it, and saving costs a part of one chunk however much there is. Where a limit is set,
 * the oldest chunk goes when there are too many.
 *
 * Invariants: all chunks but the last are full, and the last is not empty; chunks begin at
 * multiples of their size.
 */
import { assert } from "../base/assert.ts";
import type { StateFields, StateRecord } from "../base/state.ts";
import { UserError } from "../base/user-error.ts";

export class ByteHistory {
    readonly #chunkBytes: number;
    readonly #maxChunks: number;
    #chunks: Uint8Array[] = [];
    #begin = 0;
    #end = 0;

    /**
     * @param chunkBytes bytes in a chunk.
     * @param maxChunks chunks that are kept; all, when it is left out.
     */
    constructor(chunkBytes: number, maxChunks = Number.POSITIVE_INFINITY) {
        assert(chunkBytes > 0 && maxChunks > 0, "a history has room");
        this.#chunkBytes = chunkBytes;
        this.#maxChunks = maxChunks;
    }

    /** The offset of the oldest byte that is kept. */
    get begin(): number {
        return this.#begin;
    }

    /** The offset that the next byte gets. */
    get end(): number {
        return this.#end;
    }

    appendByte(byte: number): void {
        const inChunk = this.#end % this.#chunkBytes;
        if (inChunk === 0) {
            this.#beginChunk();
        }
        this.#chunks[this.#chunks.length - 1][inChunk] = byte;
        this.#end++;
    }

    append(bytes: Readonly<Uint8Array>): void {
        for (let done = 0; done < bytes.length; ) {
            const inChunk = this.#end % this.#chunkBytes;
            if (inChunk === 0) {
                this.#beginChunk();
            }
            const part = bytes.subarray(done, done + this.#chunkBytes - inChunk);
            this.#chunks[this.#chunks.length - 1].set(part, inChunk);
            this.#end += part.length;
            done += part.length;
        }
    }

    /** A copy of the bytes at offsets `start` to `end`, which must be kept. */
    slice(start: number, end: number): Uint8Array {
        assert(this.#begin <= start && start <= end && end <= this.#end, "the bytes are kept");
        const bytes = new Uint8Array(end - start);
        for (let at = start; at < end; ) {
            const place = at - this.#begin;
            const chunk = this.#chunks[Math.floor(place / this.#chunkBytes)];
            const inChunk = place % this.#chunkBytes;
            const part = chunk.subarray(inChunk, Math.min(inChunk + end - at, this.#chunkBytes));
            bytes.set(part, at - start);
            at += part.length;
        }
        return bytes;
    }

    clear(): void {
        this.#chunks = [];
        this.#begin = 0;
        this.#end = 0;
    }

    save(): StateRecord {
        const chunks = [...this.#chunks];
        const inChunk = this.#end % this.#chunkBytes;
        const last = chunks.at(-1);
        if (inChunk > 0 && last !== undefined) {
            chunks[chunks.length - 1] = last.slice(0, inChunk);
        }
        return { version: 1, begin: this.#begin, chunks };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        const begin = state.integer("begin", 0, Number.MAX_SAFE_INTEGER);
        const chunks = [...state.byteLists("chunks")];
        const last = chunks.pop() ?? new Uint8Array(0);
        if (
            begin % this.#chunkBytes !== 0 ||
            chunks.length >= this.#maxChunks ||
            chunks.some(({ length }) => length !== this.#chunkBytes) ||
            last.length > this.#chunkBytes
        ) {
            throw new UserError("saved state of an output: its chunks have another size");
        }
        this.#begin = begin;
        this.#end = begin + chunks.length * this.#chunkBytes + last.length;
        if (last.length === this.#chunkBytes) {
            chunks.push(last);
        } else if (last.length > 0) {
            const partly = new Uint8Array(this.#chunkBytes);
            partly.set(last);
            chunks.push(partly);
        }
        this.#chunks = chunks;
    }

    #beginChunk(): void {
        if (this.#chunks.length >= this.#maxChunks) {
            this.#chunks.shift();
            this.#begin += this.#chunkBytes;
        }
        this.#chunks.push(new Uint8Array(this.#chunkBytes));
    }
}
