/**
 * A disk on top of another one that it never writes: changed pages are copied on write.
 *
 * A check replays the journal into an overlay, so that looking at an image cannot change it; a
 * machine's disk is one, so that it can go back. A snapshot is a list of the changed pages, which
 * are not written again: the next write to one of them makes a copy first.
 */
import type { ByteReader, ByteStore } from "../base/byte-store.ts";
import { pageSize } from "../base/page-size.ts";
import { assertRange } from "./memory-store.ts";
import { forEachPage, type Pages } from "./pages.ts";

/** Changed pages of a disk by number, never to be written again. */
export type OverlayImage = ReadonlyMap<number, Uint8Array>;

export class OverlayStore implements ByteStore {
    readonly #base: ByteReader;
    #pages: Pages = new Map();
    /** The last snapshot. Of the pages that are in use now, it has all that any snapshot has. */
    #shared: OverlayImage = new Map();

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

    /** The disk as it is, for `restore` on an overlay of the same base. */
    snapshot(): OverlayImage {
        this.#shared = new Map(this.#pages);
        return this.#shared;
    }

    restore(image: OverlayImage): void {
        this.#shared = image;
        this.#pages = new Map(image);
    }

    /**
     * Pages that differ from the base, by number, ascending; not to be written. Takes a snapshot,
     * so that the pages stay as they are.
     */
    changes(): [number, Uint8Array][] {
        const below = new Uint8Array(pageSize);
        const pages = [...this.snapshot()].filter(([pageNo, page]) => {
            const start = pageNo * pageSize;
            const length = Math.min(pageSize, this.sizeBytes - start);
            this.#base.read(start, below.subarray(0, length));
            return !areEqual(page, below, length);
        });
        return pages.sort(([a], [b]) => a - b);
    }

    /** Numbers of the pages written since the overlay was laid, in ascending order. */
    changedPages(): number[] {
        return [...this.#pages.keys()].sort((a, b) => a - b);
    }

    #writablePage(pageNo: number): Uint8Array {
        const known = this.#pages.get(pageNo);
        if (known !== undefined && this.#shared.get(pageNo) !== known) {
            return known;
        }
        const page = new Uint8Array(pageSize);
        if (known === undefined) {
            const start = pageNo * pageSize;
            this.#base.read(start, page.subarray(0, Math.min(pageSize, this.sizeBytes - start)));
        } else {
            page.set(known);
        }
        this.#pages.set(pageNo, page);
        return page;
    }
}

function areEqual(one: Uint8Array, other: Uint8Array, length: number): boolean {
    for (let at = 0; at < length; at++) {
        if (one[at] !== other[at]) {
            return false;
        }
    }
    return true;
}
