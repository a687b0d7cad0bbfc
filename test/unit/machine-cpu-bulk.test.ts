/** Operations that move many bytes. */
import { describe, expect, it } from "vitest";
import { Random } from "../../src/base/random.ts";
import { copyBytes, fillBytes } from "../../src/machine/cpu/bulk.ts";
import type { Context } from "../../src/machine/cpu/context.ts";
import type { EntryPoints } from "../../src/machine/cpu/entry-points.ts";
import type { Operation, Program } from "../../src/machine/cpu/operation.ts";
import { Machine } from "../../src/machine/machine.ts";
import {
    entryOf,
    identityTables,
    nothing,
    registerBase,
    setEntry,
    TestMachine,
} from "../support/machine-cpus.ts";

/** Runs operations in user mode under tables that map 2 MiB to themselves, to their end. */
function runAsUser(
    machine: TestMachine,
    program: (context: Context) => Generator<Operation, void, number>,
    handlers: Partial<EntryPoints> = {},
): void {
    const table = identityTables(machine.memory);
    setEntry(machine.memory, entryOf(0x2_0000), 0n);
    let isDone = false;
    machine.startUser(
        function* (context): Program {
            yield context.systemCall(0, table);
            yield* program(context);
            isDone = true;
            yield context.systemCall(1);
        },
        {
            *systemCall(context, number, [root]) {
                yield number === 0 ? context.loadPageTable(root) : context.halt();
            },
            ...handlers,
        },
    );
    machine.runToEnd();
    expect(isDone).toBe(true);
}

