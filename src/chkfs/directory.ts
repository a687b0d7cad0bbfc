/**
 * What a directory says.
 *
 * A directory is a file of 128-byte entries; one whose inode number is 0 is free. Names are bytes,
 * up to a NUL or to all of the 124 that the field has. The size is clipped to the blocks that can
 * be read, and each block read is drawn from the budget.
 */
import { type ByteString, byteStringOf } from "../base/byte-string.ts";
import { type DataArea, fileStretches } from "./extents.ts";
import type { Inode } from "./inode.ts";
import { blockSize, direntLayout, direntsPerBlock } from "./layout.ts";
import type { VolumeBudget } from "./volume-budget.ts";

/** A directory entry that is in use. */
export interface DirectoryEntry {
    /** Its number in the directory, free ones counted. */
    readonly slot: number;
    /** As it stands on the disk: not 0, but possibly negative or too large. */
    readonly inodeNo: number;
    /** Up to 124 bytes; possibly empty, or holding a slash. */
    readonly name: ByteString;
    /** The block where it stands; its slot there is `slot % 32`. */
    readonly blockNo: number;
}

/** The entries in use, in the order of the directory. */
export function* directoryEntries(
    area: DataArea,
    inode: Inode,
    budget: VolumeBudget,
): Generator<DirectoryEntry, void> {
    const slotCount = Math.floor(inode.size / direntLayout.sizeBytes);
    const bytes = new Uint8Array(blockSize);
    for (const stretch of fileStretches(area, inode, budget)) {
        const blockCount = stretch.kind === "data" ? stretch.count : 0;
        for (let index = 0; index < blockCount; index++) {
            if (!budget.takeBlock()) {
                return;
            }
            const blockNo = stretch.first + index;
            area.readBlock(blockNo, bytes);
            const firstSlot = (stretch.fileBlockNo + index) * direntsPerBlock;
            yield* entriesInBlock(bytes, blockNo, firstSlot, slotCount - firstSlot);
        }
    }
}

/**
 * The entries in use among the first `slotCount` of a block's 32; `firstSlot` is the number of the
 * block's first one in its directory.
 */
export function* entriesInBlock(
    bytes: Uint8Array,
    blockNo: number,
    firstSlot: number,
    slotCount = direntsPerBlock,
): Generator<DirectoryEntry, void> {
    const entry = direntLayout.at(bytes);
    for (let index = 0; index < Math.min(slotCount, direntsPerBlock); index++) {
        entry.byteOffset = index * direntLayout.sizeBytes;
        if (entry.inum !== 0) {
            yield {
                slot: firstSlot + index,
                inodeNo: entry.inum,
                name: nameIn(entry.name),
                blockNo,
            };
        }
    }
}

function nameIn(field: Uint8Array): ByteString {
    const length = field.indexOf(0);
    return byteStringOf(field, 0, length < 0 ? field.length : length);
}
