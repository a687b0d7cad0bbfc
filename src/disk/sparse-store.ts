/** A disk of any size of which only the written pages take memory; the rest reads as zeros. */
import { assert } from "../base/assert.ts";
import type { ByteStore } from "../base/byte-store.ts";
import { assertRange } from "./memory-store.ts";
import { forEachPage, PagePool, type Pages } from "./pages.ts";

export class SparseStore implements ByteStore {
    readonly #pages: Pages = new Map();
    readonly #pool = new PagePool();
    #sizeBytes: number;

    constructor(sizeBytes: number) {
        this.#sizeBytes = sizeBytes;
    }

    get sizeBytes(): number {
        return this.#sizeBytes;
    }

    /** Makes the disk longer by zeros; for a disk whose size shows only while it is read. */
    grow(sizeBytes: number): void {
        assert(sizeBytes >= this.#sizeBytes, "a disk only grows");
        this.#sizeBytes = sizeBytes;
    }

    read(byteOffset: number, target: Uint8Array): void {
        assertRange(this, byteOffset, target.length);
        forEachPage(byteOffset, target.length, (pageNo, pageOffset, done, length) => {
            const page = this.#pages.get(pageNo);
            if (page === undefined) {
                target.fill(0, done, done + length);
            } else {
                target.set(page.subarray(pageOffset, pageOffset + length), done);
            }
        });
    }

    write(byteOffset: number, source: Uint8Array): void {
        assertRange(this, byteOffset, source.length);
        forEachPage(byteOffset, source.length, (pageNo, pageOffset, done, length) => {
            let page = this.#pages.get(pageNo);
            if (page === undefined) {
                page = this.#pool.take();
                this.#pages.set(pageNo, page);
            }
            page.set(source.subarray(done, done + length), pageOffset);
        });
    }

    flush(): void {}

    /** Numbers of the pages that hold something, in ascending order. */
    writtenPages(): number[] {
        return [...this.#pages.keys()].sort((a, b) => a - b);
    }
}
