import { describe, expect, it } from "vitest";
import type { Context } from "../../src/machine/cpu/context.ts";
import { MemoryPort } from "../../src/machine/cpu/memory-port.ts";
import { nothingAsked, Operands } from "../../src/machine/cpu/operands.ts";
import type { Operation, Program } from "../../src/machine/cpu/operation.ts";
import { TranslationCache } from "../../src/machine/cpu/translation-cache.ts";
import {
    anyAccess,
    entryOf,
    identityTables,
    registerBase,
    setEntry,
    TestMachine,
} from "../support/machine-cpus.ts";

const P = 1n;
const W = 2n;
const U = 4n;
const accessed = 0x20;
const dirty = 0x40;

/** A CPU's memory port on identity tables, driven without a CPU. */
class Bench {
    readonly machine = new TestMachine();
    readonly memory = this.machine.memory;
    readonly port = new MemoryPort(this.memory, this.machine.registers);
    readonly operands = new Operands();

    constructor() {
        this.port.loadPageTable(identityTables(this.memory));
    }

    /** Maps a virtual page below 2 MiB anew, and says nothing of it to the CPU. */
    map(page: number, frame: number, rights = anyAccess): void {
        setEntry(this.memory, entryOf(page), BigInt(frame) | rights);
    }

    do(operation: Operation, isUser = false): number | string {
        this.operands.asked = nothingAsked;
        const isDone = this.port.carryOut(this.operands, operation, isUser);
        const { faultVector, faultCode, faultAddress } = this.port;
        const at = faultVector === 14 ? ` at 0x${faultAddress.toString(16)}` : "";
        return isDone ? this.port.result : `fault ${faultVector} code ${faultCode}${at}`;
    }

    load(address: number, isUser = false): number | string {
        return this.do(this.operands.load(address, 1), isUser);
    }

    store(address: number, value: number, isUser = false): number | string {
        return this.do(this.operands.store(address, 1, value), isUser);
    }

    entryBits(page: number): number {
        return this.memory.view.getUint32(entryOf(page), true) & (accessed | dirty);
    }
}

function benchWithPages(): Bench {
    const bench = new Bench();
    bench.memory.bytes[0x20000] = 0x20;
    bench.memory.bytes[0x30000] = 0x30;
    return bench;
}

