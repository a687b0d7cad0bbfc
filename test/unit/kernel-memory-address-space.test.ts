/** Address spaces: what is mapped, as the processor's own page walk sees it, and what it costs. */
import { describe, expect, it } from "vitest";
import { AddressSpace } from "../../src/kernel/memory/address-space.ts";
import { directMap } from "../../src/kernel/memory/direct-map.ts";
import { KernelPanic } from "../../src/kernel/panic.ts";
import type { Steps } from "../../src/kernel/steps.ts";
import type { Context } from "../../src/machine/cpu/context.ts";
import { type MemoryRig, runOnOne } from "../support/kernel-memory-rig.ts";

const [noMemory, invalid] = [-12, -22];
const text = 0x10_0000;
const data = 0x10_1000;
const stack = 0x2f_f000;
const screen = 0xb_8000;
const highest = 2 ** 47 - 4096;

function* make(rig: MemoryRig, context: Context): Steps<AddressSpace> {
    const space = yield* AddressSpace.create(rig, context);
    if (space === undefined) {
        throw new Error("there is memory for an address space");
    }
    return space;
}

/** A space as a program has it: text, one page of data with a word in it, and a stack. */
function* makeProgram(rig: MemoryRig, context: Context): Steps<AddressSpace> {
    const space = yield* make(rig, context);
    yield* space.mapFresh(context, text, { writable: false });
    yield* space.mapFresh(context, data, { writable: true });
    yield* space.mapFresh(context, stack, { writable: true });
    yield* rig.enter(context, space.rootTable);
    yield context.store(data, 4, 4711);
    return space;
}

function* leave(rig: MemoryRig, context: Context, space: AddressSpace): Steps {
    yield* rig.enter(context, rig.kernelPageTable);
    yield* space.destroy(context);
}

