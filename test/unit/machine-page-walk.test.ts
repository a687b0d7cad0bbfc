import { describe, expect, it } from "vitest";
import { isCanonical, PageWalker } from "../../src/machine/cpu/page-walk.ts";
import { GuestMemory } from "../../src/machine/guest-memory.ts";

// Bits of entries and of error codes, from the Intel SDM, volume 3, tables 4-15 to 4-20 and
// figure 4-12.
const P = 1n;
const W = 2n;
const U = 4n;
const A = 0x20n;
const D = 0x40n;
const PS = 0x80n;
const XD = 1n << 63n;
const all = P | W | U;

const faultP = 1;
const faultW = 2;
const faultU = 4;
const faultReserved = 8;
const faultFetch = 16;

const L4 = 0x10000;
const L3 = 0x11000;
const L2 = 0x12000;
const L1 = 0x13000;
const page = 0x20000n;

/** Entries on the way to linear address 0, from the top. */
interface Path {
    readonly l4?: bigint;
    readonly l3?: bigint;
    readonly l2?: bigint;
    readonly l1?: bigint;
}

function memoryWith({ l4, l3, l2, l1 }: Path, index = 0): GuestMemory {
    const memory = new GuestMemory(2 ** 20);
    memory.view.setBigUint64(L4, l4 ?? BigInt(L3) | all, true);
    memory.view.setBigUint64(L3, l3 ?? BigInt(L2) | all, true);
    memory.view.setBigUint64(L2, l2 ?? BigInt(L1) | all, true);
    memory.view.setBigUint64(L1 + 8 * index, l1 ?? page | all, true);
    return memory;
}

type Access = "read" | "write" | "execute";

/** The physical address, or the error code as `fault N`. */
function walk(memory: GuestMemory, address: number, access: Access, isUser: boolean) {
    const walker = new PageWalker(memory);
    return walker.walk(L4, address, access, isUser)
        ? walker.physicalAddress
        : `fault ${walker.errorCode}`;
}

const levels = ["l4", "l3", "l2", "l1"] as const;
const nextTable = { l4: BigInt(L3), l3: BigInt(L2), l2: BigInt(L1), l1: page };

