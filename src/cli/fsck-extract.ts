/** `chickadeefsck -e`: one file's content on standard output. */
import type { ByteReader } from "../base/byte-store.ts";
import type { ByteString } from "../base/byte-string.ts";
import { filePieces } from "../chkfs/file-content.ts";
import { rootInodeNumber } from "../chkfs/layout.ts";
import type { Superblock } from "../chkfs/superblock.ts";
import { Volume } from "../chkfs/volume.ts";
import type { Printer } from "./printer.ts";

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
    for (const { bytes } of filePieces(volume, volume.inode(inodeNo))) {
        out.bytes(bytes);
    }
    return true;
}
