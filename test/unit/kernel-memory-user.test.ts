/** The kernel's use of a program's memory, by addresses that may be anything. */
import { describe, expect, it } from "vitest";
import { AddressSpace } from "../../src/kernel/memory/address-space.ts";
import { directMap } from "../../src/kernel/memory/direct-map.ts";
import {
    checkRange,
    copyFromUser,
    copyToUser,
    readUserNumber,
    readUserString,
    writeUserNumber,
} from "../../src/kernel/memory/user-memory.ts";
import type { Steps } from "../../src/kernel/steps.ts";
import type { Task } from "../../src/kernel/tasks/task.ts";
import type { Context } from "../../src/machine/cpu/context.ts";
import { MemoryRig, runOnOne } from "../support/kernel-memory-rig.ts";

const [badAddress, nameTooLong] = [-14, -36];
const text = 0x10_0000;
/** Two pages in a row; before them text, behind them nothing. */
const data = 0x10_1000;
const dataEnd = 0x10_3000;
/** The last page of a program's half. */
const highest = 2 ** 47 - 4096;
const end = 2 ** 47;

/** Runs a body in a system call of a program that has these pages. */
function inProgram<Result>(
    body: (task: Task, rig: MemoryRig, context: Context) => Steps<Result>,
): Result {
    return runOnOne({}, function* (rig, context) {
        const space = yield* AddressSpace.create(rig, context);
        if (space === undefined) {
            throw new Error("there is memory for a program");
        }
        yield* space.mapFresh(context, text, { writable: false });
        for (const address of [data, data + 4096, highest]) {
            yield* space.mapFresh(context, address, { writable: true });
        }
        yield* rig.enter(context, space.rootTable);
        return yield* body(rig.taskOn(context, space), rig, context);
    });
}

/** Addresses at which no byte of a program is. */
const hostileAddresses = [
    ...[
        0,
        10,
        dataEnd,
        end,
        -1,
        -8,
        -(2 ** 47),
        -(2 ** 47) + 0x1000,
        2 ** 48,
        2 ** 53,
        2 ** 64 - 1,
    ],
    ...[2 ** 63, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, data + 0.5],
];

describe("a range of a program's memory", () => {
    it.each<[number, number, "read" | "write", boolean]>([
        [data, 1, "write", true],
        [data, 0x2000, "write", true],
        [data, 0x2001, "write", false],
        [data - 1, 2, "read", true],
        [data - 1, 2, "write", false],
        [text, 0x3000, "read", true],
        [text - 1, 1, "read", false],
        [dataEnd - 1, 1, "write", true],
        [dataEnd - 1, 2, "write", false],
        [highest, 4096, "write", true],
        [highest, 4097, "write", false],
        [highest + 4095, 1, "write", true],
        [data, 2 ** 64 - 1, "read", false],
        [data, 2 ** 47, "read", false],
        [data, -1, "read", false],
        [data, 1.5, "read", false],
        [data, Number.NaN, "read", false],
        [data, Number.POSITIVE_INFINITY, "read", false],
    ])("from %d, of %d bytes, to %s: %s", (address, byteLength, access, isThere) => {
        const found = inProgram((task) => checkRange(task, address, byteLength, access));
        expect(found).toBe(isThere);
    });

    it("is not there at hostile addresses, but of no bytes it is, anywhere", () => {
        inProgram(function* (task) {
            for (const address of hostileAddresses) {
                expect(yield* checkRange(task, address, 1, "read")).toBe(false);
                expect(yield* checkRange(task, address, 0, "write")).toBe(true);
            }
        });
    });
});

describe("bytes moved between the kernel and a program", () => {
    it("arrive, across pages", () => {
        const seen = inProgram(function* (task, rig, context) {
            const page = yield* rig.pages.allocate(context);
            const { bytes } = rig.machine.memory;
            const sent = Uint8Array.from({ length: 4096 }, (_, index) => (index * 7) % 251);
            bytes.set(sent, page);
            const results = [
                yield* copyToUser(task, data + 1000, directMap(page), 4096),
                yield* copyFromUser(task, directMap(page), data + 1001, 4095),
            ];
            return {
                results,
                isSame: bytes.subarray(page, page + 4095).join() === sent.subarray(1).join(),
            };
        });
        expect(seen).toEqual({ results: [0, 0], isSame: true });
    });

    it("are none at all when the last one has no place", () => {
        const seen = inProgram(function* (task, rig, context) {
            const page = yield* rig.pages.allocate(context, 0x11);
            const results = [
                yield* copyToUser(task, data, directMap(page), 0x2001),
                yield* copyToUser(task, data - 1, directMap(page), 2),
                yield* copyFromUser(task, directMap(page), dataEnd - 1, 2),
            ];
            const first = yield context.load(data, 4);
            return { results, first, kernels: yield context.load(directMap(page), 4) };
        });
        expect(seen).toEqual({
            results: [badAddress, badAddress, badAddress],
            first: 0,
            kernels: 0x1111_1111,
        });
    });

    it("are E_FAULT at hostile addresses, and nothing when there are none", () => {
        inProgram(function* (task, rig, context) {
            const page = directMap(yield* rig.pages.allocate(context));
            for (const address of hostileAddresses) {
                expect(yield* copyToUser(task, address, page, 1)).toBe(badAddress);
                expect(yield* copyFromUser(task, page, address, 1)).toBe(badAddress);
                expect(yield* copyFromUser(task, page, address, 0)).toBe(0);
            }
        });
    });

    it("are E_FAULT when the memory goes away between the look and the copy", () => {
        const outcomes = Array.from({ length: 30 }, (_, seed) => copyWhileUnmapped(seed));
        const kinds = outcomes.map(({ result, firstByte }) => `${result} ${firstByte}`);
        expect(new Set(kinds)).toEqual(
            new Set([
                // It came too late to matter, or before the look,
                "0 17",
                "-14 0",
                // or between the two: what was moved has been moved.
                "-14 17",
            ]),
        );
    });
});

