/**
 * The free-block bitmap of a new disk, made as it is read.
 *
 * A set bit is a free block. The bitmap of a large disk is larger than memory should be, but the
 * blocks in use come in few runs; the bytes follow from those.
 */
import type { ByteReader } from "../base/byte-store.ts";
import { blockSize } from "../chkfs/layout.ts";
import { bitmapBlockCount } from "../chkfs/superblock.ts";
import type { Extent } from "./extent.ts";

export class FreeBlockBitmap implements ByteReader {
    readonly sizeBytes: number;
    readonly #blockCount: number;
    readonly #allocated: readonly Extent[];

    /**
     * @param blockCount blocks on the disk; bits past them are clear
     * @param allocated blocks in use, in ascending order and disjoint
     */
    constructor(blockCount: number, allocated: readonly Extent[]) {
        this.sizeBytes = bitmapBlockCount(blockCount) * blockSize;
        this.#blockCount = blockCount;
        this.#allocated = allocated;
    }

    read(byteOffset: number, target: Uint8Array): void {
        const start = byteOffset * 8;
        const end = start + target.length * 8;
        target.fill(0xff);
        clearBits(target, this.#blockCount - start, target.length * 8);
        for (let index = this.#firstEndingAfter(start); index < this.#allocated.length; index++) {
            const { first, count } = this.#allocated[index];
            if (first >= end) {
                break;
            }
            clearBits(target, first - start, Math.min(first + count, end) - start);
        }
    }

    /** Index of the first run that reaches past `blockNo`, by bisection. */
    #firstEndingAfter(blockNo: number): number {
        let low = 0;
        let high = this.#allocated.length;
        while (low < high) {
            const middle = (low + high) >>> 1;
            const { first, count } = this.#allocated[middle];
            if (first + count > blockNo) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }
}

/** Clears bits [`from`, `to`) of `bytes`, counted from the lowest bit of the first byte. */
function clearBits(bytes: Uint8Array, from: number, to: number): void {
    let bit = Math.max(from, 0);
    for (; bit < to && bit % 8 !== 0; bit++) {
        bytes[Math.floor(bit / 8)] &= ~(1 << (bit % 8));
    }
    if (bit < to) {
        bytes.fill(0, bit / 8, Math.floor(to / 8));
        for (bit = Math.max(bit, to - (to % 8)); bit < to; bit++) {
            bytes[Math.floor(bit / 8)] &= ~(1 << (bit % 8));
        }
    }
}
