/**
 * The disk of a trace, cut wherever one of its writes begins or ends.
 *
 * All sectors of such a segment have the same history. So whatever follows a trace keeps one entry
 * for each segment, and costs what there are commands, not what they are long: a discard of a
 * terabyte is one segment until something is written into it.
 *
 * Where a cut is inside a physical sector, that one's ends are cuts too. So a segment lies in one
 * physical sector, or consists of whole ones.
 */
import { assert } from "../../base/assert.ts";
import { type DiskTrace, notYet } from "../trace/disk-trace.ts";
import { isWrite } from "../trace/durability.ts";
import { physicalSectorSize, sectorRange } from "./crash-view.ts";
import { partitionPoint } from "./partition-point.ts";

export class Segments {
    /** Logical sectors of a physical one. */
    readonly #perPhysical: number;
    /** The first sector of each segment, ascending from 0, and the number of all sectors. */
    readonly #cuts: Float64Array;

    constructor(trace: DiskTrace) {
        const perPhysical = physicalSectorSize / trace.sectorSizeBytes;
        const sectorCount = Math.floor(trace.diskSizeBytes / trace.sectorSizeBytes);
        const cuts = new Set([0, sectorCount]);
        for (const command of trace.commands) {
            if (isWrite(command) && command.acceptedAt !== notYet) {
                for (const cut of sectorRange(trace, command.id)) {
                    const physicalStart = cut - (cut % perPhysical);
                    const physicalEnd = Math.ceil(cut / perPhysical) * perPhysical;
                    cuts.add(physicalStart).add(cut).add(Math.min(physicalEnd, sectorCount));
                }
            }
        }
        this.#perPhysical = perPhysical;
        this.#cuts = Float64Array.from(cuts).sort();
    }

    get count(): number {
        return this.#cuts.length - 1;
    }

    firstSector(segment: number): number {
        return this.#cuts[segment];
    }

    /** The sector after a segment's last. */
    endSector(segment: number): number {
        return this.#cuts[segment + 1];
    }

    /** The segments from one cut to another, as the first and the one after the last. */
    range([first, end]: readonly [first: number, end: number]): [first: number, end: number] {
        const range: [number, number] = [this.#indexOfCut(first), this.#indexOfCut(end)];
        assert(
            this.#cuts[range[0]] === first && this.#cuts[range[1]] === end,
            "writes begin and end where segments do",
        );
        return range;
    }

    /** The segment with a sector of the disk. */
    segmentOf(sectorNo: number): number {
        return partitionPoint(this.count, (index) => this.#cuts[index] <= sectorNo) - 1;
    }

    /** The segments that share a physical sector with a segment, in the same form. */
    besides(segment: number): [first: number, end: number] {
        const start = this.#cuts[segment];
        const physicalStart = start - (start % this.#perPhysical);
        const physicalEnd = physicalStart + this.#perPhysical;
        let first = segment;
        while (this.#cuts[first] > physicalStart) {
            first--;
        }
        let end = segment + 1;
        while (end < this.count && this.#cuts[end] < physicalEnd) {
            end++;
        }
        return [first, end];
    }

    #indexOfCut(cut: number): number {
        return partitionPoint(this.#cuts.length, (index) => this.#cuts[index] < cut);
    }
}