describe("an address space", () => {
    it("has the screen and the kernel's half to begin with, and gives back all it took", () => {
        const seen = runOnOne({}, function* (rig, context) {
            const space = yield* make(rig, context);
            const { view } = rig.machine.memory;
            const half = (table: number) =>
                Array.from({ length: 256 }, (_, index) =>
                    view.getBigUint64(table + 2048 + 8 * index, true),
                );
            const result = {
                pages: rig.pages.allocatedCount,
                screen: rig.walk(space.rootTable, screen + 5, "write"),
                null: rig.walk(space.rootTable, 0, "read"),
                isKernelHalf: half(space.rootTable).join() === half(0x6000).join(),
            };
            yield* space.destroy(context);
            return { ...result, left: rig.pages.allocatedCount };
        });
        expect(seen).toEqual({
            pages: 4,
            screen: screen + 5,
            null: -1,
            isKernelHalf: true,
            left: 0,
        });
    });

    it("maps pages of zeros for reading, and for writing where that is asked for", () => {
        const seen = runOnOne({}, function* (rig, context) {
            const space = yield* make(rig, context);
            const results = [
                yield* space.mapFresh(context, text, { writable: false }),
                yield* space.mapFresh(context, highest, { writable: true }),
            ];
            const { rootTable } = space;
            const walks = [
                rig.walk(rootTable, text, "read") >= 0,
                rig.walk(rootTable, text, "write") >= 0,
                rig.walk(rootTable, highest + 4095, "write") >= 0,
            ];
            const page = rig.walk(rootTable, highest, "read");
            const bytes = rig.machine.memory.bytes.subarray(page, page + 4096);
            const isZero = bytes.every((byte) => byte === 0);
            yield* space.destroy(context);
            return { results, walks, isZero, left: rig.pages.allocatedCount };
        });
        expect(seen).toEqual({
            results: [0, 0],
            walks: [true, false, true],
            isZero: true,
            left: 0,
        });
    });

    it("translates as the processor does, and nothing that is no user address", () => {
        runOnOne({}, function* (rig, context) {
            const space = yield* makeProgram(rig, context);
            const hostile = [-1, -(2 ** 47), 2 ** 47, 2 ** 53, 2 ** 64 - 1, 0.5, data + 0.5];
            const addresses = [0, 8, text, text + 4095, data, data + 4096, stack, highest, screen];
            for (const access of ["read", "write"] as const) {
                for (const address of addresses) {
                    expect(yield* space.translate(context, address, access)).toBe(
                        rig.walk(space.rootTable, address, access),
                    );
                }
                for (const address of [...hostile, Number.NaN, Infinity, -Infinity]) {
                    expect(yield* space.translate(context, address, access)).toBe(-1);
                    expect(yield* space.hold(context, address, access)).toBe(-1);
                }
            }
        });
    });

    it("holds a page: it is not freed with the space", () => {
        const counts = runOnOne({}, function* (rig, context) {
            const space = yield* makeProgram(rig, context);
            const physical = yield* space.hold(context, data + 12, "read");
            yield* leave(rig, context, space);
            const left = rig.pages.allocatedCount;
            yield* rig.pages.release(context, physical - 12);
            return [left, rig.pages.allocatedCount];
        });
        expect(counts).toEqual([1, 0]);
    });

    it("does not hold the screen, which has no references", () => {
        const held = runOnOne({}, function* (rig, context) {
            const space = yield* make(rig, context);
            return yield* space.hold(context, screen, "write");
        });
        expect(held).toBe(-1);
    });

    it("puts a fresh page in place of one, which it frees, and nobody reaches any more", () => {
        const seen = runOnOne({}, function* (rig, context) {
            const space = yield* makeProgram(rig, context);
            const before = yield context.load(data, 4);
            const { allocatedCount } = rig.pages;
            const result = yield* space.replaceByFresh(context, data);
            const after = yield context.load(data, 4);
            return { before, result, after, more: rig.pages.allocatedCount - allocatedCount };
        });
        expect(seen).toEqual({ before: 4711, result: 0, after: 0, more: 0 });
    });

    it("replaces neither text nor screen nor shared pages, and loses none in the attempt", () => {
        const seen = runOnOne({}, function* (rig, context) {
            const space = yield* makeProgram(rig, context);
            const shared = yield* rig.pages.allocate(context);
            yield* space.mapShared(context, 0x4000_0000, [shared]);
            const { allocatedCount } = rig.pages;
            const results: number[] = [];
            for (const address of [text, screen, 0x4000_0000]) {
                results.push(yield* space.replaceByFresh(context, address));
                results.push(yield* space.replaceByConsole(context, address));
            }
            return { results, more: rig.pages.allocatedCount - allocatedCount };
        });
        expect(seen).toEqual({ results: new Array(6).fill(invalid), more: 0 });
    });

    it("maps the screen at another address, and frees the page that was there", () => {
        const seen = runOnOne({}, function* (rig, context) {
            const space = yield* makeProgram(rig, context);
            const { allocatedCount } = rig.pages;
            const result = yield* space.replaceByConsole(context, data);
            yield context.store(data + 160, 2, 0x0741);
            const cell = rig.machine.memory.view.getUint16(screen + 160, true);
            const more = rig.pages.allocatedCount - allocatedCount;
            yield* leave(rig, context, space);
            return { result, cell, more, left: rig.pages.allocatedCount };
        });
        expect(seen).toEqual({ result: 0, cell: 0x0741, more: -1, left: 0 });
    });

    it("keeps pages for the kernel, and frees those that are its own, once", () => {
        const seen = runOnOne({}, function* (rig, context) {
            const [space, other] = [yield* make(rig, context), yield* make(rig, context)];
            const { allocatedCount } = rig.pages;
            const page = yield* space.keepPage(context);
            const drops = [
                yield* other.dropPage(context, page),
                yield* space.dropPage(context, page + 1),
                yield* space.dropPage(context, Number.NaN),
                yield* space.dropPage(context, page),
                yield* space.dropPage(context, page),
            ];
            const more = rig.pages.allocatedCount - allocatedCount;
            yield* space.keepPage(context);
            yield* space.destroy(context);
            yield* other.destroy(context);
            return { drops, more, left: rig.pages.allocatedCount };
        });
        expect(seen).toEqual({ drops: [false, false, false, true, false], more: 0, left: 0 });
    });
});

