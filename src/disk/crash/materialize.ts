/**
 * Makes a crash state a disk.
 *
 * A state is a thin layer, its undecided sectors, over the *settled* disk of its view: the disk
 * before the trace with everything decided on it. The settled disk is made once for all states of
 * a view, or moved along by a `CrashSweep` for all views of a trace. Neither copies anything: what
 * is read is fetched from the base or from the trace, so that a disk costs what is read of it.
 */
import { assert } from "../../base/assert.ts";
import type { ByteReader } from "../../base/byte-store.ts";
import { assertRange } from "../memory-store.ts";
import { fillWithTrash } from "../trash.ts";
import { CrashSweep } from "./crash-sweep.ts";
import { beforeTrace, type CrashView, type Source, trash } from "./crash-view.ts";
import { SourceBytes } from "./source-bytes.ts";
import type { CrashState } from "./state-space.ts";

export interface MaterializeOptions {
    /** What trash follows from; an integer from 0 to 2^32-1, 1 where left out. */
    readonly trashSeed?: number;
    /** The settled disk of the state's view over the same base, where there is one already. */
    readonly settled?: ByteReader;
}

/** Everything that is decided in a view, over the disk as it was before the trace. */
export function settledDisk(base: ByteReader, view: CrashView): ByteReader {
    const sweep = new CrashSweep(view.trace, { durableFrom: view.durableFrom });
    sweep.advanceTo(view.time);
    return sweep.settledDisk(base);
}

/** The disk that a state is. `base`, the disk before the trace, is only read. */
export function materialize(
    base: ByteReader,
    state: CrashState,
    { trashSeed = 1, settled = settledDisk(base, state.view) }: MaterializeOptions = {},
): ByteReader {
    assert(
        base.sizeBytes >= state.view.trace.diskSizeBytes,
        "a base holds all of the trace's disk",
    );
    return new StateDisk(base, settled, state, trashSeed);
}

class StateDisk implements ByteReader {
    readonly #base: ByteReader;
    readonly #settled: ByteReader;
    readonly #state: CrashState;
    readonly #trashSeed: number;
    readonly #sectorSize: number;
    readonly #bytes: SourceBytes;

    constructor(base: ByteReader, settled: ByteReader, state: CrashState, trashSeed: number) {
        this.#base = base;
        this.#settled = settled;
        this.#state = state;
        this.#trashSeed = trashSeed;
        this.#sectorSize = state.view.trace.sectorSizeBytes;
        this.#bytes = new SourceBytes(state.view.trace);
    }

    get sizeBytes(): number {
        return this.#base.sizeBytes;
    }

    read(byteOffset: number, target: Uint8Array): void {
        assertRange(this, byteOffset, target.length);
        this.#settled.read(byteOffset, target);
        const { domain, sources } = this.#state;
        const stop = byteOffset + target.length;
        const size = this.#sectorSize;
        const sectors = [Math.floor(byteOffset / size), Math.ceil(stop / size)];
        for (const { firstSector, sectorCount, place } of domain.piecesBetween(sectors)) {
            for (const run of sources.runs(place, place + sectorCount)) {
                const first = firstSector + run.start - place;
                const start = Math.max(first * size, byteOffset);
                const end = Math.min((first + run.end - run.start) * size, stop);
                const part = target.subarray(start - byteOffset, end - byteOffset);
                this.#readSource(run.source, start, part);
            }
        }
    }

    /** Fills `target`, which has the settled content, with that of a source. */
    #readSource(source: Source, byteOffset: number, target: Uint8Array): void {
        if (source >= 0) {
            this.#bytes.read(source, byteOffset, target);
        } else if (source === trash) {
            const size = this.#sectorSize;
            for (let done = 0; done < target.length; ) {
                const sectorNo = Math.floor((byteOffset + done) / size);
                const skipped = byteOffset + done - sectorNo * size;
                const part = target.subarray(done, done + size - skipped);
                part.set(this.#trashOf(sectorNo).subarray(skipped, skipped + part.length));
                done += part.length;
            }
        } else {
            assert(source === beforeTrace, "a source is a write, trash or the disk before");
            // Nothing was ever decided here, so that the settled disk is as before.
        }
    }

    /** Trash that is none of what the sector might hold otherwise. */
    #trashOf(sectorNo: number): Uint8Array {
        const { domain } = this.#state;
        const place = domain.placeOf(sectorNo);
        assert(place !== undefined, "trash is in the domain");
        const known = domain
            .extentAt(place)
            .sources.filter((source) => source !== trash)
            .map((source) => this.#contentOf(source, sectorNo));
        const bytes = new Uint8Array(this.#sectorSize);
        fillWithTrash(bytes, this.#trashSeed, sectorNo);
        // Each try differs from the ones before in its first word, so one more than there are
        // contents is enough.
        const words = new DataView(bytes.buffer);
        while (known.some((content) => content.every((byte, index) => byte === bytes[index]))) {
            words.setUint32(0, words.getUint32(0) + 1);
        }
        return bytes;
    }

    /** What a sector holds that comes from a write, or from before the trace. */
    #contentOf(source: Source, sectorNo: number): Uint8Array {
        const content = new Uint8Array(this.#sectorSize);
        if (source === beforeTrace) {
            this.#base.read(sectorNo * content.length, content);
        } else {
            this.#bytes.read(source, sectorNo * content.length, content);
        }
        return content;
    }
}
