/**
 * FISes, as they lie in memory: the command FIS that goes to the drive, and the area at PxFB where
 * the port stores what the drive sends.
 *
 * Layouts: Serial ATA 3.0, 10.3; the area: AHCI 1.3.1, 4.2.1. Sections below are of the former.
 */
import { assert } from "../../base/assert.ts";
import { defineStruct } from "../../base/struct.ts";

/** First byte of a FIS (10.3.1). */
export const FisType = {
    hostToDevice: 0x27,
    deviceToHost: 0x34,
    pioSetup: 0x5f,
    setDeviceBits: 0xa1,
} as const;

/** Register FIS, host to device (10.3.4). */
export const CommandFis = defineStruct("CommandFis", 20, {
    type: { offset: 0, type: "u8", doc: "27h" },
    flags: { offset: 1, type: "u8", doc: "C, and the port behind a port multiplier" },
    command: { offset: 2, type: "u8", doc: "the ATA command" },
    featuresLow: { offset: 3, type: "u8", doc: "features 7:0" },
    lbaLowAndDevice: { offset: 4, type: "u32", doc: "LBA 23:0, and the Device byte above" },
    lbaHighAndFeatures: { offset: 8, type: "u32", doc: "LBA 47:24, and features 15:8 above" },
    count: { offset: 12, type: "u16", doc: "sector count, or a queued command's tag" },
    isochronous: { offset: 14, type: "u8", doc: "a hint for streams" },
    control: { offset: 15, type: "u8", doc: "the Device Control register" },
});

/** Bits of `CommandFis.flags`. */
export const CommandFisFlag = {
    /** C: a command; without it, the Device Control register is written. */
    isCommand: 0x80,
} as const;

/** SRST, in the Device Control register: the drive is in reset while it is set. */
export const softwareReset = 0x04;

/** Register FIS, device to host (10.3.5). */
export const RegisterFis = defineStruct("RegisterFis", 20, {
    type: { offset: 0, type: "u8", doc: "34h" },
    flags: { offset: 1, type: "u8", doc: "I" },
    status: { offset: 2, type: "u8", doc: "the ATA status" },
    error: { offset: 3, type: "u8", doc: "the ATA error" },
    lbaLowAndDevice: { offset: 4, type: "u32", doc: "LBA 23:0, and the Device byte above" },
    lbaHigh: { offset: 8, type: "u32", doc: "LBA 47:24" },
    count: { offset: 12, type: "u32", doc: "the sector count" },
    reserved: { offset: 16, type: "u32", doc: "0" },
});

/** PIO Setup FIS (10.3.11). */
export const PioSetupFis = defineStruct("PioSetupFis", 20, {
    type: { offset: 0, type: "u8", doc: "5Fh" },
    flags: { offset: 1, type: "u8", doc: "I and D" },
    status: { offset: 2, type: "u8", doc: "the ATA status while data moves" },
    error: { offset: 3, type: "u8", doc: "the ATA error" },
    lbaLowAndDevice: { offset: 4, type: "u32", doc: "LBA 23:0, and the Device byte above" },
    lbaHigh: { offset: 8, type: "u32", doc: "LBA 47:24" },
    count: { offset: 12, type: "u16", doc: "the sector count" },
    reserved: { offset: 14, type: "u8", doc: "0" },
    endStatus: { offset: 15, type: "u8", doc: "E_STATUS: the ATA status when the data has moved" },
    byteCount: { offset: 16, type: "u32", doc: "bytes that will move" },
});

/** Set Device Bits FIS (10.3.6). */
export const SetDeviceBitsFis = defineStruct("SetDeviceBitsFis", 8, {
    type: { offset: 0, type: "u8", doc: "A1h" },
    flags: { offset: 1, type: "u8", doc: "I" },
    status: { offset: 2, type: "u8", doc: "the ATA status without BSY and DRQ" },
    error: { offset: 3, type: "u8", doc: "the ATA error" },
    doneTags: { offset: 4, type: "u32", doc: "SActive: a bit for each tag that is done" },
});

/** Bits of the flags of FISes from the drive. */
export const FisFlag = {
    /** I: an interrupt is wanted. */
    interrupt: 0x40,
    /** D: data goes to the host. */
    toHost: 0x20,
} as const;

/** The received-FIS area (AHCI 1.3.1, 4.2.1): where each kind is stored. */
export const fisArea = {
    pioSetup: 0x20,
    register: 0x40,
    setDeviceBits: 0x58,
    sizeBytes: 0x100,
} as const;

/** The queued commands (ACS-3, 7.63 to 7.65; Serial ATA 3.1 adds the last three). */
export function isQueuedCommand(command: number): boolean {
    return command >= 0x60 && command <= 0x65 && command !== 0x62;
}

assert(
    fisArea.pioSetup + PioSetupFis.sizeBytes <= fisArea.register &&
        fisArea.register + RegisterFis.sizeBytes <= fisArea.setDeviceBits &&
        fisArea.setDeviceBits + SetDeviceBitsFis.sizeBytes <= fisArea.sizeBytes,
    "received FISes do not overlap",
);
