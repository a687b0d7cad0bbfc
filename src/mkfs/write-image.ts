/**
 * Writing a disk's segments: every byte is read once and written once.
 *
 * Neighbouring segments share a buffer, so that a thousand small files take a few large writes
 * and a large file moves a mebibyte at a time. A buffer full of zeros is not written: a new
 * disk holds zeros already.
 */
import { isZero } from "../base/is-zero.ts";
import { blockSize } from "../chkfs/layout.ts";
import type { Segment } from "./segments.ts";

/** Where a disk is written. Writes come in ascending order and do not overlap. */
export interface ImageSink {
    write(byteOffset: number, bytes: Uint8Array): void;
}

/** Blocks that are read and written at a time. */
const bufferBlockCount = 256;

/**
 * Writes `segments`, which are in ascending order.
 *
 * @param onProgress called now and then with the bytes done so far
 */
export function writeImage(
    segments: readonly Segment[],
    sink: ImageSink,
    onProgress: (doneBytes: number) => void,
): void {
    const buffer = new Uint8Array(bufferBlockCount * blockSize);
    /** The block that the buffer begins with, and how many blocks it holds. */
    let first = 0;
    let filled = 0;
    let doneBytes = 0;
    const flush = () => {
        const lengthBytes = filled * blockSize;
        const filledBytes = buffer.subarray(0, lengthBytes);
        if (!isZero(filledBytes)) {
            sink.write(first * blockSize, filledBytes);
        }
        doneBytes += lengthBytes;
        first += filled;
        filled = 0;
        onProgress(doneBytes);
    };
    for (const segment of segments) {
        if (segment.first !== first + filled) {
            flush();
            first = segment.first;
        }
        for (let index = 0; index < segment.count; ) {
            const count = Math.min(segment.count - index, bufferBlockCount - filled);
            const start = filled * blockSize;
            readBlocks(segment, index, buffer.subarray(start, start + count * blockSize));
            index += count;
            filled += count;
            if (filled === bufferBlockCount) {
                flush();
            }
        }
    }
    flush();
}

/** Reads a segment's content from block `index` on, and zeros behind the content's end. */
function readBlocks(segment: Segment, index: number, target: Uint8Array): void {
    const { content } = segment;
    const byteOffset = segment.contentOffset + index * blockSize;
    const lengthBytes = Math.max(0, Math.min(target.length, content.sizeBytes - byteOffset));
    if (lengthBytes > 0) {
        content.read(byteOffset, target.subarray(0, lengthBytes));
    }
    target.fill(0, lengthBytes);
}

/** Bytes that writing `segments` moves. */
export function contentBytes(segments: readonly Segment[]): number {
    return segments.reduce((sum, { count }) => sum + count * blockSize, 0);
}
