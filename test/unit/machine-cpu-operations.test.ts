import { describe, expect, it } from "vitest";
import { Context, load64 } from "../../src/machine/cpu/context.ts";
import type { Operation, Program } from "../../src/machine/cpu/operation.ts";
import { identityTables, portBase, registerBase, TestMachine } from "../support/machine-cpus.ts";

/** What a kernel program of CPU 0 got from the operations that it asked for, and the machine. */
function resultsOf(program: (context: Context) => Generator<Operation, void, number>) {
    const machine = new TestMachine();
    const results: (number | bigint)[] = [];
    machine.start(function* (context): Program {
        const asking = program(context);
        let result = 0;
        for (let asked = asking.next(); asked.done !== true; asked = asking.next(result)) {
            result = yield asked.value;
            results.push(result);
        }
    });
    expect(machine.runToEnd()).toBe("asleep forever");
    expect(machine.cpus[0].activity).toBe("off");
    return { results, machine };
}

describe("a memory operation", () => {
    it("loads and stores 1, 2 and 4 bytes, low byte first, without sign", () => {
        const { results, machine } = resultsOf(function* (context) {
            yield context.store(0x8000, 4, 0xfedc_ba98);
            yield context.load(0x8000, 4);
            yield context.load(0x8001, 2);
            yield context.load(0x8003, 1);
            yield context.store(0x8000, 1, -1);
            yield context.store(0x8002, 2, 0x1_2345);
            yield context.load(0x8000, 4);
        });
        expect(results).toEqual([0, 0xfedc_ba98, 0xdcba, 0xfe, 0, 0, 0x2345_baff]);
        expect([...machine.memory.bytes.subarray(0x8000, 0x8004)]).toEqual([
            0xff, 0xba, 0x45, 0x23,
        ]);
    });

    it("loads and stores 8 bytes, whose value is in `wide`", () => {
        const values: bigint[] = [];
        const { results, machine } = resultsOf(function* (context) {
            yield context.store64(0x8000, 0xfedc_ba98_7654_3210n);
            values.push(yield* load64(context, 0x8001));
            yield context.store64(0x8008, -2n);
            values.push(yield* load64(context, 0x8008));
        });
        expect(values).toEqual([0x00fe_dcba_9876_5432n, 0xffff_ffff_ffff_fffen]);
        expect(results).toEqual([0, 0, 0, 0]);
        expect(machine.memory.view.getUint8(0x8007)).toBe(0xfe);
    });

    it("reads, modifies and writes; the result is the old value", () => {
        const { results, machine } = resultsOf(function* (context) {
            yield context.store(0x8000, 4, 0xf0f0_0001);
            yield context.exchange(0x8000, 4, 0x8000_0000);
            yield context.compareExchange(0x8000, 4, 5, 6);
            yield context.compareExchange(0x8000, 4, -0x8000_0000, 0xffff_ffff);
            yield context.fetchAdd(0x8000, 4, 2);
            yield context.fetchAdd(0x8000, 1, 0xff);
            yield context.fetchOr(0x8000, 2, 0x0ff0);
            yield context.fetchAnd(0x8000, 4, 0xff);
            yield context.fetchXor(0x8000, 4, 0x8000_00ff);
        });
        expect(results).toEqual([
            0, 0xf0f0_0001, 0x8000_0000, 0x8000_0000, 0xffff_ffff, 1, 0, 0x0ff0, 0xf0,
        ]);
        expect(machine.memory.view.getUint32(0x8000, true)).toBe(0x8000_000f);
    });

    it("reads, modifies and writes 8 bytes", () => {
        const old: bigint[] = [];
        const { machine } = resultsOf(function* (context) {
            yield context.store64(0x8000, 1n);
            for (const operation of [
                () => context.exchange64(0x8000, 0xffff_ffff_ffff_fff0n),
                () => context.compareExchange64(0x8000, 1n, 7n),
                () => context.compareExchange64(0x8000, -16n, 0x7fff_ffff_ffff_ffffn),
                () => context.fetchAdd64(0x8000, 2n),
                () => context.fetchOr64(0x8000, 0x10n),
                () => context.fetchAnd64(0x8000, -2n),
                () => context.fetchXor64(0x8000, -1n),
            ]) {
                yield operation();
                old.push(context.wide);
            }
        });
        expect(old).toEqual([
            1n,
            0xffff_ffff_ffff_fff0n,
            0xffff_ffff_ffff_fff0n,
            0x7fff_ffff_ffff_ffffn,
            0x8000_0000_0000_0001n,
            0x8000_0000_0000_0011n,
            0x8000_0000_0000_0010n,
        ]);
        expect(machine.memory.view.getBigUint64(0x8000, true)).toBe(0x7fff_ffff_ffff_ffefn);
    });

    it("takes the time of one operation, and a turn of a step", () => {
        const { machine } = resultsOf(function* (context) {
            yield context.step();
            yield context.store(0x8000, 4, 1);
            yield context.pause();
        });
        // Three operations and the return of the program, of 10 ns; PAUSE takes 390 more.
        expect(machine.clock.nowNs).toBe(430);
        expect(machine.cpus[0].retired).toBe(4);
    });
});