describe("the translation cache", () => {
    it("keeps a translation when the table changes, until CR3 is loaded", () => {
        const bench = benchWithPages();
        expect(bench.load(0x20000)).toBe(0x20);
        bench.map(0x20000, 0x30000);
        expect(bench.load(0x20000)).toBe(0x20);
        expect(bench.load(0x20000, true)).toBe(0x20);
        bench.port.loadPageTable(0x10000);
        expect(bench.load(0x20000)).toBe(0x30);
    });

    it("keeps a translation that is no longer present, until the page is invalidated", () => {
        const bench = benchWithPages();
        bench.load(0x20000);
        bench.load(0x21000);
        bench.map(0x20000, 0, 0n);
        bench.map(0x21000, 0, 0n);
        expect(bench.load(0x20000)).toBe(0x20);
        bench.port.invalidatePage(0x20fff);
        expect(bench.load(0x20000)).toBe("fault 14 code 0 at 0x20000");
        expect(bench.load(0x21000)).toBe(0);
    });

    it("keeps rights that were taken away, also of the user from the kernel's own walk", () => {
        const bench = benchWithPages();
        bench.store(0x20000, 1);
        bench.map(0x20000, 0x20000, P);
        expect(bench.store(0x20000, 2, true)).toBe(0);
        bench.port.invalidatePage(0x20000);
        expect(bench.store(0x20000, 3, true)).toBe("fault 14 code 7 at 0x20000");
        expect(bench.memory.bytes[0x20000]).toBe(2);
    });

    it("sees rights that were added at once, for a refusal is never remembered", () => {
        const bench = benchWithPages();
        bench.map(0x20000, 0x20000, P);
        expect(bench.load(0x20000)).toBe(0x20);
        expect(bench.load(0x20000, true)).toBe("fault 14 code 5 at 0x20000");
        bench.map(0x20000, 0x20000, P | U);
        expect(bench.load(0x20000, true)).toBe(0x20);
        expect(bench.store(0x20000, 1, true)).toBe("fault 14 code 7 at 0x20000");
        bench.map(0x20000, 0x20000, P | W | U);
        expect(bench.store(0x20000, 1, true)).toBe(0);
    });

    it("forgets a page when an access to it faults, as the manual says in 4.10.4.1", () => {
        const bench = benchWithPages();
        bench.map(0x20000, 0x20000, P);
        bench.load(0x20000);
        bench.map(0x20000, 0x30000, P);
        expect(bench.load(0x20000)).toBe(0x20);
        expect(bench.store(0x20000, 1)).toBe("fault 14 code 3 at 0x20000");
        expect(bench.load(0x20000)).toBe(0x30);
    });

    it("has one frame for a page, whoever accesses it: a new walk replaces the old", () => {
        const bench = benchWithPages();
        bench.load(0x20000, true);
        bench.map(0x20000, 0x30000);
        // The first write walks, for the dirty bit.
        expect(bench.store(0x20000, 0x31)).toBe(0);
        expect(bench.load(0x20000, true)).toBe(0x31);
        expect(bench.memory.bytes[0x20000]).toBe(0x20);
    });

    it("has the dirty bit set by the first write, and by no read", () => {
        const bench = benchWithPages();
        bench.load(0x20000);
        expect(bench.entryBits(0x20000)).toBe(accessed);
        bench.store(0x20000, 1);
        expect(bench.entryBits(0x20000)).toBe(accessed | dirty);
    });

    it("sets no bits again that a kernel cleared without invalidating", () => {
        const bench = benchWithPages();
        bench.store(0x20000, 1);
        bench.map(0x20000, 0x20000);
        bench.store(0x20000, 2);
        bench.load(0x20000);
        expect(bench.entryBits(0x20000)).toBe(0);
        bench.port.invalidatePage(0x20000);
        bench.store(0x20000, 3);
        expect(bench.entryBits(0x20000)).toBe(accessed | dirty);
    });

    it("has one that compares and does not store count as a write", () => {
        const bench = benchWithPages();
        bench.do(bench.operands.compareExchange(0x20000, 1, 99, 1));
        expect(bench.entryBits(0x20000)).toBe(accessed | dirty);
        bench.map(0x30000, 0x30000, P);
        const operation = bench.operands.compareExchange(0x30000, 1, 99, 1);
        expect(bench.do(operation)).toBe("fault 14 code 3 at 0x30000");
    });

    it("invalidates all parts of a large page by any address in it, and nothing else", () => {
        expect(partsAfterInvalidation(() => undefined)).toEqual([0x30, 0x30, 0x21]);
    });

    it("is told from one that forgets just the part of the address (canary)", () => {
        const forgetsPart = (cache: TranslationCache) => {
            const { add } = cache;
            cache.add = (translation) => add.call(cache, { ...translation, spanPages: 1 });
        };
        expect(partsAfterInvalidation(forgetsPart)).toEqual([0x20, 0x30, 0x21]);
    });

    it("belongs to one CPU", () => {
        const machine = new TestMachine({ cpuCount: 2 });
        const table = identityTables(machine.memory);
        machine.memory.bytes[0x20000] = 0x20;
        machine.memory.bytes[0x30000] = 0x30;
        const loads: number[][] = [[], []];
        const program = (cpu: number) =>
            function* (context: Context): Program {
                yield context.loadPageTable(table);
                loads[cpu].push(yield context.load(0x20000, 1));
                // Both have loaded when CPU 0 changes the table, and CPU 1 invalidates.
                yield context.fetchAdd(0x8000, 4, 1);
                while ((yield context.load(0x8000, 4)) < 2) {
                    yield context.pause();
                }
                if (cpu === 0) {
                    yield context.store64(entryOf(0x20000), 0x30000n | anyAccess);
                    yield context.store(0x8004, 4, 1);
                }
                while ((yield context.load(0x8004, 4)) < 1) {
                    yield context.pause();
                }
                if (cpu === 1) {
                    yield context.invalidatePage(0x20000);
                }
                loads[cpu].push(yield context.load(0x20000, 1));
            };
        machine.start(program(0), {}, 0);
        machine.start(program(1), {}, 1);
        machine.runToEnd();
        expect(loads).toEqual([
            [0x20, 0x20],
            [0x20, 0x30],
        ]);
    });

    it("is emptied by INIT", () => {
        const bench = benchWithPages();
        bench.load(0x20000);
        bench.port.reset();
        expect(bench.port.pageTable).toBe(-1);
        bench.map(0x20000, 0x30000);
        bench.port.loadPageTable(0x10000);
        expect(bench.load(0x20000)).toBe(0x30);
    });

    it("is the same after it was saved and loaded", () => {
        const bench = benchWithPages();
        bench.load(0x20000, true);
        bench.store(0x21000, 1);
        const saved = bench.port.save();
        const machine = new TestMachine();
        machine.memory.bytes.set(bench.memory.bytes);
        const port = new MemoryPort(machine.memory, machine.registers);
        port.load(machine.fieldsOf(saved));
        expect(port.save()).toEqual(saved);
        setEntry(machine.memory, entryOf(0x20000), 0n);
        expect(port.carryOut(bench.operands, bench.operands.load(0x20000, 1), true)).toBe(true);
        expect(port.result).toBe(0x20);
    });

    it("refuses a saved state with translations that none has", () => {
        const machine = new TestMachine();
        const cache = new TranslationCache(machine.memory);
        const state = { version: 1, pages: [2 ** 35 + 1], frames: [0], rights: [1], spans: [1] };
        const load = (changes: object) => () =>
            cache.load(machine.fieldsOf({ ...state, hasLarge: false, ...changes }));
        expect(load({})).toThrow("saved state has a translation of no page: 34359738369");
        expect(load({ pages: [0.5] })).toThrow("saved state has a translation of no page: 0.5");
        expect(load({ pages: [1], frames: [0x1001] })).toThrow(
            "saved state has a translation of no page: 1",
        );
        expect(load({ pages: [1], frames: [2 ** 32] })).toThrow(
            "saved state of test: field frames is not 1 whole numbers from 0 to 4294967295",
        );
    });
});

