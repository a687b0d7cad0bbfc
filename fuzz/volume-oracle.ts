/**
 * What must hold of the view of a tree: it goes through all that an image says is in it, within
 * the budgets that `VolumeBudget` states.
 */
import type { ByteReader } from "../src/base/byte-store.ts";
import { blockRoles } from "../src/chkfs/block-roles.ts";
import { fileBlockCount, type Inode } from "../src/chkfs/inode.ts";
import { blockSize, direntsPerBlock, inodeLayout } from "../src/chkfs/layout.ts";
import { bitmapBlockCount, inodeBlockCount, readSuperblock } from "../src/chkfs/superblock.ts";
import { Volume } from "../src/chkfs/volume.ts";
import { geometryProblem } from "../src/chkfs/volume-geometry.ts";
import { Failure } from "./failure.ts";
import { GuardedReader } from "./guarded-reader.ts";

/** Files that are read, and bytes of each at either end. */
const maxFileCount = 16;
const pieceSizeBytes = 65_536;

/** Goes through the tree of a disk, if it has a superblock to go by. */
export function examineVolume(disk: ByteReader): void {
    if (disk.sizeBytes < blockSize) {
        return;
    }
    const superblock = readSuperblock(disk);
    if (geometryProblem(superblock, disk.sizeBytes) !== undefined) {
        return;
    }
    const { dataStart, dataEnd } = new Volume(disk, superblock);
    const D = Math.max(0, dataEnd - dataStart);
    const inodesBytes = inodeBlockCount(superblock.ninodes) * blockSize;
    const bitmapBytes = (bitmapBlockCount(superblock.nblocks) + 2) * blockSize;
    const passBytes = D * blockSize + inodesBytes;

    // Every entry of a directory costs its inode, and so does the root.
    const walkBytes = passBytes + (D * direntsPerBlock + 1) * inodeLayout.sizeBytes;
    const files = [...walkedFiles(new Volume(guarded(disk, walkBytes), superblock))];

    const mapped = new Volume(guarded(disk, passBytes + bitmapBytes), superblock);
    let next = 0;
    for (const { first, count } of blockRoles(mapped)) {
        expect(first === next && count > 0, "the roles of blocks follow each other");
        next += count;
    }
    expect(next === superblock.nblocks, "every block has a role");

    for (const inode of files.slice(0, maxFileCount)) {
        const readBytes = 3 * D * blockSize + 2 * pieceSizeBytes + 64 * 64;
        readFile(new Volume(guarded(disk, readBytes), superblock), inode);
    }
}

function guarded(disk: ByteReader, limitBytes: number): GuardedReader {
    return new GuardedReader(disk, limitBytes);
}

function* walkedFiles(volume: Volume): Generator<Inode, void> {
    for (const { inode, problem } of volume.walk()) {
        if (inode !== undefined && problem === undefined) {
            yield inode;
        }
    }
}

/** Reads a file at both ends; its stretches must cover it unless the budget ran out. */
function readFile(volume: Volume, inode: Inode): void {
    const budget = volume.newBudget();
    let next = 0;
    for (const { fileBlockNo, count } of volume.extentsOf(inode, budget)) {
        expect(fileBlockNo === next && count > 0, "the stretches of a file follow each other");
        next += count;
    }
    expect(next === fileBlockCount(inode.size), "the stretches of a file cover it");
    const piece = new Uint8Array(Math.min(pieceSizeBytes, inode.size));
    for (const byteOffset of [0, inode.size - piece.length]) {
        const length = volume.readFile(inode, byteOffset, piece);
        expect(length === piece.length, "a file has as many bytes as its size says");
    }
}

function expect(condition: boolean, rule: string): void {
    if (!condition) {
        throw new Failure("differs", `not so: ${rule}`);
    }
}
