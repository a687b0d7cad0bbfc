/**
 * What a BIOS leaves behind when it starts a boot sector or a kernel. There is no BIOS here: its
 * traces in memory and registers are put in place, as SeaBIOS 1.16 leaves them on QEMU's q35.
 *
 * - Page 0: the real-mode interrupt vectors and the BIOS data area. All vectors lead to an IRET,
 *   which is what a boot sector's one call of INT 15h may meet; none is 0, for a kernel is known
 *   to read one through a null pointer, where it must not find a 0.
 * - 0xB8000: the text screen, blank: gray on black.
 * - Address 0xFF8: the seed, eight bytes, where QEMU's loader is told to put it.
 * - 0xF0000 to 0xFFFFF, where a ROM would be: the two handlers, and the MP tables. The memory from
 *   0x9FC00 on, the extended data area, is named by the BIOS data area and has no table in it.
 * - The first processor's local APIC is enabled; the others are as at power-on.
 *
 * PCI functions come with their addresses assigned (`pci/q35-functions.ts`).
 */
import { assert } from "../../base/assert.ts";
import { screenAddress, screenBytes } from "../console/screen.ts";
import type { RegisterDevice } from "../device.ts";
import type { GuestMemory } from "../guest-memory.ts";
import { Register } from "../interrupts/local-apic-registers.ts";
import { mpConfigurationTable, mpFloatingPointer } from "./mp-table.ts";

/** Real-mode vectors: an offset and a segment each, as one word. */
const vectorCount = 256;
const nmiVector = 2;
/** F000:FF53 and F000:E2C3, where BIOSes have had these handlers since the first one. */
const dummyHandler = 0xf000_ff53;
const nmiHandler = 0xf000_e2c3;
/** The instruction IRET, all that either handler does. */
const iret = 0xcf;

/** Fields of the BIOS data area. */
const DataArea = {
    /** Segment of the extended data area. */
    extendedSegment: 0x40e,
    /** Installed hardware, as INT 11h would say. */
    equipment: 0x410,
    /** KiB of memory below the extended data area. */
    baseMemoryKib: 0x413,
} as const;

const seedAddress = 0xff8;

/** A cell of the text screen: a space in gray. */
const blankCell = 0x0720;

const floatingPointerAddress = 0xf_5ba0;
const configurationTableAddress = 0xf_5bb0;

/**
 * Puts the traces into memory, which is new.
 *
 * @param seed what the kernel finds at 0xFF8: from 0 to 2^53-1.
 */
export function installFirmware(memory: GuestMemory, seed = 0): void {
    assert(Number.isSafeInteger(seed) && seed >= 0, "a seed is an integer from 0 to 2^53-1");
    const { view } = memory;
    for (let vector = 0; vector < vectorCount; vector++) {
        const handler = vector === nmiVector ? nmiHandler : dummyHandler;
        view.setUint32(4 * vector, handler, true);
    }
    view.setUint16(DataArea.extendedSegment, 0x9fc0, true);
    view.setUint16(DataArea.equipment, 0x4226, true);
    view.setUint16(DataArea.baseMemoryKib, 639, true);
    view.setBigUint64(seedAddress, BigInt(seed), true);
    memory.wrote(0, seedAddress + 8);

    for (let at = 0; at < screenBytes; at += 2) {
        view.setUint16(screenAddress + at, blankCell, true);
    }
    memory.wrote(screenAddress, screenBytes);
    install(memory, linearAddress(dummyHandler), Uint8Array.of(iret));
    install(memory, linearAddress(nmiHandler), Uint8Array.of(iret));
    install(memory, floatingPointerAddress, mpFloatingPointer(configurationTableAddress));
    install(memory, configurationTableAddress, mpConfigurationTable());
}

/** Leaves the first processor's local APIC as the firmware does: enabled, with its pins in use. */
export function handOverLocalApic(localApic: Pick<RegisterDevice, "write">): void {
    // Enabled, spurious vector 255.
    localApic.write(Register.spuriousVector, 4, 0x1ff);
    // LINT0 takes what the 8259 has to say, LINT1 the NMI; both level-triggered.
    localApic.write(Register.lint0, 4, 0x8700);
    localApic.write(Register.lint1, 4, 0x8400);
}

function install(memory: GuestMemory, address: number, bytes: Uint8Array): void {
    const isInstalled = memory.dmaWrite(address, bytes);
    assert(isInstalled, "memory reaches to the first mebibyte at least");
}

/** The address of a real-mode segment and offset. */
function linearAddress(segmentAndOffset: number): number {
    return (segmentAndOffset >>> 16) * 16 + (segmentAndOffset & 0xffff);
}
