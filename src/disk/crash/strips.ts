/**
 * The disk of a trace, cut wherever one of its writes begins or ends.
 *
 * All sectors of such a strip have the same history. So whatever follows a trace keeps one entry
 * for each strip, and costs what there are commands, not what they are long: a discard of a
 * terabyte is one strip until something is written into it.
 *
 * Where a cut is inside a physical sector, that one's ends are cuts too. So a strip lies in one
 * physical sector, or consists of whole ones.
 */
import { assert } from "../../base/assert.ts";
import { type DiskTrace, notYet } from "../trace/disk-trace.ts";
import { isWrite } from "../trace/durability.ts";
import { physicalSectorSize, sectorRange } from "./crash-view.ts";
import { partitionPoint } from "./partition-point.ts";

export class Strips {
    /** Logical sectors of a physical one. */
    readonly #perPhysical: number;
    /** The first sector of each strip, ascending from 0, and the number of all sectors. */
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

    /** A strip's first sector; for `count`, how many sectors the disk has. */
    firstSector(strip: number): number {
        return this.#cuts[strip];
    }

    /** The sector after a strip's last. */
    endSector(strip: number): number {
        return this.#cuts[strip + 1];
    }

    /** The strips from one cut to another, as the first and the one after the last. */
    range([first, end]: readonly [first: number, end: number]): [first: number, end: number] {
        const range: [number, number] = [this.#indexOfCut(first), this.#indexOfCut(end)];
        assert(
            this.#cuts[range[0]] === first && this.#cuts[range[1]] === end,
            "writes begin and end where strips do",
        );
        return range;
    }

    /** The strip with a sector; `count` behind the disk's end. */
    stripOf(sectorNo: number): number {
        return partitionPoint(this.#cuts.length, (index) => this.#cuts[index] <= sectorNo) - 1;
    }

    /** The strips that share a physical sector with a strip, in the same form. */
    besides(strip: number): [first: number, end: number] {
        const start = this.#cuts[strip];
        const physicalStart = start - (start % this.#perPhysical);
        const physicalEnd = physicalStart + this.#perPhysical;
        let first = strip;
        while (this.#cuts[first] > physicalStart) {
            first--;
        }
        let end = strip + 1;
        while (end < this.count && this.#cuts[end] < physicalEnd) {
            end++;
        }
        return [first, end];
    }

    #indexOfCut(cut: number): number {
        return partitionPoint(this.#cuts.length, (index) => this.#cuts[index] < cut);
    }
}
