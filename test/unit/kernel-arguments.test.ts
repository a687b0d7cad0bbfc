import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallArguments } from "../../src/kernel/system-calls/arguments.ts";

/** What a 64-bit register holds when a program states `value`: its integer part modulo 2^64. */
function register(value: number): bigint {
    return Number.isFinite(value) ? BigInt.asUintN(64, BigInt(Math.trunc(value))) : 0n;
}

const anyNumber = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.maxSafeInteger(),
    fc
        .integer({ min: -3, max: 3 })
        .chain((by) =>
            fc.constantFrom(31, 32, 47, 52, 53, 63, 64, 65, 100).map((power) => 2 ** power + by),
        ),
    fc.constantFrom(-0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
);

type Reading = (value: number) => number;

const signed: Reading = (value) => new CallArguments([value]).signed(0);
const unsigned: Reading = (value) => new CallArguments([value]).unsigned(0);
const size: Reading = (value) => new CallArguments([value]).size(0);
const address: Reading = (value) => new CallArguments([value]).address(0);

/** That a reading is what C would make of the register. */
function agrees(reading: Reading, expected: (bits: bigint) => bigint) {
    return fc.property(anyNumber, (value) => {
        expect(reading(value)).toBe(Number(expected(register(value))));
    });
}

describe("an argument of a system call", () => {
    it.each<[string, Reading, (bits: bigint) => bigint]>([
        ["an int", signed, (bits) => BigInt.asIntN(32, bits)],
        ["an unsigned int", unsigned, (bits) => BigInt.asUintN(32, bits)],
        ["a size", size, (bits) => bits],
        ["an address, the upper half negative", address, (bits) => BigInt.asIntN(64, bits)],
    ])("is read as %s, whatever number a program states", (_what, reading, expected) => {
        fc.assert(agrees(reading, expected), { seed: 3, numRuns: 3000 });
    });

    it.each<[Reading, number, number]>([
        [signed, 2 ** 31, -(2 ** 31)],
        [signed, 2 ** 32 + 5, 5],
        [signed, -1.9, -1],
        [signed, -0, 0],
        [unsigned, -1, 2 ** 32 - 1],
        [size, -1, 2 ** 64],
        [size, 1.5, 1],
        [address, 2 ** 63, -(2 ** 63)],
        [address, 2 ** 64 - 2 ** 12, -(2 ** 12)],
        [address, -0, 0],
        [address, Number.NaN, 0],
    ])("%o(%d) is %d", (reading, value, expected) => {
        expect(reading(value)).toBe(expected);
    });

    it("that was not given is 0", () => {
        const none = new CallArguments([7]);
        expect([none.signed(1), none.unsigned(1), none.size(1), none.address(1)]).toEqual([
            0, 0, 0, 0,
        ]);
    });

    it("would not be right if JavaScript's own conversion read it (canary)", () => {
        const careless: Reading = (value) => Math.trunc(value);
        const check = fc.check(
            agrees(careless, (bits) => BigInt.asIntN(32, bits)),
            { seed: 3 },
        );
        expect(check.failed).toBe(true);
    });
});
