/** An address space against a model, as the processor's own page walk sees it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AddressSpace } from "../../src/kernel/memory/address-space.ts";
import type { Steps } from "../../src/kernel/steps.ts";
import type { Context } from "../../src/machine/cpu/context.ts";
import { type MemoryRig, runOnOne } from "../support/kernel-memory-rig.ts";

const seed = 44_002;

/** Pages around borders of tables of all levels, the lowest and the highest. */
const pageAddresses = [
    ...[0x10_0000, 0x1f_f000, 0x20_0000, 0x3fff_f000, 0x4000_0000, 0x4000_1000, 0x7fff_f000],
    ...[2 ** 39 - 4096, 2 ** 39, 2 ** 39 + 2 ** 21, 2 ** 47 - 8192, 2 ** 47 - 4096],
];
const sharedAddresses = [0x3fff_f000, 0x4000_0000, 2 ** 39 - 4096, 0x5000_0000];

type Step =
    | { readonly do: "replace" | "console"; readonly address: number }
    | { readonly do: "share"; readonly address: number | undefined; readonly pageCount: number }
    | { readonly do: "unshare" | "keep" | "drop"; readonly index: number }
    | { readonly do: "copy" };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
    {
        weight: 4,
        arbitrary: fc.record({
            do: fc.constantFrom("replace", "replace", "replace", "console"),
            address: fc.constantFrom(...pageAddresses),
        }),
    },
    {
        weight: 2,
        arbitrary: fc.record({
            do: fc.constant("share"),
            address: fc.option(fc.constantFrom(...sharedAddresses), { nil: undefined }),
            pageCount: fc.integer({ min: 1, max: 4 }),
        }),
    },
    {
        weight: 2,
        arbitrary: fc.record({
            do: fc.constantFrom("unshare", "keep", "drop"),
            index: fc.nat(3),
        }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("copy") }) },
);

/** What the model has at an address. */
type Content =
    /** A page that was given a mark of its own. */
    | { readonly kind: "own"; readonly mark: number }
    | { readonly kind: "shared"; readonly page: number }
    | { readonly kind: "screen" };

const screen = 0xb_8000;

/** A space, and what should be in it. */
class Modelled {
    readonly contents = new Map<number, Content>([[screen, { kind: "screen" }]]);
    readonly shared: { readonly address: number; readonly pageCount: number }[] = [];
    readonly kept: number[] = [];
    readonly #rig: MemoryRig;
    readonly space: AddressSpace;

    constructor(rig: MemoryRig, space: AddressSpace) {
        this.#rig = rig;
        this.space = space;
    }

    /** Pages that the space has for itself, but for its tables. */
    get ownPageCount(): number {
        const contents = [...this.contents.values()];
        return contents.filter(({ kind }) => kind === "own").length + this.kept.length;
    }

    isFree(address: number, pageCount: number): boolean {
        return [...new Array(pageCount).keys()].every(
            (index) => !this.contents.has(address + index * 4096),
        );
    }

    /** Where a segment without an address goes. */
    room(pageCount: number): number {
        let address = 0x4000_0000;
        while (!this.isFree(address, pageCount)) {
            address += 4096;
        }
        return address;
    }

    /** All that the processor finds must be what the model has, and no more. */
    check(): void {
        const { memory } = this.#rig.machine;
        const { rootTable } = this.space;
        for (const address of [...pageAddresses, ...this.contents.keys(), 0, 4096]) {
            const content = this.contents.get(address);
            const physical = this.#rig.walk(rootTable, address, "write");
            switch (content?.kind) {
                case undefined:
                    expect(physical).toBe(-1);
                    break;
                case "own":
                    expect(memory.view.getUint32(physical + 8, true)).toBe(content.mark);
                    break;
                case "shared":
                    expect(physical).toBe(content.page);
                    break;
                case "screen":
                    expect(physical).toBe(screen);
                    break;
            }
        }
    }
}

