/** The page allocator, and what memory it gets. */
import { describe, expect, it } from "vitest";
import { directMap } from "../../src/kernel/memory/direct-map.ts";
import { PageAllocator } from "../../src/kernel/memory/page-allocator.ts";
import { allocatableRanges } from "../../src/kernel/memory/physical-layout.ts";
import { KernelPanic } from "../../src/kernel/panic.ts";
import type { Steps } from "../../src/kernel/steps.ts";
import { LockOrder } from "../../src/kernel/sync/lock-order.ts";
import type { Context } from "../../src/machine/cpu/context.ts";
import { firstPage, MemoryRig, runOnOne } from "../support/kernel-memory-rig.ts";

describe("the memory that can be allocated", () => {
    it("leaves out the firmware's page, the first tables, the devices' hole and the kernel", () => {
        expect(allocatableRanges(0x14_d123, 0x20_0000)).toEqual([
            { start: 0x1000, end: 0x5000 },
            { start: 0x9000, end: 0xa_0000 },
            { start: 0x14_e000, end: 0x20_0000 },
        ]);
    });

    it("has nothing behind a kernel that fills memory", () => {
        expect(allocatableRanges(0x20_0000, 0x20_0000)).toEqual([
            { start: 0x1000, end: 0x5000 },
            { start: 0x9000, end: 0xa_0000 },
        ]);
    });
});

describe("the page allocator", () => {
    it("gives out pages from the lowest on, range by range, and then none", () => {
        const taken = runOnOne({}, function* (rig, context) {
            const pages = new PageAllocator(rig.order, [
                { start: 0x1000, end: 0x3000 },
                { start: 0x9000, end: 0xa000 },
            ]);
            const addresses: number[] = [];
            for (let count = 0; count < 5; count++) {
                addresses.push(yield* pages.allocate(context));
            }
            return { addresses, free: pages.freeCount, allocated: pages.allocatedCount };
        });
        expect(taken).toEqual({
            addresses: [0x1000, 0x2000, 0x9000, -1, -1],
            free: 0,
            allocated: 3,
        });
    });

    it("has no pages when it has no memory", () => {
        const page = runOnOne({ pageCount: 0 }, (rig, context) => rig.pages.allocate(context));
        expect(page).toBe(-1);
    });

    it("fills a page with 0xcc, or with what is asked for, whatever was in it", () => {
        const bytes = runOnOne({}, function* (rig, context) {
            const page = yield* rig.pages.allocate(context);
            const first = [...rig.machine.memory.bytes.subarray(page, page + 4096)];
            yield* rig.pages.release(context, page);
            const again = yield* rig.pages.allocate(context, 0);
            const second = [...rig.machine.memory.bytes.subarray(again, again + 4096)];
            return { first, second };
        });
        expect(bytes.first).toEqual(new Array(4096).fill(0xcc));
        expect(bytes.second).toEqual(new Array(4096).fill(0));
    });

    it("gives out the page that was freed last before one that was never used", () => {
        const seen = runOnOne({}, function* (rig, context) {
            const { pages } = rig;
            const [a, b] = [yield* pages.allocate(context), yield* pages.allocate(context)];
            yield* pages.release(context, b);
            yield* pages.release(context, a);
            return [a, b, yield* pages.allocate(context), yield* pages.allocate(context)];
        });
        expect(seen).toEqual([firstPage, firstPage + 4096, firstPage, firstPage + 4096]);
    });

    it("frees a page with its last reference", () => {
        const counts = runOnOne({ pageCount: 3 }, function* (rig, context) {
            const { pages } = rig;
            const page = yield* pages.allocate(context);
            yield* pages.addReference(context, page);
            const seen = [pages.freeCount];
            yield* pages.release(context, page);
            seen.push(pages.freeCount, pages.referenceCount(page));
            yield* pages.release(context, page);
            return [...seen, pages.freeCount, pages.referenceCount(page)];
        });
        expect(counts).toEqual([2, 2, 1, 3, 0]);
    });

    it.each<[string, (pages: PageAllocator, context: Context) => Steps, string]>([
        [
            "a page that is freed twice",
            function* (pages, context) {
                const page = yield* pages.allocate(context);
                yield* pages.release(context, page);
                yield* pages.release(context, page);
            },
            "kernel invariant broken: page 0x100000 is in use",
        ],
        [
            "a page that was never given out",
            (pages, context) => pages.release(context, firstPage + 4096),
            "kernel invariant broken: page 0x101000 is in use",
        ],
        [
            "a reference to a page that is free",
            (pages, context) => pages.addReference(context, firstPage),
            "kernel invariant broken: page 0x100000 is in use",
        ],
        [
            "a page that is not the allocator's",
            (pages, context) => pages.release(context, 0xb_8000),
            "kernel invariant broken: page 0xb8000 is one of the allocator's",
        ],
        [
            "an address within a page",
            function* (pages, context) {
                yield* pages.release(context, (yield* pages.allocate(context)) + 8);
            },
            "kernel invariant broken: page 0x100008 is one of the allocator's",
        ],
    ])("stops the kernel for %s", (_, body, message) => {
        const run = () => runOnOne({}, (rig, context) => body(rig.pages, context));
        expect(run).toThrow(new KernelPanic(message));
    });

    it("refuses ranges that overlap or are not whole pages", () => {
        const order = new LockOrder(1);
        const make = (...ranges: { start: number; end: number }[]) => {
            return () => new PageAllocator(order, ranges);
        };
        expect(make({ start: 0x1000, end: 0x3000 }, { start: 0x2000, end: 0x4000 })).toThrow(
            "kernel invariant broken: ranges of physical memory ascend and are apart",
        );
        expect(make({ start: 0x1000, end: 0x2800 })).toThrow(
            "kernel invariant broken: ranges of physical memory are whole pages",
        );
    });
});

