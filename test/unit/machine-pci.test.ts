import { describe, expect, it } from "vitest";
import { encodeState } from "../../src/base/state.ts";
import { AddressSpace } from "../../src/machine/bus.ts";
import type { AccessSize } from "../../src/machine/device.ts";
import { Machine } from "../../src/machine/machine.ts";
import { PciConfigPorts } from "../../src/machine/pci/config-ports.ts";
import { ahciLocation, q35Functions } from "../../src/machine/pci/q35-functions.ts";
import { fieldsOf } from "../support/apic-rig.ts";

const addressPort = 0xcf8;
const dataPort = 0xcfc;

function pciRig() {
    const notices: string[] = [];
    const resets: number[] = [];
    const pci = new PciConfigPorts(
        q35Functions,
        { read: () => 0x0a, write: (_, __, value) => resets.push(value) },
        ({ device, message }) => notices.push(`${device}: ${message}`),
    );
    const region = { what: "PCI", first: addressPort, lengthBytes: 8, device: pci };
    const ports = new AddressSpace("port", [region], () => {});
    const select = (device: number, functionNo: number, register: number, bus = 0) =>
        ports.write(
            addressPort,
            4,
            0x8000_0000 + bus * 0x1_0000 + device * 0x800 + functionNo * 0x100 + register,
        );
    return {
        notices,
        resets,
        pci,
        ports,
        select,
        /** A register as a driver reads it: from the port of its lowest byte. */
        get(device: number, functionNo: number, register: number, size: AccessSize = 4) {
            select(device, functionNo, register);
            return ports.read(dataPort + (register & 3), size);
        },
        put(
            device: number,
            functionNo: number,
            register: number,
            value: number,
            size: AccessSize = 4,
        ) {
            select(device, functionNo, register);
            ports.write(dataPort + (register & 3), size, value);
        },
    };
}

/** By place: vendor and device, class and revision, header word, board, interrupt. */
const heads: [number, number, number[]][] = [
    [0x00, 0, [0x29c0_8086, 0x0600_0000, 0, 0x1100_1af4, 0]],
    [0x01, 0, [0x1111_1234, 0x0300_0002, 0, 0x1100_1af4, 0]],
    [0x02, 0, [0x7111_8086, 0x0101_8000, 0, 0x1100_1af4, 0]],
    [0x1f, 0, [0x2918_8086, 0x0601_0002, 0x80_0000, 0x1100_1af4, 0]],
    [0x1f, 2, [0x2922_8086, 0x0106_0102, 0x80_0000, 0x1100_1af4, 0x010a]],
    [0x1f, 3, [0x2930_8086, 0x0c05_0002, 0x80_0000, 0x1100_1af4, 0x010a]],
];

/** By place: base addresses 0 to 5. */
const baseAddresses: [number, number, number[]][] = [
    [0x00, 0, [0, 0, 0, 0, 0, 0]],
    [0x01, 0, [0xfd00_0008, 0, 0xfebf_0000, 0, 0, 0]],
    [0x02, 0, [0, 0, 0, 0, 0xc061, 0]],
    [0x1f, 0, [0, 0, 0, 0, 0, 0]],
    [0x1f, 2, [0, 0, 0, 0, 0xc041, 0xfebf_1000]],
    [0x1f, 3, [0, 0, 0, 0, 0x701, 0]],
];

/** By place and index: what a base address reads as after all ones were written. */
const sizes: [number, number, number, number][] = [
    [0x01, 0, 0, 0xff00_0008],
    [0x01, 0, 2, 0xffff_f000],
    [0x02, 0, 4, 0xffff_fff1],
    [0x1f, 2, 4, 0xffff_ffe1],
    [0x1f, 2, 5, 0xffff_f000],
    [0x1f, 3, 4, 0xffff_ffc1],
    [0x00, 0, 0, 0],
    [0x1f, 2, 0, 0],
];

