/**
 * Pages that exist only where something was written.
 *
 * What a sparse disk and a copy-on-write overlay share: a map from page number to 4096 bytes, and
 * the walk over the pages that a byte range touches.
 */
import { pageSize } from "../base/page-size.ts";

/** The pages written so far, in the order of first writing. */
export type Pages = Map<number, Uint8Array>;

/** Pages in the first slab, and the most in one. */
const minSlabPageCount = 16;
const maxSlabPageCount = 1024;

/**
 * Where new pages come from. Cut from slabs they cost the garbage collector little, however many
 * they are; slabs begin small and double, so that little is allocated in vain.
 */
export class PagePool {
    #slab = new Uint8Array(0);
    #used = 0;

    /** A new page of zeros. */
    take(): Uint8Array {
        if (this.#used === this.#slab.length) {
            const pageCount = Math.min(
                Math.max(minSlabPageCount, (2 * this.#slab.length) / pageSize),
                maxSlabPageCount,
            );
            this.#slab = new Uint8Array(pageCount * pageSize);
            this.#used = 0;
        }
        const page = this.#slab.subarray(this.#used, this.#used + pageSize);
        this.#used += pageSize;
        return page;
    }
}

/**
 * Calls `visit` for each page that `byteLength` bytes at `byteOffset` touch: its number, where in
 * it the range begins, where in the range the page begins, and how many bytes they share.
 */
export function forEachPage(
    byteOffset: number,
    byteLength: number,
    visit: (pageNo: number, pageOffset: number, rangeOffset: number, length: number) => void,
): void {
    for (let done = 0; done < byteLength; ) {
        const pageNo = Math.floor((byteOffset + done) / pageSize);
        const pageOffset = byteOffset + done - pageNo * pageSize;
        const length = Math.min(pageSize - pageOffset, byteLength - done);
        visit(pageNo, pageOffset, done, length);
        done += length;
    }
}
