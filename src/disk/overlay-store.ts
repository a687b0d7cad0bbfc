/**
 * A disk on top of another one that it never writes: changed pages are copied on write.
 *
 * A check replays the journal into an overlay, so that looking at an image cannot change it.
 */
import type { ByteReader, ByteStore } from "../base/byte-store.ts";
import { assertRange } from "./memory-store.ts";
import { forEachPage, type Pages, pageSize } from "./pages.ts";

export class OverlayStore implements ByteStore {
    readonly #base: ByteReader;
    readonly #pages: Pages = new Map();

    constructor(base: ByteReader) {
        this.#base = base;
    }

    get sizeBytes(): number {
        return this.#base.sizeBytes;
    }

    read(byteOffset: number, target: Uint8Array): void {
        if (this.#pages.size === 0) {
            this.#base.read(byteOffset, target);
            return;
        }
        assertRange(this, byteOffset, target.length);
        forEachPage(byteOffset, target.length, (pageNo, pageOffset, done, length) => {
            const page = this.#pages.get(pageNo);
            if (page === undefined) {
                this.#base.read(byteOffset + done, target.subarray(done, done + length));
            } else {
                target.set(page.subarray(pageOffset, pageOffset + length), done);
            }
        });
    }

    write(byteOffset: number, source: Uint8Array): void {
        assertRange(this, byteOffset, source.length);
        forEachPage(byteOffset, source.length, (pageNo, pageOffset, done, length) => {
            this.#writablePage(pageNo).set(source.subarray(done, done + length), pageOffset);
        });
    }

    flush(): void {}

    /** Numbers of the pages written since the overlay was laid, in ascending order. */
    changedPages(): number[] {
        return [...this.#pages.keys()].sort((a, b) => a - b);
    }

    #writablePage(pageNo: number): Uint8Array {
        const known = this.#pages.get(pageNo);
        if (known !== undefined) {
            return known;
        }
        const page = new Uint8Array(pageSize);
        const start = pageNo * pageSize;
        this.#base.read(start, page.subarray(0, Math.min(pageSize, this.sizeBytes - start)));
        this.#pages.set(pageNo, page);
        return page;
    }
}
