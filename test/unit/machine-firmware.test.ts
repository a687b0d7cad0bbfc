import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { handOverLocalApic, installFirmware } from "../../src/machine/firmware/firmware.ts";
import { GuestMemory } from "../../src/machine/guest-memory.ts";
import { apicRig } from "../support/apic-rig.ts";
import { projectFolder } from "../tidy/layers.ts";

/** What a tool printed of a machine that SeaBIOS had started: `mp-table-q35-seabios.txt`. */
const recorded = readFileSync(
    join(projectFolder, "test/golden/recorded/mp-table-q35-seabios.txt"),
    "utf8",
);

function booted(seed = 12_345_678): GuestMemory {
    const memory = new GuestMemory(2 ** 20);
    installFirmware(memory, seed);
    return memory;
}

const sum = (bytes: Uint8Array) => bytes.reduce((total, byte) => total + byte, 0) & 0xff;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

/** Prints memory's firmware tables as the recording tool did. */
function printed(memory: GuestMemory): string {
    const { bytes, view } = memory;
    const part = (address: number, length: number) => bytes.subarray(address, address + length);
    const pointer = 0xf5ba0;
    const table = view.getUint32(pointer + 4, true);
    const length = view.getUint16(table + 4, true);
    const lines = [
        `_MP_ at 0x${pointer.toString(16)} ${hex(part(pointer, 16))} sum ${sum(part(pointer, 16))}`,
        `cfg 0x${table.toString(16)}`,
        `sig b'${text(part(table, 4))}' len ${length} rev ${bytes[table + 6]} ` +
            `oem b'${text(part(table + 8, 8))}' prod b'${text(part(table + 16, 12))}' ` +
            `entries ${view.getUint16(table + 34, true)} ` +
            `lapic 0x${view.getUint32(table + 36, true).toString(16)} ` +
            `sum ${sum(part(table, length))}`,
    ];
    for (let at = table + 44; at < table + length; at += bytes[at] === 0 ? 20 : 8) {
        lines.push(` ${printedEntry(part(at, 20))}`);
    }
    const vector6 = hex(part(0x18, 4));
    lines.push(
        `40e ${hex(part(0x40e, 2))} 413 ${hex(part(0x413, 2))} ivt6 ${vector6} ` +
            `ff8 ${hex(part(0xff8, 8))}`,
    );
    return `${lines.join("\n")}\n`;
}

function printedEntry(entry: Uint8Array): string {
    const [type, first, second, third, bus, irq, apic, pin] = entry;
    switch (type) {
        case 0:
            return (
                `proc lapic ${first} ver 0x${second.toString(16)} flags ${third} ` +
                `sig ${hex(entry.subarray(4, 8))} feat ${hex(entry.subarray(8, 12))}`
            );
        case 1:
            return `bus ${first} b'${text(entry.subarray(2, 8))}'`;
        case 2:
            return (
                `ioapic id ${first} ver 0x${second.toString(16)} flags ${third} ` +
                `addr ${hex(entry.subarray(4, 8))}`
            );
        default:
            return (
                `${type === 3 ? "int" : "lint"} type ${first} flags ` +
                `${hex(entry.subarray(2, 4))} srcbus ${bus} srcirq ${irq} ` +
                `(slot ${irq >> 2} pin ${irq & 3}) dstapic ${apic} dstin ${pin}`
            );
    }
}

/** Where a kernel finds "_MP_": first byte of a structure whose sum is 0, or 0. */
function findPointer({ bytes, view }: GuestMemory): number {
    const search = (first: number, length: number) => {
        for (let at = first; at < first + length; at += 16) {
            const found = bytes.subarray(at, at + 16);
            const isSane = found[8] === 1 && (found[9] === 1 || found[9] === 4);
            if (text(found.subarray(0, 4)) === "_MP_" && isSane && sum(found) === 0) {
                return at;
            }
        }
        return 0;
    };
    const extended = view.getUint16(0x40e, true);
    const top = extended === 0 ? view.getUint16(0x413, true) << 10 : extended << 4;
    return search(top, 1024) || search(0xf0000, 0x10000);
}

