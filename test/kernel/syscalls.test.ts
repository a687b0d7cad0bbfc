/** System calls by number, with arguments of all kinds: an error or a result, never a panic. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Kernel, type KernelOptions } from "../../src/kernel/kernel.ts";
import { program } from "../../src/programs/library/program.ts";
import { failuresOf, fewSettings, makeRun } from "../support/kernel-settings.ts";
import { dataBytes, inChild } from "../support/kernel-words.ts";

const one = { cpuCount: 2, schedule: "random", seed: 1 };

/** Chickadee's numbers and the reference kernel's own. */
const knownNumbers = new Set([
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 128,
    129, 130, 131, 132, 133, 134, 135, 136, 137, 138, 139, 140, 141, 142, 143,
]);
/** Of those: panic, exit, texit and halt do not come back. */
const endings = new Set([5, 8, 24, 142]);
/** A run that has not ended by then is left alone. */
const operations = 60_000;

describe("a call's number", () => {
    it("that no call has is E_NOSYS", () => {
        const image = program("numbers", function* (user) {
            for (const number of [
                0,
                -1,
                26,
                127,
                144,
                255,
                1000,
                2 ** 31,
                2 ** 53,
                1.5,
                Number.NaN,
            ]) {
                yield* user.check(yield user.call(number), -38, `call ${number}`);
            }
        });
        expect(failuresOf(image, fewSettings)).toEqual([]);
    });
});

/** Numbers as registers have them, and as JavaScript does. */
const anyNumber = fc.oneof(
    fc.integer({ min: -3, max: 40 }),
    fc.constantFrom(0x10_0000, 0x10_1000, 0x2f_f000, 0x2f_fffe, 0x30_0000, 0xb_8000, 0x4000_0000),
    fc.constantFrom(2 ** 31, 2 ** 32 - 1, 2 ** 47 - 1, 2 ** 47, 2 ** 53, 2 ** 63, 2 ** 64, 1e300),
    fc.constantFrom(-1, -4096, -(2 ** 31), -(2 ** 47), -(2 ** 53), -(2 ** 63), Number.NaN, 0.5),
    fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0),
);
/** Calls that come back, or wait for what never comes. */
const call = fc
    .tuple(fc.constantFrom(...knownNumbers), fc.array(anyNumber, { maxLength: 5 }))
    .filter(([number]) => !endings.has(number));

/** A child makes the calls; whoever it has forked makes the rest of them, too. */
function caller(calls: readonly (readonly [number, readonly number[]])[]) {
    return program(
        "caller",
        (user) =>
            inChild(user, 0, function* (child) {
                for (const [number, values] of calls) {
                    yield child.call(number, ...values);
                }
                yield* child.exit(0);
            }),
        { dataBytes },
    );
}

describe("calls with any arguments", () => {
    const calls = fc.array(call, { maxLength: 12 });

    /** Throws when the kernel breaks. A program may well be stuck, or make no end of processes. */
    function run(what: readonly (readonly [number, readonly number[]])[], seed: number): void {
        const outcome = makeRun(caller(what), { ...one, seed }, {}).advance({ operations });
        expect(outcome).not.toMatchObject({ kind: "panic" });
    }

    it("never break the kernel, and never lose anything", () => {
        fc.assert(fc.property(calls, fc.nat(1000), run), { seed: 20261122, numRuns: 200 });
    });

    it("break a kernel that reads where a program points (canary)", () => {
        const makeKernel = (options: KernelOptions) => {
            const kernel = new Kernel(options);
            const systemCall = kernel.systemCall.bind(kernel);
            kernel.systemCall = function* (context, number, values) {
                if (values.length > 1 && Number.isSafeInteger(values[1])) {
                    yield context.load(values[1], 1);
                }
                return yield* systemCall(context, number, values);
            };
            return kernel;
        };
        const property = fc.property(calls, (what) => {
            const outcome = makeRun(caller(what), one, { makeKernel }).advance({ operations });
            expect(outcome).not.toMatchObject({ kind: "panic" });
        });
        expect(fc.check(property, { seed: 20261122, numRuns: 200 }).failed).toBe(true);
    });
});
