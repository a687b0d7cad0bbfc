/** Directories as bytes. */
import { type ByteString, bytesOf } from "../base/byte-string.ts";
import { blockSize, direntLayout, direntsPerBlock } from "../chkfs/layout.ts";

export interface DirectoryEntry {
    readonly inodeNumber: number;
    /** At most 123 bytes. */
    readonly name: ByteString;
}

/** The entries in their order, padded with free slots to whole blocks, at least one. */
export function encodeDirectory(entries: readonly DirectoryEntry[]): Uint8Array {
    const blockCount = Math.max(1, Math.ceil(entries.length / direntsPerBlock));
    const bytes = new Uint8Array(blockCount * blockSize);
    const slot = direntLayout.at(bytes);
    for (const { inodeNumber, name } of entries) {
        slot.inum = inodeNumber;
        slot.name.set(bytesOf(name));
        slot.byteOffset += direntLayout.sizeBytes;
    }
    return bytes;
}
