/**
 * Numbers by index, of which most are zero: memory follows what was set, not the length.
 *
 * A disk can claim a billion inodes or blocks; a table of them must not take gigabytes before
 * the first one is looked at. A page whose numbers are all the same takes no memory of its own.
 */
import { assert } from "./assert.ts";

/** Numbers in a page. */
export const pageLength = 16_384;

/** Unsigned 32-bit numbers; all zero at first. */
export class PagedUint32Array {
    /** A number stands for a page full of it. */
    readonly #pages = new Map<number, Uint32Array | number>();

    get(index: number): number {
        const page = this.#pages.get(Math.floor(index / pageLength)) ?? 0;
        return typeof page === "number" ? page : page[index % pageLength];
    }

    set(index: number, value: number): void {
        const pageNo = Math.floor(index / pageLength);
        let page = this.#pages.get(pageNo) ?? 0;
        if (typeof page === "number") {
            page = new Uint32Array(pageLength).fill(page);
            this.#pages.set(pageNo, page);
        }
        page[index % pageLength] = value;
    }

    /** Whether nothing was ever set in the page that begins at `start`. */
    isPageEmpty(start: number): boolean {
        return !this.#pages.has(pageNoOf(start));
    }

    /** Sets every number of the page that begins at `start`. */
    fillPage(start: number, value: number): void {
        this.#pages.set(pageNoOf(start), value);
    }
}

function pageNoOf(start: number): number {
    assert(start % pageLength === 0, "a page begins where a page begins");
    return start / pageLength;
}