/**
 * Uses two parts of a page of 2 MiB and one small page, changes all of their entries, invalidates
 * by an address in the large page. Returns what loads then find.
 */
function partsAfterInvalidation(tamper: (cache: TranslationCache) => void): (number | string)[] {
    const bench = benchWithPages();
    bench.memory.bytes[0x21000] = 0x21;
    tamper(bench.port.translations);
    const large = 2 ** 21;
    // The second page of 2 MiB maps the first 2 MiB of physical memory, of which 1 is RAM.
    setEntry(bench.memory, 0x12008, anyAccess | 0x80n);
    bench.load(large + 0x20000);
    bench.load(large + 0x30000);
    bench.load(0x21000);
    setEntry(bench.memory, 0x12008, 0x14000n | anyAccess);
    for (const page of [0x20, 0x30]) {
        setEntry(bench.memory, 0x14000 + 8 * page, 0x30000n | anyAccess);
    }
    bench.map(0x21000, 0x30000);
    bench.port.invalidatePage(large + 0x30123);
    return [bench.load(large + 0x20000), bench.load(large + 0x30000), bench.load(0x21000)];
}

describe("an access that crosses a page", () => {
    it("moves the bytes of both, wherever they are", () => {
        const bench = new Bench();
        bench.map(0x21000, 0x40000);
        expect(bench.do(bench.operands.store(0x20ffe, 4, 0x4433_2211))).toBe(0);
        expect([...bench.memory.bytes.subarray(0x20ffe, 0x21002)]).toEqual([0x11, 0x22, 0, 0]);
        expect([...bench.memory.bytes.subarray(0x40000, 0x40003)]).toEqual([0x33, 0x44, 0]);
        expect(bench.do(bench.operands.load(0x20fff, 2))).toBe(0x3322);
    });

    it("does nothing when the second page faults, and CR2 is where that begins", () => {
        const bench = new Bench();
        bench.map(0x21000, 0x21000, P);
        const before = bench.memory.bytes.slice(0x20000, 0x22000);
        const operation = bench.operands.store64(0x20ffd, -1n);
        expect(bench.do(operation)).toBe("fault 14 code 3 at 0x21000");
        const add = bench.operands.fetchAdd(0x20fff, 2, 1);
        expect(bench.do(add, true)).toBe("fault 14 code 7 at 0x21000");
        expect(Buffer.compare(bench.memory.bytes.slice(0x20000, 0x22000), before)).toBe(0);
    });

    it("does nothing when the first page faults, and CR2 is the address itself", () => {
        const bench = new Bench();
        bench.map(0x20000, 0x20000, 0n);
        expect(bench.do(bench.operands.store64(0x20ffd, -1n))).toBe("fault 14 code 2 at 0x20ffd");
        expect(bench.memory.bytes[0x21000]).toBe(0);
    });

    it("goes from memory into registers", () => {
        const bench = new Bench();
        bench.map(0x21000, registerBase);
        bench.memory.bytes[0x20fff] = 0xaa;
        expect(bench.do(bench.operands.load(0x20fff, 4))).toBe(0x02_01_00_aa);
        expect(bench.machine.device.accesses).toEqual([
            { access: "read", offset: 0, size: 2 },
            { access: "read", offset: 2, size: 1 },
        ]);
    });

    it("goes around from the last address to the first", () => {
        const bench = new Bench();
        setEntry(bench.memory, 0x10000 + 8 * 511, 0x14000n | anyAccess);
        setEntry(bench.memory, 0x14000 + 8 * 511, 0x15000n | anyAccess);
        setEntry(bench.memory, 0x15000 + 8 * 511, 0x16000n | anyAccess);
        setEntry(bench.memory, 0x16000 + 8 * 511, 0x30000n | anyAccess);
        bench.do(bench.operands.store(-2, 4, 0x4433_2211));
        expect([...bench.memory.bytes.subarray(0x30ffe, 0x31000)]).toEqual([0x11, 0x22]);
        expect([...bench.memory.bytes.subarray(0, 2)]).toEqual([0x33, 0x44]);
    });
});

