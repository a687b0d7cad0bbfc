/**
 * Cached pages as state: which sectors of which pages, their bytes, and, where the cache keeps
 * requests, which of them belong together.
 */
import { pageSize } from "../../base/page-size.ts";
import { sectorSize } from "../../base/sector.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import { UserError } from "../../base/user-error.ts";
import {
    type CachedPage,
    type CachedPages,
    cachedSectors,
    sectorBytes,
    sectorMask,
    wholePage,
} from "./cached-pages.ts";
import type { RequestGroups } from "./request-groups.ts";

/** The pages, in their order. Equal caches give equal records. */
export function savePages(pages: CachedPages, groups: RequestGroups | undefined): StateRecord[] {
    // Only who shares a group with whom is state, not the numbers that have come about.
    groups?.renumber(pages.list);
    return pages.list.map((page) => {
        const sectors = cachedSectors(page);
        const bytes = new Uint8Array(sectors.length * sectorSize);
        for (const [index, sector] of sectors.entries()) {
            bytes.set(sectorBytes(page, sector), index * sectorSize);
        }
        const ofPage = groups === undefined ? [] : sectors.map((sector) => page.requests[sector]);
        return { pageNo: page.pageNo, mask: page.mask, bytes, groups: ofPage };
    });
}

/**
 * Adds saved pages to an empty cache.
 *
 * @param diskSizeBytes no page lies past it.
 */
export function loadPages(
    saved: readonly StateFields[],
    pages: CachedPages,
    groups: RequestGroups | undefined,
    diskSizeBytes: number,
): void {
    for (const fields of saved) {
        const page = loadedPage(fields, pages, diskSizeBytes);
        const sectors = cachedSectors(page);
        const bytes = fields.bytes("bytes", sectors.length * sectorSize);
        const ofPage = fields.numbers("groups", groups === undefined ? 0 : sectors.length);
        for (const [index, sector] of sectors.entries()) {
            const start = index * sectorSize;
            page.bytes.set(bytes.subarray(start, start + sectorSize), sector * sectorSize);
            if (groups !== undefined) {
                page.requests[sector] = loadedGroup(ofPage[index], groups);
            }
        }
    }
}

function loadedPage(fields: StateFields, pages: CachedPages, diskSizeBytes: number): CachedPage {
    const pageNo = fields.number("pageNo");
    const mask = fields.number("mask");
    if (!canCache(pageNo, mask, diskSizeBytes)) {
        throw new UserError(
            `saved state of a write cache: page ${pageNo} with sectors ${mask} ` +
                "is not a page of this disk",
        );
    }
    if (pages.find(pageNo) !== undefined) {
        throw new UserError(`saved state of a write cache: page ${pageNo} is there twice`);
    }
    const page = pages.obtain(pageNo);
    page.mask = mask;
    return page;
}

/** The request of a saved group number; they were numbered as they first appear. */
function loadedGroup(groupNo: number, groups: RequestGroups): number {
    if (groupNo === groups.requestCount) {
        return groups.add();
    }
    if (!Number.isInteger(groupNo) || groupNo < 0 || groupNo > groups.requestCount) {
        throw new UserError(
            `saved state of a write cache: group ${groupNo} comes before ` +
                `group ${groups.requestCount}`,
        );
    }
    return groupNo;
}

/** Whether a disk has a page, and in it the sectors of a mask, of which there is one at least. */
function canCache(pageNo: number, mask: number, diskSizeBytes: number): boolean {
    const pageBytes = diskSizeBytes - pageNo * pageSize;
    const isPage = Number.isInteger(pageNo) && pageNo >= 0 && pageBytes > 0;
    const sectors = isPage ? sectorMask(0, Math.min(pageSize, pageBytes)) : 0;
    return Number.isInteger(mask) && mask > 0 && mask <= wholePage && (mask & ~sectors) === 0;
}
