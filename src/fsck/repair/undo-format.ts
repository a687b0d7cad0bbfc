/**
 * The undo file of a repair: what every changed block held before, and what the repair writes.
 *
 *     sector 0      header
 *     then          the numbers of the changed blocks, ascending, 4 bytes each
 *     then          one version for each time that a block is written: its number and the
 *                   checksum of each of its eight sectors as it then is
 *     next sector   the old content of the changed blocks, in order
 *
 * The versions tell whether a disk is what the repair left, or left when it was interrupted:
 * each sector is then as it was, or as one of the versions has it. Everything but the state is
 * under one checksum, so a file that reached the disk in part is known for what it is.
 */

import { sectorSize } from "../../base/sector.ts";
import { defineStruct } from "../../base/struct.ts";
import { blockSize } from "../../chkfs/layout.ts";

/** "chkundo" and a line feed, so that a text viewer shows what it is. */
export const undoMagic = 0x0a6f_646e_756b_6863n;

export const undoVersion = 1;

/** How far a repair is. */
export const UndoState = {
    /** The disk may hold a part of the changes. */
    begun: 1,
    /** The disk holds all of them. */
    done: 2,
    /** The disk is as it was before. */
    undone: 3,
} as const;

export const undoHeaderLayout = defineStruct("undo header", sectorSize, {
    magic: { offset: 0, type: "u64", doc: '"chkundo" and a line feed' },
    version: { offset: 8, type: "u32", doc: "1" },
    checksum: { offset: 12, type: "u32", doc: "CRC32C of the file without this and the state" },
    state: { offset: 16, type: "u32", doc: "1 begun, 2 done, 3 undone" },
    blockCount: { offset: 20, type: "u32", doc: "blocks that are saved" },
    versionCount: { offset: 24, type: "u32", doc: "versions of blocks that are written" },
    imageBlockCount: { offset: 28, type: "u32", doc: "whole blocks of the image" },
});

export const undoBlockLayout = defineStruct("undo block", 4, {
    blockNo: { offset: 0, type: "u32", doc: "a block that is saved" },
});

export const sectorsPerBlock = blockSize / sectorSize;

export const undoVersionLayout = defineStruct("undo version", 36, {
    blockNo: { offset: 0, type: "u32", doc: "the block" },
    sums: { offset: 4, type: "bytes", count: 32, doc: "CRC32C of each sector, 8 of 4 bytes" },
});

/** Where the parts of an undo file lie, in bytes. */
export interface UndoGeometry {
    readonly blocksStart: number;
    readonly versionsStart: number;
    readonly contentStart: number;
    readonly sizeBytes: number;
}

/** @param blockCount,versionCount below 2^32, so that the sums are exact */
export function undoGeometry(blockCount: number, versionCount: number): UndoGeometry {
    const blocksStart = sectorSize;
    const versionsStart = blocksStart + blockCount * undoBlockLayout.sizeBytes;
    const tablesEnd = versionsStart + versionCount * undoVersionLayout.sizeBytes;
    const contentStart = Math.ceil(tablesEnd / sectorSize) * sectorSize;
    return {
        blocksStart,
        versionsStart,
        contentStart,
        sizeBytes: contentStart + blockCount * blockSize,
    };
}
