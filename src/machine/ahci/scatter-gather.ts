/**
 * A command's scatter-gather list (the PRDT, AHCI 1.3.1, 4.2.3.3): the pieces of memory that make
 * up its buffer, one after the other.
 *
 * The list is the guest's, and may change at any time: an entry is read when data gets to it, and
 * nothing is kept but how far the list has been walked. So moving data in order, and describing it
 * in order, costs a step an entry, and going back costs a walk from the start.
 *
 * Bounds: a step moves at least two bytes or goes to the next of at most 65,535 entries. Data goes
 * to and comes from memory only, and never outside the entry.
 *
 * The hardware wires bit 0 of an address to 0 and of a byte count to 1, and so does this.
 */
import type { StructView } from "../../base/struct.ts";
import type { GuestMemory } from "../guest-memory.ts";
import type { TransferResult } from "../sata/link.ts";
import { EntryLength, joinAddress, PrdtEntry } from "./command-list.ts";

/** A piece of physical memory. It need not be RAM. */
export interface PhysicalRange {
    readonly address: number;
    readonly byteLength: number;
}

/** Bytes of an entry, by its length word. */
export function entrySizeBytes(length: number): number {
    return ((length & EntryLength.byteCountMask) | 1) + 1;
}

/** Where an entry's bytes are. */
function entryAddress(low: number, high: number): number {
    return joinAddress((low & ~1) >>> 0, high);
}

export class ScatterGatherList {
    readonly #memory: GuestMemory;
    readonly #entry: StructView<typeof PrdtEntry.fields>;
    #listAddress = 0;
    #entryCount = 0;
    /** The entry that was reached, and how many bytes of the buffer lie before it. */
    #entryIndex = 0;
    #bytesBefore = 0;
    #movedBytes = 0;
    /** The same of the entry at which the last description began. */
    #described = { entryIndex: 0, bytesBefore: 0 };
    /** An entry with the I bit was moved whole since somebody set this to false. */
    interruptEntryDone = false;

    constructor(memory: GuestMemory) {
        this.#memory = memory;
        this.#entry = PrdtEntry.at(memory.bytes);
    }

    /** Where the list is in memory. */
    get listAddress(): number {
        return this.#listAddress;
    }

    get entryCount(): number {
        return this.#entryCount;
    }

    /** Bytes that the last `load` or `store` moved: fewer than asked when it was not "done". */
    get movedBytes(): number {
        return this.#movedBytes;
    }

    /** Makes this the list of `entryCount` entries (0 to 65,535) at an address. */
    point(listAddress: number, entryCount: number): void {
        this.#listAddress = listAddress;
        this.#entryCount = entryCount;
        this.#rewind();
        this.#described = { entryIndex: 0, bytesBefore: 0 };
        this.interruptEntryDone = false;
    }

    /** Bytes that the entries describe, as far as the list is in memory. */
    sizeBytes(): number {
        let sizeBytes = 0;
        for (let index = 0; index < this.#entryCount && this.#readEntry(index); index++) {
            sizeBytes += entrySizeBytes(this.#entry.length);
        }
        return sizeBytes;
    }

    /**
     * The pieces that `byteLimit` bytes of the buffer lie in, from `bufferOffset` on, as far as the
     * list is in memory. For watchers: moving data takes no notice of it.
     */
    ranges(bufferOffset: number, byteLimit: number): PhysicalRange[] {
        const ranges: PhysicalRange[] = [];
        if (bufferOffset < this.#described.bytesBefore) {
            this.#described = { entryIndex: 0, bytesBefore: 0 };
        }
        let { entryIndex, bytesBefore } = this.#described;
        const end = bufferOffset + byteLimit;
        for (; bytesBefore < end && entryIndex < this.#entryCount; entryIndex++) {
            if (!this.#readEntry(entryIndex)) {
                break;
            }
            const sizeBytes = entrySizeBytes(this.#entry.length);
            const skipped = Math.max(0, bufferOffset - bytesBefore);
            if (skipped < sizeBytes) {
                if (ranges.length === 0) {
                    this.#described = { entryIndex, bytesBefore };
                }
                const byteLength = Math.min(sizeBytes, end - bytesBefore) - skipped;
                ranges.push({ address: this.#address() + skipped, byteLength });
            }
            bytesBefore += sizeBytes;
        }
        return ranges;
    }

    /** Fills `target` from the buffer, from `bufferOffset` on. */
    load(bufferOffset: number, target: Uint8Array): TransferResult {
        return this.#move(bufferOffset, target, false);
    }

    /** Stores `source` in the buffer, from `bufferOffset` on. */
    store(bufferOffset: number, source: Uint8Array): TransferResult {
        return this.#move(bufferOffset, source, true);
    }

    #move(bufferOffset: number, bytes: Uint8Array, isStore: boolean): TransferResult {
        if (bufferOffset < this.#bytesBefore) {
            this.#rewind();
        }
        this.#movedBytes = 0;
        while (this.#movedBytes < bytes.length) {
            if (this.#entryIndex >= this.#entryCount) {
                return "overflow";
            }
            if (!this.#readEntry(this.#entryIndex)) {
                return "bus error";
            }
            const { length } = this.#entry;
            const sizeBytes = entrySizeBytes(length);
            const entryOffset = bufferOffset + this.#movedBytes - this.#bytesBefore;
            if (entryOffset >= sizeBytes) {
                this.#entryIndex++;
                this.#bytesBefore += sizeBytes;
                continue;
            }
            const address = this.#address() + entryOffset;
            const byteLength = Math.min(sizeBytes - entryOffset, bytes.length - this.#movedBytes);
            if (!this.#memory.contains(address, byteLength)) {
                return "bus error";
            }
            const start = this.#movedBytes;
            // A whole transfer in one entry is the usual case, and needs no view of a part.
            const part =
                byteLength === bytes.length ? bytes : bytes.subarray(start, start + byteLength);
            if (isStore) {
                this.#memory.dmaWrite(address, part);
            } else {
                this.#memory.dmaRead(address, part);
            }
            this.#movedBytes += byteLength;
            if (entryOffset + byteLength === sizeBytes && (length & EntryLength.interrupt) !== 0) {
                this.interruptEntryDone = true;
            }
        }
        return "done";
    }

    /** Looks at an entry; false when it is not in memory. */
    #readEntry(index: number): boolean {
        const address = this.#listAddress + index * PrdtEntry.sizeBytes;
        this.#entry.byteOffset = address;
        return this.#memory.contains(address, PrdtEntry.sizeBytes);
    }

    #address(): number {
        return entryAddress(this.#entry.addressLow, this.#entry.addressHigh);
    }

    #rewind(): void {
        this.#entryIndex = 0;
        this.#bytesBefore = 0;
    }
}
