/**
 * The disk before a trace with what is decided on it. It holds no bytes of its own: it knows where
 * each strip's content comes from, and reads it there.
 */
import type { ByteReader } from "../../base/byte-store.ts";
import { assertRange } from "../memory-store.ts";
import type { DiskTrace } from "../trace/disk-trace.ts";
import { beforeTrace, type Source } from "./crash-view.ts";
import { SourceBytes } from "./source-bytes.ts";
import type { Strips } from "./strips.ts";

export class SettledDisk implements ByteReader {
    readonly #base: ByteReader;
    readonly #sectorSize: number;
    readonly #strips: Strips;
    readonly #sources: Int32Array;
    readonly #bytes: SourceBytes;

    /** @param sources by strip: a write, or the disk before the trace; a later change shows. */
    constructor(base: ByteReader, trace: DiskTrace, strips: Strips, sources: Int32Array) {
        this.#base = base;
        this.#sectorSize = trace.sectorSizeBytes;
        this.#strips = strips;
        this.#sources = sources;
        this.#bytes = new SourceBytes(trace);
    }

    get sizeBytes(): number {
        return this.#base.sizeBytes;
    }

    read(byteOffset: number, target: Uint8Array): void {
        assertRange(this, byteOffset, target.length);
        const stop = byteOffset + target.length;
        for (let at = byteOffset; at < stop; ) {
            const { source, endOffset } = this.#runAt(at, stop);
            const part = target.subarray(at - byteOffset, endOffset - byteOffset);
            if (source === beforeTrace) {
                this.#base.read(at, part);
            } else {
                this.#bytes.read(source, at, part);
            }
            at = endOffset;
        }
    }

    /** The source of a byte, and how far it reaches, at most to `stop`. */
    #runAt(byteOffset: number, stop: number): { source: Source; endOffset: number } {
        const strips = this.#strips;
        let strip = strips.stripOf(Math.floor(byteOffset / this.#sectorSize));
        const source = this.#sourceOf(strip);
        let endOffset = byteOffset;
        do {
            strip++;
            const isLast = strip > strips.count;
            endOffset = isLast
                ? stop
                : Math.min(strips.firstSector(strip) * this.#sectorSize, stop);
        } while (endOffset < stop && this.#sourceOf(strip) === source);
        return { source, endOffset };
    }

    /** Behind the last strip is what the base has beyond the trace's disk. */
    #sourceOf(strip: number): Source {
        return strip < this.#strips.count ? this.#sources[strip] : beforeTrace;
    }
}
