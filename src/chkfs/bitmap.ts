/**
 * The free-block bitmap, read where it is asked. Bit b of byte b/8 (lowest first) is block b;
 * 1 is free, 0 is allocated.
 */
import type { ByteReader } from "../base/byte-store.ts";
import { bitsPerBlock, blockSize } from "./layout.ts";
import type { Superblock } from "./superblock.ts";

export class FreeBlockBitmap {
    readonly #disk: ByteReader;
    readonly #start: number;
    readonly #cached = new Uint8Array(blockSize);
    #cachedIndex = -1;

    /** @param superblock whose bitmap lies on the disk */
    constructor(disk: ByteReader, superblock: Pick<Superblock, "fbb_bn">) {
        this.#disk = disk;
        this.#start = superblock.fbb_bn * blockSize;
    }

    /** Whether the bitmap says that block `blockNo` is free. */
    isFree(blockNo: number): boolean {
        const bytes = this.#blockWith(blockNo);
        const bit = blockNo % bitsPerBlock;
        return (bytes[bit >>> 3] & (1 << (bit & 7))) !== 0;
    }

    /**
     * The end of the run of blocks that are free, or not, as `start` is; at most `end`, which is
     * greater than `start`. Blocks that fill a byte are looked at together.
     */
    runEnd(start: number, end: number): number {
        const isFree = this.isFree(start);
        const wholeByte = isFree ? 0xff : 0x00;
        let blockNo = start + 1;
        while (blockNo < end) {
            const bit = blockNo % bitsPerBlock;
            if ((bit & 7) === 0 && this.#blockWith(blockNo)[bit >>> 3] === wholeByte) {
                blockNo += 8;
            } else if (this.isFree(blockNo) === isFree) {
                blockNo++;
            } else {
                break;
            }
        }
        return Math.min(blockNo, end);
    }

    /** Calls `visit` for each free block in [`start`, `end`), ascending. */
    forEachFree(start: number, end: number, visit: (blockNo: number) => void): void {
        this.#forEach(start, end, 0x00, (bit) => bit, visit);
    }

    /** Calls `visit` for each allocated block in [`start`, `end`), ascending. */
    forEachAllocated(start: number, end: number, visit: (blockNo: number) => void): void {
        this.#forEach(start, end, 0xff, (bit) => !bit, visit);
    }

    /** Visits where `wanted` holds of the bit; bytes equal to `dull` have no such bit. */
    #forEach(
        start: number,
        end: number,
        dull: number,
        wanted: (isSet: boolean) => boolean,
        visit: (blockNo: number) => void,
    ): void {
        for (let blockNo = start; blockNo < end; ) {
            const bytes = this.#blockWith(blockNo);
            const bit = blockNo % bitsPerBlock;
            const byte = bytes[bit >>> 3];
            if ((bit & 7) === 0 && byte === dull) {
                blockNo += 8;
                continue;
            }
            if (wanted((byte & (1 << (bit & 7))) !== 0)) {
                visit(blockNo);
            }
            blockNo++;
        }
    }

    #blockWith(blockNo: number): Uint8Array {
        const index = Math.floor(blockNo / bitsPerBlock);
        if (index !== this.#cachedIndex) {
            this.#disk.read(this.#start + index * blockSize, this.#cached);
            this.#cachedIndex = index;
        }
        return this.#cached;
    }
}
