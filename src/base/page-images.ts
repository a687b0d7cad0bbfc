/**
 * Images of memory that share what they have in common.
 *
 * An image is a list of pages that are never written again, so two images of a memory that differ
 * in ten pages share all others, and are compared and restored by looking at which pages are the
 * same object. A page of zeros is no page: images are equal exactly when their pages are.
 */
import { isZero } from "./is-zero.ts";
import { pageSize } from "./page-size.ts";
import { sha256 } from "./sha256.ts";

/** By page number: the page's bytes, never to be written; undefined for zeros. */
export type PageImage = readonly (Uint8Array | undefined)[];

/** An image of zeros. */
export function zeroImage(pageCount: number): PageImage {
    return new Array<Uint8Array | undefined>(pageCount).fill(undefined);
}

/** `image` with other pages in some places: copies of pages of `memory`. */
export function imageWithPages(
    image: PageImage,
    memory: Uint8Array,
    pageNumbers: readonly number[],
): PageImage {
    const pages = image.slice();
    const pageAt = (pageNo: number) => memory.subarray(pageNo * pageSize, (pageNo + 1) * pageSize);
    const copied = pageNumbers.filter((pageNo) => {
        pages[pageNo] = undefined;
        return !isZero(pageAt(pageNo));
    });
    // One buffer for all the copies of this image: they live and die together, mostly.
    const copies = new Uint8Array(copied.length * pageSize);
    for (const [index, pageNo] of copied.entries()) {
        const start = index * pageSize;
        const copy = copies.subarray(start, start + pageSize);
        copy.set(pageAt(pageNo));
        pages[pageNo] = copy;
    }
    return pages;
}

/** Digests of pages, each computed once in the life of a page. */
export class PageDigests {
    readonly #digests = new WeakMap<Uint8Array, Uint8Array>();

    /**
     * SHA-256 of the numbers and digests of pages. Pages of zeros may be left out as undefined;
     * the others come in a fixed order.
     */
    digest(pages: Iterable<readonly [number, Uint8Array | undefined]>): Uint8Array {
        const numbers: number[] = [];
        const digests: Uint8Array[] = [];
        for (const [pageNo, page] of pages) {
            if (page !== undefined) {
                numbers.push(pageNo);
                digests.push(this.#pageDigest(page));
            }
        }
        const bytes = new Uint8Array(40 * numbers.length);
        const view = new DataView(bytes.buffer);
        for (const [index, pageNo] of numbers.entries()) {
            view.setFloat64(40 * index, pageNo, true);
            bytes.set(digests[index], 40 * index + 8);
        }
        return sha256(bytes);
    }

    #pageDigest(page: Uint8Array): Uint8Array {
        let digest = this.#digests.get(page);
        if (digest === undefined) {
            digest = sha256(page);
            this.#digests.set(page, digest);
        }
        return digest;
    }
}
