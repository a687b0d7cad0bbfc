/**
 * A file system seen through its disk: inodes, extents, directories, paths and files.
 *
 * It only reads, and only metadata unless a file's bytes are asked for; nothing is kept, so that
 * what it says is always what the disk holds now. It stands on a superblock that passed
 * `geometryProblem`; beyond that, every number on the disk may be wrong and is reported as it is.
 *
 * Work: an operation on one inode draws from a budget of its own, one on the whole disk (`walk`)
 * draws all it does from one; see `VolumeBudget` for the bound. Pass a budget to make several
 * operations share it, or to learn afterwards whether it was spent.
 */
import { assert } from "../base/assert.ts";
import type { ByteReader } from "../base/byte-store.ts";
import type { ByteString } from "../base/byte-string.ts";
import { type DirectoryEntry, directoryEntries } from "./directory.ts";
import {
    type DataArea,
    type ExtentSlot,
    extentSlots,
    fileStretches,
    type Stretch,
} from "./extents.ts";
import { decodeInode, type Inode } from "./inode.ts";
import { InodeTable } from "./inode-table.ts";
import { blockSize, InodeType, inodeLayout, rootInodeNumber } from "./layout.ts";
import { pathNames } from "./path.ts";
import type { Superblock } from "./superblock.ts";
import { VolumeBudget } from "./volume-budget.ts";
import { geometryProblem } from "./volume-geometry.ts";
import { type WalkEntry, walkTree } from "./volume-walk.ts";

export class Volume implements DataArea {
    readonly disk: ByteReader;
    readonly superblock: Superblock;
    readonly dataStart: number;
    readonly dataEnd: number;

    /** @param superblock one with which `geometryProblem` finds nothing wrong */
    constructor(disk: ByteReader, superblock: Superblock) {
        assert(
            geometryProblem(superblock, disk.sizeBytes) === undefined,
            "a volume stands on a usable superblock",
        );
        this.disk = disk;
        this.superblock = superblock;
        this.dataStart = superblock.data_bn;
        this.dataEnd = Math.min(superblock.journal_bn, Math.floor(disk.sizeBytes / blockSize));
    }

    /** A budget for going through all of this disk's metadata once. */
    newBudget(): VolumeBudget {
        return new VolumeBudget(this.superblock.ninodes, this.dataEnd - this.dataStart);
    }

    /** Fills `target` from the start of a block; the image must have the bytes. */
    readBlock(blockNo: number, target: Uint8Array): void {
        this.disk.read(blockNo * blockSize, target);
    }

    /** Whether the disk has an inode of that number; inode 0 counts as none. */
    hasInode(inodeNo: number): boolean {
        return inodeNo > 0 && inodeNo < this.superblock.ninodes;
    }

    /** An inode that the disk has, in use or not. */
    inode(inodeNo: number): Inode {
        assert(this.hasInode(inodeNo), `the disk has an inode ${inodeNo}`);
        const bytes = new Uint8Array(inodeLayout.sizeBytes);
        this.disk.read(
            this.superblock.inode_bn * blockSize + inodeNo * inodeLayout.sizeBytes,
            bytes,
        );
        return decodeInode(bytes, 0, inodeNo);
    }

    /** The inodes whose type is not 0, in ascending order, without inode 0. */
    *liveInodes(): Generator<Inode, void> {
        const inodes = new InodeTable(this.disk, this.superblock);
        for (let inodeNo = 1; inodeNo < inodes.inodeCount; inodeNo++) {
            const { type, bytes, byteOffset } = inodes.view(inodeNo);
            if (type !== InodeType.free) {
                yield decodeInode(bytes, byteOffset, inodeNo);
            }
        }
    }

    /** An inode's extents as they stand on the disk; see `extentSlots`. */
    extentSlotsOf(inode: Inode, budget = this.newBudget()): Generator<ExtentSlot, void> {
        return extentSlots(this, inode, budget);
    }

    /** Where a file's blocks are, up to its size; see `fileStretches`. */
    extentsOf(inode: Inode, budget = this.newBudget()): Generator<Stretch, void> {
        return fileStretches(this, inode, budget);
    }

    /**
     * The disk's block that holds a block of a file: 0 where that is a hole, undefined where
     * nothing is mapped that can be read.
     */
    blockOfFile(inode: Inode, fileBlockNo: number): number | undefined {
        for (const { kind, fileBlockNo: start, first, count } of this.extentsOf(inode)) {
            if (fileBlockNo >= start && fileBlockNo < start + count) {
                const block = kind === "data" ? first + (fileBlockNo - start) : undefined;
                return kind === "hole" ? 0 : block;
            }
        }
        return undefined;
    }

    /**
     * Reads a file from `byteOffset` into `target`, up to the file's end, and returns how many
     * bytes those are. Holes read as zeros, and so does what cannot be read: `extentsOf` tells.
     */
    readFile(inode: Inode, byteOffset: number, target: Uint8Array): number {
        const end = Math.min(byteOffset + target.length, inode.size);
        const length = Math.max(end - byteOffset, 0);
        target.fill(0, 0, length);
        for (const { kind, fileBlockNo, first, count } of this.extentsOf(inode)) {
            const stretchStart = fileBlockNo * blockSize;
            const from = Math.max(stretchStart, byteOffset);
            const to = Math.min(stretchStart + count * blockSize, end);
            if (kind === "data" && from < to) {
                this.disk.read(
                    first * blockSize + (from - stretchStart),
                    target.subarray(from - byteOffset, to - byteOffset),
                );
            }
            if (stretchStart >= end) {
                break;
            }
        }
        return length;
    }

    /** The entries in use of a directory, in its order. */
    entriesOf(directory: Inode, budget = this.newBudget()): Generator<DirectoryEntry, void> {
        return directoryEntries(this, directory, budget);
    }

    /** The first entry of that name in a directory; undefined too where it is no directory. */
    entryNamed(directory: Inode, name: ByteString): DirectoryEntry | undefined {
        if (directory.type === InodeType.directory) {
            for (const entry of this.entriesOf(directory)) {
                if (entry.name === name) {
                    return entry;
                }
            }
        }
        return undefined;
    }

    /**
     * The inode number of a path from the root, or undefined where a name is missing, lies in
     * something that is no directory, or names an inode that the disk does not have.
     */
    lookup(path: ByteString): number | undefined {
        let inodeNo: number = rootInodeNumber;
        for (const name of pathNames(path)) {
            const entry = this.entryNamed(this.inode(inodeNo), name);
            if (entry === undefined || !this.hasInode(entry.inodeNo)) {
                return undefined;
            }
            inodeNo = entry.inodeNo;
        }
        return inodeNo;
    }

    /**
     * Everything below a directory, itself first, depth first; see `walkTree`.
     *
     * @param path what the paths of the walk begin with
     */
    walk(
        inodeNo: number = rootInodeNumber,
        path: ByteString = "/",
        budget: VolumeBudget = this.newBudget(),
    ): Generator<WalkEntry, void> {
        return walkTree(this, inodeNo, path, budget);
    }
}