/** Copies two pages to a program while another CPU takes the second of them away. */
function copyWhileUnmapped(seed: number) {
    const target = 0x4000_0000;
    let space: AddressSpace | undefined;
    let result = -1;
    let firstByte = -1;
    const rig = new MemoryRig(
        { cpuCount: 2, schedule: "random:4", seed },
        function* (self, context, cpu) {
            if (cpu === 0) {
                const made = yield* AddressSpace.create(self, context);
                const pages = [yield* self.pages.allocate(context, 0)];
                pages.push(yield* self.pages.allocate(context, 0));
                yield* made?.mapShared(context, target, pages) ?? [];
                space = made;
            }
            while (space === undefined) {
                yield context.pause();
            }
            yield* self.enter(context, space.rootTable);
            if (cpu === 0) {
                const task = self.taskOn(context, space);
                const source = self.machine.memory.bytes.subarray(0x1f_0000, 0x1f_2000);
                source.fill(17);
                result = yield* copyToUser(task, target, directMap(0x1f_0000), 0x2000);
                firstByte = yield context.load(target, 1);
            } else {
                for (let count = 0; count < seed; count++) {
                    yield context.step();
                }
                yield* space.unmapShared(context, target + 4096, 1);
                yield* space.forgetTranslations(context);
                yield* space.vacate(context, target + 4096, 1);
            }
        },
    );
    rig.run();
    return { result, firstByte };
}

describe("numbers of a program", () => {
    it.each([1, 2, 4, 8] as const)("of %i bytes are written and read to the last byte", (size) => {
        const value = size === 8 ? 2 ** 53 - 1 : 2 ** (8 * size) - 2;
        const seen = inProgram(function* (task) {
            const addresses = [data, data + 4096 - 1, dataEnd - size, end - size];
            const results: number[] = [];
            for (const address of addresses) {
                results.push(yield* writeUserNumber(task, address, size, value));
                results.push(yield* readUserNumber(task, address, size));
            }
            return results;
        });
        expect(seen).toEqual([0, value, 0, value, 0, value, 0, value]);
    });

    it.each([1, 2, 4, 8] as const)("of %i bytes are E_FAULT where one byte is missing", (size) => {
        inProgram(function* (task) {
            for (const address of [...hostileAddresses, dataEnd - size + 1, end - size + 1]) {
                expect(yield* readUserNumber(task, address, size)).toBe(badAddress);
                expect(yield* writeUserNumber(task, address, size, 1)).toBe(badAddress);
            }
            expect(yield* writeUserNumber(task, text, size, 1)).toBe(badAddress);
            expect(yield* readUserNumber(task, text, size)).toBe(0);
        });
    });

    it("are written whole or not at all", () => {
        const first = inProgram(function* (task) {
            yield* writeUserNumber(task, dataEnd - 2, 4, 0xffff_ffff);
            return yield* readUserNumber(task, dataEnd - 2, 2);
        });
        expect(first).toBe(0);
    });

    it("are written by their low bits when they are negative", () => {
        const read = inProgram(function* (task) {
            yield* writeUserNumber(task, data, 4, -1);
            yield* writeUserNumber(task, data + 8, 8, -2);
            return [
                yield* readUserNumber(task, data, 4),
                yield* readUserNumber(task, data + 8, 4),
                yield* readUserNumber(task, data + 12, 4),
            ];
        });
        expect(read).toEqual([0xffff_ffff, 0xffff_fffe, 0xffff_ffff]);
    });
});

describe("a string of a program", () => {
    /** Writes bytes to the program, and reads the string at an address. */
    const read = (bytes: readonly number[], at: number, from: number, maxLength: number) =>
        inProgram(function* (task, _rig, context) {
            for (const [index, byte] of bytes.entries()) {
                yield context.store(at + index, 1, byte);
            }
            return yield* readUserString(task, from, maxLength);
        });

    it("ends at its NUL, and has bytes as they are", () => {
        expect(read([0x61, 0xff, 0x80, 0, 0x62], data, data, 10)).toBe("a\u00ff\u0080");
        expect(read([0], data, data, 10)).toBe("");
    });

    it("may have as many bytes as it says, with the NUL behind them", () => {
        expect(read([0x61, 0x62, 0x63, 0], data, data, 3)).toBe("abc");
        expect(read([0x61, 0x62, 0x63, 0x64, 0], data, data, 3)).toBe(nameTooLong);
    });

    it("may cross a page and end with the last byte of memory", () => {
        expect(read([0x61, 0x62, 0x63, 0], data + 4094, data + 4094, 9)).toBe("abc");
        expect(read([0x61, 0], dataEnd - 2, dataEnd - 2, 9)).toBe("a");
        expect(read([0x61, 0], end - 2, end - 2, 9)).toBe("a");
    });

    it("is E_FAULT when it has no NUL where memory ends", () => {
        expect(read([0x61, 0x62], dataEnd - 2, dataEnd - 2, 9)).toBe(badAddress);
        expect(read([0x61, 0x62], end - 2, end - 2, 9)).toBe(badAddress);
        for (const address of hostileAddresses) {
            expect(read([], data, address, 9)).toBe(badAddress);
        }
    });
});
