/** A disk in memory, whole. */
import { assert } from "../base/assert.ts";
import type { ByteStore } from "../base/byte-store.ts";

/** Bytes in memory as a store. Reads copy, so that what was read stays as it was. */
export class MemoryStore implements ByteStore {
    /** The disk's content; the store's own, for whoever wants to look at all of it. */
    readonly bytes: Uint8Array;

    constructor(bytes: Uint8Array) {
        this.bytes = bytes;
    }

    get sizeBytes(): number {
        return this.bytes.length;
    }

    read(byteOffset: number, target: Uint8Array): void {
        assertRange(this, byteOffset, target.length);
        target.set(this.bytes.subarray(byteOffset, byteOffset + target.length));
    }

    write(byteOffset: number, source: Uint8Array): void {
        assertRange(this, byteOffset, source.length);
        this.bytes.set(source, byteOffset);
    }

    flush(): void {}
}

/** Asserts that a request lies inside the store; every store's first line. */
export function assertRange(
    store: { readonly sizeBytes: number },
    byteOffset: number,
    lengthBytes: number,
): void {
    assert(
        byteOffset >= 0 && byteOffset + lengthBytes <= store.sizeBytes,
        `bytes ${byteOffset}+${lengthBytes} lie inside a store of ${store.sizeBytes}`,
    );
}