describe("copy", () => {
    it("moves what lies in one page at both ends, and says how many bytes that is", () => {
        const machine = new TestMachine();
        const moved: number[] = [];
        machine.memory.bytes.set([1, 2, 3, 4, 5], 0x8ffe);
        machine.start(function* (context) {
            moved.push(yield context.copy(0xa000, 0x8ffe, 5));
            moved.push(yield context.copy(0xa002, 0x9000, 3));
            moved.push(yield context.copy(0xbfff, 0x9000, 3));
            moved.push(yield context.copy(0xc000, 0x9000, 0));
            moved.push(yield context.copy(0xd000, 0xe000, 100_000));
        });
        machine.runToEnd();
        expect(moved).toEqual([2, 3, 1, 0, 4096]);
        expect([...machine.memory.bytes.subarray(0xa000, 0xa006)]).toEqual([1, 2, 3, 4, 5, 0]);
        expect([...machine.memory.bytes.subarray(0xbffe, 0xc001)]).toEqual([0, 3, 0]);
    });

    it("of an overlap within a page is as memmove, up and down", () => {
        const machine = new TestMachine();
        machine.memory.bytes.set([1, 2, 3, 4, 5], 0x8000);
        machine.start(function* (context) {
            yield context.copy(0x8001, 0x8000, 4);
            yield context.copy(0x9000, 0x8000, 5);
            yield context.copy(0x9000, 0x9001, 4);
        });
        machine.runToEnd();
        expect([...machine.memory.bytes.subarray(0x8000, 0x8005)]).toEqual([1, 1, 2, 3, 4]);
        expect([...machine.memory.bytes.subarray(0x9000, 0x9005)]).toEqual([1, 2, 3, 4, 4]);
    });

    it("takes an operation's time and a nanosecond for each 8 bytes", () => {
        const machine = new TestMachine();
        const times: number[] = [];
        machine.start(function* (context) {
            for (const length of [4096, 15, 7]) {
                const before = machine.clock.nowNs;
                yield context.copy(0x9000, 0x8000, length);
                yield context.pause();
                times.push(machine.clock.nowNs - before - 400);
            }
            const before = machine.clock.nowNs;
            yield context.fill(0x9000, 800, 1);
            yield context.pause();
            times.push(machine.clock.nowNs - before - 400);
        });
        machine.runToEnd();
        expect(times).toEqual([522, 11, 10, 110]);
    });

    it("of registers moves 8 bytes at most, by accesses of at most 4", () => {
        const machine = new TestMachine();
        const moved: number[] = [];
        machine.start(function* (context) {
            moved.push(yield context.copy(0x8000, registerBase + 2, 100));
            moved.push(yield context.copy(registerBase + 0x100, 0x8000, 6));
            moved.push(yield context.fill(registerBase + 0x200, 9, 0x1ab));
        });
        machine.runToEnd();
        expect(moved).toEqual([8, 6, 8]);
        expect([...machine.memory.bytes.subarray(0x8000, 0x8009)]).toEqual([
            2, 3, 4, 5, 6, 7, 8, 9, 0,
        ]);
        expect(machine.device.accesses).toEqual([
            { access: "read", offset: 2, size: 2 },
            { access: "read", offset: 4, size: 4 },
            { access: "read", offset: 8, size: 2 },
            { access: "write", offset: 0x100, size: 4, value: 0x0504_0302 },
            { access: "write", offset: 0x104, size: 2, value: 0x0706 },
            { access: "write", offset: 0x200, size: 4, value: 0xabab_abab },
            { access: "write", offset: 0x204, size: 4, value: 0xabab_abab },
        ]);
    });

    it.each([
        ["reads", (context: Context) => context.copy(0x9000, 0x2_0ff0, 64), 4, 0x2_0ff0],
        ["writes", (context: Context) => context.copy(0x2_0ff0, 0x9000, 64), 6, 0x2_0ff0],
        ["fills", (context: Context) => context.fill(0x2_0ff0, 64, 0xee), 6, 0x2_0ff0],
    ])("faults where it %s, before it moves anything, and is done again", (_, ask, code, at) => {
        const machine = new TestMachine();
        const faults: unknown[] = [];
        const moved: number[] = [];
        machine.memory.bytes.fill(7, 0x9000, 0x9010);
        runAsUser(
            machine,
            function* (context) {
                moved.push(yield ask(context));
            },
            {
                *exception(context, vector, errorCode, address) {
                    faults.push([vector, errorCode, address]);
                    expect(machine.memory.bytes[0x9000]).toBe(7);
                    expect(machine.memory.bytes[0x2_0ff0]).toBe(0);
                    yield context.store64(entryOf(0x2_0000), 0x2_0007n);
                },
            },
        );
        expect(faults).toEqual([[14, code, at]]);
        expect(moved).toEqual([16]);
        expect(machine.memory.bytes[0x9000]).toBe(code === 4 ? 0 : 7);
    });

    it("of an address that is not canonical is a general protection fault", () => {
        const machine = new TestMachine();
        const faults: unknown[] = [];
        machine.start(
            function* (context) {
                yield context.copy(2 ** 47, 0x8000, 1);
                yield context.copy(0x8000, -(2 ** 47) - 1, 1);
                yield context.fill(2 ** 60, 1, 1);
                // Nothing is accessed.
                yield context.copy(2 ** 47, 2 ** 47, 0);
            },
            {
                *exception(context, vector, errorCode, address) {
                    faults.push([vector, errorCode, address]);
                    context.abandon(-14);
                    yield context.step();
                },
            },
        );
        machine.runToEnd();
        expect(faults).toEqual(new Array(3).fill([13, 0, 0]));
    });

    it("needs the rights that its mode has: a user reads and writes no page of the kernel", () => {
        const machine = new TestMachine();
        const faults: unknown[] = [];
        runAsUser(
            machine,
            function* (context) {
                yield context.copy(0x9000, 0x2_1000, 8);
                yield context.copy(0x2_2000, 0x9000, 8);
            },
            {
                *systemCall(context, number, [root]) {
                    if (number !== 0) {
                        yield context.halt();
                    }
                    yield context.loadPageTable(root);
                    // Present and writable, and the user's for reading only.
                    yield context.store64(entryOf(0x2_1000), 0x2_1003n);
                    yield context.store64(entryOf(0x2_2000), 0x2_2005n);
                    yield context.copy(0x2_1000, 0x2_2000, 8);
                },
                *exception(context, vector, errorCode, address) {
                    faults.push([vector, errorCode, address]);
                    context.abandon(-14);
                    yield context.step();
                },
            },
        );
        expect(faults).toEqual([
            [14, 5, 0x2_1000],
            [14, 7, 0x2_2000],
        ]);
    });

    it("marks pages as written, and tells who watches them", () => {
        const machine = new TestMachine();
        const { memory } = machine;
        const seen: number[][] = [];
        memory.watch(9, (...range) => seen.push(range));
        memory.takeDirtyPages();
        machine.start(function* (context) {
            yield context.copy(0x9010, 0x8000, 20);
            yield context.fill(0x9100, 3, 1);
            yield context.fill(0xa000, 3, 1);
        });
        machine.runToEnd();
        expect(seen).toEqual([
            [0x9010, 20],
            [0x9100, 3],
        ]);
        expect(memory.takeDirtyPages()).toEqual([9, 10]);
    });

    it("scrolls the screen", () => {
        const machine = new Machine({ choices: 1, memoryBytes: 2 ** 20 });
        const screen = 0xb_8000;
        const rowBytes = 160;
        const scroll = function* (context: Context): Program {
            for (let line = 0; line < 40; line++) {
                yield* copyBytes(context, screen, screen + rowBytes, 24 * rowBytes);
                yield* fillBytes(context, screen + 24 * rowBytes, rowBytes, 0);
                for (const [index, character] of [...`line ${line}`].entries()) {
                    const cell = 0x700 + character.charCodeAt(0);
                    yield context.store(screen + 24 * rowBytes + 2 * index, 2, cell);
                }
            }
        };
        machine.powerOn({
            start: scroll,
            systemCall: nothing,
            exception: nothing,
            interrupt: nothing,
        });
        machine.run();
        expect(machine.console.usedRows().at(-1)).toBe("line 39");
        const { lines } = machine.console.textSince(0);
        expect(lines.slice(-15)).toEqual(Array.from({ length: 15 }, (_, line) => `line ${line}`));
    });
});

