/**
 * Digests of a command's buffer, one for every piece of 4 KiB, by which one sees whether it
 * changed. When data moves, only the pieces that it touches are looked at: all in all a transfer
 * costs a few passes over its buffer, however large that is and by however many moves.
 *
 * Invariant: piece n covers the buffer's bytes from 4096 n on, up to the next piece or the end.
 */
import { assert } from "../../base/assert.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import type { GuestMemory } from "../guest-memory.ts";
import { digestRange, emptyDigest } from "./memory-digest.ts";
import { savedWord } from "./saved-word.ts";
import type { PhysicalRange } from "./scatter-gather.ts";

/** Large enough for few digests, small enough for PIO, which moves sector by sector. */
const pieceBytes = 4096;

/** The most that a command moves: 65,536 sectors. */
const maxBufferBytes = 2 ** 25;

/** Bytes of a buffer. */
export interface BufferWindow {
    readonly bufferOffset: number;
    readonly byteLength: number;
}

/** Of all that watch nothing, which are a thousand in a machine. */
const noPieces = new Uint32Array(0);

export class BufferDigests {
    #byteCount = 0;
    /** By piece; a piece that no digest was taken of has that of nothing. */
    #pieces = noPieces;

    /** Begins to watch a buffer of `byteCount` bytes; 0 ends it. Nothing was looked at yet. */
    begin(byteCount: number): void {
        const pieceCount = Math.ceil(byteCount / pieceBytes);
        this.#byteCount = byteCount;
        if (this.#pieces.length !== pieceCount) {
            this.#pieces = new Uint32Array(pieceCount);
        }
        this.#pieces.fill(emptyDigest);
    }

    /** All that is watched. */
    get whole(): BufferWindow {
        return { bufferOffset: 0, byteLength: this.#byteCount };
    }

    /** The pieces that a move touches, whole, as far as they are watched. */
    around(bufferOffset: number, byteLength: number): BufferWindow {
        const first = Math.min(bufferOffset - (bufferOffset % pieceBytes), this.#byteCount);
        const end = Math.ceil((bufferOffset + byteLength) / pieceBytes) * pieceBytes;
        return { bufferOffset: first, byteLength: Math.min(end, this.#byteCount) - first };
    }

    /**
     * Takes the digests of the pieces from `bufferOffset` on, where `ranges` say they are now in
     * memory. Returns whether one differs from what was taken before.
     */
    take(memory: GuestMemory, bufferOffset: number, ranges: readonly PhysicalRange[]): boolean {
        assert(bufferOffset % pieceBytes === 0 || ranges.length === 0, "pieces are taken whole");
        let at = bufferOffset;
        let digest = emptyDigest;
        let isChanged = false;
        for (const { address, byteLength } of ranges) {
            for (let done = 0; done < byteLength; ) {
                const part = Math.min(byteLength - done, pieceBytes - (at % pieceBytes));
                digest = digestRange(digest, memory, address + done, part);
                done += part;
                at += part;
                if (at % pieceBytes === 0) {
                    isChanged = this.#put(at / pieceBytes - 1, digest) || isChanged;
                    digest = emptyDigest;
                }
            }
        }
        if (at % pieceBytes !== 0) {
            isChanged = this.#put(Math.floor(at / pieceBytes), digest) || isChanged;
        }
        return isChanged;
    }

    save(): StateRecord {
        return { byteCount: this.#byteCount, pieces: [...this.#pieces] };
    }

    load(state: StateFields): void {
        const byteCount = savedWord(state, "byteCount", maxBufferBytes);
        const pieces = state.integers("pieces", Math.ceil(byteCount / pieceBytes), 0, 0xffff_ffff);
        this.begin(byteCount);
        this.#pieces.set(pieces);
    }

    #put(piece: number, digest: number): boolean {
        const isChanged = this.#pieces[piece] !== digest;
        this.#pieces[piece] = digest;
        return isChanged;
    }
}

/** Whether ranges of memory have a byte in common. */
export function overlap(ranges: readonly PhysicalRange[]): boolean {
    if (ranges.length < 2) {
        return false;
    }
    const ascending = [...ranges].sort((a, b) => a.address - b.address);
    return ascending.some(
        ({ address }, index) =>
            index > 0 && address < ascending[index - 1].address + ascending[index - 1].byteLength,
    );
}