/** The operations of an allocator that the contention test needs. */
type Pages = Pick<PageAllocator, "allocate" | "release">;

/** An allocator that looks for a page and takes it in two steps, with no lock. */
class RacyAllocator implements Pages {
    readonly #free = [0, 1, 2, 3].map((index) => firstPage + index * 4096);

    *allocate(context: Context): Steps<number> {
        const page = this.#free.at(-1) ?? -1;
        yield context.step();
        this.#free.pop();
        return page;
    }

    *release(context: Context, page: number): Steps {
        yield context.step();
        this.#free.push(page);
    }
}

/** All CPUs take pages, sign them, and look whether somebody else signed them too. */
function contend(schedule: string, seed: number, cpuCount: number, racy = false) {
    let collisions = 0;
    let shortages = 0;
    const rig = new MemoryRig(
        { schedule, seed, cpuCount, pageCount: 4 },
        function* (self, context, cpu) {
            const pages: Pages = racy ? racyPages : self.pages;
            for (let round = 0; round < 30; round++) {
                const page = yield* pages.allocate(context);
                if (page < 0) {
                    shortages++;
                    continue;
                }
                yield context.store(directMap(page), 4, cpu * 1000 + round);
                yield context.step();
                const found = yield context.load(directMap(page), 4);
                collisions += found === cpu * 1000 + round ? 0 : 1;
                yield* pages.release(context, page);
            }
        },
    );
    const racyPages = new RacyAllocator();
    rig.run();
    return { collisions, shortages, free: rig.pages.freeCount };
}

describe("a page", () => {
    const schedules = ["round-robin:3", "random:6", "pct:3:3000"];

    it.each(schedules)("has one owner on 2 and 4 CPUs under %s", (schedule) => {
        for (let seed = 0; seed < 12; seed++) {
            expect(contend(schedule, seed, 2)).toMatchObject({ collisions: 0, free: 4 });
            expect(contend(schedule, seed, 4)).toMatchObject({ collisions: 0, free: 4 });
        }
    });

    it("has two when pages are taken without a lock: the test sees that", () => {
        const collisions = Array.from({ length: 12 }, (_, seed) => {
            return contend("random:6", seed, 2, true).collisions;
        });
        expect(Math.max(...collisions)).toBeGreaterThan(0);
    });
});
