/**
 * The translation cache (TLB): pages whose translation a CPU remembers.
 *
 * Direct-mapped, an entry for each page of 4 KiB; of a large page, for each part that was used.
 * An entry has the frame, and the accesses that the walk which made it allowed. As on the real
 * thing it outlives a change of the page table, until CR3 is loaded, the page is invalidated, or
 * an access to it faults (Intel SDM, volume 3, 4.10.4.1); a kernel that forgets that has its bug
 * here as there. An access that the entry does not allow is walked anew, and its walk replaces
 * the entry, so a change that only adds rights is seen at once. So does a first write: an entry
 * allows writing only where the walk found the page's dirty bit set, or set it.
 *
 * Beside the entry each access has a tag, `direct`, which the CPU's loop compares. It is there
 * for pages that may be accessed in memory with nothing else to do: RAM, and for writing marked
 * dirty and not watched. Taking it away costs a slow access, and never changes what a program
 * sees.
 *
 * Invariant: a tag in `direct` is NaN, or the entry's page, and then the entry allows the access.
 */
import { assert } from "../../base/assert.ts";
import { pageSize } from "../../base/page-size.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import { UserError } from "../../base/user-error.ts";
import type { GuestMemory } from "../guest-memory.ts";

/** Pages that are remembered; a power of two. */
const translationCount = 256;

/** Where a page is remembered, if it is. */
export function slotOf(pageNo: number): number {
    return pageNo & (translationCount - 1);
}

/** Frames are remembered below this physical address; the few above are walked to each time. */
export const maxRememberedAddress = 2 ** 32;

/** Accesses, as bits of what an entry allows. */
export const AccessRight = { kernelRead: 1, kernelWrite: 2, userRead: 4, userWrite: 8 } as const;
export const allRights = 15;

/** The right that an access needs. */
export function rightFor(isWrite: boolean, isUser: boolean): number {
    return (isWrite ? 2 : 1) << (isUser ? 2 : 0);
}

/** A translation as a walk found it. */
export interface Translation {
    readonly pageNo: number;
    /** The physical address of the page's start, below `maxRememberedAddress`. */
    readonly frame: number;
    /** Of `AccessRight`. */
    readonly rights: number;
    /** Pages of 4 KiB in the page that the tables map: 1, 512 or 2^18. */
    readonly spanPages: number;
}

export class TranslationCache {
    /** By slot, the number of the virtual page that is remembered; NaN for none. */
    readonly #pages = emptyTags();
    readonly #rights = new Uint8Array(translationCount);
    readonly #spans = new Uint32Array(translationCount);
    /** By slot, the physical address of the page's start. */
    readonly frames = new Uint32Array(translationCount);
    /** By slot, the page if its memory may be accessed directly; a table for each access. */
    readonly #kernelRead = emptyTags();
    readonly #kernelWrite = emptyTags();
    readonly #userRead = emptyTags();
    readonly #userWrite = emptyTags();
    /** Whether a part of a large page may be remembered. */
    #hasLarge = false;

    constructor(memory: GuestMemory) {
        memory.onClean(() => {
            this.#kernelWrite.fill(Number.NaN);
            this.#userWrite.fill(Number.NaN);
        });
    }

    /** The tags of the pages that an access may touch directly. The table stays the same one. */
    direct(isWrite: boolean, isUser: boolean): Float64Array {
        if (isUser) {
            return isWrite ? this.#userWrite : this.#userRead;
        }
        return isWrite ? this.#kernelWrite : this.#kernelRead;
    }

    /** The frame of a page for accesses that need `right`, or -1 when none is remembered. */
    find(pageNo: number, right: number): number {
        const slot = slotOf(pageNo);
        const isFound = this.#pages[slot] === pageNo && (this.#rights[slot] & right) !== 0;
        return isFound ? this.frames[slot] : -1;
    }

    add({ pageNo, frame, rights, spanPages }: Translation): void {
        const slot = slotOf(pageNo);
        this.#drop(slot);
        this.#pages[slot] = pageNo;
        this.frames[slot] = frame;
        this.#rights[slot] = rights;
        this.#spans[slot] = spanPages;
        this.#hasLarge ||= spanPages > 1;
    }

    /** Lets an access touch a remembered page directly. */
    makeDirect(pageNo: number, isWrite: boolean, isUser: boolean): void {
        assert(
            this.find(pageNo, rightFor(isWrite, isUser)) >= 0,
            "a page is accessed directly only as it may be",
        );
        this.direct(isWrite, isUser)[slotOf(pageNo)] = pageNo;
    }

    /** CR3 was loaded. */
    clear(): void {
        this.#pages.fill(Number.NaN);
        this.#kernelRead.fill(Number.NaN);
        this.#kernelWrite.fill(Number.NaN);
        this.#userRead.fill(Number.NaN);
        this.#userWrite.fill(Number.NaN);
        this.#hasLarge = false;
    }

    /** Forgets a page; of a large page, all parts. INVLPG, and what a page fault does. */
    forget(pageNo: number): void {
        const slot = slotOf(pageNo);
        if (this.#pages[slot] === pageNo) {
            this.#drop(slot);
        }
        if (this.#hasLarge) {
            this.#forgetParts(pageNo);
        }
    }

    save(): StateRecord {
        const used = [...this.#pages.keys()].filter((slot) => !Number.isNaN(this.#pages[slot]));
        return {
            version: 1,
            pages: used.map((slot) => this.#pages[slot]),
            frames: used.map((slot) => this.frames[slot]),
            rights: used.map((slot) => this.#rights[slot]),
            spans: used.map((slot) => this.#spans[slot]),
            hasLarge: this.#hasLarge,
        };
    }

    /** Direct access is not part of the state: it comes back by itself. */
    load(state: StateFields): void {
        state.expectVersion(1);
        const pages = state.numbers("pages");
        const count = pages.length;
        const frames = state.integers("frames", count, 0, maxRememberedAddress - 1);
        const rights = state.integers("rights", count, 0, allRights);
        const spans = state.integers("spans", count, 1, maxSpanPages);
        this.clear();
        for (const [index, pageNo] of pages.entries()) {
            const isPage = Number.isInteger(pageNo) && pageNo >= -pageLimit && pageNo < pageLimit;
            if (!isPage || frames[index] % pageSize !== 0) {
                throw new UserError(`saved state has a translation of no page: ${pageNo}`);
            }
            const entry = { frame: frames[index], rights: rights[index], spanPages: spans[index] };
            this.add({ pageNo, ...entry });
        }
        this.#hasLarge = state.boolean("hasLarge");
    }

    #drop(slot: number): void {
        this.#pages[slot] = Number.NaN;
        this.#kernelRead[slot] = Number.NaN;
        this.#kernelWrite[slot] = Number.NaN;
        this.#userRead[slot] = Number.NaN;
        this.#userWrite[slot] = Number.NaN;
    }

    /** Drops every part of the large pages that a page lies in. */
    #forgetParts(pageNo: number): void {
        for (let slot = 0; slot < translationCount; slot++) {
            const span = this.#spans[slot];
            const isInside = Math.floor(this.#pages[slot] / span) === Math.floor(pageNo / span);
            if (isInside && span > 1) {
                this.#drop(slot);
            }
        }
    }
}

/** Pages of 4 KiB in the largest page, of 1 GiB. */
const maxSpanPages = 2 ** 18;
/** Canonical pages have numbers below this, and from its opposite on. */
const pageLimit = 2 ** 35;

function emptyTags(): Float64Array {
    return new Float64Array(translationCount).fill(Number.NaN);
}
