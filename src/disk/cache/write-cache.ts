/**
 * A drive's volatile write cache, and with it the fault model of the disk.
 *
 * What the drive promises, and this cache keeps:
 *
 *   - A write that was accepted is what reads return from then on, on the medium or not.
 *   - Once `flush` returns, everything accepted before it is on the medium. Once a write *through*
 *     the cache returns (FUA, or the cache is off), its own data is, and nothing else.
 *   - On one sector, newer data is never replaced by older.
 *   - A sector of 512 bytes lands whole or not at all. No sector that nobody wrote changes.
 *
 * What may happen beside that, each by a choice:
 *
 *   - Any cached sector may reach the medium at any time, in any order (`destage`), so that later
 *     data may be there and earlier data not.
 *   - A full cache empties itself.
 *   - When power fails (`losePower`), of what only the cache held
 *       L1 "requests"    every command's data lands whole, or not at all;
 *       L2 "sectors"     every sector lands, or does not;
 *       L3 "trash"       a sector may instead hold bytes that nobody wrote;
 *       L4 "collateral"  so may uncached sectors of the same physical sector of 4 KiB, as when a
 *                        drive reads, changes and rewrites a physical sector;
 *       L5 `lies`        and all along, a flush or a write-through may have done nothing.
 *   - Nothing else: no misdirected write, no lost sector that is long on the medium, no bit that
 *     flips at rest. Media errors are the drive's fault rules, not the cache's.
 *
 * The cache keeps one version of a sector, the newest, as drives do. A drive may also have a
 * superseded version on its way to the medium; what such a one could leave is not lost for it: the
 * trace knows every version, and the crash states that are enumerated from it include them all.
 * What `losePower` leaves is always one of those states.
 *
 * Structure: pages of 4 KiB with a bit for each cached sector, in a list whose order is the order
 * of caching until a page leaves (the last one takes its place), and a map from page number.
 */
import { assert } from "../../base/assert.ts";
import type { ByteStore } from "../../base/byte-store.ts";
import type { ChoiceStream } from "../../base/choices.ts";
import { sectorSize } from "../../base/sector.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import { UserError } from "../../base/user-error.ts";
import { fillWithTrash } from "../crash/trash.ts";
import { pageSize } from "../pages.ts";
import type { DestagePolicy } from "./destage-policy.ts";
import { RequestGroups } from "./request-groups.ts";

const sectorsPerPage = pageSize / sectorSize;
/** The mask of a page whose every sector is cached. */
const wholePage = 2 ** sectorsPerPage - 1;

interface CachedPage {
    pageNo: number;
    /** Its place in the list of pages. */
    index: number;
    /** A bit for each sector that the cache holds, bit 0 the first. Not 0 while in the list. */
    mask: number;
    readonly bytes: Uint8Array;
    /** By sector: the request that brought it. Kept only where power loss asks for requests. */
    readonly requests: Uint32Array;
}

/** What becomes of a cached sector or group when power fails. */
type Fate = "lost" | "landed" | "trash";

export class WriteCache {
    readonly #medium: ByteStore;
    readonly #policy: DestagePolicy;
    readonly #choices: ChoiceStream;
    readonly #capacityPages: number;
    readonly #keepsRequests: boolean;
    readonly #groups = new RequestGroups();

    readonly #pages: CachedPage[] = [];
    readonly #pageByNo = new Map<number, CachedPage>();
    /** Pages that were in the list, to be used again. */
    readonly #unused: CachedPage[] = [];
    #isOn = true;

    constructor(medium: ByteStore, policy: DestagePolicy, choices: ChoiceStream) {
        assert(medium.sizeBytes % sectorSize === 0, "a disk has whole sectors");
        this.#medium = medium;
        this.#policy = policy;
        this.#choices = choices;
        this.#capacityPages = Math.floor(policy.capacityBytes / pageSize);
        this.#keepsRequests = policy.powerLoss === "requests";
    }

    /** Whether writes may stay in the cache. Turning it off flushes. */
    get isOn(): boolean {
        return this.#isOn;
    }

    set isOn(isOn: boolean) {
        this.#isOn = isOn;
        if (!isOn) {
            this.flush();
        }
    }

    /** Whether everything accepted is on the medium. */
    get isClean(): boolean {
        return this.#pages.length === 0;
    }

    /** Fills `target` with what was last accepted there. Whole sectors inside the disk. */
    read(byteOffset: number, target: Uint8Array): void {
        this.#assertSectors(byteOffset, target.length);
        if (this.#pages.length === 0) {
            this.#medium.read(byteOffset, target);
            return;
        }
        for (let done = 0; done < target.length; ) {
            const at = byteOffset + done;
            const pageOffset = at % pageSize;
            const length = Math.min(pageSize - pageOffset, target.length - done);
            const part = target.subarray(done, done + length);
            const page = this.#pageByNo.get((at - pageOffset) / pageSize);
            const wanted = sectorMask(pageOffset, length);
            if (page === undefined || (page.mask & wanted) !== wanted) {
                this.#medium.read(at, part);
            }
            if (page !== undefined) {
                copySectors(page, page.mask & wanted, pageOffset, part);
            }
            done += length;
        }
    }

