/** `chickadeefsck -e`: one file's content on standard output. */
import type { ByteReader } from "../base/byte-store.ts";
import type { ByteString } from "../base/byte-string.ts";
import { blockSize, rootInodeNumber } from "../chkfs/layout.ts";
import type { Superblock } from "../chkfs/superblock.ts";
import { Volume } from "../chkfs/volume.ts";
import type { Printer } from "./printer.ts";

/** Bytes handed on at a time. */
const chunkSize = 1 << 20;

/**
 * Prints the file `name`: an entry of the root directory, or a path. Holes, and blocks that are
 * not there, are zeros. Returns false when there is no such file.
 */
export function extractFile(
    disk: ByteReader,
    superblock: Superblock,
    name: ByteString,
    out: Printer,
): boolean {
    const volume = new Volume(disk, superblock);
    const root = volume.inode(rootInodeNumber);
    const inodeNo = volume.entryNamed(root, name)?.inodeNo ?? volume.lookup(name);
    if (inodeNo === undefined || !volume.hasInode(inodeNo) || inodeNo === rootInodeNumber) {
        return false;
    }
    const inode = volume.inode(inodeNo);
    const chunk = new Uint8Array(chunkSize);
    let printedBytes = 0;
    const print = (lengthBytes: number, startBlockNo: number | undefined) => {
        const end = Math.min(printedBytes + lengthBytes, inode.size);
        for (let at = 0; printedBytes < end; at += chunkSize) {
            const piece = chunk.subarray(0, Math.min(chunkSize, end - printedBytes));
            if (startBlockNo === undefined) {
                piece.fill(0);
            } else {
                disk.read(startBlockNo * blockSize + at, piece);
            }
            out.bytes(piece);
            printedBytes += piece.length;
        }
    };
    for (const { kind, first, count } of volume.extentsOf(inode)) {
        print(count * blockSize, kind === "data" ? first : undefined);
    }
    print(inode.size - printedBytes, undefined);
    return true;
}
