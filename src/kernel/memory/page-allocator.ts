/**
 * The page allocator: pages of physical memory, each with a count of who uses it.
 *
 * A page is given out with one reference. Whoever else comes to use it adds one, whoever stops
 * releases one, and the last to do so frees it. Pages are given out from the lowest on, and one
 * that was freed before those that were never used: so a page that is used after it was freed is
 * soon somebody else's, and the mistake is seen. For the same reason a new page is full of 0xcc.
 *
 * Invariants, asserted: a free page has no references, and only a page of the allocator's that is
 * in use gains or loses one; free and allocated pages are all pages.
 */
import { pageSize } from "../../base/page-size.ts";
import { fillBytes } from "../../machine/cpu/bulk.ts";
import type { Context } from "../../machine/cpu/context.ts";
import { kernelAssert } from "../panic.ts";
import type { Steps } from "../steps.ts";
import type { LockOrder } from "../sync/lock-order.ts";
import { SpinLock } from "../sync/spin-lock.ts";
import { directMap } from "./direct-map.ts";

/** Physical memory from `start` to before `end`, both multiples of the page size. */
export interface PhysicalRange {
    readonly start: number;
    readonly end: number;
}

/** What is in a page that nobody has written: INT3 of every byte, as Chickadee has it. */
const freshByte = 0xcc;

export class PageAllocator {
    readonly #lock: SpinLock;
    readonly #ranges: readonly PhysicalRange[];
    /** By page number; 0 when the page is free. */
    readonly #references: Uint32Array;
    /** Pages that were used and freed, the last one last. */
    readonly #freed: number[] = [];
    /** Pages that were never given out begin here, in the range with this index. */
    #rangeIndex = 0;
    #unused: number;
    readonly #pageCount: number;
    #allocatedCount = 0;

    /** @param ranges ascending and apart. */
    constructor(order: LockOrder, ranges: readonly PhysicalRange[]) {
        this.#lock = new SpinLock(order, "page allocator");
        this.#ranges = ranges;
        let end = 0;
        let pageCount = 0;
        for (const range of ranges) {
            kernelAssert(
                range.start >= end && range.start < range.end,
                "ranges of physical memory ascend and are apart",
            );
            kernelAssert(
                range.start % pageSize === 0 && range.end % pageSize === 0,
                "ranges of physical memory are whole pages",
            );
            pageCount += (range.end - range.start) / pageSize;
            ({ end } = range);
        }
        this.#pageCount = pageCount;
        this.#unused = ranges[0]?.start ?? 0;
        this.#references = new Uint32Array(end / pageSize);
    }

    /** Both counts change as one; a look without the lock may be old, and their sum is right. */
    get freeCount(): number {
        return this.#pageCount - this.#allocatedCount;
    }

    get allocatedCount(): number {
        return this.#allocatedCount;
    }

    /** Who uses a page; for a look from outside. */
    referenceCount(page: number): number {
        return this.#references[page / pageSize] ?? 0;
    }

    /**
     * Takes a page, with one reference.
     *
     * @param fill the byte that it is filled with.
     * @returns its physical address, or -1 when there is none.
     */
    *allocate(context: Context, fill = freshByte): Steps<number> {
        const hadInterrupts = yield* this.#lock.acquire(context);
        const page = this.#freed.pop() ?? this.#takeUnused();
        if (page >= 0) {
            const index = page / pageSize;
            kernelAssert(this.#references[index] === 0, `page ${hex(page)} is free`);
            this.#references[index] = 1;
            this.#allocatedCount++;
        }
        yield* this.#lock.release(context, hadInterrupts);
        if (page >= 0) {
            yield* fillBytes(context, directMap(page), pageSize, fill);
        }
        return page;
    }

    /** Somebody who has a reference passes another one on. */
    *addReference(context: Context, page: number): Steps {
        const hadInterrupts = yield* this.#lock.acquire(context);
        this.#assertUsed(page);
        this.#references[page / pageSize]++;
        yield* this.#lock.release(context, hadInterrupts);
    }

    /** Gives up a reference; the page is free when it was the last one. */
    *release(context: Context, page: number): Steps {
        const hadInterrupts = yield* this.#lock.acquire(context);
        this.#assertUsed(page);
        const index = page / pageSize;
        this.#references[index]--;
        if (this.#references[index] === 0) {
            this.#freed.push(page);
            this.#allocatedCount--;
        }
        yield* this.#lock.release(context, hadInterrupts);
    }

    /** The lowest page that was never given out, or -1. */
    #takeUnused(): number {
        const range = this.#ranges[this.#rangeIndex];
        if (range === undefined) {
            return -1;
        }
        const page = this.#unused;
        this.#unused += pageSize;
        if (this.#unused === range.end) {
            this.#rangeIndex++;
            this.#unused = this.#ranges[this.#rangeIndex]?.start ?? 0;
        }
        return page;
    }

    #assertUsed(page: number): void {
        const isOurs =
            page % pageSize === 0 &&
            this.#ranges.some(({ start, end }) => page >= start && page < end);
        kernelAssert(isOurs, `page ${hex(page)} is one of the allocator's`);
        kernelAssert(this.#references[page / pageSize] > 0, `page ${hex(page)} is in use`);
    }
}

function hex(address: number): string {
    return `0x${address.toString(16)}`;
}