describe("a page walk", () => {
    it("finds the byte in a page of 4 KiB, by nine bits of the address at each level", () => {
        const memory = new GuestMemory(2 ** 20);
        const address = 3 * 2 ** 39 + 5 * 2 ** 30 + 7 * 2 ** 21 + 9 * 2 ** 12 + 0xabc;
        memory.view.setBigUint64(L4 + 3 * 8, BigInt(L3) | all, true);
        memory.view.setBigUint64(L3 + 5 * 8, BigInt(L2) | all, true);
        memory.view.setBigUint64(L2 + 7 * 8, BigInt(L1) | all, true);
        memory.view.setBigUint64(L1 + 9 * 8, page | all, true);
        expect(walk(memory, address, "read", true)).toBe(0x20abc);
        expect(walk(memory, address + 4096, "read", true)).toBe("fault 4");
    });

    it("finds the upper half of the addresses in the upper half of the top table", () => {
        const memory = memoryWith({ l4: 0n });
        memory.view.setBigUint64(L4 + 256 * 8, BigInt(L3) | all, true);
        expect(walk(memory, -(2 ** 47), "read", false)).toBe(0x20000);
        memory.view.setBigUint64(L4 + 511 * 8, BigInt(L3) | all, true);
        memory.view.setBigUint64(L3 + 511 * 8, BigInt(L2) | all, true);
        memory.view.setBigUint64(L2 + 511 * 8, BigInt(L1) | all, true);
        memory.view.setBigUint64(L1 + 511 * 8, page | all, true);
        expect(walk(memory, -1, "read", false)).toBe(0x20fff);
    });

    it("finds the byte in a page of 2 MiB and of 1 GiB, whose PAT bit is no address bit", () => {
        const large2M = memoryWith({ l2: 0x4000_0000n | (1n << 12n) | PS | all });
        expect(walk(large2M, 0x1f_fabc, "read", true)).toBe(0x401f_fabc);
        const large1G = memoryWith({ l3: 0xc000_0000n | (1n << 12n) | PS | all });
        expect(walk(large1G, 0x3fff_fabc, "read", true)).toBe(0xc000_0000 + 0x3fff_fabc);
    });

    it("reaches physical addresses of 40 bits", () => {
        const memory = memoryWith({ l1: 0xff_ffff_f000n | all });
        expect(walk(memory, 0xfff, "read", true)).toBe(2 ** 40 - 1);
    });

    it.each(levels)("faults where %s is not present, whatever else it says", (level) => {
        const memory = memoryWith({ [level]: 0x7fff_ffff_ffff_fffen });
        expect(walk(memory, 0, "read", false)).toBe("fault 0");
        expect(walk(memory, 0, "write", true)).toBe(`fault ${faultW | faultU}`);
        expect(walk(memory, 0, "execute", true)).toBe(`fault ${faultU | faultFetch}`);
    });

    it.each(levels)("refuses users where %s is the kernel's, and lets the kernel", (level) => {
        const memory = memoryWith({ [level]: nextTable[level] | P | W });
        expect(walk(memory, 0, "read", true)).toBe(`fault ${faultP | faultU}`);
        expect(walk(memory, 0, "write", true)).toBe(`fault ${faultP | faultW | faultU}`);
        expect(walk(memory, 0, "execute", true)).toBe(`fault ${faultP | faultU | faultFetch}`);
        expect(walk(memory, 0, "write", false)).toBe(0x20000);
        expect(walk(memory, 0, "execute", false)).toBe(0x20000);
    });

    it.each(levels)("refuses writes where %s is read-only, to the kernel as well", (level) => {
        const memory = memoryWith({ [level]: nextTable[level] | P | U });
        expect(walk(memory, 0, "write", true)).toBe(`fault ${faultP | faultW | faultU}`);
        expect(walk(memory, 0, "write", false)).toBe(`fault ${faultP | faultW}`);
        expect(walk(memory, 0, "read", true)).toBe(0x20000);
    });

    it.each(levels)("refuses instruction fetches where %s has XD", (level) => {
        const memory = memoryWith({ [level]: nextTable[level] | all | XD });
        expect(walk(memory, 0, "execute", true)).toBe(`fault ${faultP | faultU | faultFetch}`);
        expect(walk(memory, 0, "execute", false)).toBe(`fault ${faultP | faultFetch}`);
        expect(walk(memory, 0, "write", true)).toBe(0x20000);
    });

    it.each(levels)("finds reserved each address bit from 40 to 51 of %s", (level) => {
        for (let bit = 40n; bit <= 51n; bit++) {
            const memory = memoryWith({ [level]: nextTable[level] | all | (1n << bit) });
            expect(walk(memory, 0, "read", false)).toBe(`fault ${faultP | faultReserved}`);
        }
    });

    it.each(levels)("ignores bits 52 to 62 of %s, and 8 to 11", (level) => {
        const ignored = (0x7ffn << 52n) | 0xf00n;
        const memory = memoryWith({ [level]: nextTable[level] | all | ignored });
        expect(walk(memory, 0, "read", true)).toBe(0x20000);
    });

    it("finds reserved the bit for large pages in the top table, which has none", () => {
        const memory = memoryWith({ l4: BigInt(L3) | all | PS });
        expect(walk(memory, 0, "write", true)).toBe(
            `fault ${faultP | faultW | faultU | faultReserved}`,
        );
    });

    it("takes the same bit of the last table for PAT", () => {
        const memory = memoryWith({ l1: page | all | PS });
        expect(walk(memory, 0, "read", true)).toBe(0x20000);
    });

    it("finds reserved the low address bits of large pages, beside bit 12", () => {
        for (let bit = 13n; bit <= 20n; bit++) {
            const memory = memoryWith({ l2: (1n << bit) | PS | all });
            expect(walk(memory, 0, "read", false)).toBe(`fault ${faultP | faultReserved}`);
        }
        for (let bit = 13n; bit <= 29n; bit++) {
            const memory = memoryWith({ l3: (1n << bit) | PS | all });
            expect(walk(memory, 0, "read", false)).toBe(`fault ${faultP | faultReserved}`);
        }
        expect(walk(memoryWith({ l2: (1n << 21n) | PS | all }), 0, "read", false)).toBe(2 ** 21);
        expect(walk(memoryWith({ l3: (1n << 30n) | PS | all }), 0, "read", false)).toBe(2 ** 30);
    });

    it("finds a fault higher up before one further down", () => {
        const above = memoryWith({ l3: BigInt(L2) | all | (1n << 51n), l2: 0n });
        expect(walk(above, 0, "read", false)).toBe(`fault ${faultP | faultReserved}`);
        const rightsLast = memoryWith({ l4: BigInt(L3) | P, l1: 0n });
        expect(walk(rightsLast, 0, "write", true)).toBe(`fault ${faultW | faultU}`);
    });

    it("finds tables outside of memory full of ones, and so of reserved bits", () => {
        const memory = memoryWith({ l4: 0x8000_0000n | all });
        expect(walk(memory, 0, "read", true)).toBe(`fault ${faultP | faultU | faultReserved}`);
        const walker = new PageWalker(memory);
        expect(walker.walk(2 ** 40 - 4096, 0, "read", false)).toBe(false);
        expect(walker.errorCode).toBe(faultP | faultReserved);
    });

    it("sets accessed bits on its way, and the dirty bit in the last entry for a write", () => {
        const memory = memoryWith({});
        const entries = () => [L4, L3, L2, L1].map((at) => memory.view.getBigUint64(at, true));
        walk(memory, 0, "read", true);
        expect(entries()).toEqual([
            BigInt(L3) | all | A,
            BigInt(L2) | all | A,
            BigInt(L1) | all | A,
            page | all | A,
        ]);
        expect(memory.takeDirtyPages()).toEqual([L4, L3, L2, L1].map((at) => at / 4096));
        walk(memory, 0, "read", true);
        expect(memory.takeDirtyPages()).toEqual([]);
        walk(memory, 0, "write", true);
        expect(entries()[3]).toBe(page | all | A | D);
        expect(entries()[2]).toBe(BigInt(L1) | all | A);
        expect(memory.takeDirtyPages()).toEqual([L1 / 4096]);
    });

    it("sets the dirty bit of a large page in its own entry", () => {
        const memory = memoryWith({ l3: PS | all });
        walk(memory, 0x1234, "write", true);
        expect(memory.view.getBigUint64(L3, true)).toBe(PS | all | A | D);
    });

    it("leaves all entries alone when it faults", () => {
        const memory = memoryWith({ l1: page | P });
        const before = memory.bytes.slice();
        walk(memory, 0, "write", true);
        expect(Buffer.compare(memory.bytes, before)).toBe(0);
    });

    it("knows the borders of canonical addresses", () => {
        expect(isCanonical(0x7fff_ffff_ffff)).toBe(true);
        expect(isCanonical(0x8000_0000_0000)).toBe(false);
        expect(isCanonical(-0x8000_0000_0000)).toBe(true);
        expect(isCanonical(-0x8000_0000_0001)).toBe(false);
        expect(isCanonical(Number.NaN)).toBe(false);
    });
});