/** Carries a step out on both, and checks what it returns. */
function* carryOut(rig: MemoryRig, context: Context, modelled: Modelled, step: Step): Steps {
    const { space, contents, shared, kept } = modelled;
    switch (step.do) {
        case "replace":
        case "console": {
            const { address } = step;
            const isRight = (contents.get(address)?.kind ?? "own") === "own";
            const result =
                step.do === "console"
                    ? yield* space.replaceByConsole(context, address)
                    : yield* space.replaceByFresh(context, address);
            expect(result).toBe(isRight ? 0 : -22);
            if (isRight && step.do === "console") {
                contents.set(address, { kind: "screen" });
            } else if (isRight) {
                const mark = contents.size * 1000 + rig.pages.allocatedCount;
                expect(yield context.load(address, 4)).toBe(0);
                yield context.store(address + 8, 4, mark);
                contents.set(address, { kind: "own", mark });
            }
            break;
        }
        case "share": {
            const place = step.address ?? modelled.room(step.pageCount);
            const pages = sharedPages(step.pageCount);
            const result = yield* space.mapShared(context, step.address, pages);
            const isRight = modelled.isFree(place, step.pageCount);
            expect(result).toBe(isRight ? place : -22);
            if (isRight) {
                shared.push({ address: place, pageCount: step.pageCount });
                for (const [index, page] of pages.entries()) {
                    contents.set(place + index * 4096, { kind: "shared", page });
                }
            }
            break;
        }
        case "unshare": {
            const [gone] = shared.splice(step.index, 1);
            if (gone !== undefined) {
                yield* space.unmapShared(context, gone.address, gone.pageCount);
                // The pages are gone, and a copy is one without; but the place is still taken.
                yield* checkCopy(rig, context, modelled);
                const again = sharedPages(1);
                expect(yield* space.mapShared(context, gone.address, again)).toBe(-22);
                expect(yield* space.replaceByFresh(context, gone.address)).toBe(-22);
                yield* space.forgetTranslations(context);
                yield* space.vacate(context, gone.address, gone.pageCount);
                for (let index = 0; index < gone.pageCount; index++) {
                    contents.delete(gone.address + index * 4096);
                }
            }
            break;
        }
        case "keep":
            kept.push(yield* space.keepPage(context));
            break;
        case "drop": {
            const [page] = kept.splice(step.index, 1);
            expect(yield* space.dropPage(context, page ?? 0x9000)).toBe(page !== undefined);
            break;
        }
        case "copy":
            yield* checkCopy(rig, context, modelled);
            break;
    }
}

/** Physical pages that stand for a segment's. */
function sharedPages(pageCount: number): number[] {
    return [0x1e_0000, 0x1e_1000, 0x1e_2000, 0x1e_3000].slice(0, pageCount);
}

/** A copy has everything but what is shared, and is gone without a trace. */
function* checkCopy(rig: MemoryRig, context: Context, parent: Modelled): Steps {
    const before = rig.pages.allocatedCount;
    const space = yield* parent.space.copy(context);
    if (space === undefined) {
        throw new Error("there is memory for a copy");
    }
    const child = new Modelled(rig, space);
    for (const [address, content] of parent.contents) {
        if (content.kind !== "shared") {
            child.contents.set(address, content);
        }
    }
    child.check();
    yield* space.destroy(context);
    expect(rig.pages.allocatedCount).toBe(before);
}

/** Runs steps. `damage` does what a space that is wrong would have done. */
function run(steps: readonly Step[], damage = false): void {
    runOnOne({ pageCount: 200 }, function* (rig, context) {
        const space = yield* AddressSpace.create(rig, context);
        if (space === undefined) {
            throw new Error("there is memory for an address space");
        }
        yield* rig.enter(context, space.rootTable);
        const modelled = new Modelled(rig, space);
        let tableCount = 0;
        for (const step of steps) {
            yield* carryOut(rig, context, modelled, step);
            if (damage) {
                modelled.contents.delete(pageAddresses[0]);
            }
            modelled.check();
            const tables = rig.pages.allocatedCount - modelled.ownPageCount;
            expect(tables).toBeGreaterThanOrEqual(tableCount);
            tableCount = tables;
        }
        yield* rig.enter(context, rig.kernelPageTable);
        yield* space.destroy(context);
        expect(rig.pages.allocatedCount).toBe(0);
    });
}

describe("an address space", () => {
    const anySteps = fc.array(anyStep, { minLength: 3, maxLength: 30 });

    it("has what the model has, after any steps, and gives all of it back", () => {
        const property = fc.property(anySteps, (steps) => run(steps));
        fc.assert(property, { seed, numRuns: 150 });
    });

    it("has not when a page is there that should not be: the test sees that", () => {
        const steps: Step[] = [{ do: "replace", address: pageAddresses[0] }];
        run(steps);
        expect(() => run(steps, true)).toThrow();
    });
});
