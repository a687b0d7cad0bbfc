/**
 * Which cached requests can only land together.
 *
 * The cache keeps the newest data of a sector. Once a request has lost a sector to a later one,
 * landing it alone would tear it; with the later one on top it is as whole as on any disk. So the
 * two become one group, and groups are what a disk with whole requests (level L1) lands or loses.
 *
 * A union-find structure over request numbers, which stand in the pages: by sector, the request
 * that brought it. Numbers that no page names any more are dropped now and then, so that there are
 * never many more of them than cached sectors.
 */
import { assert } from "../../base/assert.ts";
import { type CachedPage, cachedSectors, sectorsPerPage } from "./cached-pages.ts";

/** Numbers for each cached page at which it is time to drop some: half of them are unused. */
const numbersPerPage = 2 * sectorsPerPage;
/** Below so many it is not worth the walk. */
const fewNumbers = 256;

export class RequestGroups {
    /** By request: another one of its group, nearer to the group's root; a root is its own. */
    readonly #parents: number[] = [];

    /** How many requests there are; they are numbered from 0. */
    get requestCount(): number {
        return this.#parents.length;
    }

    /** A new request, alone in its group. Numbers in the pages change where it is time for it. */
    begin(pages: readonly CachedPage[]): number {
        if (this.#parents.length > Math.max(fewNumbers, numbersPerPage * pages.length)) {
            this.renumber(pages);
        }
        return this.add();
    }

    /** The next number, for a request that is alone in its group. */
    add(): number {
        this.#parents.push(this.#parents.length);
        return this.#parents.length - 1;
    }

    /** A request brings the sectors of `mask`, over whichever requests brought them before. */
    takeOver(page: CachedPage, mask: number, request: number): void {
        for (let sector = 0; sector < sectorsPerPage; sector++) {
            const bit = 1 << sector;
            if (mask & page.mask & bit) {
                this.#join(page.requests[sector], request);
            }
            if (mask & bit) {
                page.requests[sector] = request;
            }
        }
    }

    /** The number that stands for the group of a page's sector. */
    groupAt(page: CachedPage, sector: number): number {
        return this.#rootOf(page.requests[sector]);
    }

    /** Makes one request of each group, numbered as the groups first appear in the pages. */
    renumber(pages: readonly CachedPage[]): void {
        const numbers = new Map<number, number>();
        for (const page of pages) {
            for (const sector of cachedSectors(page)) {
                const group = this.groupAt(page, sector);
                const number = numbers.get(group) ?? numbers.size;
                numbers.set(group, number);
                page.requests[sector] = number;
            }
        }
        this.#parents.length = 0;
        for (let request = 0; request < numbers.size; request++) {
            this.add();
        }
        assert(
            this.#parents.length <= sectorsPerPage * pages.length,
            "a group has a cached sector",
        );
    }

    clear(): void {
        this.#parents.length = 0;
    }

    #join(first: number, second: number): void {
        this.#parents[this.#rootOf(first)] = this.#rootOf(second);
    }

    #rootOf(request: number): number {
        let at = request;
        while (this.#parents[at] !== at) {
            // Halving the path keeps later look-ups short.
            this.#parents[at] = this.#parents[this.#parents[at]];
            at = this.#parents[at];
        }
        return at;
    }
}
