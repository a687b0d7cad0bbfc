/**
 * The pages of a write cache: 4 KiB each, with a bit for each sector that is cached.
 *
 * They stand in a list, in the order in which they came until one leaves (then the last one takes
 * its place), and in a map from page number. The order is state: chance picks by it. Pages that
 * left are kept to be used again, so that a busy cache allocates nothing.
 */
import { assert } from "../../base/assert.ts";
import type { ByteStore } from "../../base/byte-store.ts";
import { pageSize } from "../../base/page-size.ts";
import { sectorSize } from "../../base/sector.ts";

export const sectorsPerPage = pageSize / sectorSize;
/** The mask of a page whose every sector is cached. */
export const wholePage = 2 ** sectorsPerPage - 1;

export interface CachedPage {
    pageNo: number;
    /** Its place in the list of pages. */
    index: number;
    /** A bit for each sector that the cache holds, bit 0 the first. */
    mask: number;
    readonly bytes: Uint8Array;
    /** By sector: the request that brought it, where the cache keeps requests. */
    readonly requests: Uint32Array;
}

export class CachedPages {
    readonly #list: CachedPage[] = [];
    readonly #byNo = new Map<number, CachedPage>();
    readonly #unused: CachedPage[] = [];

    /** In order. Do not clean pages while walking it, but from its end. */
    get list(): readonly CachedPage[] {
        return this.#list;
    }

    find(pageNo: number): CachedPage | undefined {
        return this.#byNo.get(pageNo);
    }

    /** The page, new and without a cached sector where there was none; the caller caches some. */
    obtain(pageNo: number): CachedPage {
        const known = this.#byNo.get(pageNo);
        if (known !== undefined) {
            return known;
        }
        const page = this.#unused.pop() ?? {
            pageNo,
            index: 0,
            mask: 0,
            bytes: new Uint8Array(pageSize),
            requests: new Uint32Array(sectorsPerPage),
        };
        page.pageNo = pageNo;
        page.index = this.#list.length;
        page.mask = 0;
        this.#list.push(page);
        this.#byNo.set(pageNo, page);
        return page;
    }

    /** The sectors of `mask` are no longer cached; a page without any leaves. */
    clean(page: CachedPage, mask: number): void {
        page.mask &= ~mask;
        if (page.mask !== 0) {
            return;
        }
        const last = this.#list.pop();
        assert(last !== undefined, "a cached page is in the list");
        if (last !== page) {
            this.#list[page.index] = last;
            last.index = page.index;
        }
        this.#byNo.delete(page.pageNo);
        this.#unused.push(page);
    }

    clear(): void {
        for (const page of this.#list) {
            this.#unused.push(page);
        }
        this.#list.length = 0;
        this.#byNo.clear();
    }
}

/** The mask of `length` bytes at `pageOffset` of a page; both whole sectors. */
export function sectorMask(pageOffset: number, length: number): number {
    return (2 ** (length / sectorSize) - 1) << (pageOffset / sectorSize);
}

/** The cached sectors of a page, in ascending order. */
export function cachedSectors({ mask }: CachedPage): number[] {
    const sectors: number[] = [];
    for (let sector = 0; sector < sectorsPerPage; sector++) {
        if (mask & (1 << sector)) {
            sectors.push(sector);
        }
    }
    return sectors;
}

/** The bytes of one sector of a page, themselves. */
export function sectorBytes({ bytes }: CachedPage, sector: number): Uint8Array {
    return bytes.subarray(sector * sectorSize, (sector + 1) * sectorSize);
}

/** Copies the sectors of `mask` to `target`, which begins at `pageOffset` of the page. */
export function copySectors(
    page: CachedPage,
    mask: number,
    pageOffset: number,
    target: Uint8Array,
): void {
    if (mask === wholePage) {
        target.set(page.bytes);
        return;
    }
    for (let sector = 0; sector < sectorsPerPage; sector++) {
        if (mask & (1 << sector)) {
            target.set(sectorBytes(page, sector), sector * sectorSize - pageOffset);
        }
    }
}

/** Writes the sectors of `mask` to a medium, a run at a time. */
export function writeSectors(medium: ByteStore, page: CachedPage, mask: number): void {
    const base = page.pageNo * pageSize;
    if (mask === wholePage) {
        medium.write(base, page.bytes);
        return;
    }
    for (let sector = 0; sector < sectorsPerPage; sector++) {
        if (mask & (1 << sector)) {
            const start = sector * sectorSize;
            while (mask & (1 << (sector + 1))) {
                sector++;
            }
            medium.write(base + start, page.bytes.subarray(start, (sector + 1) * sectorSize));
        }
    }
}