describe("shared pages", () => {
    it("are put where there is room, around what is there, across tables", () => {
        const seen = runOnOne({ pageCount: 200 }, function* (rig, context) {
            const space = yield* make(rig, context);
            const pages: number[] = [];
            for (let count = 0; count < 16; count++) {
                pages.push(yield* rig.pages.allocate(context));
            }
            yield* space.mapFresh(context, 0x4000_2000, { writable: true });
            yield* space.mapFresh(context, 0x4000_3000, { writable: true });
            const places = [
                yield* space.mapShared(context, undefined, pages.slice(0, 3)),
                yield* space.mapShared(context, undefined, pages.slice(0, 2)),
                yield* space.mapShared(context, undefined, pages),
                // The first eight pages are in another table, and another directory, than the rest.
                yield* space.mapShared(context, 0x8000_0000 - 8 * 4096, pages),
                yield* space.mapShared(context, 0x8000_0000 + 7 * 4096, pages),
            ];
            const walked = pages.map((_, index) =>
                rig.walk(space.rootTable, 0x8000_0000 + (index - 8) * 4096, "write"),
            );
            expect(walked).toEqual(pages);
            yield* space.unmapShared(context, 0x8000_0000 - 8 * 4096, 16);
            const gone = rig.walk(space.rootTable, 0x8000_0000, "read");
            yield* space.destroy(context);
            return { places, gone, left: rig.pages.allocatedCount };
        });
        expect(seen).toEqual({
            places: [0x4000_4000, 0x4000_0000, 0x4000_7000, 0x8000_0000 - 8 * 4096, invalid],
            gone: -1,
            left: 16,
        });
    });
});

describe("a place whose pages were unmapped", () => {
    const place = 0x4000_0000;

    it("is taken until it is vacated, and nothing is there", () => {
        const seen = runOnOne({}, function* (rig, context) {
            const space = yield* make(rig, context);
            const page = yield* rig.pages.allocate(context, 0);
            yield* space.mapShared(context, place, [page, page]);
            yield* space.unmapShared(context, place, 2);
            const attempts = function* (): Steps<number[]> {
                return [
                    yield* space.translate(context, place, "read"),
                    yield* space.replaceByFresh(context, place + 4096),
                    yield* space.replaceByConsole(context, place + 4096),
                    yield* space.mapShared(context, place, [page]),
                    yield* space.mapShared(context, undefined, [page]),
                ];
            };
            const before = yield* attempts();
            yield* space.vacate(context, place, 2);
            return { before, after: yield* attempts() };
        });
        expect(seen).toEqual({
            before: [-1, invalid, invalid, invalid, place + 2 * 4096],
            after: [-1, 0, 0, place, place + 3 * 4096],
        });
    });

    it("is nothing to a copy, nor to the end of the space", () => {
        const seen = runOnOne({}, function* (rig, context) {
            const space = yield* make(rig, context);
            yield* space.mapShared(context, place, [yield* rig.pages.allocate(context)]);
            yield* space.unmapShared(context, place, 1);
            const child = yield* space.copy(context);
            const result = yield* child?.mapFresh(context, place, { writable: true }) ?? none();
            yield* child?.destroy(context) ?? nothing();
            yield* space.destroy(context);
            return { result, left: rig.pages.allocatedCount };
        });
        expect(seen).toEqual({ result: 0, left: 1 });
    });

    it("is not vacated while something is there: a panic", () => {
        const vacate = () =>
            runOnOne({}, function* (rig, context) {
                const space = yield* makeProgram(rig, context);
                yield* space.vacate(context, data, 1);
            });
        expect(vacate).toThrow(
            new KernelPanic(
                "kernel invariant broken: a place in a page table is vacated when nothing is there",
            ),
        );
    });
});

