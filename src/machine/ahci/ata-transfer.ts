/**
 * How much data a command moves, and which way, as its FIS says (ACS-3, section 7).
 *
 * Only for commands that disks are asked in practice; of others nothing is known.
 */
import { sectorSize } from "../../base/sector.ts";
import type { FetchedCommand, TransferDirection } from "./observer.ts";

/** Data that a command will move. */
export interface ExpectedTransfer {
    readonly direction: TransferDirection;
    readonly byteCount: number;
}

/** Where a command has its sector count. */
type CountField = "one sector" | "count 7:0" | "count 15:0" | "features 15:0";

interface TransferRule {
    readonly direction: TransferDirection;
    readonly count: CountField;
}

const reads = (count: CountField): TransferRule => ({ direction: "to host", count });
const writes = (count: CountField): TransferRule => ({ direction: "to drive", count });

/** By command code. */
const transferRules: ReadonlyMap<number, TransferRule> = new Map([
    [0x20, reads("count 7:0")], // READ SECTORS
    [0x24, reads("count 15:0")], // READ SECTORS EXT
    [0x25, reads("count 15:0")], // READ DMA EXT
    [0x2f, reads("count 15:0")], // READ LOG EXT
    [0x30, writes("count 7:0")], // WRITE SECTORS
    [0x34, writes("count 15:0")], // WRITE SECTORS EXT
    [0x35, writes("count 15:0")], // WRITE DMA EXT
    [0x3d, writes("count 15:0")], // WRITE DMA FUA EXT
    [0x60, reads("features 15:0")], // READ FPDMA QUEUED
    [0x61, writes("features 15:0")], // WRITE FPDMA QUEUED
    [0xc8, reads("count 7:0")], // READ DMA
    [0xca, writes("count 7:0")], // WRITE DMA
    [0xec, reads("one sector")], // IDENTIFY DEVICE
]);

/** FLUSH CACHE and FLUSH CACHE EXT. */
export function isFlushCommand(command: number): boolean {
    return command === 0xe7 || command === 0xea;
}

/** What a command will move; undefined for a command that moves nothing, or an unknown one. */
export function expectedTransfer(fetched: FetchedCommand): ExpectedTransfer | undefined {
    const rule = transferRules.get(fetched.command);
    return (
        rule && {
            direction: rule.direction,
            byteCount: sectorSize * sectorCount(fetched.commandFis, rule.count),
        }
    );
}

/** The count in a field, where 0 stands for one more than the field's greatest. */
function sectorCount(fis: Uint8Array, field: CountField): number {
    switch (field) {
        case "one sector":
            return 1;
        case "count 7:0":
            return fis[12] || 0x100;
        case "count 15:0":
            return fis[12] | (fis[13] << 8) || 0x1_0000;
        case "features 15:0":
            return fis[3] | (fis[11] << 8) || 0x1_0000;
    }
}
