/**
 * Open writes that change nothing: a reduction that loses no state.
 *
 * A write counts when each of its open sectors has two candidates, it and the floor, and both have
 * the same bytes: whether it landed cannot be seen, and nothing lies above or below it.
 */
import type { ByteReader } from "../../base/byte-store.ts";
import { beforeTrace, type CrashView, type Extent, isMaybe, type Source } from "./crash-view.ts";
import { isUndecided } from "./domain.ts";
import { SourceBytes } from "./source-bytes.ts";

/** Bytes that are compared at a time. */
const pieceSizeBytes = 65_536;

/** Bytes of an extent that are compared at most; a longer one (a discard) counts as a change. */
const maxComparedBytes = 2 ** 30;

/**
 * The ids of such writes, in the order of issue.
 *
 * @param base the disk before the trace.
 */
export function noOpWrites(base: ByteReader, view: CrashView): number[] {
    const changing = new Set<number>();
    const seen = new Set<number>();
    const comparison = new Comparison(base, view);
    for (const extent of view.extents.filter(isUndecided)) {
        const open = extent.candidates.filter((source) => isMaybe(view, source));
        for (const id of open) {
            seen.add(id);
            if (!changing.has(id) && !comparison.isNoOp(extent, id)) {
                changing.add(id);
            }
        }
    }
    return [...seen].filter((id) => !changing.has(id)).sort((a, b) => a - b);
}

class Comparison {
    readonly #base: ByteReader;
    readonly #sectorSize: number;
    readonly #bytes: SourceBytes;
    readonly #content = new Uint8Array(pieceSizeBytes);
    readonly #under = new Uint8Array(pieceSizeBytes);

    constructor(base: ByteReader, { trace }: CrashView) {
        this.#base = base;
        this.#sectorSize = trace.sectorSizeBytes;
        this.#bytes = new SourceBytes(trace);
    }

    /** Whether a write alone leaves every sector of an extent as its floor has it. */
    isNoOp({ firstSector, sectorCount, candidates }: Extent, id: number): boolean {
        const byteLength = sectorCount * this.#sectorSize;
        if (candidates.length > 2 || byteLength > maxComparedBytes) {
            return false;
        }
        for (let done = 0; done < byteLength; done += pieceSizeBytes) {
            const byteOffset = firstSector * this.#sectorSize + done;
            const length = Math.min(pieceSizeBytes, byteLength - done);
            const content = this.#content.subarray(0, length);
            const under = this.#under.subarray(0, length);
            this.#read(id, byteOffset, content);
            this.#read(candidates[0], byteOffset, under);
            if (!content.every((byte, index) => byte === under[index])) {
                return false;
            }
        }
        return true;
    }

    #read(source: Source, byteOffset: number, target: Uint8Array): void {
        if (source === beforeTrace) {
            this.#base.read(byteOffset, target);
        } else {
            this.#bytes.read(source, byteOffset, target);
        }
    }
}