    /**
     * Accepts a write of whole sectors inside the disk; `bytes` are copied.
     *
     * @param through they are on the medium when this returns. Always so while the cache is off.
     */
    write(byteOffset: number, bytes: Uint8Array, through: boolean): void {
        this.#assertSectors(byteOffset, bytes.length);
        if ((through || !this.#isOn) && !this.#tellsLie()) {
            this.#drop(byteOffset, bytes.length);
            this.#medium.write(byteOffset, bytes);
            return;
        }
        this.#accept(byteOffset, bytes.length, bytes);
    }

    /** Accepts that sectors inside the disk become zeros; like a write, and as costly. */
    discard(byteOffset: number, byteLength: number): void {
        this.#assertSectors(byteOffset, byteLength);
        this.#accept(byteOffset, byteLength, undefined);
        if (!this.#isOn) {
            this.flush();
        }
    }

    /** Everything accepted so far is on the medium when this returns. */
    flush(): void {
        if (!this.#tellsLie()) {
            this.#destageAll();
        }
    }

    /** An occasion for the drive to write back some of its cache. Choice 0: it does not. */
    destage(): void {
        if (this.#policy.background === "everything") {
            this.#destageAll();
        } else if (this.#policy.background === "random" && this.#pages.length > 0) {
            for (let left = this.#choices.choose(4); left > 0; left--) {
                this.#destageSome();
            }
        }
    }

    /** Power fails: what only the cache holds lands or not, and the cache is empty and on. */
    losePower(): void {
        const fates = this.#drawFates();
        // One seed, not the bytes: a list of choices stays short enough to read.
        const isTrashing = this.#policy.powerLoss === "trash" || this.#isCollateral();
        const trashSeed = isTrashing && !this.isClean ? this.#choices.choose(2 ** 32) : 0;
        for (const page of this.#pages) {
            for (let sector = 0; sector < sectorsPerPage; sector++) {
                const fate = fates(page, sector);
                if (fate === "landed") {
                    this.#land(page, 1 << sector);
                } else if (fate === "trash") {
                    this.#trash(page, sector, trashSeed);
                }
            }
        }
        this.reset();
    }

    /** As at power-on: empty, and on. */
    reset(): void {
        this.#forgetAll();
        this.#isOn = true;
    }

    save(): StateRecord {
        const groupNos = new Map<number, number>();
        const groupNo = (request: number): number => {
            const group = this.#groups.groupOf(request);
            // Renumbered, for only who shares a group with whom is state.
            const known = groupNos.get(group) ?? groupNos.size;
            groupNos.set(group, known);
            return known;
        };
        return {
            version: 1,
            isOn: this.#isOn,
            pages: this.#pages.map((page) => {
                const sectors = cachedSectors(page);
                const bytes = new Uint8Array(sectors.length * sectorSize);
                for (const [index, sector] of sectors.entries()) {
                    const start = sector * sectorSize;
                    bytes.set(page.bytes.subarray(start, start + sectorSize), index * sectorSize);
                }
                return {
                    pageNo: page.pageNo,
                    mask: page.mask,
                    bytes,
                    groups: this.#keepsRequests
                        ? sectors.map((sector) => groupNo(page.requests[sector]))
                        : [],
                };
            }),
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#forgetAll();
        this.#isOn = state.boolean("isOn");
        for (const saved of state.records("pages")) {
            const pageNo = saved.number("pageNo");
            const mask = saved.number("mask");
            if (!this.#canCache(pageNo, mask)) {
                throw new UserError(
                    `saved state of a write cache: page ${pageNo} with sectors ${mask} ` +
                        "is not a page of this disk",
                );
            }
            const page = this.#pageFor(pageNo);
            page.mask = mask;
            const sectors = cachedSectors(page);
            const bytes = saved.bytes("bytes", sectors.length * sectorSize);
            const groups = saved.numbers("groups", this.#keepsRequests ? sectors.length : 0);
            for (const [index, sector] of sectors.entries()) {
                const start = index * sectorSize;
                page.bytes.set(bytes.subarray(start, start + sectorSize), sector * sectorSize);
                if (this.#keepsRequests) {
                    page.requests[sector] = this.#requestNumbered(groups[index]);
                }
            }
        }
    }

    /** Makes `bytes` (zeros where undefined) the cache's data of a range. */
    #accept(byteOffset: number, byteLength: number, bytes: Uint8Array | undefined): void {
        const request = this.#keepsRequests ? this.#groups.begin() : 0;
        for (let done = 0; done < byteLength; ) {
            const at = byteOffset + done;
            const pageOffset = at % pageSize;
            const length = Math.min(pageSize - pageOffset, byteLength - done);
            const page = this.#pageFor((at - pageOffset) / pageSize);
            const mask = sectorMask(pageOffset, length);
            if (bytes === undefined) {
                page.bytes.fill(0, pageOffset, pageOffset + length);
            } else if (length === bytes.length) {
                page.bytes.set(bytes, pageOffset);
            } else {
                page.bytes.set(bytes.subarray(done, done + length), pageOffset);
            }
            if (this.#keepsRequests) {
                this.#takeOver(page, mask, request);
            }
            page.mask |= mask;
            done += length;
        }
        // Only between requests, lest part of one should land by itself.
        if (this.#pages.length > this.#capacityPages) {
            this.#destageAll();
        }
    }