describe("the end of an address space", () => {
    it("is a panic while a CPU has its table loaded", () => {
        const destroy = () =>
            runOnOne({}, function* (rig, context) {
                const space = yield* makeProgram(rig, context);
                yield* space.destroy(context);
            });
        expect(destroy).toThrow(
            new KernelPanic(
                "kernel invariant broken: a page table is freed when no CPU has it loaded",
            ),
        );
    });

    it("is a panic while a task is to go on with its table", () => {
        const destroyWith = (task: "its own" | "another's" | "reserved") =>
            runOnOne({}, function* (rig, context) {
                const [space, other] = [yield* make(rig, context), yield* make(rig, context)];
                const owner = task === "its own" ? space : other;
                rig.tasks.set(3, task === "reserved" ? task : rig.taskOn(context, owner));
                const before = rig.pages.allocatedCount;
                yield* space.destroy(context);
                return before - rig.pages.allocatedCount;
            });
        expect(destroyWith("another's")).toBe(4);
        expect(destroyWith("reserved")).toBe(4);
        expect(() => destroyWith("its own")).toThrow(
            new KernelPanic(
                "kernel invariant broken: a page table is freed when no task runs with it",
            ),
        );
    });
});

describe("a copy of an address space", () => {
    it("has copies of what is written, the same text, and no shared pages", () => {
        const seen = runOnOne({}, function* (rig, context) {
            const space = yield* makeProgram(rig, context);
            const shared = yield* rig.pages.allocate(context);
            yield* space.mapShared(context, 0x4000_0000, [shared]);
            yield* space.replaceByConsole(context, data + 4096);
            const child = yield* space.copy(context);
            if (child === undefined) {
                throw new Error("there is memory for a copy");
            }
            yield context.store(data, 4, 1);
            const at = (one: AddressSpace, address: number) =>
                rig.walk(one.rootTable, address, "read");
            const result = {
                isSameText: at(child, text) === at(space, text),
                textReferences: rig.pages.referenceCount(at(child, text)),
                isOtherData: at(child, data) !== at(space, data),
                data: rig.machine.memory.view.getUint32(at(child, data), true),
                screens: [at(child, screen), at(child, data + 4096)],
                shared: at(child, 0x4000_0000),
                mayWriteText: rig.walk(child.rootTable, text, "write"),
            };
            yield* child.destroy(context);
            const parentsData = yield context.load(data, 4);
            yield* rig.pages.release(context, shared);
            yield* leave(rig, context, space);
            return { ...result, parentsData, left: rig.pages.allocatedCount };
        });
        expect(seen).toEqual({
            isSameText: true,
            textReferences: 2,
            isOtherData: true,
            data: 4711,
            screens: [screen, screen],
            shared: -1,
            mayWriteText: -1,
            parentsData: 1,
            left: 0,
        });
    });
});

/** What runs out of memory in the test below; each says whether it succeeded. */
type Attempt = (rig: MemoryRig, context: Context, space: AddressSpace) => Steps<boolean>;

