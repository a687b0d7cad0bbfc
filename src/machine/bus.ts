/**
 * The bus: finds the device that an address belongs to.
 *
 * Two spaces of the same make, ports and memory-mapped registers, each a list of regions that do
 * not overlap. What no device answers reads as all ones and swallows writes, as on a PC, and is
 * reported once an address.
 */
import { assert } from "../base/assert.ts";
import type { AccessSize, NoticeSink, RegisterDevice } from "./device.ts";

/** A range of addresses that a device answers. */
export interface Region {
    /** What it is, as a manual calls it. */
    readonly what: string;
    readonly first: number;
    readonly lengthBytes: number;
    /** `read` and `write` get offsets from `first`. */
    readonly device: Pick<RegisterDevice, "read" | "write">;
}

/** Addresses that nobody answers are reported, but not without end. */
const maxUnknownReports = 64;

/** All bits of an access set: what a read of nothing gives. */
export function allOnes(size: AccessSize): number {
    return size === 4 ? 0xffff_ffff : (1 << (8 * size)) - 1;
}

export class AddressSpace {
    readonly #spaceName: string;
    readonly #regions: readonly Region[];
    readonly #notice: NoticeSink;
    readonly #reported = new Set<number>();

    /** @param spaceName as it stands in messages: `port` or `physical address`. */
    constructor(spaceName: string, regions: readonly Region[], notice: NoticeSink) {
        this.#spaceName = spaceName;
        this.#notice = notice;
        this.#regions = [...regions].sort((a, b) => a.first - b.first);
        for (const [index, region] of this.#regions.entries()) {
            const next = this.#regions.at(index + 1);
            assert(
                next === undefined || region.first + region.lengthBytes <= next.first,
                `${region.what} does not reach into ${next?.what}`,
            );
        }
    }

    /** The region of an address, or undefined. */
    regionAt(address: number): Region | undefined {
        let low = 0;
        let high = this.#regions.length;
        while (low < high) {
            const middle = (low + high) >>> 1;
            if (this.#regions[middle].first <= address) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        const region = this.#regions[low - 1];
        return low > 0 && address < region.first + region.lengthBytes ? region : undefined;
    }

    read(address: number, size: AccessSize): number {
        const region = this.regionAt(address);
        if (region === undefined || address + size > region.first + region.lengthBytes) {
            this.#reportUnknown("a read of", address);
            return allOnes(size);
        }
        return region.device.read(address - region.first, size);
    }

    write(address: number, size: AccessSize, value: number): void {
        const region = this.regionAt(address);
        if (region === undefined || address + size > region.first + region.lengthBytes) {
            this.#reportUnknown("a write to", address);
            return;
        }
        region.device.write(address - region.first, size, value);
    }

    #reportUnknown(access: string, address: number): void {
        if (this.#reported.has(address) || this.#reported.size >= maxUnknownReports) {
            return;
        }
        this.#reported.add(address);
        this.#notice({
            device: "bus",
            message: `${access} ${this.#spaceName} 0x${address.toString(16)}, which has no device`,
        });
    }
}
