/**
 * The machine's physical memory: RAM from address 0, in one WebAssembly.Memory.
 *
 * It is a WebAssembly memory, of fixed size and not shared, so that a CPU that is translated to
 * WebAssembly can work on it in place. CPUs read and write it through their page tables, devices
 * by DMA, and the firmware tables lie in it.
 *
 * Dirty pages: a mark for each page, set on every page that was written since the marks were last
 * taken, and on a few that a store was about to be done in. Whoever writes marks; a CPU's
 * translation cache may hold a page as writable only while its mark is set, which is why
 * `takeDirtyPages` tells the caches.
 *
 * Watched pages: a write to one goes to its watcher, after it was done. The text console is such a
 * page: RAM to the guest, a screen to whoever looks.
 */
import { assert } from "../base/assert.ts";
import { pageSize } from "../base/page-size.ts";

/** Bytes in a page as WebAssembly counts. */
const wasmPageSize = 65_536;

/** RAM ends below the hole for devices, as on q35 with little memory. */
export const maxMemoryBytes = 0xb000_0000;
/** RAM that a machine has when nobody says otherwise: 32 MiB. */
export const defaultMemoryBytes = 32 * 2 ** 20;

/** The one thing that the core needs of WebAssembly; neither Node nor the DOM is asked. */
declare const WebAssembly: {
    readonly Memory: new (limits: {
        readonly initial: number;
        readonly maximum: number;
    }) => { readonly buffer: ArrayBuffer };
};

/** Is told of a write to a watched page: where in memory, and how many bytes. */
export type PageWatcher = (address: number, byteLength: number) => void;

export class GuestMemory {
    readonly sizeBytes: number;
    readonly pageCount: number;
    /** All of memory. Who writes here directly marks the pages dirty. */
    readonly bytes: Uint8Array;
    /** All of memory, for numbers of any size at any address. */
    readonly view: DataView;
    /** By page number: 1 when the page was written since the marks were last taken. */
    readonly dirty: Uint8Array;
    /** By page number: 1 when a watcher is told of writes. */
    readonly watched: Uint8Array;
    readonly #watchers = new Map<number, PageWatcher>();
    readonly #cleanListeners: (() => void)[] = [];

    /**
     * @param sizeBytes a multiple of 64 KiB, from 1 MiB to `maxMemoryBytes`.
     */
    constructor(sizeBytes = defaultMemoryBytes) {
        assert(
            sizeBytes % wasmPageSize === 0 && sizeBytes >= 2 ** 20 && sizeBytes <= maxMemoryBytes,
            "memory has from 1 MiB to 2816 MiB, in steps of 64 KiB",
        );
        const pageLimit = sizeBytes / wasmPageSize;
        const memory = new WebAssembly.Memory({ initial: pageLimit, maximum: pageLimit });
        this.sizeBytes = sizeBytes;
        this.pageCount = sizeBytes / pageSize;
        this.bytes = new Uint8Array(memory.buffer);
        this.view = new DataView(memory.buffer);
        this.dirty = new Uint8Array(this.pageCount);
        this.watched = new Uint8Array(this.pageCount);
    }

    /** Whether all of a range is RAM. Addresses may be any number that a guest can state. */
    contains(address: number, byteLength: number): boolean {
        return address >= 0 && byteLength >= 0 && address + byteLength <= this.sizeBytes;
    }

    /** A device reads memory: all of `target`, or false and nothing when the range is not RAM. */
    dmaRead(address: number, target: Uint8Array): boolean {
        if (!this.contains(address, target.length)) {
            return false;
        }
        target.set(this.bytes.subarray(address, address + target.length));
        return true;
    }

    /** A device writes memory: all of `source`, or false and nothing when the range is not RAM. */
    dmaWrite(address: number, source: Uint8Array): boolean {
        if (!this.contains(address, source.length)) {
            return false;
        }
        this.bytes.set(source, address);
        this.wrote(address, source.length);
        return true;
    }

    /** Says that bytes were written: marks pages, tells watchers. */
    wrote(address: number, byteLength: number): void {
        if (byteLength === 0) {
            return;
        }
        const lastPage = Math.floor((address + byteLength - 1) / pageSize);
        for (let page = Math.floor(address / pageSize); page <= lastPage; page++) {
            this.dirty[page] = 1;
            if (this.watched[page] !== 0) {
                this.#tellWatcher(page, address, byteLength);
            }
        }
    }

    /** Makes `watcher` the one who is told of writes to a page. A page has one watcher. */
    watch(pageNo: number, watcher: PageWatcher): void {
        assert(!this.#watchers.has(pageNo), `page ${pageNo} is watched once`);
        this.#watchers.set(pageNo, watcher);
        this.watched[pageNo] = 1;
        this.#tellCaches();
    }

    /**
     * Registers who must know when pages become clean or watched, because it caches them as pages
     * that may be written with nothing else to do.
     */
    onClean(listener: () => void): void {
        this.#cleanListeners.push(listener);
    }

    /** Numbers of the dirty pages, ascending; all pages are clean afterwards. */
    takeDirtyPages(): number[] {
        const pages: number[] = [];
        // A scan by eight: nearly all are clean.
        const words = new Float64Array(this.dirty.buffer, 0, this.pageCount >>> 3);
        for (let word = 0; word < words.length; word++) {
            if (words[word] !== 0) {
                for (let pageNo = word * 8; pageNo < word * 8 + 8; pageNo++) {
                    if (this.dirty[pageNo] !== 0) {
                        pages.push(pageNo);
                    }
                }
            }
        }
        this.dirty.fill(0);
        this.#tellCaches();
        return pages;
    }

    #tellCaches(): void {
        for (const listener of this.#cleanListeners) {
            listener();
        }
    }

    #tellWatcher(pageNo: number, address: number, byteLength: number): void {
        const start = Math.max(address, pageNo * pageSize);
        const end = Math.min(address + byteLength, (pageNo + 1) * pageSize);
        this.#watchers.get(pageNo)?.(start, end - start);
    }
}

assert(wasmPageSize % (8 * pageSize) === 0, "the dirty marks come in whole words");
