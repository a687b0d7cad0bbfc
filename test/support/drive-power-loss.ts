/** Whether what a loss of power has left is one of the states that a trace allows at a level. */
import type { DestagePolicy } from "../../src/disk/cache/destage-policy.ts";
import { crashView } from "../../src/disk/crash/crash-sweep.ts";
import { beforeTrace, type Source, trash } from "../../src/disk/crash/crash-view.ts";
import { stateSpace } from "../../src/disk/crash/levels.ts";
import { settledDisk } from "../../src/disk/crash/materialize.ts";
import type { Level } from "../../src/disk/crash/state-space.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import type { DiskTrace } from "../../src/disk/trace/disk-trace.ts";

/** The level that a policy keeps to. */
export function levelOf({ lies, powerLoss }: DestagePolicy): Level {
    const levels = { requests: "L1", sectors: "L2", trash: "L3", collateral: "L4" } as const;
    return lies ? "L5" : levels[powerLoss];
}

/** A write's data by which its sectors are told apart: no two of a test have the same bytes. */
export function markedSectors(writeNo: number, firstSector: number, count: number): Uint8Array {
    const bytes = new Uint8Array(512 * count);
    const words = new Uint32Array(bytes.buffer);
    for (let index = 0; index < count; index++) {
        words.fill(writeNo, 128 * index, 128 * (index + 1));
        words[128 * index] = 0x8000_0000 + firstSector + index;
    }
    return bytes;
}

/**
 * What a disk holds that its trace and a level do not explain, in words.
 *
 * @param before the disk before the trace; no two writes of the trace bring the same sector.
 */
export function powerLossProblem(
    trace: DiskTrace,
    level: Level,
    before: Uint8Array,
    left: Uint8Array,
): string | undefined {
    const view = crashView(trace, trace.eventCount);
    const space = stateSpace(view, level);
    const settled = settledDisk(new MemoryStore(before.slice()), view);
    const sources = space.domain.floor();
    const decided = new Uint8Array(512);
    for (let sectorNo = 0; 512 * sectorNo < left.length; sectorNo++) {
        const content = left.subarray(512 * sectorNo, 512 * (sectorNo + 1));
        const source = sourceOf(trace, before, content, sectorNo);
        const place = space.domain.placeOf(sectorNo);
        settled.read(512 * sectorNo, decided);
        if (place !== undefined) {
            sources.fill(source, place, place + 1);
        } else if (Buffer.compare(content, decided) !== 0) {
            return `sector ${sectorNo} is decided and holds ${source}`;
        }
    }
    return space.allows(sources)
        ? undefined
        : `${level} does not allow ${JSON.stringify([...sources.runs()])}`;
}

/** Which write brought the content of a sector. */
function sourceOf(
    { commands }: DiskTrace,
    before: Uint8Array,
    content: Uint8Array,
    sectorNo: number,
): Source {
    const isIn = (bytes: Uint8Array, byteOffset: number) => {
        const start = 512 * sectorNo - byteOffset;
        const part = bytes.subarray(Math.max(start, 0), Math.max(start + 512, 0));
        return Buffer.compare(part, content) === 0;
    };
    const writer = commands.find(({ after, byteOffset }) => after && isIn(after, byteOffset));
    return writer?.id ?? (isIn(before, 0) ? beforeTrace : trash);
}
