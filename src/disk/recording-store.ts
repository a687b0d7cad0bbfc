/**
 * A disk that remembers what was written to it, and shows what a loss of power could leave.
 *
 * The model is a disk with a volatile cache. A flush ends an *epoch*: everything of an epoch is
 * durable before anything of the next one is written. Within the epoch in which power fails,
 * writes land in any order and any number, and each lands by sectors: whole, not at all, or some
 * sectors new and the others as they were. A single sector lands whole or not at all.
 *
 * The base is only read, so one recording gives as many disks as there are ways to crash.
 */
import { assert } from "../base/assert.ts";
import type { ByteReader, ByteStore } from "../base/byte-store.ts";
import { sectorSize } from "../base/sector.ts";
import { OverlayStore } from "./overlay-store.ts";

/** A write as it was made. */
export interface RecordedWrite {
    readonly byteOffset: number;
    readonly bytes: Uint8Array;
}

/**
 * What becomes of a write when power fails: all of it, nothing of it, or the sectors for which
 * the function is true. Sectors count from 0, the one in which the write begins.
 */
export type Landing = "whole" | "lost" | ((sectorIndex: number) => boolean);

export class RecordingStore implements ByteStore {
    readonly #base: ByteReader;
    readonly #current: OverlayStore;
    readonly #epochs: RecordedWrite[][] = [[]];

    constructor(base: ByteReader) {
        this.#base = base;
        this.#current = new OverlayStore(base);
    }

    get sizeBytes(): number {
        return this.#base.sizeBytes;
    }

    /** The writes so far, flush by flush; the last list is of those that no flush followed. */
    get epochs(): readonly (readonly RecordedWrite[])[] {
        return this.#epochs;
    }

    /** All writes so far, in order. */
    get writes(): RecordedWrite[] {
        return this.#epochs.flat();
    }

    read(byteOffset: number, target: Uint8Array): void {
        this.#current.read(byteOffset, target);
    }

    write(byteOffset: number, source: Uint8Array): void {
        this.#current.write(byteOffset, source);
        // A copy, for the caller may use its buffer again.
        this.#epochs[this.#epochs.length - 1].push({ byteOffset, bytes: source.slice() });
    }

    flush(): void {
        this.#epochs.push([]);
    }

    /** Does on `disk` all that was done here, flushes included. */
    repeatOn(disk: ByteStore): void {
        for (const [epochNo, writes] of this.#epochs.entries()) {
            if (epochNo > 0) {
                disk.flush();
            }
            for (const { byteOffset, bytes } of writes) {
                disk.write(byteOffset, bytes);
            }
        }
    }

    /** The disk after its first `writeCount` writes, as if each had been durable at once. */
    afterPrefix(writeCount: number): OverlayStore {
        const disk = new OverlayStore(this.#base);
        for (const { byteOffset, bytes } of this.writes.slice(0, writeCount)) {
            disk.write(byteOffset, bytes);
        }
        return disk;
    }

    /**
     * The disk when power fails before the flush that ends epoch `epochNo`: the epochs before it
     * are durable, and of its own writes what `landingOf` says.
     */
    afterCrash(
        epochNo: number,
        landingOf: (write: RecordedWrite, index: number) => Landing,
    ): OverlayStore {
        assert(epochNo >= 0 && epochNo < this.#epochs.length, "a crash is in a recorded epoch");
        const disk = new OverlayStore(this.#base);
        for (const { byteOffset, bytes } of this.#epochs.slice(0, epochNo).flat()) {
            disk.write(byteOffset, bytes);
        }
        for (const [index, write] of this.#epochs[epochNo].entries()) {
            land(disk, write, landingOf(write, index));
        }
        return disk;
    }
}

/** Writes to `disk` what lands of a write. */
function land(disk: ByteStore, { byteOffset, bytes }: RecordedWrite, landing: Landing): void {
    if (landing === "whole") {
        disk.write(byteOffset, bytes);
    } else if (landing !== "lost") {
        let sectorIndex = 0;
        for (let done = 0; done < bytes.length; sectorIndex++) {
            const at = byteOffset + done;
            const sectorEnd = (Math.floor(at / sectorSize) + 1) * sectorSize;
            const end = Math.min(done + sectorEnd - at, bytes.length);
            if (landing(sectorIndex)) {
                disk.write(at, bytes.subarray(done, end));
            }
            done = end;
        }
    }
}
