/**
 * Numbers by index, of which most are zero: memory follows what was set, not the length.
 *
 * A disk can claim a billion inodes or blocks; a table of them must not take gigabytes before
 * the first one is looked at. A page whose numbers are all the same takes no memory of its own.
 */
import { assert } from "./assert.ts";

/** Numbers in a page. */
const pageLength = 16_384;

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

    /**
     * The end of the zeros that begin at `start`: at most `end`, and at most the end of the page;
     * `start` itself where a number stands there.
     */
    zerosEnd(start: number, end: number): number {
        return this.#stretchEnd(start, end, true);
    }

    /** The end of the numbers other than 0 that begin at `start`, in the same way. */
    nonzerosEnd(start: number, end: number): number {
        return this.#stretchEnd(start, end, false);
    }

    #stretchEnd(start: number, end: number, isZero: boolean): number {
        const pageStart = start - (start % pageLength);
        const stop = Math.min(end, pageStart + pageLength);
        const page = this.#pages.get(pageStart / pageLength) ?? 0;
        if (typeof page === "number") {
            return (page === 0) === isZero ? stop : start;
        }
        let index = start;
        while (index < stop && (page[index - pageStart] === 0) === isZero) {
            index++;
        }
        return index;
    }

    /** Sets the numbers in [`start`, `end`), which lie in one page. */
    fill(start: number, end: number, value: number): void {
        const pageStart = start - (start % pageLength);
        assert(end > start && end <= pageStart + pageLength, "what is filled lies in one page");
        const pageNo = pageStart / pageLength;
        if (end - start === pageLength) {
            this.#pages.set(pageNo, value);
            return;
        }
        this.set(start, value);
        const page = this.#pages.get(pageNo);
        assert(typeof page === "object", "a page that was set in is an array");
        page.fill(value, start - pageStart, end - pageStart);
    }
}
