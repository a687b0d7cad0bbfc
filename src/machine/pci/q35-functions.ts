/**
 * The functions on the PCI bus of the machine: those of QEMU's q35 with a PIIX4 IDE controller
 * beside it, as its firmware leaves them. Values that a Chickadee kernel reads were recorded; the
 * kernel finds its disk by class 0x0106, and the way to switch off by the LPC bridge.
 *
 * The machine's address map has the same addresses, and does not follow a guest's changes.
 */
import { PciCommand, type PciFunctionTable } from "./pci-function.ts";

/** I/O and memory space and SERR#: what the firmware switches on everywhere. */
const usualCommand = PciCommand.ioSpace | PciCommand.memorySpace | PciCommand.systemError;

/** Bit 0 of a base address: it is one of ports. */
const ports = 1;
/** Bit 3 of a memory base address: reading has no side effects. */
const prefetchable = 8;

const intel = 0x8086;

const hostBridge: PciFunctionTable = {
    name: "host bridge",
    device: 0x00,
    functionNo: 0,
    vendorId: intel,
    deviceId: 0x29c0,
    revisionId: 0,
    classCode: 0x06_00_00,
    isMultifunction: false,
    command: usualCommand,
    baseAddresses: [],
    interruptPin: 0,
    interruptLine: 0,
    registers: [],
};

const vga: PciFunctionTable = {
    name: "VGA",
    device: 0x01,
    functionNo: 0,
    vendorId: 0x1234,
    deviceId: 0x1111,
    revisionId: 2,
    classCode: 0x03_00_00,
    isMultifunction: false,
    command: usualCommand,
    baseAddresses: [
        { index: 0, value: 0xfd00_0000 | prefetchable, sizeBytes: 0x100_0000 },
        { index: 2, value: 0xfebf_0000, sizeBytes: 0x1000 },
    ],
    interruptPin: 0,
    interruptLine: 0,
    registers: [],
};

/** Its legacy ports 0x1F0 to 0x1F7 are what a boot sector reads; it has no interrupt pin. */
const piix4Ide: PciFunctionTable = {
    name: "PIIX4 IDE",
    device: 0x02,
    functionNo: 0,
    vendorId: intel,
    deviceId: 0x7111,
    revisionId: 0,
    classCode: 0x01_01_80,
    isMultifunction: false,
    command: usualCommand,
    baseAddresses: [{ index: 4, value: 0xc060 | ports, sizeBytes: 16 }],
    interruptPin: 0,
    interruptLine: 0,
    registers: [],
};

export const ich9Lpc: PciFunctionTable = {
    name: "ICH9 LPC",
    device: 0x1f,
    functionNo: 0,
    vendorId: intel,
    deviceId: 0x2918,
    revisionId: 2,
    classCode: 0x06_01_00,
    isMultifunction: true,
    command: usualCommand,
    baseAddresses: [],
    interruptPin: 0,
    interruptLine: 0,
    // PMBASE: where the power management registers are.
    registers: [{ offset: 0x40, value: 0x600 | ports }],
};

/** The firmware has booted from a disk here, or tried, so it is a bus master already. */
export const ich9Ahci: PciFunctionTable = {
    name: "ICH9 AHCI",
    device: 0x1f,
    functionNo: 2,
    vendorId: intel,
    deviceId: 0x2922,
    revisionId: 2,
    classCode: 0x01_06_01,
    isMultifunction: true,
    command: usualCommand | PciCommand.busMaster,
    baseAddresses: [
        { index: 4, value: 0xc040 | ports, sizeBytes: 32 },
        { index: 5, value: 0xfebf_1000, sizeBytes: 0x1000 },
    ],
    interruptPin: 1,
    interruptLine: 10,
    registers: [],
};

const ich9Smbus: PciFunctionTable = {
    name: "ICH9 SMBus",
    device: 0x1f,
    functionNo: 3,
    vendorId: intel,
    deviceId: 0x2930,
    revisionId: 2,
    classCode: 0x0c_05_00,
    isMultifunction: true,
    command: usualCommand,
    baseAddresses: [{ index: 4, value: 0x700 | ports, sizeBytes: 64 }],
    interruptPin: 1,
    interruptLine: 10,
    registers: [],
};

export const q35Functions: readonly PciFunctionTable[] = [
    hostBridge,
    vga,
    piix4Ide,
    ich9Lpc,
    ich9Ahci,
    ich9Smbus,
];

/** Where the disk controller is, by device and function. */
export const ahciLocation = { device: ich9Ahci.device, functionNo: ich9Ahci.functionNo } as const;
