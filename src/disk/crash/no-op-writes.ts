/**
 * Open writes that change nothing: a reduction that loses no state.
 *
 * A write counts when each of its open sectors has two candidates, it and the floor, and both have
 * the same bytes: whether it landed cannot be seen, and nothing lies above or below it.
 */
import type { ByteReader } from "../../base/byte-store.ts";
import { type CrashView, type Extent, isMaybe } from "./crash-view.ts";
import { isUndecided } from "./domain.ts";
import { sectorContent } from "./source-bytes.ts";

/**
 * The ids of such writes, in the order of issue.
 *
 * @param base the disk before the trace.
 */
export function noOpWrites(base: ByteReader, view: CrashView): number[] {
    const changing = new Set<number>();
    const seen = new Set<number>();
    const before = new Uint8Array(view.trace.sectorSizeBytes);
    for (const extent of view.extents.filter(isUndecided)) {
        const open = extent.candidates.filter((source) => isMaybe(view, source));
        for (const id of open) {
            seen.add(id);
            if (extent.candidates.length > 2 || !isSame(base, view, extent, id, before)) {
                changing.add(id);
            }
        }
    }
    return [...seen].filter((id) => !changing.has(id)).sort((a, b) => a - b);
}

/** Whether a write leaves every sector of an extent as its floor has it. */
function isSame(
    base: ByteReader,
    { trace }: CrashView,
    { firstSector, sectorCount, candidates }: Extent,
    id: number,
    before: Uint8Array,
): boolean {
    const floor = candidates[0];
    for (let sectorNo = firstSector; sectorNo < firstSector + sectorCount; sectorNo++) {
        const content = sectorContent(trace, id, sectorNo);
        let under = before;
        if (floor < 0) {
            base.read(sectorNo * trace.sectorSizeBytes, before);
        } else {
            under = sectorContent(trace, floor, sectorNo);
        }
        if (!content.every((byte, index) => byte === under[index])) {
            return false;
        }
    }
    return true;
}
