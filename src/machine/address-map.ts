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
 * What is in no table reads as all ones and takes no writes.
 */

import type { AhciController } from "./ahci/controller.ts";
import type { Region } from "./bus.ts";
import type { ParallelPort } from "./console/parallel-port.ts";
import type { TextConsole } from "./console/text-console.ts";
import { type IoApic, ioApicAddress, ioApicLengthBytes } from "./interrupts/io-apic.ts";
import type { LocalApic } from "./interrupts/local-apic.ts";
import { localApicAddress, localApicLengthBytes } from "./interrupts/local-apic-registers.ts";
import type { KeyboardController } from "./keyboard/keyboard-controller.ts";
import type { LegacyPorts } from "./legacy/legacy-ports.ts";
import { configPort, configPortCount, type PciConfigPorts } from "./pci/config-ports.ts";
import {
    ahciRegistersAddress,
    ahciRegistersLengthBytes,
    powerManagementPort,
} from "./pci/q35-functions.ts";
import type { Power } from "./power.ts";

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
    const { ahci, ioApic } = devices;
    return [
        region(ahciRegistersAddress, ahciRegistersLengthBytes, "AHCI controller", ahci),
        region(ioApicAddress, ioApicLengthBytes, "I/O APIC", ioApic),
        region(localApicAddress, localApicLengthBytes, "local APIC", localApic),
    ];
}

/** Ports; the legacy ones, 0x20 to 0xA1, are a table of their own. */
export function portRegions(devices: MappedDevices): Region[] {
    const { keyboard, power, parallelPort, console, pci, legacy } = devices;
    return [
        ...legacy.regions,
        region(0x060, 1, "keyboard controller, data", keyboard.dataPort),
        region(0x064, 1, "keyboard controller, status and commands", keyboard.commandPort),
        region(0x092, 1, "system control: A20, reset", power.systemControlPort),
        region(0x378, 3, "parallel port", parallelPort.ports),
        region(0x3c0, 32, "VGA", console.ports),
        region(powerManagementPort, 8, "power management", power.pm1Ports),
        region(configPort, configPortCount, "PCI configuration; reset control", pci),
    ];
}

function region(
    first: number,
    lengthBytes: number,
    what: string,
    device: Region["device"],
): Region {
    return { what, first, lengthBytes, device };
}
