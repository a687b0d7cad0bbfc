/**
 * A function on the PCI bus, as its 256 bytes of configuration space show it (PCI Local Bus 3.0,
 * chapter 6). It has a type 0 header and no capabilities.
 *
 * A function is made from a table: what it is, and what the firmware has assigned to it. Bits that
 * a guest can write are a mask of the same size; everything else only reads.
 *
 * Base addresses can be written, as a guest does to learn their sizes, but the machine's address
 * map is fixed: the registers stay where the firmware put them, and a move is reported.
 */
import { assert } from "../../base/assert.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import { UserError } from "../../base/user-error.ts";
import { allOnes } from "../bus.ts";
import type { Ports } from "../byte-ports.ts";
import type { AccessSize, Stateful } from "../device.ts";

/** Bytes of a function's configuration space. */
const configSizeBytes = 256;

/** Offsets in the header (6.1). */
const Header = {
    vendorId: 0x00,
    deviceId: 0x02,
    command: 0x04,
    revisionId: 0x08,
    /** Interface, subclass and base class, a byte each. */
    classCode: 0x09,
    cacheLineSize: 0x0c,
    headerType: 0x0e,
    baseAddress0: 0x10,
    subsystemVendorId: 0x2c,
    subsystemId: 0x2e,
    interruptLine: 0x3c,
    interruptPin: 0x3d,
} as const;

/** Bits of the command register (6.2.2). */
export const PciCommand = {
    ioSpace: 0x001,
    memorySpace: 0x002,
    busMaster: 0x004,
    systemError: 0x100,
    /** Can be written, for whoever does; functions raise their pins all the same. */
    interruptDisable: 0x400,
} as const;

const writableCommandBits =
    PciCommand.ioSpace |
    PciCommand.memorySpace |
    PciCommand.busMaster |
    PciCommand.systemError |
    PciCommand.interruptDisable;

/** Bit 7 of the header type: the device has further functions. */
const multifunction = 0x80;

/** Whose board the functions are on, as QEMU says it. */
const subsystem = { vendorId: 0x1af4, id: 0x1100 } as const;

/** A region of addresses that a function decodes. */
export interface BaseAddress {
    /** 0 to 5. */
    readonly index: number;
    /** The register as the firmware left it: the address, with the low bits that say its kind. */
    readonly value: number;
    /** A power of two, from 16. */
    readonly sizeBytes: number;
}

/** What a function is. */
export interface PciFunctionTable {
    readonly name: string;
    /** Where it is on bus 0: device 0 to 31, function 0 to 7. */
    readonly device: number;
    readonly functionNo: number;
    readonly vendorId: number;
    readonly deviceId: number;
    readonly revisionId: number;
    /** Base class, subclass and interface, as 0x010601. */
    readonly classCode: number;
    readonly isMultifunction: boolean;
    /** The command register as the firmware left it. */
    readonly command: number;
    readonly baseAddresses: readonly BaseAddress[];
    /** 0 for none, 1 to 4 for INTA# to INTD#. */
    readonly interruptPin: number;
    /** What the firmware noted for operating systems; nothing depends on it. */
    readonly interruptLine: number;
    /** Registers of its own: read-only words of 32 bits, by offset from 0x40 on. */
    readonly registers: readonly { readonly offset: number; readonly value: number }[];
}

export class PciFunction implements Stateful {
    readonly name: string;
    readonly table: PciFunctionTable;
    readonly #tell: (message: string) => void;
    readonly #config = new DataView(new ArrayBuffer(configSizeBytes));
    readonly #writable = new DataView(new ArrayBuffer(configSizeBytes));

    constructor(table: PciFunctionTable, tell: (message: string) => void) {
        this.name = table.name;
        this.table = table;
        this.#tell = tell;
        this.#makeWritable();
        this.reset();
    }