const attempts: Readonly<Record<string, Attempt>> = {
    *"a page far from all others"(_rig, context, space) {
        return (yield* space.mapFresh(context, 0x7000_0000_0000, { writable: true })) === 0;
    },
    *"a fresh page in an empty place"(_rig, context, space) {
        return (yield* space.replaceByFresh(context, 0x5000_0000)) === 0;
    },
    *"the screen in an empty place"(_rig, context, space) {
        return (yield* space.replaceByConsole(context, 0x5000_0000)) === 0;
    },
    *"a fresh page in place of another"(_rig, context, space) {
        return (yield* space.replaceByFresh(context, data)) === 0;
    },
    *"two pages in two tables that are both missing"(rig, context, space) {
        const pages = [firstShared(rig), firstShared(rig)];
        return (yield* space.mapShared(context, 0x8000_0000 - 4096, pages)) >= 0;
    },
    *"two pages in two tables of a directory that is missing too"(rig, context, space) {
        const pages = [firstShared(rig), firstShared(rig)];
        return (yield* space.mapShared(context, 0x9020_0000 - 4096, pages)) >= 0;
    },
    *"a kept page"(_rig, context, space) {
        return (yield* space.keepPage(context)) >= 0;
    },
    *"a copy"(_rig, context, space) {
        const child = yield* space.copy(context);
        yield* child?.destroy(context) ?? nothing();
        return child !== undefined;
    },
};

function* nothing(): Steps {}

function* none(): Steps<undefined> {}

/** A page that stands for a shared segment's, which the space does not count. */
function firstShared(rig: MemoryRig): number {
    return rig.kernelPageTable;
}

/** Takes pages until so many are left. */
function* takeAllBut(rig: MemoryRig, context: Context, count: number): Steps {
    const taken: number[] = [];
    while (rig.pages.freeCount > count) {
        taken.push(yield* rig.pages.allocate(context));
    }
    expect(taken.every((page) => page >= 0)).toBe(true);
}

/** Tries with few pages left. What is allocated must be the same before and after a failure. */
function attemptWith(name: string, freePages: number) {
    return runOnOne({ pageCount: 40 }, function* (rig, context) {
        const space = yield* makeProgram(rig, context);
        yield* takeAllBut(rig, context, freePages);
        const { rootTable } = space;
        const bytes = () => rig.machine.memory.bytes.subarray(rootTable, rootTable + 2048).join();
        const [before, rootBefore] = [rig.pages.allocatedCount, bytes()];
        const succeeded = yield* attempts[name](rig, context, space);
        const lost = rig.pages.allocatedCount - before;
        const word = yield context.load(data, 4);
        return { succeeded, lost, isRootSame: bytes() === rootBefore, word };
    });
}

describe("when memory runs out", () => {
    /** Pages that each attempt needs at once. */
    const needs: readonly (readonly [string, number])[] = [
        ["a page far from all others", 4],
        ["a fresh page in an empty place", 3],
        ["the screen in an empty place", 2],
        ["a fresh page in place of another", 1],
        ["two pages in two tables that are both missing", 4],
        ["two pages in two tables of a directory that is missing too", 3],
        ["a kept page", 1],
        // The root, two tables on the way to 1 MiB and a second one for the stack, two pages.
        ["a copy", 7],
    ];

    it.each(needs)("%s fails with less than %i pages, and leaves all as it was", (name, needed) => {
        for (let freePages = 0; freePages < needed; freePages++) {
            expect(attemptWith(name, freePages)).toEqual({
                succeeded: false,
                lost: 0,
                isRootSame: true,
                word: 4711,
            });
        }
        expect(attemptWith(name, needed)).toMatchObject({ succeeded: true });
    });

    it("a new space fails with less than 4 pages, and leaves none behind", () => {
        for (let pageCount = 0; pageCount < 4; pageCount++) {
            const seen = runOnOne({ pageCount }, function* (rig, context) {
                const space = yield* AddressSpace.create(rig, context);
                return { space, left: rig.pages.allocatedCount };
            });
            expect(seen).toEqual({ space: undefined, left: 0 });
        }
    });

    it("a page that was given to be mapped is released", () => {
        const seen = runOnOne({ pageCount: 5 }, function* (rig, context) {
            const space = yield* make(rig, context);
            const page = yield* rig.pages.allocate(context);
            const result = yield* space.map(context, 0x7000_0000_0000, page, { writable: true });
            return { result, allocated: rig.pages.allocatedCount, seen: directMap(page) < 0 };
        });
        expect(seen).toEqual({ result: noMemory, allocated: 4, seen: true });
    });
});
