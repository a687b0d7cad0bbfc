/**
 * Numbers by index, of which most are zero: memory follows what was set, not the length.
 *
 * A disk can claim a billion inodes or blocks; a table of them must not take gigabytes before
 * the first one is looked at.
 */

const pageLength = 16_384;

/** Unsigned 32-bit numbers; all zero at first. */
export class PagedUint32Array {
    readonly #pages = new Map<number, Uint32Array>();

    get(index: number): number {
        const page = this.#pages.get(Math.floor(index / pageLength));
        return page === undefined ? 0 : page[index % pageLength];
    }

    set(index: number, value: number): void {
        const pageNo = Math.floor(index / pageLength);
        let page = this.#pages.get(pageNo);
        if (page === undefined) {
            page = new Uint32Array(pageLength);
            this.#pages.set(pageNo, page);
        }
        page[index % pageLength] = value;
    }
}
