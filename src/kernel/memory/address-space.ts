/**
 * Address spaces: a process's page table, and the pages that it has for itself.
 *
 * There are four kinds of pages in one, told apart by their entry:
 *
 *  - its own: writable. fork copies them.
 *  - text: read-only. fork shares them, by a reference of the page allocator.
 *  - of shared segments: `EntryBit.shared`. shared-memory.ts counts them, and has fork map them.
 *  - the screen's: `EntryBit.device`. Nobody counts it.
 *
 * One lock guards the tables. Every page in them is kept by a reference (or is the screen's), so
 * who finds one, and takes a reference of its own before it lets go of the lock, can use it for as
 * long as it likes: `hold`.
 *
 * A page that leaves the tables may still be in the translation caches of CPUs that run threads of
 * the process. It is given back only after a shootdown (translation-shootdown.ts), which must not
 * be waited for with a spinlock held. Its place, too, becomes free only then: so a page that enters
 * a free place needs no shootdown. A page that comes in place of another has the shootdown behind
 * it when the call that asked for it returns; what threads store there before goes to one or the
 * other.
 *
 * Invariants: the upper half is the kernel's; what runs out of memory leaves everything as it was.
 */
import { pageSize } from "../../base/page-size.ts";
import { copyBytes } from "../../machine/cpu/bulk.ts";
import type { Context } from "../../machine/cpu/context.ts";
import { UserAddress } from "../interface/constants.ts";
import { ErrorCode } from "../interface/error-code.ts";
import type { Kernel } from "../kernel.ts";
import { kernelAssert } from "../panic.ts";
import type { Steps } from "../steps.ts";
import { SpinLock } from "../sync/spin-lock.ts";
import { directMap } from "./direct-map.ts";
import { MappedPages, type UserAccess } from "./mapped-pages.ts";
import { EntryBit, pageOf } from "./page-table.ts";
import { consolePage } from "./physical-layout.ts";
import { shootDown } from "./translation-shootdown.ts";

/** What an address space needs of the kernel. */
export type AddressSpaceKernel = Pick<
    Kernel,
    "order" | "pages" | "kernelPageTable" | "cpus" | "tasks" | "localApic"
>;

/** What may be done with a page besides reading it. */
export interface PageRights {
    readonly writable: boolean;
}

const consoleEntry =
    consolePage + EntryBit.present + EntryBit.writable + EntryBit.user + EntryBit.device;
/** Bytes of half a root table: the kernel's entries are in the upper one. */
const halfTableBytes = pageSize / 2;

export class AddressSpace {
    /** Physical address. */
    readonly rootTable: number;
    readonly #kernel: AddressSpaceKernel;
    readonly #lock: SpinLock;
    /** The lock guards these, */
    readonly #mapped: MappedPages;
    /** and the pages that the kernel keeps for the process, which are mapped nowhere. */
    readonly #kept = new Set<number>();