describe("an operation on registers", () => {
    it("reaches a device as aligned accesses of at most 4 bytes, from the low end", () => {
        const { machine } = resultsOf(function* (context) {
            yield context.load(registerBase + 4, 4);
            yield context.load64(registerBase + 8);
            yield context.store(registerBase + 5, 4, 0x4433_2211);
            yield context.store64(registerBase + 0x1e, 0x8877_6655_4433_2211n);
        });
        expect(machine.device.accesses).toEqual([
            { access: "read", offset: 4, size: 4 },
            { access: "read", offset: 8, size: 4 },
            { access: "read", offset: 12, size: 4 },
            { access: "write", offset: 5, size: 1, value: 0x11 },
            { access: "write", offset: 6, size: 2, value: 0x3322 },
            { access: "write", offset: 8, size: 1, value: 0x44 },
            { access: "write", offset: 0x1e, size: 2, value: 0x2211 },
            { access: "write", offset: 0x20, size: 4, value: 0x6655_4433 },
            { access: "write", offset: 0x24, size: 2, value: 0x8877 },
        ]);
    });

    it("puts the parts together", () => {
        const wide: bigint[] = [];
        const { results } = resultsOf(function* (context) {
            yield context.load(registerBase + 0x11, 4);
            wide.push(yield* load64(context, registerBase + 0x0f));
        });
        expect(results[0]).toBe(0x1413_1211);
        expect(wide).toEqual([0x1615_1413_1211_100fn]);
    });

    it("reads and then writes for a read-modify-write, and only writes for a store", () => {
        const { machine, results } = resultsOf(function* (context) {
            yield context.fetchOr(registerBase + 0x20, 4, 0x8000_0000);
            yield context.store(registerBase + 0x20, 2, 9);
        });
        expect(results).toEqual([0x2322_2120, 0]);
        expect(machine.device.accesses).toEqual([
            { access: "read", offset: 0x20, size: 4 },
            { access: "write", offset: 0x20, size: 4, value: 0xa322_2120 },
            { access: "write", offset: 0x20, size: 2, value: 9 },
        ]);
    });

    it("is split between memory and what comes after it", () => {
        const machine = new TestMachine();
        let result = 0;
        machine.memory.bytes.set([0xaa, 0xbb], 0xffffe);
        machine.start(function* (context) {
            result = yield context.load(0xffffe, 4);
            yield context.store(0xffffe, 4, 0x4433_2211);
        });
        machine.runToEnd();
        expect(result).toBe(0xffff_bbaa);
        expect([...machine.memory.bytes.subarray(0xffffe)]).toEqual([0x11, 0x22]);
        // What has no device reads as ones; the notices of it are told in the bus's own tests.
        expect(machine.notices.length).toBeGreaterThan(0);
    });

    it("reads ones where nothing is, up to the last canonical address, without paging", () => {
        const { results } = resultsOf(function* (context) {
            yield context.load(0x2_0000_0000, 4);
            yield context.load(-4096, 2);
            yield context.store(2 ** 47 - 4, 4, 1);
        });
        expect(results).toEqual([0xffff_ffff, 0xffff, 0]);
    });

    it("moves 1, 2 and 4 bytes by ports, whose numbers have 16 bits", () => {
        const { machine, results } = resultsOf(function* (context) {
            yield context.input(portBase + 1, 1);
            yield context.input(portBase + 2, 2);
            yield context.input(portBase + 4, 4);
            yield context.output(portBase + 1, 1, 0x1ff);
            yield context.output(portBase + 2, 2, -1);
            yield context.output(portBase + 4, 4, -1);
            yield context.input(0x10000 + portBase + 1, 1);
            yield context.input(0x60, 1);
        });
        expect(results).toEqual([1, 0x0302, 0x0706_0504, 0, 0, 0, 1, 0xff]);
        expect(machine.device.accesses.slice(3, 6)).toEqual([
            { access: "write", offset: 1, size: 1, value: 0xff },
            { access: "write", offset: 2, size: 2, value: 0xffff },
            { access: "write", offset: 4, size: 4, value: 0xffff_ffff },
        ]);
    });
});

