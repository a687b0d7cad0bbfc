/**
 * A drive's volatile write cache, and with it the fault model of the disk: what power takes away.
 *
 * Always:
 *
 *   - A read gives what was accepted last, whether the medium has it or not.
 *   - Newer data of a sector that is on the medium is never replaced by older.
 *   - While there is power, the medium keeps what it has: no write lands elsewhere, no bit flips,
 *     no sector goes bad. (Media errors are fault rules of the drive; they damage nothing either.)
 *
 * Promised; below each promise, the one setting of the policy that takes it back:
 *
 *     flush          Once `flush` returns, everything accepted before it is on the medium.
 *       lies  L5     It may have done nothing.
 *     write through  Once a write *through* the cache returns (FUA, or the cache is off), its own
 *                    data is on the medium; nothing is said of other data.
 *       lies  L5     The data may be in the cache instead, as any other write's.
 *     whole request  When power fails, all of a request's data is on the medium or none of it,
 *                    but where newer data took its place.
 *       "sectors"  L2      Every sector lands or not by itself.
 *     whole sector   A sector holds what one request brought, or what it held before.
 *       "trash"  L3        A cached one may hold bytes that nobody wrote.
 *     neighbours     Power that fails changes no sector that is not cached.
 *       "collateral"  L4   Those of the same physical sector of 4 KiB may hold trash, as when a
 *                          drive reads, changes and rewrites a physical sector.
 *
 * With `powerLoss` "requests" (L1) the last three are kept, and each later setting breaks also what
 * the ones before it break. A policy that `lies` keeps these three: L5 is L1 without the first two.
 *
 * Left open, and decided by choices:
 *
 *   - Cached data may reach the medium at any time and in any order (`destage`), later data before
 *     earlier. A full cache empties itself.
 *   - When power fails (`losePower`), any of what only the cache held reaches the medium, and the
 *     rest is gone.
 *
 * The cache knows a write from the moment at which the drive hands it over. So a drive must hand
 * over what it still holds (data of a write through whose time has not come) before `losePower`;
 * and where requests are whole, it hands over all of a write that it fails midway, or none.
 *
 * The cache keeps one version of a sector, the newest, as drives do. A drive may also have a
 * superseded version on its way to the medium; what such a one could leave is not lost for it: the
 * trace knows every version, and the crash states that are enumerated from it include them all.
 * What `losePower` leaves is always one of those states, of the policy's level.
 */
import { assert } from "../../base/assert.ts";
import type { ByteStore } from "../../base/byte-store.ts";
import type { ChoiceStream } from "../../base/choices.ts";
import { pageSize } from "../../base/page-size.ts";
import { sectorSize } from "../../base/sector.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import { fillWithTrash } from "../trash.ts";
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
import { loadPages, savePages } from "./saved-pages.ts";

export class WriteCache {
    readonly #medium: ByteStore;
    readonly #policy: DestagePolicy;
    readonly #choices: ChoiceStream;
    readonly #capacityPages: number;
    /** Where requests land whole: which cached ones only land together. */
    readonly #groups: RequestGroups | undefined;
    readonly #pages = new CachedPages();
    #isOn = true;

    constructor(medium: ByteStore, policy: DestagePolicy, choices: ChoiceStream) {
        assert(medium.sizeBytes % sectorSize === 0, "a disk has whole sectors");
        assert(
            !policy.lies || policy.powerLoss === "requests",
            'a policy that lies has whole requests: powerLoss is "requests"',
        );
        this.#medium = medium;
        this.#policy = policy;
        this.#choices = choices;
        this.#capacityPages = Math.floor(policy.capacityBytes / pageSize);
        this.#groups = policy.powerLoss === "requests" ? new RequestGroups() : undefined;
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
        return { version: 1, isOn: this.#isOn, pages: savePages(this.#pages, this.#groups) };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#forgetAll();
        this.#isOn = state.boolean("isOn");
        const saved = state.records("pages");
        loadPages(saved, this.#pages, this.#groups, this.#medium.sizeBytes);
    }

    /** Makes `bytes` (zeros where undefined) the cache's data of a range. */
    #accept(byteOffset: number, byteLength: number, bytes: Uint8Array | undefined): void {
        const request = this.#groups?.begin(this.#pages.list) ?? 0;
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
            this.#groups?.takeOver(page, mask, request);
            page.mask |= mask;
            done += length;
        }
        // Only between requests, lest part of one should land by itself.
        if (this.#pages.list.length > this.#capacityPages) {
            this.#destageAll();
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
        if (this.#groups !== undefined) {
            const sectors = cachedSectors(page);
            const sector = sectors[this.#choices.choose(sectors.length)];
            this.#destageGroup(this.#groups, this.#groups.groupAt(page, sector));
            return;
        }
        // Choice 0 is the whole page; any other number picks sectors by its bits.
        const picked = this.#choices.choose(wholePage + 1) || wholePage;
        this.#destageSectors(page, page.mask & picked);
    }

    #destageGroup(groups: RequestGroups, group: number): void {
        // From the end, for a page that leaves is replaced by the last one.
        for (let index = this.#pages.list.length - 1; index >= 0; index--) {
            const page = this.#pages.list[index];
            const ofGroup = cachedSectors(page).filter(
                (sector) => groups.groupAt(page, sector) === group,
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
            this.#groups?.clear();
        }
    }

    #forgetAll(): void {
        this.#pages.clear();
        this.#groups?.clear();
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
