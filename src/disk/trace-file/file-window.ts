/**
 * Small reads of a long file, of which most are close to each other: a window of it is in memory.
 *
 * A record of a log or a trace is a small head and then data, perhaps long, that nobody asks for
 * yet. Where records are shorter than the window one read of the file serves many; where they are
 * longer, reading a whole window for each would read the data after all.
 */
import type { ByteReader } from "../../base/byte-store.ts";

/** Bytes of a window, and of one at which the last read ended short of the next. */
const windowSizeBytes = 64 * 1024;
const shortWindowSizeBytes = 4096;

export class FileWindow {
    readonly #file: ByteReader;
    #buffer = new Uint8Array(windowSizeBytes);
    #byteOffset = 0;
    #lengthBytes = 0;

    constructor(file: ByteReader) {
        this.#file = file;
    }

    /** Bytes of the file, good until the next call; undefined where it ends before their end. */
    bytes(byteOffset: number, lengthBytes: number): Uint8Array | undefined {
        const leftBytes = this.#file.sizeBytes - byteOffset;
        if (lengthBytes > leftBytes) {
            return undefined;
        }
        const windowEnd = this.#byteOffset + this.#lengthBytes;
        if (byteOffset < this.#byteOffset || byteOffset + lengthBytes > windowEnd) {
            const wantedBytes = byteOffset > windowEnd ? shortWindowSizeBytes : windowSizeBytes;
            this.#lengthBytes = Math.min(Math.max(wantedBytes, lengthBytes), leftBytes);
            this.#byteOffset = byteOffset;
            if (this.#lengthBytes > this.#buffer.length) {
                this.#buffer = new Uint8Array(this.#lengthBytes);
            }
            this.#file.read(byteOffset, this.#buffer.subarray(0, this.#lengthBytes));
        }
        const start = byteOffset - this.#byteOffset;
        return this.#buffer.subarray(start, start + lengthBytes);
    }
}