    /** Whether it may read and write memory by itself. */
    get busMaster(): boolean {
        return (this.#config.getUint16(Header.command, true) & PciCommand.busMaster) !== 0;
    }

    /** Registers of the function as the bus has them: they answer while memory space is on. */
    inMemorySpace(registers: Ports): Ports {
        const isOn = () =>
            (this.#config.getUint16(Header.command, true) & PciCommand.memorySpace) !== 0;
        return {
            read: (offset, size) => (isOn() ? registers.read(offset, size) : allOnes(size)),
            write: (offset, size, value) => {
                if (isOn()) {
                    registers.write(offset, size, value);
                }
            },
        };
    }

    /** @param offset from 0 to 255; the bus sees to it that no access leaves its 32-bit word. */
    read(offset: number, size: AccessSize): number {
        let value = 0;
        for (let index = 0; index < size; index++) {
            value += this.#config.getUint8(offset + index) * 2 ** (8 * index);
        }
        return value;
    }

    /** @param offset as of `read`. */
    write(offset: number, size: AccessSize, value: number): void {
        for (let index = 0; index < size; index++) {
            const at = offset + index;
            const mask = this.#writable.getUint8(at);
            const written = (value >>> (8 * index)) & mask;
            this.#config.setUint8(at, (this.#config.getUint8(at) & ~mask) | written);
        }
        this.#reportMove(offset & ~3);
    }

    /** As the firmware leaves it. */
    reset(): void {
        const { table } = this;
        const config = this.#config;
        new Uint8Array(config.buffer).fill(0);
        config.setUint16(Header.vendorId, table.vendorId, true);
        config.setUint16(Header.deviceId, table.deviceId, true);
        config.setUint16(Header.command, table.command, true);
        config.setUint32(Header.revisionId, table.classCode * 256 + table.revisionId, true);
        config.setUint8(Header.headerType, table.isMultifunction ? multifunction : 0);
        for (const { index, value } of table.baseAddresses) {
            config.setUint32(Header.baseAddress0 + 4 * index, value, true);
        }
        config.setUint16(Header.subsystemVendorId, subsystem.vendorId, true);
        config.setUint16(Header.subsystemId, subsystem.id, true);
        config.setUint8(Header.interruptLine, table.interruptLine);
        config.setUint8(Header.interruptPin, table.interruptPin);
        for (const { offset, value } of table.registers) {
            config.setUint32(offset, value, true);
        }
    }

    save(): StateRecord {
        return { version: 1, config: new Uint8Array(this.#config.buffer).slice() };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        const config = state.bytes("config", configSizeBytes);
        this.reset();
        for (const [offset, byte] of config.entries()) {
            const fixed = ~this.#writable.getUint8(offset) & 0xff;
            if ((byte & fixed) !== (this.#config.getUint8(offset) & fixed)) {
                throw new UserError(
                    `saved state of ${this.name}: byte ${offset} of its configuration is not ` +
                        "what this function has there",
                );
            }
            this.#config.setUint8(offset, byte);
        }
    }

    #makeWritable(): void {
        const writable = this.#writable;
        writable.setUint16(Header.command, writableCommandBits, true);
        writable.setUint8(Header.cacheLineSize, 0xff);
        writable.setUint8(Header.interruptLine, 0xff);
        for (const { index, sizeBytes } of this.table.baseAddresses) {
            assert(
                sizeBytes >= 16 && (sizeBytes & (sizeBytes - 1)) === 0,
                `${this.name}: base address ${index} covers a power of two`,
            );
            writable.setUint32(Header.baseAddress0 + 4 * index, -sizeBytes, true);
        }
    }

    /** All ones is a guest that asks for the size, not a place to move to. */
    #reportMove(wordOffset: number): void {
        for (const { index, value, sizeBytes } of this.table.baseAddresses) {
            const offset = Header.baseAddress0 + 4 * index;
            const address = this.#config.getUint32(offset, true) & -sizeBytes;
            if (
                offset === wordOffset &&
                address !== (value & -sizeBytes) &&
                address !== -sizeBytes
            ) {
                this.#tell(
                    `${this.name}: base address ${index} was moved; its registers stay at ` +
                        `0x${((value & -sizeBytes) >>> 0).toString(16)}`,
                );
            }
        }
    }
}
