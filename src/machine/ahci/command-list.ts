/**
 * The command list in memory: what a driver fills before it rings a doorbell.
 *
 * A command header (4.2.2) a slot, 32 of them at PxCLB; each points at a command table (4.2.3)
 * that holds the command FIS and the scatter-gather list, the PRDT.
 *
 * Sections are those of AHCI 1.3.1.
 */
import { assert } from "../../base/assert.ts";
import { defineStruct } from "../../base/struct.ts";

/** Command header (4.2.2). */
export const CommandHeader = defineStruct("CommandHeader", 32, {
    flags: { offset: 0, type: "u16", doc: "length of the command FIS and what to do with it" },
    entryCount: { offset: 2, type: "u16", doc: "PRDTL: entries of the scatter-gather list" },
    movedBytes: { offset: 4, type: "u32", doc: "PRDBC: bytes moved, by the controller" },
    tableLow: { offset: 8, type: "u32", doc: "CTBA: the command table, 128-byte aligned" },
    tableHigh: { offset: 12, type: "u32", doc: "CTBAU: its upper half" },
});

/** Bits of a command header's flags (4.2.2, DW 0). */
export const HeaderFlag = {
    /** CFL: dwords of the command FIS, from 2 to 16. */
    fisLengthMask: 0x1f,
    /** A: an ATAPI command. */
    atapi: 0x20,
    /** W: data goes to the drive. */
    deviceWrite: 0x40,
    /** R: part of a software reset; the drive is made to listen first. */
    reset: 0x100,
    /** B: a built-in self test. */
    selfTest: 0x200,
    /** C: the drive answers nothing; BSY and PxCI are cleared when it took the FIS. */
    clearBusy: 0x400,
    /** PMP: the port behind a port multiplier. */
    multiplierPortMask: 0xf000,
} as const;

/** Longest command FIS, in dwords. */
export const maxFisDwords = 16;
/** The least that a drive accepts: a Register FIS up to its count (Serial ATA 3.0, 10.3.4). */
export const minFisDwords = 4;

/** Command table (4.2.3); its scatter-gather list begins at 80h. */
export const CommandTable = defineStruct("CommandTable", 0x80, {
    commandFis: { offset: 0, type: "bytes", count: 0x40, doc: "CFIS: the FIS for the drive" },
    atapiCommand: { offset: 0x40, type: "bytes", count: 0x10, doc: "ACMD: an ATAPI command" },
});

/** An entry of the scatter-gather list (4.2.3.3). */
export const PrdtEntry = defineStruct("PrdtEntry", 16, {
    addressLow: { offset: 0, type: "u32", doc: "DBA: where the data is; bit 0 is 0" },
    addressHigh: { offset: 4, type: "u32", doc: "DBAU: its upper half" },
    length: { offset: 12, type: "u32", doc: "DBC: bytes less one, and the I bit" },
});

/** Bits of `PrdtEntry.length`. */
export const EntryLength = {
    /** I: PxIS.DPS is set when the entry was moved. */
    interrupt: 0x8000_0000,
    /** DBC: bytes less one. Bit 0 is 1: lengths are even, from 2 bytes to 4 MiB. */
    byteCountMask: 0x3f_ffff,
} as const;

/** The address that two halves make. Above 2^53 it is inexact, and far outside memory. */
export function joinAddress(low: number, high: number): number {
    return high * 2 ** 32 + low;
}

/** Where a command header's table is; the bits below its alignment do not count. */
export function tableAddress(low: number, high: number): number {
    return joinAddress((low & ~(CommandTable.sizeBytes - 1)) >>> 0, high);
}

assert(maxFisDwords * 4 === CommandTable.fields.commandFis.count, "the longest FIS fits its field");
