/**
 * The ports by which a processor reaches PCI configuration space: mechanism #1 (PCI Local Bus 3.0,
 * 3.2.2.3.2). A word of 32 bits at 0xCF8 selects bus, device, function and register; the four
 * bytes at 0xCFC are that register. There is bus 0 only, and what is not there reads as all ones.
 *
 * Only whole words reach the address register. A byte at 0xCF9 is the reset control register of
 * the south bridge (ICH9 data sheet, 13.7.5), which is somebody else's.
 */
import { assert } from "../../base/assert.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import { allOnes } from "../bus.ts";
import type { AccessSize, NoticeSink, RegisterDevice } from "../device.ts";
import { tellOnce } from "../tell-once.ts";
import { PciFunction, type PciFunctionTable } from "./pci-function.ts";

/** Offsets from 0xCF8. */
const Port = { address: 0, resetControl: 1, data: 4 } as const;

/** Fields of the address register; bits 30:24 and 1:0 read as 0. */
const Address = {
    enabled: 0x8000_0000,
    busShift: 16,
    busMask: 0xff,
    /** Device and function as one number, the slot. */
    slotShift: 8,
    slotMask: 0xff,
    register: 0xfc,
    writable: 0x80ff_fffc,
} as const;

/** Devices on a bus, times functions in a device. */
const slotCount = 256;

export class PciConfigPorts implements RegisterDevice {
    readonly name = "pci";
    readonly #resetPort: Pick<RegisterDevice, "read" | "write">;
    readonly #functions: PciFunction[];
    /** By slot. */
    readonly #slots = new Array<PciFunction | undefined>(slotCount).fill(undefined);
    #address = 0;

    /** @param resetPort answers byte accesses to port 0xCF9, at offset 0. */
    constructor(
        tables: readonly PciFunctionTable[],
        resetPort: Pick<RegisterDevice, "read" | "write">,
        notice: NoticeSink,
    ) {
        this.#resetPort = resetPort;
        const tell = tellOnce(this.name, notice);
        this.#functions = tables.map((table) => new PciFunction(table, tell));
        for (const one of this.#functions) {
            const slot = slotOf(one.table);
            assert(this.#slots[slot] === undefined, `${one.name} is alone in its slot`);
            this.#slots[slot] = one;
        }
    }

    /** The function at a place on bus 0, which must be there. */
    functionAt(place: { readonly device: number; readonly functionNo: number }): PciFunction {
        const found = this.#slots[slotOf(place)];
        assert(found !== undefined, "the function that is asked for is there");
        return found;
    }

    read(offset: number, size: AccessSize): number {
        if (offset >= Port.data) {
            const value = this.#selected()?.read(this.#registerAt(offset), size);
            return value ?? allOnes(size);
        }
        if (offset === Port.address && size === 4) {
            return this.#address;
        }
        if (offset === Port.resetControl && size === 1) {
            return this.#resetPort.read(0, 1);
        }
        return allOnes(size);
    }

    write(offset: number, size: AccessSize, value: number): void {
        if (offset >= Port.data) {
            this.#selected()?.write(this.#registerAt(offset), size, value);
        } else if (offset === Port.address && size === 4) {
            this.#address = (value & Address.writable) >>> 0;
        } else if (offset === Port.resetControl && size === 1) {
            this.#resetPort.write(0, 1, value);
        }
    }

    reset(): void {
        this.#address = 0;
        for (const one of this.#functions) {
            one.reset();
        }
    }

    save(): StateRecord {
        const functions = this.#functions.map((one) => [one.name, one.save()] as const);
        return { version: 1, address: this.#address, functions: Object.fromEntries(functions) };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#address = state.integer("address", 0, 0xffff_ffff);
        const functions = state.record("functions");
        for (const one of this.#functions) {
            one.load(functions.record(one.name));
        }
    }

    /** The function that the address register selects, if it is enabled and there is one. */
    #selected(): PciFunction | undefined {
        const isBusZero = ((this.#address >>> Address.busShift) & Address.busMask) === 0;
        const isEnabled = (this.#address & Address.enabled) !== 0;
        return isBusZero && isEnabled
            ? this.#slots[(this.#address >>> Address.slotShift) & Address.slotMask]
            : undefined;
    }

    /** The byte of configuration space that a data port is now. */
    #registerAt(offset: number): number {
        return (this.#address & Address.register) + offset - Port.data;
    }
}

function slotOf(place: { readonly device: number; readonly functionNo: number }): number {
    return place.device * 8 + place.functionNo;
}