describe("copyBytes and fillBytes", () => {
    it("do what a loop over bytes does, at any place and length", () => {
        const random = new Random(7);
        const machine = new TestMachine();
        const { bytes } = machine.memory;
        const model = new Uint8Array(0x1_0000);
        const base = 0x8_0000;
        for (let at = 0; at < model.length; at++) {
            model[at] = bytes[base + at] = random.below(256);
        }
        const results = new Set<number>();
        machine.start(function* (context) {
            for (let turn = 0; turn < 300; turn++) {
                const from = random.below(0x8000);
                const to = random.below(2) === 0 ? random.below(from + 1) : 0x8000 + from;
                const length = random.below(turn % 3 === 0 ? 20 : 0x7000);
                if (turn % 2 === 0) {
                    results.add(yield* copyBytes(context, base + to, base + from, length));
                    model.copyWithin(to, from, from + length);
                } else {
                    results.add(yield* fillBytes(context, base + to, length, turn));
                    model.fill(turn, to, to + length);
                }
            }
        });
        machine.runToEnd();
        expect([...results]).toEqual([0]);
        expect(Buffer.from(model).equals(bytes.subarray(base, base + model.length))).toBe(true);
    });

    it("return what a handler abandoned a chunk with, and have done those before it", () => {
        const machine = new TestMachine();
        const results: number[] = [];
        const addresses: number[] = [];
        machine.memory.bytes.fill(5, 0x9000, 0xa000);
        runAsUser(
            machine,
            function* (context) {
                results.push(yield* copyBytes(context, 0x1_fff0, 0x9000, 100));
                results.push(yield* fillBytes(context, 0x1_f000, 0x1001, 3));
                results.push(yield* copyBytes(context, 0x2_0000, 0x9000, 0));
            },
            {
                *exception(context, _vector, _errorCode, address) {
                    addresses.push(address);
                    context.abandon(-14);
                    yield context.step();
                },
            },
        );
        expect(results).toEqual([-14, -14, 0]);
        expect(addresses).toEqual([0x2_0000, 0x2_0000]);
        expect([...machine.memory.bytes.subarray(0x1_ffef, 0x2_0001)]).toEqual([
            ...new Array(17).fill(3),
            0,
        ]);
    });
});
