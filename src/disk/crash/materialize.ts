/**
 * Makes a crash state a disk.
 *
 * A state is a thin layer, its undecided sectors, over the *settled* disk of its view: the disk
 * before the trace with everything decided on it. The settled disk is made once for all states of
 * a view, or moved along by a `CrashSweep` for all views of a trace.
 */
import { assert } from "../../base/assert.ts";
import type { ByteReader } from "../../base/byte-store.ts";
import { OverlayStore } from "../overlay-store.ts";
import { CrashSweep } from "./crash-sweep.ts";
import { beforeTrace, type CrashView, type Source, trash } from "./crash-view.ts";
import { sectorContent, writeSource } from "./source-bytes.ts";
import type { CrashState } from "./state-space.ts";
import { fillWithTrash } from "./trash.ts";

export interface MaterializeOptions {
    /** What trash follows from; an integer from 0 to 2^32-1, 1 where left out. */
    readonly trashSeed?: number;
    /** The settled disk of the state's view over the same base, where there is one already. */
    readonly settled?: ByteReader;
}

/** Everything that is decided in a view, over the disk as it was before the trace. */
export function settledStore(base: ByteReader, view: CrashView): OverlayStore {
    assert(base.sizeBytes >= view.trace.diskSizeBytes, "a base holds all of the trace's disk");
    const settled = new OverlayStore(base);
    const sweep = new CrashSweep(view.trace, { durableFrom: view.durableFrom, settled });
    sweep.advanceTo(view.time);
    return settled;
}

/** The disk that a state is. `base`, the disk before the trace, is only read. */
export function materialize(
    base: ByteReader,
    state: CrashState,
    { trashSeed = 1, settled = settledStore(base, state.view) }: MaterializeOptions = {},
): OverlayStore {
    const disk = new OverlayStore(settled);
    for (const run of runsOf(state)) {
        if (run.source >= 0) {
            writeSource(disk, state.view.trace, run.source, run.firstSector, run.sectorCount);
        } else if (run.source === trash) {
            for (let sector = 0; sector < run.sectorCount; sector++) {
                writeTrash(disk, base, state, run.firstSector + sector, trashSeed);
            }
        } else {
            assert(run.source === beforeTrace, "a source is a write, trash or the disk before");
            // Nothing was ever decided here, so that the settled disk is as before.
        }
    }
    return disk;
}

/** Sectors in a row with the same source. */
interface SourceRun {
    readonly source: Source;
    readonly firstSector: number;
    readonly sectorCount: number;
}

function* runsOf({ domain, sources }: CrashState): Generator<SourceRun> {
    for (const { firstSector, sectorCount, start } of domain.extents) {
        for (let first = 0; first < sectorCount; ) {
            const source = sources[start + first];
            let end = first + 1;
            while (end < sectorCount && sources[start + end] === source) {
                end++;
            }
            yield { source, firstSector: firstSector + first, sectorCount: end - first };
            first = end;
        }
    }
}

/** Writes trash that is none of what the sector might hold otherwise. */
function writeTrash(
    disk: OverlayStore,
    base: ByteReader,
    { view, domain }: CrashState,
    sectorNo: number,
    seed: number,
): void {
    const { trace } = view;
    const before = new Uint8Array(trace.sectorSizeBytes);
    base.read(sectorNo * before.length, before);
    const place = domain.placeOf(sectorNo);
    assert(place !== undefined, "trash is in the domain");
    const known = domain
        .extentAt(place)
        .sources.filter((source) => source !== trash)
        .map((source) => (source < 0 ? before : sectorContent(trace, source, sectorNo)));
    const bytes = new Uint8Array(trace.sectorSizeBytes);
    fillWithTrash(bytes, seed, sectorNo);
    // Each try differs from the ones before in its first word, so one more than there are
    // contents is enough.
    const words = new DataView(bytes.buffer);
    while (known.some((content) => content.every((byte, index) => byte === bytes[index]))) {
        words.setUint32(0, words.getUint32(0) + 1);
    }
    disk.write(sectorNo * bytes.length, bytes);
}
