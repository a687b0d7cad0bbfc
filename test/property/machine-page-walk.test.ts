import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Access, PageWalker } from "../../src/machine/cpu/page-walk.ts";
import { GuestMemory } from "../../src/machine/guest-memory.ts";
import { modelWalk } from "../support/machine-page-model.ts";

const seed = 33_001;
const ramBytes = 2 ** 20;

/** True once in `rarity` times; without fast-check's liking for small numbers. */
const rarely = (rarity: number) => fc.noBias(fc.nat(rarity - 1)).map((draw) => draw === 0);

/** Entries that mostly lead on: tables are pages 0x10 to 0x17, which may well be the same. */
const anyEntry = fc
    .record({
        isAbsent: rarely(16),
        isReadOnly: rarely(5),
        isKernels: rarely(5),
        isLarge: rarely(6),
        noExecute: rarely(6),
        lowBits: fc.bigInt(0n, 0xfffn),
        ignored: fc.bigInt(0n, 0x7ffn),
        isReserved: rarely(20),
        reservedBit: fc.bigInt(40n, 51n),
        frame: fc.oneof(
            { weight: 12, arbitrary: fc.bigInt(0x10n, 0x17n) },
            { weight: 1, arbitrary: fc.bigInt(0n, 0xffff_ffffn) },
        ),
        isAligned: fc.boolean(),
    })
    .map((one) => {
        // P, W, U and PS as drawn; the other low bits as they come.
        let entry = (one.lowBits & ~0x87n) | (one.ignored << 52n);
        entry |= (one.isAbsent ? 0n : 1n) | (one.isReadOnly ? 0n : 2n) | (one.isKernels ? 0n : 4n);
        const isAlignedLarge = one.isLarge && one.isAligned;
        entry |= (isAlignedLarge ? (one.frame >> 18n) << 18n : one.frame) << 12n;
        entry |= one.isLarge ? 0x80n : 0n;
        entry |= one.noExecute ? 1n << 63n : 0n;
        return one.isReserved ? entry | (1n << one.reservedBit) : entry;
    });

const anyCase = fc.record({
    entries: fc.tuple(anyEntry, anyEntry, anyEntry, anyEntry),
    /** Sign-extended from 48 bits. */
    linear: fc.bigInt(-(2n ** 47n), 2n ** 47n - 1n),
    accesses: fc.array(
        fc.record({
            access: fc.constantFrom<Access>("read", "write", "execute"),
            isUser: fc.boolean(),
        }),
        { minLength: 1, maxLength: 3 },
    ),
});

/** Puts the entries on the way of an address, each in the table that the one before names. */
function putTables(memory: GuestMemory, linear: bigint, entries: readonly bigint[]): void {
    memory.bytes.fill(0);
    let table = 0x10000n;
    for (const [index, entry] of entries.entries()) {
        const lowBit = BigInt(39 - 9 * index);
        const at = table + 8n * ((linear >> lowBit) & 511n);
        if (at + 8n > BigInt(ramBytes)) {
            break;
        }
        memory.view.setBigUint64(Number(at), entry, true);
        table = entry & 0xff_ffff_f000n;
    }
}

/** Walks by a walker of class `Walker` and by the model; they agree in all that can be seen. */
function agrees(Walker: typeof PageWalker) {
    const memory = new GuestMemory(ramBytes);
    return fc.property(anyCase, ({ entries, linear, accesses }) => {
        putTables(memory, linear, entries);
        const expected = new DataView(memory.bytes.slice().buffer);
        const isThere = (at: bigint) => at + 8n <= BigInt(ramBytes);
        const read64 = (at: bigint) =>
            isThere(at) ? expected.getBigUint64(Number(at), true) : 2n ** 64n - 1n;
        const walker = new Walker(memory);
        for (const { access, isUser } of accesses) {
            const model = modelWalk(read64, 0x10000n, BigInt.asUintN(64, linear), access, isUser);
            const isFound = walker.walk(0x10000, Number(linear), access, isUser);
            if ("errorCode" in model) {
                expect([isFound, walker.errorCode]).toEqual([false, model.errorCode]);
            } else {
                expect(isFound).toBe(true);
                expect(BigInt(walker.physicalAddress)).toBe(model.physicalAddress);
                expect(BigInt(walker.pageBytes)).toBe(model.pageBytes);
                for (const { address, entry } of model.updates) {
                    const old = expected.getBigUint64(Number(address), true);
                    expected.setBigUint64(Number(address), old | entry, true);
                }
            }
        }
        expect(Buffer.compare(memory.bytes, new Uint8Array(expected.buffer))).toBe(0);
    });
}

/** A walker that knows no execute-disable bit. */
class WalkerWithoutNoExecute extends PageWalker {
    override walk(table: number, address: number, access: Access, isUser: boolean): boolean {
        return super.walk(table, address, access === "execute" ? "read" : access, isUser);
    }
}

/** A walker whose kernel may write to read-only pages, as with CR0.WP clear. */
class WalkerWithoutWriteProtection extends PageWalker {
    override walk(table: number, address: number, access: Access, isUser: boolean): boolean {
        return super.walk(table, address, isUser ? access : "read", isUser);
    }
}

describe("any page walk", () => {
    it("does what the model of the manual does: result, error code, A and D bits", () => {
        fc.assert(agrees(PageWalker), { seed, numRuns: 3000 });
    });

    it("is not done by a walker that lacks a right (canary)", () => {
        const executes = agrees(WalkerWithoutNoExecute);
        expect(fc.check(executes, { seed, numRuns: 3000 }).failed).toBe(true);
        const kernelWrites = agrees(WalkerWithoutWriteProtection);
        expect(fc.check(kernelWrites, { seed, numRuns: 3000 }).failed).toBe(true);
    });

    it("meets every outcome often enough to count", () => {
        const outcomes = new Map<string, number>();
        const cases = fc.sample(anyCase, { seed, numRuns: 3000 });
        const memory = new GuestMemory(ramBytes);
        const walker = new PageWalker(memory);
        for (const { entries, linear, accesses } of cases) {
            putTables(memory, linear, entries);
            const [{ access, isUser }] = accesses;
            const isFound = walker.walk(0x10000, Number(linear), access, isUser);
            const what = isFound ? `page ${walker.pageBytes}` : `fault ${walker.errorCode & 9}`;
            outcomes.set(what, (outcomes.get(what) ?? 0) + 1);
        }
        const often = [...outcomes].filter(([, count]) => count >= 40).map(([what]) => what);
        expect(often.sort()).toEqual([
            "fault 0",
            "fault 1",
            "fault 9",
            "page 1073741824",
            "page 2097152",
            "page 4096",
        ]);
    });
});
