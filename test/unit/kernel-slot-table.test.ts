import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SlotTable } from "../../src/kernel/tasks/slot-table.ts";

describe("a table of numbered things", () => {
    it("has numbers from 1 to one less than its slots, the lowest free one first", () => {
        const table = new SlotTable<string>(4);
        expect([table.freeNumber, table.entries]).toEqual([1, []]);
        for (const [number, name] of [
            [1, "a"],
            [2, "b"],
            [3, "c"],
        ] as const) {
            expect(table.freeNumber).toBe(number);
            table.set(number, name);
        }
        expect([table.freeNumber, table.entries]).toEqual([undefined, ["a", "b", "c"]]);
        table.clear(2);
        expect([table.freeNumber, table.get(2), table.get(3)]).toEqual([2, undefined, "c"]);
        expect([table.get(0), table.get(4), table.get(-1)]).toEqual([
            undefined,
            undefined,
            undefined,
        ]);
    });

    it("does not take a number twice, or give one back that is free", () => {
        const table = new SlotTable<string>(4);
        table.set(2, "a");
        expect(() => table.set(2, "b")).toThrow(
            "kernel invariant broken: slot 2 of a table is free",
        );
        table.clear(2);
        expect(() => table.clear(2)).toThrow("kernel invariant broken: slot 2 of a table is used");
    });

    /** Takes and gives numbers, beside a model that is a sorted list. */
    function agrees(choose: (table: SlotTable<number>) => number | undefined, slotCount = 8) {
        const step = fc.oneof(fc.constant("take" as const), fc.nat(slotCount));
        return fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
            const table = new SlotTable<number>(slotCount);
            const used = new Set<number>();
            for (const what of steps) {
                const lowest = [1, 2, 3, 4, 5, 6, 7].find((number) => !used.has(number));
                if (what === "take") {
                    const number = choose(table);
                    expect(number).toBe(lowest);
                    if (number !== undefined) {
                        table.set(number, number);
                        used.add(number);
                    }
                } else if (used.delete(what)) {
                    table.clear(what);
                }
                expect(table.entries).toEqual([...used].sort((a, b) => a - b));
            }
        });
    }

    it("agrees with a model", () => {
        fc.assert(
            agrees((table) => table.freeNumber),
            { seed: 4, numRuns: 300 },
        );
    });

    it("would not if the highest number were given first (canary)", () => {
        const highest = (table: SlotTable<number>) =>
            [7, 6, 5, 4, 3, 2, 1].find((number) => table.get(number) === undefined);
        expect(fc.check(agrees(highest), { seed: 4 }).failed).toBe(true);
    });
});