    /** Notes that `request` brought the sectors of `mask`, over whichever brought them before. */
    #takeOver(page: CachedPage, mask: number, request: number): void {
        for (let sector = 0; sector < sectorsPerPage; sector++) {
            const bit = 1 << sector;
            if (mask & page.mask & bit) {
                this.#groups.join(page.requests[sector], request);
            }
            if (mask & bit) {
                page.requests[sector] = request;
            }
        }
    }

    /** Forgets what the cache holds of a range that newer data has reached the medium of. */
    #drop(byteOffset: number, byteLength: number): void {
        if (this.#pages.length === 0) {
            return;
        }
        for (let done = 0; done < byteLength; ) {
            const at = byteOffset + done;
            const pageOffset = at % pageSize;
            const length = Math.min(pageSize - pageOffset, byteLength - done);
            const page = this.#pageByNo.get((at - pageOffset) / pageSize);
            if (page !== undefined) {
                this.#clean(page, sectorMask(pageOffset, length));
            }
            done += length;
        }
    }

    #destageAll(): void {
        for (const page of this.#pages) {
            this.#land(page, page.mask);
        }
        this.#forgetAll();
    }

    /** Writes back one thing that can land by itself: a group, or some sectors of a page. */
    #destageSome(): void {
        if (this.#pages.length === 0) {
            return;
        }
        const page = this.#pages[this.#choices.choose(this.#pages.length)];
        if (this.#keepsRequests) {
            const sectors = cachedSectors(page);
            const sector = sectors[this.#choices.choose(sectors.length)];
            this.#destageGroup(this.#groups.groupOf(page.requests[sector]));
            return;
        }
        // Choice 0 is the whole page; any other number picks sectors by its bits.
        const picked = this.#choices.choose(wholePage + 1) || wholePage;
        this.#land(page, page.mask & picked);
        this.#clean(page, picked);
    }

    #destageGroup(group: number): void {
        // From the end, for a page that becomes clean is replaced by the last one.
        for (let index = this.#pages.length - 1; index >= 0; index--) {
            const page = this.#pages[index];
            let mask = 0;
            for (const sector of cachedSectors(page)) {
                if (this.#groups.groupOf(page.requests[sector]) === group) {
                    mask |= 1 << sector;
                }
            }
            this.#land(page, mask);
            this.#clean(page, mask);
        }
    }

    /**
     * What becomes of each sector. The first choice is the mood: nothing lands (0), everything
     * does, few things do, all but a few do, or about half. Bugs show when a single thing is
     * missing, which tossing a coin for each would never bring about.
     */
    #drawFates(): (page: CachedPage, sector: number) => Fate | undefined {
        if (this.isClean) {
            return () => undefined;
        }
        const mood = this.#choices.choose(5);
        const draw = (): Fate => {
            const isLanding =
                mood === 1 ||
                (mood === 2 && this.#choices.choose(8) === 1) ||
                (mood === 3 && this.#choices.choose(8) !== 1) ||
                (mood === 4 && this.#choices.choose(2) === 1);
            return isLanding ? "landed" : "lost";
        };
        if (this.#keepsRequests) {
            const fates = new Map<number, Fate>();
            return (page, sector) => {
                if ((page.mask & (1 << sector)) === 0) {
                    return undefined;
                }
                const group = this.#groups.groupOf(page.requests[sector]);
                const fate = fates.get(group) ?? draw();
                fates.set(group, fate);
                return fate;
            };
        }
        const isTrashing = this.#policy.powerLoss !== "sectors";
        return (page, sector) => {
            const isCached = (page.mask & (1 << sector)) !== 0;
            if (isTrashing && (isCached || this.#isCollateral())) {
                return this.#choices.choose(8) === 1 ? "trash" : isCached ? draw() : undefined;
            }
            return isCached ? draw() : undefined;
        };
    }

    #isCollateral(): boolean {
        return this.#policy.powerLoss === "collateral";
    }

    #tellsLie(): boolean {
        return this.#policy.lies && this.#choices.choose(2) === 1;
    }

    /** Writes the sectors of `mask` to the medium, a run at a time. */
    #land(page: CachedPage, mask: number): void {
        const base = page.pageNo * pageSize;
        if (mask === wholePage) {
            this.#medium.write(base, page.bytes);
            return;
        }
        for (let sector = 0; sector < sectorsPerPage; sector++) {
            if (mask & (1 << sector)) {
                const start = sector;
                while (mask & (1 << (sector + 1))) {
                    sector++;
                }
                const run = page.bytes.subarray(start * sectorSize, (sector + 1) * sectorSize);
                this.#medium.write(base + start * sectorSize, run);
            }
        }
    }

    #trash(page: CachedPage, sector: number, seed: number): void {
        const byteOffset = page.pageNo * pageSize + sector * sectorSize;
        if (byteOffset < this.#medium.sizeBytes) {
            const bytes = new Uint8Array(sectorSize);
            fillWithTrash(bytes, seed, byteOffset / sectorSize);
            this.#medium.write(byteOffset, bytes);
        }
    }

    /** The cached page `pageNo`, new and without a cached sector where there was none. */
    #pageFor(pageNo: number): CachedPage {
        const known = this.#pageByNo.get(pageNo);
        if (known !== undefined) {
            return known;
        }
        const page = this.#unused.pop() ?? {
            pageNo,
            index: 0,
            mask: 0,
            bytes: new Uint8Array(pageSize),
            requests: new Uint32Array(this.#keepsRequests ? sectorsPerPage : 0),
        };
        page.pageNo = pageNo;
        page.index = this.#pages.length;
        page.mask = 0;
        this.#pages.push(page);
        this.#pageByNo.set(pageNo, page);
        return page;
    }

    /** The sectors of `mask` are no longer in the cache. */
    #clean(page: CachedPage, mask: number): void {
        page.mask &= ~mask;
        if (page.mask === 0) {
            const last = this.#pages.pop();
            assert(last !== undefined, "a cached page is in the list");
            if (last !== page) {
                this.#pages[page.index] = last;
                last.index = page.index;
            }
            this.#pageByNo.delete(page.pageNo);
            this.#unused.push(page);
            if (this.#pages.length === 0) {
                this.#groups.clear();
            }
        }
    }

    #forgetAll(): void {
        this.#unused.push(...this.#pages);
        this.#pages.length = 0;
        this.#pageByNo.clear();
        this.#groups.clear();
    }

    /** The request of a saved group number; they were numbered in the order of the list. */
    #requestNumbered(groupNo: number): number {
        let request = this.#groups.begin();
        while (request < groupNo) {
            request = this.#groups.begin();
        }
        return groupNo;
    }

    /** Whether a page of a saved state can be. */
    #canCache(pageNo: number, mask: number): boolean {
        const pageBytes = this.#medium.sizeBytes - pageNo * pageSize;
        const isPage = Number.isInteger(pageNo) && pageNo >= 0 && pageBytes > 0;
        const sectors = isPage ? sectorMask(0, Math.min(pageSize, pageBytes)) : 0;
        return Number.isInteger(mask) && mask > 0 && mask <= wholePage && (mask & ~sectors) === 0;
    }

    #assertSectors(byteOffset: number, byteLength: number): void {
        assert(
            byteOffset % sectorSize === 0 &&
                byteLength % sectorSize === 0 &&
                byteOffset >= 0 &&
                byteOffset + byteLength <= this.#medium.sizeBytes,
            "a drive asks its cache for whole sectors inside the disk",
        );
    }
}

/** The sectors of a page that `length` bytes at `pageOffset` are. */
function sectorMask(pageOffset: number, length: number): number {
    const first = pageOffset / sectorSize;
    return (2 ** (length / sectorSize) - 1) << first;
}

function cachedSectors({ mask }: CachedPage): number[] {
    const sectors: number[] = [];
    for (let sector = 0; sector < sectorsPerPage; sector++) {
        if (mask & (1 << sector)) {
            sectors.push(sector);
        }
    }
    return sectors;
}

/** Copies the sectors of `mask` to `target`, which begins at `pageOffset` of the page. */
function copySectors(page: CachedPage, mask: number, pageOffset: number, target: Uint8Array): void {
    if (mask === wholePage) {
        target.set(page.bytes);
        return;
    }
    for (let sector = 0; sector < sectorsPerPage; sector++) {
        if (mask & (1 << sector)) {
            const start = sector * sectorSize;
            target.set(page.bytes.subarray(start, start + sectorSize), start - pageOffset);
        }
    }
}
