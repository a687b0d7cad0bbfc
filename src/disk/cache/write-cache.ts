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
 */
import { assert } from "../../base/assert.ts";
import type { ByteStore } from "../../base/byte-store.ts";
import type { ChoiceStream } from "../../base/choices.ts";
import { sectorSize } from "../../base/sector.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import { UserError } from "../../base/user-error.ts";
import { fillWithTrash } from "../crash/trash.ts";
import { pageSize } from "../pages.ts";
import {
    type CachedPage,
    CachedPages,
    cachedSectors,
    copySectors,
    sectorBytes,
    sectorMask,
    sectorsPerPage,
    wholePage,
    writeSectors,
} from "./cached-pages.ts";
import type { DestagePolicy } from "./destage-policy.ts";
import { PowerLoss } from "./power-loss.ts";
import { RequestGroups } from "./request-groups.ts";

export class WriteCache {
    readonly #medium: ByteStore;
    readonly #policy: DestagePolicy;
    readonly #choices: ChoiceStream;
    readonly #capacityPages: number;
    readonly #keepsRequests: boolean;
    readonly #groups = new RequestGroups();
    readonly #pages = new CachedPages();
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
        return this.#pages.list.length === 0;
    }

    /** Fills `target` with what was last accepted there. Whole sectors inside the disk. */
    read(byteOffset: number, target: Uint8Array): void {
        this.#assertSectors(byteOffset, target.length);
        if (this.#pages.list.length === 0) {
            this.#medium.read(byteOffset, target);
            return;
        }
        for (let done = 0; done < target.length; ) {
            const at = byteOffset + done;
            const pageOffset = at % pageSize;
            const length = Math.min(pageSize - pageOffset, target.length - done);
            const part = target.subarray(done, done + length);
            const page = this.#pages.find((at - pageOffset) / pageSize);
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
        } else if (this.#policy.background === "random" && this.#pages.list.length > 0) {
            for (let left = this.#choices.choose(4); left > 0; left--) {
                this.#destageSome();
            }
        }
    }

    /** Power fails: what only the cache holds lands or not, and the cache is empty and on. */
    losePower(): void {
        if (!this.isClean) {
            const loss = new PowerLoss(this.#policy.powerLoss, this.#choices, this.#groups);
            for (const page of this.#pages.list) {
                this.#suffer(page, loss);
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
        const pages = this.#pages.list.map((page) => {
            const sectors = cachedSectors(page);
            const bytes = new Uint8Array(sectors.length * sectorSize);
            for (const [index, sector] of sectors.entries()) {
                bytes.set(sectorBytes(page, sector), index * sectorSize);
            }
            const groups = this.#keepsRequests
                ? sectors.map((sector) => groupNo(page.requests[sector]))
                : [];
            return { pageNo: page.pageNo, mask: page.mask, bytes, groups };
        });
        return { version: 1, isOn: this.#isOn, pages };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#forgetAll();
        this.#isOn = state.boolean("isOn");
        for (const saved of state.records("pages")) {
            this.#loadPage(saved);
        }
    }

    #loadPage(saved: StateFields): void {
        const pageNo = saved.number("pageNo");
        const mask = saved.number("mask");
        if (!this.#canCache(pageNo, mask)) {
            throw new UserError(
                `saved state of a write cache: page ${pageNo} with sectors ${mask} ` +
                    "is not a page of this disk",
            );
        }
        const page = this.#pages.obtain(pageNo);
        page.mask = mask;
        const sectors = cachedSectors(page);
        const bytes = saved.bytes("bytes", sectors.length * sectorSize);
        const groups = saved.numbers("groups", this.#keepsRequests ? sectors.length : 0);
        for (const [index, sector] of sectors.entries()) {
            const start = index * sectorSize;
            page.bytes.set(bytes.subarray(start, start + sectorSize), sector * sectorSize);
            if (this.#keepsRequests) {
                page.requests[sector] = this.#loadedGroup(groups[index]);
            }
        }
    }

    /** The request of a saved group number; they were numbered as they first appear. */
    #loadedGroup(groupNo: number): number {
        if (groupNo === this.#groups.requestCount) {
            return this.#groups.begin();
        }
        if (!Number.isInteger(groupNo) || groupNo < 0 || groupNo > this.#groups.requestCount) {
            throw new UserError(
                `saved state of a write cache: group ${groupNo} comes before ` +
                    `group ${this.#groups.requestCount}`,
            );
        }
        return groupNo;
    }

    /** Makes `bytes` (zeros where undefined) the cache's data of a range. */
    #accept(byteOffset: number, byteLength: number, bytes: Uint8Array | undefined): void {
        const request = this.#keepsRequests ? this.#groups.begin() : 0;
        for (let done = 0; done < byteLength; ) {
            const at = byteOffset + done;
            const pageOffset = at % pageSize;
            const length = Math.min(pageSize - pageOffset, byteLength - done);
            const page = this.#pages.obtain((at - pageOffset) / pageSize);
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
        if (this.#pages.list.length > this.#capacityPages) {
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
        if (this.#pages.list.length === 0) {
            return;
        }
        for (let done = 0; done < byteLength; ) {
            const at = byteOffset + done;
            const pageOffset = at % pageSize;
            const length = Math.min(pageSize - pageOffset, byteLength - done);
            const page = this.#pages.find((at - pageOffset) / pageSize);
            if (page !== undefined) {
                this.#clean(page, sectorMask(pageOffset, length));
            }
            done += length;
        }
    }

    #destageAll(): void {
        for (const page of this.#pages.list) {
            writeSectors(this.#medium, page, page.mask);
        }
        this.#forgetAll();
    }

    /** Writes back one thing that can land by itself: a group, or some sectors of a page. */
    #destageSome(): void {
        const { list } = this.#pages;
        if (list.length === 0) {
            return;
        }
        const page = list[this.#choices.choose(list.length)];
        if (this.#keepsRequests) {
            const sectors = cachedSectors(page);
            const sector = sectors[this.#choices.choose(sectors.length)];
            this.#destageGroup(this.#groups.groupOf(page.requests[sector]));
            return;
        }
        // Choice 0 is the whole page; any other number picks sectors by its bits.
        const picked = this.#choices.choose(wholePage + 1) || wholePage;
        this.#destageSectors(page, page.mask & picked);
    }

    #destageGroup(group: number): void {
        // From the end, for a page that leaves is replaced by the last one.
        for (let index = this.#pages.list.length - 1; index >= 0; index--) {
            const page = this.#pages.list[index];
            const ofGroup = cachedSectors(page).filter(
                (sector) => this.#groups.groupOf(page.requests[sector]) === group,
            );
            this.#destageSectors(
                page,
                ofGroup.reduce((mask, sector) => mask | (1 << sector), 0),
            );
        }
    }

    #destageSectors(page: CachedPage, mask: number): void {
        writeSectors(this.#medium, page, mask);
        this.#clean(page, mask);
    }

    /** What a loss of power does to the sectors of a page. */
    #suffer(page: CachedPage, loss: PowerLoss): void {
        for (let sector = 0; sector < sectorsPerPage; sector++) {
            const byteOffset = page.pageNo * pageSize + sector * sectorSize;
            if (byteOffset >= this.#medium.sizeBytes) {
                return;
            }
            const fate = loss.fateOf(page, sector);
            if (fate === "landed") {
                this.#medium.write(byteOffset, sectorBytes(page, sector));
            } else if (fate === "trash") {
                const bytes = new Uint8Array(sectorSize);
                fillWithTrash(bytes, loss.trashSeed, byteOffset / sectorSize);
                this.#medium.write(byteOffset, bytes);
            }
        }
    }

    #tellsLie(): boolean {
        return this.#policy.lies && this.#choices.choose(2) === 1;
    }

    #clean(page: CachedPage, mask: number): void {
        this.#pages.clean(page, mask);
        if (this.isClean) {
            this.#groups.clear();
        }
    }

    #forgetAll(): void {
        this.#pages.clear();
        this.#groups.clear();
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
