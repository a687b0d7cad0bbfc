/**
 * The pages of a process's half of a page table: which there are, and their entries.
 *
 * The tables in memory say what is mapped, to the processor and to the kernel. Beside them stands
 * the set of addresses that have a page, so that fork and exit need not search 2^35 entries.
 *
 * Whoever calls holds the lock of the address space, unless nobody else knows the table (any more).
 *
 * A page goes in two steps. `clear` makes its entry zero; but CPUs may still translate by what the
 * entry was, and if another page were mapped there now, a thread could think that it uses that one,
 * and use the old one. So the place stays taken until it is vacated, after a shootdown.
 *
 * Invariants: an address is in the set while its entry is not zero, and until it is vacated. Tables
 * below the root, once made, stay until the end; their number is bounded by what was mapped. What
 * runs out of memory leaves everything as it was.
 */
import { pageSize } from "../../base/page-size.ts";
import type { Context } from "../../machine/cpu/context.ts";
import { UserAddress } from "../interface/constants.ts";
import { ErrorCode } from "../interface/error-code.ts";
import { kernelAssert } from "../panic.ts";
import type { Steps } from "../steps.ts";
import type { PageAllocator } from "./page-allocator.ts";
import { addTables, EntryBit, findEntry } from "./page-table.ts";

export type UserAccess = "read" | "write";

export class MappedPages {
    readonly #pages: PageAllocator;
    readonly #rootTable: number;
    /** Physical addresses of the tables below the root. */
    readonly #tables: number[] = [];
    /** Places that are taken, in the order in which they came to be. */
    readonly #addresses = new Set<number>();

    /** @param rootTable physical address of a table whose lower half is zeros. */
    constructor(pages: PageAllocator, rootTable: number) {
        this.#pages = pages;
        this.#rootTable = rootTable;
    }

    /** Where there are pages, or were some that CPUs may still translate to. */
    get addresses(): ReadonlySet<number> {
        return this.#addresses;
    }

    /** All tables, for who gives them back. */
    get tables(): readonly number[] {
        return [...this.#tables, this.#rootTable];
    }

    /** Puts entries side by side into an empty place. E_INVAL: it is not empty. E_NOMEM. */
    *insert(context: Context, address: number, entries: readonly number[]): Steps<0 | ErrorCode> {
        const addresses = entries.map((_, index) => address + index * pageSize);
        if (addresses.some((pageAddress) => this.#addresses.has(pageAddress))) {
            return ErrorCode.invalid;
        }
        const last = addresses.at(-1) ?? address;
        const made = yield* addTables(context, this.#pages, this.#rootTable, address, last);
        if (made === undefined) {
            return ErrorCode.noMemory;
        }
        this.#tables.push(...made);
        for (const [index, pageAddress] of addresses.entries()) {
            const place = yield* this.#place(context, pageAddress);
            yield context.store(place, 4, entries[index]);
            this.#addresses.add(pageAddress);
        }
        return 0;
    }

    /** The entry of a place that is taken; 0 when its page is gone already. */
    *entry(context: Context, address: number): Steps<number> {
        return yield context.load(yield* this.#place(context, address), 4);
    }

    /** Puts an entry in place of that of a page that there is. */
    *replace(context: Context, address: number, entry: number): Steps {
        yield context.store(yield* this.#place(context, address), 4, entry);
    }

    /** Takes a page out; its place stays taken. */
    *clear(context: Context, address: number): Steps {
        yield* this.replace(context, address, 0);
    }

    /** Makes a place free again. No CPU translates by the entry that was there. */
    *vacate(context: Context, address: number): Steps {
        const entry = yield* this.entry(context, address);
        kernelAssert(entry === 0, "a place in a page table is vacated when nothing is there");
        this.#addresses.delete(address);
    }

    /**
     * The entry by which a program's access is translated, or 0 if it would fault.
     *
     * @param address any number.
     */
    *find(context: Context, address: number, access: UserAccess): Steps<number> {
        const place = isUserAddress(address)
            ? yield* findEntry(context, this.#rootTable, address)
            : undefined;
        const entry = place === undefined ? 0 : yield context.load(place, 4);
        const needed =
            EntryBit.present + EntryBit.user + (access === "write" ? EntryBit.writable : 0);
        return (entry & needed) === needed ? entry : 0;
    }

    /** The first address from `UserAddress.sharedMemory` on with so many free places. */
    findRoom(pageCount: number): number {
        let room: number = UserAddress.sharedMemory;
        for (let found = 0; found < pageCount; ) {
            const pageAddress = room + found * pageSize;
            if (this.#addresses.has(pageAddress)) {
                room = pageAddress + pageSize;
                found = 0;
            } else {
                found++;
            }
        }
        return room;
    }

    /** The kernel's address of the entry of a page that there is. */
    *#place(context: Context, address: number): Steps<number> {
        const place = yield* findEntry(context, this.#rootTable, address);
        kernelAssert(place !== undefined, "a page that is mapped has its tables");
        return place;
    }
}

/** Whether an address is a whole number in a process's half. */
function isUserAddress(address: number): boolean {
    return Number.isInteger(address) && address >= 0 && address < UserAddress.end;
}
