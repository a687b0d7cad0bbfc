/** The bytes that a write gives its sectors. */
import { assert } from "../../base/assert.ts";
import type { ByteStore } from "../../base/byte-store.ts";
import type { DiskTrace } from "../trace/disk-trace.ts";

/** Zeros: what discarded sectors read as, and as much as is written of them at a time. */
const zeros = new Uint8Array(64 * 1024);

/** What write `id` brought for one of its sectors. The bytes are the trace's: do not write them. */
export function sectorContent(trace: DiskTrace, id: number, sectorNo: number): Uint8Array {
    const { kind, after, byteOffset } = trace.commands[id];
    if (kind === "discard") {
        return zeros.subarray(0, trace.sectorSizeBytes);
    }
    assert(after !== undefined, "an accepted write has its data");
    const start = sectorNo * trace.sectorSizeBytes - byteOffset;
    return after.subarray(start, start + trace.sectorSizeBytes);
}

/** Writes to `disk` what write `id` brought for some of its sectors. */
export function writeSource(
    disk: ByteStore,
    trace: DiskTrace,
    id: number,
    firstSector: number,
    sectorCount: number,
): void {
    const command = trace.commands[id];
    const byteOffset = firstSector * trace.sectorSizeBytes;
    const byteLength = sectorCount * trace.sectorSizeBytes;
    const start = byteOffset - command.byteOffset;
    assert(start >= 0 && start + byteLength <= command.byteLength, "a write gives its own sectors");
    if (command.kind === "discard") {
        for (let done = 0; done < byteLength; done += zeros.length) {
            const piece = zeros.subarray(0, Math.min(zeros.length, byteLength - done));
            disk.write(byteOffset + done, piece);
        }
        return;
    }
    assert(command.after !== undefined, "an accepted write has its data");
    disk.write(byteOffset, command.after.subarray(start, start + byteLength));
}