/** The interrupt of a PCI device's pin, looked up in the tables as a Chickadee kernel does. */
function pciInterrupt(memory: GuestMemory, device: number, pin: number): number {
    const { bytes, view } = memory;
    const table = view.getUint32(findPointer(memory) + 4, true);
    const length = view.getUint16(table + 4, true);
    expect(text(bytes.subarray(table, table + 4))).toBe("PCMP");
    expect(sum(bytes.subarray(table, table + length))).toBe(0);
    let bus = -1;
    for (let at = table + 44; at < table + length; at += bytes[at] === 0 ? 20 : 8) {
        const [type, id, , , sourceBus, sourceIrq, apic, apicPin] = bytes.subarray(at, at + 8);
        if (type === 1 && bus < 0 && text(bytes.subarray(at + 2, at + 8)) === "PCI   ") {
            bus = id;
        }
        const isIt = sourceBus === bus && sourceIrq === ((device << 2) | pin) && apic === 0;
        if (type === 3 && isIt) {
            return apicPin;
        }
        if (type > 4) {
            break;
        }
    }
    return 0;
}

describe("the firmware's traces in memory", () => {
    it("are those of SeaBIOS, byte for byte, as the recording tool prints them", () => {
        expect(printed(booted())).toBe(recorded);
    });

    it("lead a kernel from the disk's pin A to pin 10 of the I/O APIC", () => {
        const memory = booted();
        expect(findPointer(memory)).toBe(0xf5ba0);
        expect(pciInterrupt(memory, 0x1f, 0)).toBe(10);
        expect(pciInterrupt(memory, 0x1f, 1)).toBe(0);
    });

    it("do not lead there when a byte of the tables is wrong (canary)", () => {
        const memory = booted();
        memory.bytes[0xf5ba5] ^= 1;
        expect(findPointer(memory)).toBe(0);
    });

    it("are the recorded words of page 0", () => {
        const { view } = booted();
        const words = [0x00, 0x04, 0x08, 0x0c, 0x18, 0x1c].map((at) => view.getUint32(at, true));
        const plain = 0xf000_ff53;
        expect(words).toEqual([plain, plain, 0xf000_e2c3, plain, plain, plain]);
        expect(view.getUint16(0x410, true)).toBe(0x4226);
        expect(view.getUint16(0x415, true)).toBe(0);
    });

    it("lead every real-mode interrupt to an IRET", () => {
        const { view, bytes } = booted();
        for (let vector = 0; vector < 256; vector++) {
            const offset = view.getUint16(4 * vector, true);
            const segment = view.getUint16(4 * vector + 2, true);
            expect(bytes[segment * 16 + offset]).toBe(0xcf);
        }
    });

    it("have a seed of eight bytes, or zeros", () => {
        expect(booted(2 ** 53 - 1).view.getBigUint64(0xff8, true)).toBe(2n ** 53n - 1n);
        const memory = new GuestMemory(2 ** 20);
        installFirmware(memory);
        expect(memory.view.getBigUint64(0xff8, true)).toBe(0n);
    });

    it("are a blank screen of 80 by 25 gray cells, and zeros after it", () => {
        const { view } = booted();
        const cells = Array.from({ length: 2048 }, (_, cell) =>
            view.getUint16(0xb8000 + 2 * cell, true),
        );
        expect(new Set(cells.slice(0, 2000))).toEqual(new Set([0x0720]));
        expect(new Set(cells.slice(2000))).toEqual(new Set([0]));
    });

    it("are marked as written, and nothing else is", () => {
        expect(booted().takeDirtyPages()).toEqual([0x00, 0xb8, 0xf5, 0xfe, 0xff]);
    });
});

describe("the firmware's traces in the first local APIC", () => {
    it("are an enabled APIC with spurious vector 255 and its pins in use", () => {
        const { apics } = apicRig(2);
        handOverLocalApic(apics[0]);
        const registers = [0xf0, 0x350, 0x360].map((offset) => apics[0].read(offset, 4));
        expect(registers).toEqual([0x1ff, 0x8700, 0x8400]);
        expect(apics[1].read(0xf0, 4)).toBe(0xff);
    });
});
