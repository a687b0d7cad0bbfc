import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeState } from "../../src/base/state.ts";
import type { Context } from "../../src/machine/cpu/context.ts";
import type { Operation, Program } from "../../src/machine/cpu/operation.ts";
import { anyAccess, registerBase, setEntry, TestMachine } from "../support/machine-cpus.ts";

const seed = 33_002;

const kinds = ["load", "store", "exchange", "compareExchange", "add", "and", "or", "xor"] as const;

interface Access {
    readonly kind: (typeof kinds)[number];
    readonly size: 1 | 2 | 4 | 8;
    /** Bytes from the start of the program's pages. */
    readonly at: number;
    readonly value: bigint;
    /** For a comparison: whether to expect what is there, and what else. */
    readonly expectsRight: boolean;
    readonly expected: bigint;
}

/** Virtual pages in a row, at a border of the slots of the translation cache; and their frames. */
const firstPage = 0x40_0000 + 0xfe * 4096;
const frames = [0x27000, 0x21000, 0x2f000, 0x24000];
const spanBytes = frames.length * 4096;

const anyNearBorder = fc
    .tuple(fc.integer({ min: 0, max: frames.length }), fc.integer({ min: -9, max: 9 }))
    .map(([page, offset]) => page * 4096 + offset)
    .filter((at) => at >= 0 && at <= spanBytes - 8);
const anyAt = fc.oneof(anyNearBorder, fc.integer({ min: 0, max: spanBytes - 8 }));

const anyMemoryAccess: fc.Arbitrary<Access> = fc.record({
    kind: fc.constantFrom(...kinds),
    size: fc.constantFrom<1 | 2 | 4 | 8>(1, 2, 4, 8),
    at: fc.oneof(anyAt, fc.constantFrom(64, 65, 4094, 4095)),
    value: fc.bigInt(-(2n ** 63n), 2n ** 64n - 1n),
    expectsRight: fc.boolean(),
    expected: fc.bigInt(0n, 2n ** 64n - 1n),
});

/** Bytes in a row: what memory is to a program. Every number is one of its low bits. */
class ByteModel {
    readonly bytes = new Array<bigint>(spanBytes).fill(0n);

    /** Does an access; returns its result. */
    do({ kind, size, at, value, expectsRight, expected }: Access): bigint {
        let old = 0n;
        for (let index = size - 1; index >= 0; index--) {
            old = old * 256n + this.bytes[at + index];
        }
        const comparand = expectsRight ? old : BigInt.asUintN(8 * size, expected);
        const results = {
            load: old,
            store: value,
            exchange: value,
            compareExchange: comparand === old ? value : old,
            add: old + value,
            and: old & value,
            or: old | value,
            xor: old ^ value,
        };
        let rest = BigInt.asUintN(8 * size, results[kind]);
        for (let index = 0; index < size; index++) {
            this.bytes[at + index] = rest % 256n;
            rest /= 256n;
        }
        return kind === "store" ? 0n : old;
    }
}

/** Asks for an access. Numbers go in with and without sign, as a program may state them. */
function ask(context: Context, access: Access, expected: bigint): Operation {
    const { kind, size, at, value } = access;
    const address = firstPage + at;
    if (size === 8) {
        const asked = {
            load: () => context.load64(address),
            store: () => context.store64(address, value),
            exchange: () => context.exchange64(address, value),
            compareExchange: () => context.compareExchange64(address, expected, value),
            add: () => context.fetchAdd64(address, value),
            and: () => context.fetchAnd64(address, value),
            or: () => context.fetchOr64(address, value),
            xor: () => context.fetchXor64(address, value),
        };
        return asked[kind]();
    }
    const number = Number(BigInt.asIntN(32, value));
    const asked = {
        load: () => context.load(address, size),
        store: () => context.store(address, size, number),
        exchange: () => context.exchange(address, size, number),
        compareExchange: () =>
            context.compareExchange(address, size, Number(BigInt.asIntN(32, expected)), number),
        add: () => context.fetchAdd(address, size, number),
        and: () => context.fetchAnd(address, size, number),
        or: () => context.fetchOr(address, size, number),
        xor: () => context.fetchXor(address, size, number),
    };
    return asked[kind]();
}

