/** Bytes that should be zero. */

/** How many bytes in [`start`, `end`) are not zero, and where the first is; -1 where all are. */
export function nonzeroBytes(
    bytes: Uint8Array,
    start: number,
    end: number,
): { byteCount: number; firstOffset: number } {
    let byteCount = 0;
    let firstOffset = -1;
    for (let at = start; at < end; at++) {
        if (bytes[at] !== 0) {
            byteCount++;
            firstOffset = firstOffset < 0 ? at : firstOffset;
        }
    }
    return { byteCount, firstOffset };
}

/** Whether a byte in [`start`, `end`) is not zero. */
export function hasNonzeroByte(bytes: Uint8Array, start: number, end: number): boolean {
    for (let at = start; at < end; at++) {
        if (bytes[at] !== 0) {
            return true;
        }
    }
    return false;
}

/** Counts things of a kind and remembers the first, so that one note can tell of them all. */
export class Tally {
    count = 0;
    /** The first one's number; -1 before there is one. */
    first = -1;

    add(number: number): void {
        this.first = this.count === 0 ? number : this.first;
        this.count++;
    }
}
