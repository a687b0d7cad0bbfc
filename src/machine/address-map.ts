/**
 * The address map: every port and every register of the machine, and who answers there.
 *
 * Physical memory, for orientation (sizes as on QEMU's q35):
 *
 *     00000000  RAM, from here to its end; within it the firmware left
 *     00000000    interrupt vectors, BIOS data area, the seed at FF8
 *     000b8000    the text screen: RAM that the console watches
 *     000f0000    MP tables
 *     febf1000  AHCI controller
 *     fec00000  I/O APIC
 *     fee00000  local APIC, each CPU its own
 *
 * What is in no table reads as all ones and takes no writes. That goes for 0x1F0 to 0x1F7 too, the
 * boot disk of the PIIX4 IDE controller, which PCI shows and which is not there yet.
 */

import { assert } from "../base/assert.ts";
import type { AhciController } from "./ahci/controller.ts";
import type { Region } from "./bus.ts";
import type { Ports } from "./byte-ports.ts";
import type { ParallelPort } from "./console/parallel-port.ts";
import type { TextConsole } from "./console/text-console.ts";
import { type IoApic, ioApicAddress } from "./interrupts/io-apic.ts";
import type { LocalApic } from "./interrupts/local-apic.ts";
import { localApicAddress } from "./interrupts/local-apic-registers.ts";
import type { KeyboardController } from "./keyboard/keyboard-controller.ts";
import type { LegacyPorts } from "./legacy/legacy-ports.ts";
import type { PciConfigPorts } from "./pci/config-ports.ts";
import { ich9Ahci, ich9Lpc } from "./pci/q35-functions.ts";
import type { Power } from "./power.ts";

/** A region, before a device is there. */
type Place = Omit<Region, "device">;

/** Registers in memory. */
const registerMap = {
    ahci: { first: 0xfebf_1000, lengthBytes: 0x1000, what: "AHCI controller" },
    ioApic: { first: 0xfec0_0000, lengthBytes: 0x1000, what: "I/O APIC" },
    localApic: { first: 0xfee0_0000, lengthBytes: 0x1000, what: "local APIC" },
} as const satisfies Record<string, Place>;

/** Ports. Those that are there only because kernels touch them out of habit say why. */
export const portMap = {
    /** A kernel masks it before it uses the APICs; it never interrupts. */
    firstInterruptMasks: { first: 0x020, lengthBytes: 2, what: "first 8259 interrupt controller" },
    /** A kernel may calibrate its clocks by it; it counts virtual time. */
    intervalTimer: { first: 0x040, lengthBytes: 4, what: "8254 interval timer" },
    keyboardData: { first: 0x060, lengthBytes: 1, what: "keyboard controller, data" },
    /** The timer's third channel is started and seen here. */
    timerGate: { first: 0x061, lengthBytes: 1, what: "timer gate and speaker" },
    keyboardCommand: {
        first: 0x064,
        lengthBytes: 1,
        what: "keyboard controller, status and commands",
    },
    /** A kernel may ask for the date; it begins on 1 January 2025. */
    realTimeClock: { first: 0x070, lengthBytes: 2, what: "real-time clock and CMOS memory" },
    /** Kernels pass time here: on a PC an access takes about a microsecond. */
    delay: { first: 0x080, lengthBytes: 16, what: "DMA page registers and POST code" },
    systemControl: { first: 0x092, lengthBytes: 1, what: "system control: A20, reset" },
    /** As the first. */
    secondInterruptMasks: {
        first: 0x0a0,
        lengthBytes: 2,
        what: "second 8259 interrupt controller",
    },
    parallelPort: { first: 0x378, lengthBytes: 3, what: "parallel port" },
    vga: { first: 0x3c0, lengthBytes: 32, what: "VGA" },
    powerManagement: { first: 0x600, lengthBytes: 8, what: "power management" },
    pciConfig: { first: 0xcf8, lengthBytes: 8, what: "PCI configuration; reset control" },
} as const satisfies Record<string, Place>;

/** The devices that have ports or registers. */
export interface MappedDevices {
    readonly ahci: AhciController;
    readonly console: TextConsole;
    readonly ioApic: IoApic;
    readonly keyboard: KeyboardController;
    readonly legacy: LegacyPorts;
    readonly parallelPort: ParallelPort;
    readonly pci: PciConfigPorts;
    readonly power: Power;
}

/** Memory-mapped registers as one CPU sees them. */
export function registerRegions(devices: MappedDevices, localApic: LocalApic): Region[] {
    const { ahci, ioApic, pci } = devices;
    return attach(registerMap, {
        ahci: pci.functionAt(ich9Ahci).inMemorySpace(ahci),
        ioApic,
        localApic,
    });
}

export function portRegions(devices: MappedDevices): Region[] {
    const { keyboard, power } = devices;
    return attach(portMap, {
        ...devices.legacy.ports,
        keyboardData: keyboard.dataPort,
        keyboardCommand: keyboard.commandPort,
        systemControl: power.systemControlPort,
        parallelPort: devices.parallelPort.ports,
        vga: devices.console.ports,
        powerManagement: power.pm1Ports,
        pciConfig: devices.pci,
    });
}

/** Puts a device into each place of a map. */
export function attach<Name extends string>(
    map: Readonly<Record<Name, Place>>,
    devices: Readonly<Record<NoInfer<Name>, Ports>>,
): Region[] {
    const names = Object.keys(map) as Name[];
    return names.map((name) => ({ ...map[name], device: devices[name] }));
}

assert(registerMap.ioApic.first === ioApicAddress, "the I/O APIC is where firmware says");
assert(registerMap.localApic.first === localApicAddress, "local APICs are where firmware says");
assert(
    ich9Ahci.baseAddresses.some(
        ({ index, value, sizeBytes }) =>
            index === 5 &&
            value === registerMap.ahci.first &&
            sizeBytes === registerMap.ahci.lengthBytes,
    ),
    "the AHCI controller is where its base address 5 says",
);
assert(
    // PMBASE, with bit 0 for a place among the ports.
    ich9Lpc.registers.some(
        ({ offset, value }) => offset === 0x40 && value === portMap.powerManagement.first + 1,
    ),
    "power management is where the LPC bridge says",
);