/** Tables that map `firstPage` and on to `frames`; and page 0 of the upper half to registers. */
function machineWithPages(): TestMachine {
    const machine = new TestMachine();
    const { memory } = machine;
    setEntry(memory, 0x10000, 0x11000n | anyAccess);
    setEntry(memory, 0x11000, 0x12000n | anyAccess);
    setEntry(memory, 0x12000 + 8 * Math.floor(firstPage / 2 ** 21), 0x13000n | anyAccess);
    for (const [index, frame] of frames.entries()) {
        const page = firstPage / 4096 + index;
        setEntry(memory, 0x13000 + 8 * (page % 512), BigInt(frame) | anyAccess);
    }
    setEntry(memory, 0x10000 + 8 * 256, 0x15000n | anyAccess);
    setEntry(memory, 0x15000, 0x16000n | anyAccess);
    setEntry(memory, 0x16000, 0x17000n | anyAccess);
    setEntry(memory, 0x17000, BigInt(registerBase) | anyAccess);
    return machine;
}

/** Runs accesses on a machine; returns all results, 64-bit ones too. */
function runAccesses(accesses: readonly Access[], tamper = (access: Access) => access) {
    const machine = machineWithPages();
    const model = new ByteModel();
    const results: bigint[] = [];
    const expectedResults: bigint[] = [];
    machine.start(function* (context): Program {
        yield context.loadPageTable(0x10000);
        for (const access of accesses) {
            const expected = expectedOf(model, access);
            expectedResults.push(model.do(access));
            const result = yield ask(context, tamper(access), expected);
            const isWide = access.size === 8 && access.kind !== "store";
            results.push(isWide ? context.wide : BigInt(result));
        }
    });
    machine.runToEnd();
    const bytes = frames.flatMap((frame) => [
        ...machine.memory.bytes.subarray(frame, frame + 4096),
    ]);
    return { results, expectedResults, bytes, modelBytes: model.bytes.map(Number) };
}

/** What a comparison expects: what is there, or something else. */
function expectedOf(model: ByteModel, { size, at, expectsRight, expected }: Access): bigint {
    if (!expectsRight) {
        return expected;
    }
    return model.bytes.slice(at, at + size).reduceRight((value, byte) => value * 256n + byte, 0n);
}

const anyAccesses = fc.array(anyMemoryAccess, { minLength: 1, maxLength: 60 });

function agreesWithModel(tamper?: (access: Access) => Access) {
    return fc.property(anyAccesses, (accesses) => {
        const run = runAccesses(accesses, tamper);
        expect(run.results).toEqual(run.expectedResults);
        expect(Buffer.compare(Buffer.from(run.bytes), Buffer.from(run.modelBytes))).toBe(0);
    });
}

/** A page-crossing access that wraps within its page, as a careless port would do it. */
function wrapped(access: Access): Access {
    const crosses = (access.at % 4096) + access.size > 4096;
    return crosses ? { ...access, at: access.at - (access.at % 4096) } : access;
}

describe("any memory operations", () => {
    it("do what they do on an array of bytes, unaligned and across pages", () => {
        fc.assert(agreesWithModel(), { seed, numRuns: 300 });
    });

    it("are told from accesses that stay within a page (canary)", () => {
        expect(fc.check(agreesWithModel(wrapped), { seed, numRuns: 300 }).failed).toBe(true);
    });
});

/** One piece of a run: how many operations, and whether marks are taken afterwards. */
const anyPieces = fc.array(
    fc.record({ operations: fc.integer({ min: 1, max: 12 }), takes: fc.boolean() }),
    { minLength: 1, maxLength: 40 },
);

