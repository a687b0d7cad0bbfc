/**
 * Page tables: 4-level tables of x86-64 in memory, as the kernel makes and reads them (Intel SDM,
 * volume 3, 4.5). All of it is loads and stores through the direct map.
 *
 * The lower half of a table is a process's. Only the lowest level's entries say what may be done
 * with a page; those above allow everything. Physical memory ends below 4 GiB and no page is marked
 * no-execute, so the upper four bytes of these entries are always zero, and the lower four are read
 * and written as one.
 *
 * Who calls holds the lock of the address space.
 */
import { pageSize } from "../../base/page-size.ts";
import type { Context } from "../../machine/cpu/context.ts";
import { kernelAssert } from "../panic.ts";
import type { Steps } from "../steps.ts";
import { directMap } from "./direct-map.ts";
import type { PageAllocator } from "./page-allocator.ts";

/** Bits of an entry. Bits 9 to 11 are the kernel's own: the processor ignores them. */
export const EntryBit = {
    present: 0x1,
    writable: 0x2,
    user: 0x4,
    /** The page is a shared segment's, which counts its attachments: shared-memory.ts. */
    shared: 0x200,
    /** The page is a device's, and nobody's to free. */
    device: 0x400,
} as const;

/** In the entries above the lowest level. */
const anyAccess = EntryBit.present | EntryBit.writable | EntryBit.user;

const rootLevel = 4;
const entryBytes = 8;
const entryCount = pageSize / entryBytes;
/** By level: bytes of virtual addresses that an entry stands for. */
const spanBytes = [0, 2 ** 12, 2 ** 21, 2 ** 30, 2 ** 39] as const;

/** The page or table that an entry leads to: its physical address. */
export function pageOf(entry: number): number {
    return entry - (entry % pageSize);
}

/**
 * The kernel's address of a page's entry, or undefined when a table on the way is missing.
 *
 * @param address a user address.
 */
export function* findEntry(
    context: Context,
    rootTable: number,
    address: number,
): Steps<number | undefined> {
    const { table, level } = yield* descend(context, rootTable, address);
    return level === 1 ? entryAddress(table, address, 1) : undefined;
}

/**
 * Makes the tables that are missing on the way to pages from `first` to `last`, which are at most
 * 2 MiB apart. All of them or none: they are taken before any is put in its place.
 *
 * @returns those that were made, or undefined when there is no memory.
 */
export function* addTables(
    context: Context,
    pages: PageAllocator,
    rootTable: number,
    first: number,
    last: number,
): Steps<readonly number[] | undefined> {
    kernelAssert(last - first < spanBytes[2], "pages that are mapped at once are close together");
    const missingCount = yield* countMissing(context, rootTable, first, last);
    const tables: number[] = [];
    while (tables.length < missingCount) {
        const table = yield* pages.allocate(context, 0);
        if (table < 0) {
            for (const taken of tables) {
                yield* pages.release(context, taken);
            }
            return undefined;
        }
        tables.push(table);
    }
    const spare = [...tables];
    if (missingCount > 0) {
        yield* putInPlace(context, rootTable, first, spare);
        yield* putInPlace(context, rootTable, last, spare);
    }
    kernelAssert(spare.length === 0, "as many page tables are made as were missing");
    return tables;
}

/** The lowest table there is on the way to an address, and its level. */
function* descend(
    context: Context,
    rootTable: number,
    address: number,
): Steps<{ readonly table: number; readonly level: number }> {
    let table = rootTable;
    let level = rootLevel;
    while (level > 1) {
        const entry = yield context.load(entryAddress(table, address, level), 4);
        if ((entry & EntryBit.present) === 0) {
            break;
        }
        table = pageOf(entry);
        level--;
    }
    return { table, level };
}

/** How many tables are missing on the way to two pages; one that is on both ways counts once. */
function* countMissing(
    context: Context,
    rootTable: number,
    first: number,
    last: number,
): Steps<number> {
    const { level: firstLevel } = yield* descend(context, rootTable, first);
    let count = firstLevel - 1;
    if (tableNo(first, 1) !== tableNo(last, 1)) {
        const { level: lastLevel } = yield* descend(context, rootTable, last);
        for (let level = 1; level < lastLevel; level++) {
            count += tableNo(first, level) === tableNo(last, level) ? 0 : 1;
        }
    }
    return count;
}

/** Puts tables of `spare`, which are zeros, where they are missing on the way to an address. */
function* putInPlace(context: Context, rootTable: number, address: number, spare: number[]): Steps {
    let { table, level } = yield* descend(context, rootTable, address);
    for (; level > 1; level--) {
        const next = spare.pop();
        kernelAssert(next !== undefined, "there is a page for every page table that is missing");
        yield context.store(entryAddress(table, address, level), 4, next + anyAccess);
        table = next;
    }
}

/** Which of a level's tables has an address: tables of a level have numbers as pages do. */
function tableNo(address: number, level: number): number {
    return Math.floor(address / (spanBytes[level] * entryCount));
}

function entryAddress(table: number, address: number, level: number): number {
    const index = Math.floor(address / spanBytes[level]) % entryCount;
    return directMap(table) + index * entryBytes;
}