describe("the time stamp", () => {
    it("is virtual time, in whole counts", () => {
        const timing = { operationNs: 10, pauseNs: 0, copyBytesPerNs: 8, timestampPerNs: 2.55 };
        const machine = new TestMachine({ timing });
        const stamps: number[] = [];
        machine.start(function* (context) {
            stamps.push(yield context.readTimestamp());
            stamps.push(yield context.readTimestamp());
        });
        machine.runToEnd();
        expect(stamps).toEqual([0, 25]);
    });
});

/** By name, every operation that a user may not do. */
const privileged: [string, (context: Context) => Operation][] = [
    ["IN", (context) => context.input(portBase, 1)],
    ["OUT", (context) => context.output(portBase, 4, 0)],
    ["HLT", (context) => context.halt()],
    ["STI and HLT", (context) => context.enableInterruptsAndHalt()],
    ["CLI", (context) => context.disableInterrupts()],
    ["STI", (context) => context.enableInterrupts()],
    ["MOV to CR3", (context) => context.loadPageTable(0x10000)],
    ["INVLPG", (context) => context.invalidatePage(0)],
    ["a switch of contexts", (context) => context.switchTo(new Context("another"))],
];

describe("a user's operation", () => {
    it.each(privileged)("may not be %s: general protection", (_, operation) => {
        const faults: number[][] = [];
        const machine = new TestMachine();
        machine.startUser(
            function* (context) {
                yield operation(context);
            },
            {
                *exception(context, vector, errorCode) {
                    faults.push([vector, errorCode]);
                    yield context.disableInterrupts();
                    yield context.halt();
                },
            },
        );
        machine.runToEnd();
        expect(faults).toEqual([[13, 0]]);
        expect(machine.device.accesses).toEqual([]);
        expect(machine.cpus[0].pageTable).toBe(-1);
    });

    it("may be a load, a store, an atomic one, a step, PAUSE, RDTSC and a system call", () => {
        const results: number[] = [];
        const calls: unknown[] = [];
        const machine = new TestMachine();
        machine.startUser(
            function* (context) {
                results.push(yield context.store(0x8000, 4, 1));
                results.push(yield context.fetchAdd(0x8000, 4, 2));
                results.push(yield context.load(0x8000, 4));
                results.push(yield context.step());
                results.push(yield context.pause());
                results.push(yield context.readTimestamp());
                results.push(yield context.systemCall(77, 1, -2));
                yield context.systemCall(0);
            },
            {
                *systemCall(context, number, callArguments) {
                    calls.push([number, callArguments]);
                    if (number === 0) {
                        yield context.halt();
                    }
                    yield context.step();
                    return -5;
                },
            },
        );
        machine.runToEnd();
        expect(results).toEqual([0, 1, 3, 0, 0, 450, -5]);
        expect(calls).toEqual([
            [77, [1, -2]],
            [0, []],
        ]);
    });

    it("runs off the end of its program: invalid opcode, again and again", () => {
        let faults = 0;
        const machine = new TestMachine();
        machine.startUser(
            function* (context) {
                yield context.step();
            },
            {
                *exception(context, vector) {
                    expect(vector).toBe(6);
                    faults++;
                    yield faults < 3 ? context.step() : context.halt();
                },
            },
        );
        machine.runToEnd();
        expect(faults).toBe(3);
    });
});

describe("MOV to CR3", () => {
    it("ignores the low 12 bits", () => {
        const machine = new TestMachine();
        const table = identityTables(machine.memory);
        machine.start(function* (context) {
            yield context.loadPageTable(table + 0x18);
            yield context.load(0x8000, 1);
        });
        machine.runToEnd();
        expect(machine.cpus[0].pageTable).toBe(table);
    });

    it.each([2 ** 40, 2 ** 52, -4096, Number.NaN])("faults for %d, as bits are reserved", (at) => {
        const faults: number[] = [];
        const machine = new TestMachine();
        machine.start(
            function* (context) {
                yield context.loadPageTable(at);
            },
            {
                *exception(context, vector, errorCode) {
                    faults.push(vector, errorCode);
                    yield context.halt();
                },
            },
        );
        machine.runToEnd();
        expect(faults).toEqual([13, 0]);
        expect(machine.cpus[0].pageTable).toBe(-1);
    });
});