describe("the functions on the PCI bus", () => {
    it.each(heads)("show who they are: %i.%i", (device, functionNo, head) => {
        const { get } = pciRig();
        const registers = [0x00, 0x08, 0x0c, 0x2c, 0x3c];
        expect(registers.map((register) => get(device, functionNo, register))).toEqual(head);
    });

    it.each(baseAddresses)("have their addresses: %i.%i", (device, functionNo, addresses) => {
        const { get } = pciRig();
        const found = [0x10, 0x14, 0x18, 0x1c, 0x20, 0x24];
        expect(found.map((register) => get(device, functionNo, register))).toEqual(addresses);
    });

    it("are all there are on eight buses, in a kernel's scan", () => {
        const { select, ports } = pciRig();
        const found: string[] = [];
        for (let bus = 0; bus < 8; bus++) {
            for (let slot = 0; slot < 256; slot++) {
                select(slot >> 3, slot & 7, 0x0c, bus);
                if (ports.read(dataPort, 4) !== 0xffff_ffff) {
                    found.push(`${bus}:${(slot >> 3).toString(16)}.${slot & 7}`);
                }
            }
        }
        expect(found).toEqual(["0:0.0", "0:1.0", "0:2.0", "0:1f.0", "0:1f.2", "0:1f.3"]);
    });

    it("have the power management's port at register 0x40 of the LPC bridge, for good", () => {
        const { get, put } = pciRig();
        expect(get(0x1f, 0, 0x40)).toBe(0x601);
        put(0x1f, 0, 0x40, 0xffff_ffff);
        expect(get(0x1f, 0, 0x40)).toBe(0x601);
    });

    it.each(sizes)(
        "tell the size behind base address %i.%i %i",
        (device, functionNo, index, size) => {
            const { get, put, notices } = pciRig();
            const register = 0x10 + 4 * index;
            const before = get(device, functionNo, register);
            put(device, functionNo, register, 0xffff_ffff);
            expect(get(device, functionNo, register)).toBe(size);
            put(device, functionNo, register, before);
            expect(get(device, functionNo, register)).toBe(before);
            expect(notices).toEqual([]);
        },
    );

    it("keep a base address that is moved, and say that nothing moves", () => {
        const { get, put, notices } = pciRig();
        put(0x1f, 2, 0x24, 0xe000_0000);
        put(0x1f, 2, 0x24, 0xe000_0000);
        expect(get(0x1f, 2, 0x24)).toBe(0xe000_0000);
        expect(notices).toEqual([
            "pci: ICH9 AHCI: base address 5 was moved; its registers stay at 0xfebf1000",
        ]);
    });

    it("have writable bits in the command register, and read-only ones everywhere else", () => {
        const { get, put } = pciRig();
        for (let register = 0; register < 256; register += 4) {
            if (register >= 0x10 && register < 0x28) {
                continue;
            }
            const before = get(0x1f, 2, register);
            put(0x1f, 2, register, 0xffff_ffff);
            const ones = get(0x1f, 2, register);
            put(0x1f, 2, register, 0);
            const writable = (ones ^ get(0x1f, 2, register)) >>> 0;
            const expected: Record<number, number> = { 4: 0x507, 12: 0xff, 60: 0xff };
            expect([register, writable]).toEqual([register, expected[register] ?? 0]);
            expect(ones & ~writable).toBe(before & ~writable);
        }
    });

    it("answer for the disk whether it may use memory", () => {
        const { pci, put } = pciRig();
        const ahci = pci.functionAt(ahciLocation);
        expect(ahci.busMaster).toBe(true);
        put(0x1f, 2, 0x04, 0x0002, 2);
        expect(ahci.busMaster).toBe(false);
    });

    it("hide the disk's registers while it does not decode memory", () => {
        const { pci, put } = pciRig();
        const written: number[] = [];
        const registers = pci.functionAt(ahciLocation).inMemorySpace({
            read: (offset) => offset,
            write: (_, __, value) => written.push(value),
        });
        const tried = (size: AccessSize) => {
            registers.write(0, size, written.length + 1);
            return registers.read(8, size);
        };
        expect([tried(4), written]).toEqual([8, [1]]);
        put(0x1f, 2, 0x04, 0x0005, 2);
        expect([tried(4), tried(2), tried(1), written]).toEqual([0xffff_ffff, 0xffff, 0xff, [1]]);
        put(0x1f, 2, 0x04, 0x0002, 2);
        expect([tried(4), written]).toEqual([8, [1, 2]]);
    });

    it("hide the disk of a whole machine so, too", () => {
        const machine = new Machine({ choices: 1 });
        const registers = machine.registers[0];
        const put = (command: number) => {
            machine.ports.write(addressPort, 4, 0x8000_fa04);
            machine.ports.write(dataPort, 2, command);
        };
        expect(registers.read(0xfebf_1010, 4)).toBe(0x0001_0000);
        put(0x0105);
        expect(registers.read(0xfebf_1010, 4)).toBe(0xffff_ffff);
        put(0x0107);
        expect(registers.read(0xfebf_1010, 4)).toBe(0x0001_0000);
    });
});

