/** An image that damage is done to: a base image that stays as it is, and what differs from it. */
import type { ByteReader, ByteStore } from "../src/base/byte-store.ts";
import { blockSize } from "../src/chkfs/layout.ts";
import { assertRange } from "../src/disk/memory-store.ts";
import { OverlayStore } from "../src/disk/overlay-store.ts";

/** Blocks by which an image can be made longer than its base. */
export const maxGrowthBlockCount = 64;

/**
 * One thing that is done to an image. It is a value, so that a case that fails can be tried again
 * with fewer of them; each must therefore bear whatever the others do.
 */
export interface Damage {
    /** What is done, for people. */
    readonly description: string;
    readonly apply: (image: DamagedImage) => void;
}

/** Copies nothing of its base until it is written. */
export class DamagedImage implements ByteStore {
    readonly #overlay: OverlayStore;
    readonly #maxSizeBytes: number;
    #sizeBytes: number;

    constructor(base: ByteReader) {
        this.#sizeBytes = base.sizeBytes;
        this.#maxSizeBytes = base.sizeBytes + maxGrowthBlockCount * blockSize;
        this.#overlay = new OverlayStore(followedByZeros(base, this.#maxSizeBytes));
    }

    get sizeBytes(): number {
        return this.#sizeBytes;
    }

    /** Cuts the image short or makes it longer, up to `maxGrowthBlockCount` blocks. */
    resize(sizeBytes: number): void {
        this.#sizeBytes = Math.max(0, Math.min(sizeBytes, this.#maxSizeBytes));
    }

    read(byteOffset: number, target: Uint8Array): void {
        assertRange(this, byteOffset, target.length);
        this.#overlay.read(byteOffset, target);
    }

    write(byteOffset: number, source: Uint8Array): void {
        assertRange(this, byteOffset, source.length);
        this.#overlay.write(byteOffset, source);
    }

    flush(): void {}

    /** Bytes of the image; those past its end are zeros. */
    bytesAt(byteOffset: number, lengthBytes: number): Uint8Array {
        const bytes = new Uint8Array(lengthBytes);
        const present = Math.max(0, Math.min(lengthBytes, this.#sizeBytes - byteOffset));
        this.read(Math.min(byteOffset, this.#sizeBytes), bytes.subarray(0, present));
        return bytes;
    }

    /** Writes what of `bytes` lies inside the image. */
    poke(byteOffset: number, bytes: Uint8Array): void {
        const present = Math.max(0, Math.min(bytes.length, this.#sizeBytes - byteOffset));
        this.write(Math.min(byteOffset, this.#sizeBytes), bytes.subarray(0, present));
    }
}

function followedByZeros(base: ByteReader, sizeBytes: number): ByteReader {
    return {
        sizeBytes,
        read(byteOffset, target) {
            const present = Math.max(0, Math.min(target.length, base.sizeBytes - byteOffset));
            if (present > 0) {
                base.read(byteOffset, target.subarray(0, present));
            }
            target.fill(0, present);
        },
    };
}