    private constructor(kernel: AddressSpaceKernel, rootTable: number) {
        this.#kernel = kernel;
        this.rootTable = rootTable;
        this.#mapped = new MappedPages(kernel.pages, rootTable);
        this.#lock = new SpinLock(
            kernel.order,
            "page table",
            `page table 0x${rootTable.toString(16)}`,
        );
    }

    /** One with nothing but the screen in it; undefined when there is no memory. */
    static *create(kernel: AddressSpaceKernel, context: Context): Steps<AddressSpace | undefined> {
        const rootTable = yield* kernel.pages.allocate(context, 0);
        if (rootTable < 0) {
            return undefined;
        }
        // The kernel's half is the same in all tables, and does not change after boot.
        yield* copyBytes(
            context,
            directMap(rootTable) + halfTableBytes,
            directMap(kernel.kernelPageTable) + halfTableBytes,
            halfTableBytes,
        );
        const space = new AddressSpace(kernel, rootTable);
        const result = yield* space.#insert(context, UserAddress.console, [consoleEntry]);
        if (result !== 0) {
            yield* space.destroy(context);
            return undefined;
        }
        return space;
    }

    /** Maps a new page of zeros at an address where nothing is. */
    *mapFresh(context: Context, address: number, rights: PageRights): Steps<0 | ErrorCode> {
        const page = yield* this.#kernel.pages.allocate(context, 0);
        return page < 0 ? ErrorCode.noMemory : yield* this.map(context, address, page, rights);
    }

    /** Maps a page where nothing is. It takes over a reference, also when it fails. */
    *map(
        context: Context,
        address: number,
        page: number,
        { writable }: PageRights,
    ): Steps<0 | ErrorCode> {
        const result = yield* this.#insert(context, address, [entryOf(page, writable)]);
        kernelAssert(result !== ErrorCode.invalid, "a page is mapped where nothing is");
        if (result !== 0) {
            yield* this.#kernel.pages.release(context, page);
        }
        return result;
    }

    /**
     * Puts a new page of zeros at an address, in place of what is there. E_INVAL: that is not one
     * of the process's own, writable pages. Must be called without a spinlock.
     */
    *replaceByFresh(context: Context, address: number): Steps<0 | ErrorCode> {
        const { pages } = this.#kernel;
        const page = yield* pages.allocate(context, 0);
        if (page < 0) {
            return ErrorCode.noMemory;
        }
        const result = yield* this.#replace(context, address, entryOf(page, true));
        if (result !== 0) {
            yield* pages.release(context, page);
        }
        return result;
    }

    /** Puts the screen at an address, as `replaceByFresh` does a page. */
    *replaceByConsole(context: Context, address: number): Steps<0 | ErrorCode> {
        return yield* this.#replace(context, address, consoleEntry);
    }

    /**
     * Maps the pages of a shared segment side by side, all or none.
     *
     * @param address where, or undefined for the first place that is free for all of them.
     * @returns where they are, E_INVAL when something is there, E_NOMEM.
     */
    *mapShared(
        context: Context,
        address: number | undefined,
        pages: readonly number[],
    ): Steps<number> {
        const hadInterrupts = yield* this.#lock.acquire(context);
        const place = address ?? this.#mapped.findRoom(pages.length);
        const entries = pages.map((page) => entryOf(page, true) + EntryBit.shared);
        const result = yield* this.#mapped.insert(context, place, entries);
        yield* this.#lock.release(context, hadInterrupts);
        return result === 0 ? place : result;
    }

    /**
     * Takes the pages of a shared segment out again. Next, unless no CPU has the table any more, is
     * `forgetTranslations`; and only then may the pages be freed, and their places be vacated.
     */
    *unmapShared(context: Context, address: number, pageCount: number): Steps {
        const hadInterrupts = yield* this.#lock.acquire(context);
        for (let index = 0; index < pageCount; index++) {
            const pageAddress = address + index * pageSize;
            const entry = yield* this.#mapped.entry(context, pageAddress);
            kernelAssert((entry & EntryBit.shared) !== 0, "a shared page is unmapped as one");
            yield* this.#mapped.clear(context, pageAddress);
        }
        yield* this.#lock.release(context, hadInterrupts);
    }

    /** Lets others have the places of pages that were unmapped, when translations are forgotten. */
    *vacate(context: Context, address: number, pageCount: number): Steps {
        const hadInterrupts = yield* this.#lock.acquire(context);
        for (let index = 0; index < pageCount; index++) {
            yield* this.#mapped.vacate(context, address + index * pageSize);
        }
        yield* this.#lock.release(context, hadInterrupts);
    }

    /**
     * Waits until no CPU translates by entries that were taken out. The caller holds no spinlock
     * and has interrupts on.
     */
    *forgetTranslations(context: Context): Steps {
        yield* shootDown(this.#kernel, context, this.rootTable);
    }

    /**
     * Where a program's access to an address goes: a physical address, or -1 if it would fault.
     * The page may be gone as soon as another thread unmaps it.
     */
    *translate(context: Context, address: number, access: UserAccess): Steps<number> {
        const hadInterrupts = yield* this.#lock.acquire(context);
        const entry = yield* this.#mapped.find(context, address, access);
        yield* this.#lock.release(context, hadInterrupts);
        return entry === 0 ? -1 : pageOf(entry) + (address % pageSize);
    }

    /**
     * As `translate`, with a reference to the page, which the caller releases in the end. The
     * screen cannot be held: -1.
     */
    *hold(context: Context, address: number, access: UserAccess): Steps<number> {
        const hadInterrupts = yield* this.#lock.acquire(context);
        const entry = yield* this.#mapped.find(context, address, access);
        const isHeld = entry !== 0 && (entry & EntryBit.device) === 0;
        if (isHeld) {
            // Under the lock: nobody frees the page before the reference is there.
            yield* this.#kernel.pages.addReference(context, pageOf(entry));
        }
        yield* this.#lock.release(context, hadInterrupts);
        return isHeld ? pageOf(entry) + (address % pageSize) : -1;
    }

    /** Takes a page that the kernel keeps for the process until it ends. -1: no memory. */
    *keepPage(context: Context): Steps<number> {
        const page = yield* this.#kernel.pages.allocate(context);
        if (page >= 0) {
            const hadInterrupts = yield* this.#lock.acquire(context);
            this.#kept.add(page);
            yield* this.#lock.release(context, hadInterrupts);
        }
        return page;
    }

    /** Frees a page that is kept. False: there is no such page. */
    *dropPage(context: Context, page: number): Steps<boolean> {
        const hadInterrupts = yield* this.#lock.acquire(context);
        const wasKept = this.#kept.delete(page);
        yield* this.#lock.release(context, hadInterrupts);
        if (wasKept) {
            yield* this.#kernel.pages.release(context, page);
        }
        return wasKept;
    }

    /**
     * A new space with copies of the process's own pages, and its text and screens; shared segments
     * are left out. Undefined: no memory.
     *
     * The pages are those of one instant, and are held until they are copied; what other threads
     * write meanwhile may be in a copy or not.
     */
    *copy(context: Context): Steps<AddressSpace | undefined> {
        const child = yield* AddressSpace.create(this.#kernel, context);
        if (child === undefined) {
            return undefined;
        }
        let isComplete = true;
        for (const { address, entry } of yield* this.#holdUnshared(context)) {
            isComplete &&= yield* child.#insertCopy(context, address, entry);
            if ((entry & EntryBit.device) === 0) {
                yield* this.#kernel.pages.release(context, pageOf(entry));
            }
        }
        if (!isComplete) {
            yield* child.destroy(context);
            return undefined;
        }
        return child;
    }

    /** Gives back all pages and tables. No CPU has the table loaded, and nobody will load it. */
    *destroy(context: Context): Steps {
        this.#assertLeft();
        const { pages } = this.#kernel;
        for (const address of this.#mapped.addresses) {
            const entry = yield* this.#mapped.entry(context, address);
            if (isCounted(entry)) {
                yield* pages.release(context, pageOf(entry));
            }
        }
        for (const page of [...this.#kept, ...this.#mapped.tables]) {
            yield* pages.release(context, page);
        }
    }

    /**
     * Looks without locks: a CPU loads only its task's table, and no task comes to have this one
     * any more, so who has none of it now never will.
     */
    #assertLeft(): void {
        const { cpus, tasks } = this.#kernel;
        const isLoaded = cpus.some(({ pageTable }) => pageTable === this.rootTable);
        const isTasks = tasks.entries.some(
            (task) => task !== "reserved" && task.pageTable === this.rootTable,
        );
        kernelAssert(!isLoaded, "a page table is freed when no CPU has it loaded");
        kernelAssert(!isTasks, "a page table is freed when no task runs with it");
    }

    /** Puts entries into an empty place. E_INVAL: it is not empty. E_NOMEM: there is no table. */
    *#insert(context: Context, address: number, entries: readonly number[]): Steps<0 | ErrorCode> {
        const hadInterrupts = yield* this.#lock.acquire(context);
        const result = yield* this.#mapped.insert(context, address, entries);
        yield* this.#lock.release(context, hadInterrupts);
        return result;
    }

    /** Puts an entry in place of an own, writable page or of nothing, and frees that page. */
    *#replace(context: Context, address: number, entry: number): Steps<0 | ErrorCode> {
        const hadInterrupts = yield* this.#lock.acquire(context);
        let old = 0;
        let result: 0 | ErrorCode;
        if (!this.#mapped.addresses.has(address)) {
            result = yield* this.#mapped.insert(context, address, [entry]);
        } else {
            old = yield* this.#mapped.entry(context, address);
            result = isOwn(old) ? 0 : ErrorCode.invalid;
            if (result === 0) {
                yield* this.#mapped.replace(context, address, entry);
            }
        }
        yield* this.#lock.release(context, hadInterrupts);
        if (result === 0 && old !== 0) {
            yield* this.forgetTranslations(context);
            yield* this.#kernel.pages.release(context, pageOf(old));
        }
        return result;
    }

    /** For a new space: maps what fork gives to the child for an entry of its parent. */
    *#insertCopy(context: Context, address: number, entry: number): Steps<boolean> {
        const { pages } = this.#kernel;
        if ((entry & EntryBit.device) !== 0) {
            const isThere = this.#mapped.addresses.has(address);
            return isThere || (yield* this.#insert(context, address, [consoleEntry])) === 0;
        }
        let page = pageOf(entry);
        const writable = (entry & EntryBit.writable) !== 0;
        if (writable) {
            page = yield* pages.allocate(context);
            if (page < 0) {
                return false;
            }
            yield* copyBytes(context, directMap(page), directMap(pageOf(entry)), pageSize);
        } else {
            yield* pages.addReference(context, page);
        }
        return (yield* this.map(context, address, page, { writable })) === 0;
    }

    /** All pages but those of shared segments, with a reference to each that is counted. */
    *#holdUnshared(
        context: Context,
    ): Steps<readonly { readonly address: number; readonly entry: number }[]> {
        const held: { readonly address: number; readonly entry: number }[] = [];
        const hadInterrupts = yield* this.#lock.acquire(context);
        for (const address of this.#mapped.addresses) {
            const entry = yield* this.#mapped.entry(context, address);
            if (entry !== 0 && (entry & EntryBit.shared) === 0) {
                held.push({ address, entry });
            }
            if (isCounted(entry)) {
                yield* this.#kernel.pages.addReference(context, pageOf(entry));
            }
        }
        yield* this.#lock.release(context, hadInterrupts);
        return held;
    }
}

function entryOf(page: number, writable: boolean): number {
    return page + EntryBit.present + EntryBit.user + (writable ? EntryBit.writable : 0);
}

/** Whether the space has a reference to what is there: not to nothing, nor the other kinds. */
function isCounted(entry: number): boolean {
    return entry !== 0 && (entry & (EntryBit.shared | EntryBit.device)) === 0;
}

/** Whether a page is the process's own to write and to give up. */
function isOwn(entry: number): boolean {
    const kind = EntryBit.writable | EntryBit.shared | EntryBit.device;
    return (entry & kind) === EntryBit.writable;
}