describe("the ports of PCI configuration", () => {
    it("give bytes and halves of a register at the port of each", () => {
        const { select, ports } = pciRig();
        select(0x1f, 2, 0);
        expect([0, 1, 2, 3].map((byte) => ports.read(dataPort + byte, 1))).toEqual([
            0x86, 0x80, 0x22, 0x29,
        ]);
        expect([0, 1, 2].map((byte) => ports.read(dataPort + byte, 2))).toEqual([
            0x8086, 0x2280, 0x2922,
        ]);
    });

    it("write bytes and halves of a register", () => {
        const { get, put } = pciRig();
        put(0x1f, 2, 0x3c, 0x0b, 1);
        put(0x1f, 2, 0x0c, 0x1234, 2);
        put(0x1f, 2, 0x05, 0x05, 1);
        expect(get(0x1f, 2, 0x3c)).toBe(0x010b);
        expect(get(0x1f, 2, 0x0c)).toBe(0x0080_0034);
        expect(get(0x1f, 2, 0x04)).toBe(0x0507);
    });

    it("ignore the low two bits of the address, which kernels leave in", () => {
        const { ports } = pciRig();
        ports.write(addressPort, 4, 0x8000_fa0a);
        expect(ports.read(addressPort, 4)).toBe(0x8000_fa08);
        expect(ports.read(dataPort + 2, 2)).toBe(0x0106);
        ports.write(addressPort, 4, 0xffff_ffff);
        expect(ports.read(addressPort, 4)).toBe(0x80ff_fffc);
    });

    it("read as all ones where no function is, and while they are not enabled", () => {
        const { select, ports } = pciRig();
        select(3, 0, 0);
        expect(ports.read(dataPort, 4)).toBe(0xffff_ffff);
        ports.write(dataPort, 4, 1);
        select(0, 0, 0, 1);
        expect(ports.read(dataPort, 2)).toBe(0xffff);
        ports.write(addressPort, 4, 0);
        expect(ports.read(dataPort, 4)).toBe(0xffff_ffff);
        ports.write(dataPort, 1, 1);
        expect(ports.read(dataPort + 3, 1)).toBe(0xff);
    });

    it("take an address in one piece only, and leave byte 0xCF9 to the reset control", () => {
        const { select, ports, resets } = pciRig();
        select(0x1f, 2, 8);
        ports.write(addressPort, 2, 0);
        ports.write(addressPort, 1, 0);
        ports.write(addressPort + 2, 2, 0);
        expect(ports.read(addressPort, 2)).toBe(0xffff);
        expect(ports.read(addressPort, 4)).toBe(0x8000_fa08);
        expect(resets).toEqual([]);
        ports.write(addressPort + 1, 1, 0x06);
        expect(resets).toEqual([0x06]);
        expect(ports.read(addressPort + 1, 1)).toBe(0x0a);
    });
});

describe("the saved state of PCI", () => {
    it("is all that can change, and is gone after a reset", () => {
        const original = pciRig();
        const before = encodeState(original.pci.save());
        original.put(0x1f, 2, 0x04, 0, 2);
        original.put(0x01, 0, 0x10, 0xe000_0000);
        const state = original.pci.save();
        const copy = pciRig();
        copy.pci.load(fieldsOf(state));
        expect(encodeState(copy.pci.save())).toEqual(encodeState(state));
        expect(copy.ports.read(addressPort, 4)).toBe(0x8000_0810);
        expect(copy.get(0x01, 0, 0x10)).toBe(0xe000_0008);
        expect(copy.pci.functionAt(ahciLocation).busMaster).toBe(false);
        original.pci.reset();
        expect(encodeState(original.pci.save())).toEqual(before);
    });

    it("is refused when it is of another function", () => {
        const { pci } = pciRig();
        const ahci = pci.functionAt(ahciLocation);
        const state = pci.functionAt({ device: 0, functionNo: 0 }).save();
        expect(() => ahci.load(fieldsOf(state))).toThrow(
            "saved state of ICH9 AHCI: byte 2 of its configuration is not what this function has " +
                "there",
        );
    });
});