/**
 * A program that does accesses, some of them to registers, and clears a dirty bit now and then;
 * its results are part of memory in the end.
 */
function startAccesses(machine: TestMachine, accesses: readonly Access[]): void {
    machine.start(function* (context): Program {
        yield context.loadPageTable(0x10000);
        for (const [index, access] of accesses.entries()) {
            const result = yield ask(context, access, access.expected);
            yield context.store(firstPage + 4 * (index % 16), 4, result);
            if (access.value % 5n === 0n) {
                yield context.load(-(2 ** 47) + (access.at % 4096), 1);
            }
            if (access.value % 7n === 0n) {
                const entry = 0x13000 + 8 * ((firstPage / 4096) % 512);
                machine.memory.view.setBigUint64(entry, BigInt(frames[0]) | anyAccess, true);
                machine.memory.wrote(entry, 8);
                yield context.invalidatePage(firstPage);
            }
        }
    });
}

/** All that a run leaves: memory, device, clock, CPU. */
function traceOf(machine: TestMachine): unknown[] {
    return [
        Buffer.from(machine.memory.bytes).toString("latin1"),
        machine.device.accesses,
        machine.clock.nowNs,
        Buffer.from(encodeState(machine.cpus[0].save())).toString("hex"),
    ];
}

describe("taking the dirty marks", () => {
    it("changes nothing that programs, devices or the state can see", () => {
        fc.assert(
            fc.property(anyAccesses, anyPieces, (accesses, pieces) => {
                const [plain, taken] = [machineWithPages(), machineWithPages()];
                startAccesses(plain, accesses);
                startAccesses(taken, accesses);
                plain.runToEnd();
                for (const { operations, takes } of pieces) {
                    taken.interleaver.run({ operations });
                    if (takes) {
                        taken.memory.takeDirtyPages();
                    }
                }
                taken.runToEnd();
                const [a, b] = [traceOf(plain), traceOf(taken)];
                expect(a[0] === b[0]).toBe(true);
                expect(b.slice(1)).toEqual(a.slice(1));
            }),
            { seed, numRuns: 100 },
        );
    });

    it("gives all pages that were written since, and none that no access was for", () => {
        fc.assert(
            marksAreRight(() => undefined),
            { seed, numRuns: 100 },
        );
    });

    it("is told from marks that are lost while a page is cached as writable (canary)", () => {
        const forgets = (machine: TestMachine) => {
            machine.memory.takeDirtyPages = () => {
                const pages = [...machine.memory.dirty.keys()].filter(
                    (page) => machine.memory.dirty[page] !== 0,
                );
                machine.memory.dirty.fill(0);
                return pages;
            };
        };
        expect(fc.check(marksAreRight(forgets), { seed, numRuns: 100 }).failed).toBe(true);
    });
});

/** Runs in pieces; after each, the marks hold every page whose bytes changed, and few others. */
function marksAreRight(tamper: (machine: TestMachine) => void) {
    const tables = [0x10, 0x11, 0x12, 0x13, 0x15, 0x16, 0x17];
    const allowed = new Set([...tables, ...frames.map((frame) => frame / 4096)]);
    return fc.property(anyAccesses, anyPieces, (accesses, pieces) => {
        const machine = machineWithPages();
        tamper(machine);
        startAccesses(machine, accesses);
        machine.memory.takeDirtyPages();
        for (const { operations } of pieces) {
            const before = machine.memory.bytes.slice(0, 0x30000);
            machine.interleaver.run({ operations });
            const dirty = new Set(machine.memory.takeDirtyPages());
            for (let page = 0; page < 0x30; page++) {
                const range = [page * 4096, (page + 1) * 4096] as const;
                const now = machine.memory.bytes.subarray(...range);
                if (Buffer.compare(now, before.subarray(...range)) !== 0) {
                    expect(dirty).toContain(page);
                }
            }
            expect([...dirty].filter((page) => !allowed.has(page))).toEqual([]);
        }
    });
}