describe("a canonical address", () => {
    it("ends at 0x7fffffffffff: the byte after it is a general protection fault", () => {
        const bench = new Bench();
        expect(bench.load(0x7fff_ffff_ffff)).toBe("fault 14 code 0 at 0x7fffffffffff");
        expect(bench.load(0x8000_0000_0000)).toBe("fault 13 code 0");
        expect(bench.port.faultAddress).toBe(0x7fff_ffff_ffff);
    });

    it("begins again at 0xffff800000000000, which is -2^47", () => {
        const bench = new Bench();
        bench.memory.bytes[0] = 0x77;
        expect(bench.load(-(2 ** 47))).toBe(0x77);
        expect(bench.load(-(2 ** 47) - 1)).toBe("fault 13 code 0");
        expect(bench.load(0xffff_8000_0000_0000)).toBe("fault 13 code 0");
    });

    it("is asked of all bytes before any is looked up", () => {
        const bench = new Bench();
        expect(bench.do(bench.operands.load(2 ** 47 - 2, 4))).toBe("fault 13 code 0");
        expect(bench.do(bench.operands.store64(-(2 ** 47) - 4, 0n))).toBe("fault 13 code 0");
    });
});

describe("watched pages", () => {
    it("tell of every write, also by accesses that were direct before the watcher came", () => {
        const machine = new TestMachine();
        const table = identityTables(machine.memory);
        const told: number[][] = [];
        machine.start(function* (context) {
            yield context.loadPageTable(table);
            yield context.store(0x20000, 4, 1);
            yield context.store(0x20004, 4, 1);
            yield context.store(registerBase, 1, 1);
            yield context.store(0x20008, 4, 1);
            yield context.store(0x2000c, 2, 1);
            yield context.store64(0x1fffd, 1n);
            yield context.fetchAdd(0x20010, 1, 1);
            yield context.store(0x21000, 4, 1);
        });
        setEntry(machine.memory, 0x12000 + 8, 0n);
        setEntry(machine.memory, 0x11000 + 8 * 3, 0xc000_0000n | anyAccess | 0x80n);
        setEntry(machine.memory, 0x10000, 0x11000n | anyAccess);
        machine.device.onWrite = () =>
            machine.memory.watch(0x20, (address, byteLength) => told.push([address, byteLength]));
        machine.runToEnd();
        expect(told).toEqual([
            [0x20008, 4],
            [0x2000c, 2],
            [0x20000, 5],
            [0x20010, 1],
        ]);
    });
});
