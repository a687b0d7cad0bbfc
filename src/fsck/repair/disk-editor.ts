/**
 * A disk that is being repaired: reading it as a file system, and changing inodes, entries,
 * extents and the bitmap.
 *
 * It works on an overlay, so that a repair that is refused half way leaves no trace. It stands on
 * a superblock that passed its check.
 */
import type { ByteReader, ByteStore } from "../../base/byte-store.ts";
import type { StructView } from "../../base/struct.ts";
import { FreeBlockBitmap } from "../../chkfs/bitmap.ts";
import type { Extent } from "../../chkfs/inode.ts";
import {
    blockSize,
    direntLayout,
    direntsPerBlock,
    extentLayout,
    extentsPerBlock,
    inodeLayout,
} from "../../chkfs/layout.ts";
import type { Superblock } from "../../chkfs/superblock.ts";
import { Volume } from "../../chkfs/volume.ts";
import { OverlayStore } from "../../disk/overlay-store.ts";

export class DiskEditor {
    readonly disk: OverlayStore;
    readonly superblock: Superblock;
    /** The file system as it stands now. */
    readonly volume: Volume;
    readonly #base: ByteReader;

    constructor(base: ByteReader, superblock: Superblock) {
        this.#base = base;
        this.disk = new OverlayStore(base);
        this.superblock = superblock;
        this.volume = new Volume(this.disk, superblock);
    }

    /** The bitmap as it stands now. */
    bitmap(): FreeBlockBitmap {
        return new FreeBlockBitmap(this.disk, this.superblock);
    }

    /** Changes an inode's fields. */
    updateInode(
        inodeNo: number,
        update: (inode: StructView<typeof inodeLayout.fields>) => void,
    ): void {
        const bytes = new Uint8Array(inodeLayout.sizeBytes);
        const byteOffset = this.superblock.inode_bn * blockSize + inodeNo * bytes.length;
        this.disk.read(byteOffset, bytes);
        update(inodeLayout.at(bytes));
        this.disk.write(byteOffset, bytes);
    }

    /** Sets one of an inode's own four extents. */
    setDirectExtent(inodeNo: number, index: number, extent: Extent): void {
        this.updateInode(inodeNo, ({ direct }) => {
            Object.assign(extentLayout.at(direct, index * extentLayout.sizeBytes), extent);
        });
    }

    setIndirectExtent(inodeNo: number, extent: Extent): void {
        this.updateInode(inodeNo, ({ indirect }) => {
            Object.assign(extentLayout.at(indirect), extent);
        });
    }

    /** Sets extent `index`, counted from 0, of those in the blocks from `firstBlockNo` on. */
    setListedExtent(firstBlockNo: number, index: number, { first, count }: Extent): void {
        const bytes = new Uint8Array(extentLayout.sizeBytes);
        Object.assign(extentLayout.at(bytes), { first, count });
        this.disk.write(firstBlockNo * blockSize + index * bytes.length, bytes);
    }

    /** Empties all listed extents of `blockCount` blocks from number `firstIndex` on. */
    clearListedExtents(firstBlockNo: number, blockCount: number, firstIndex: number): void {
        const length = (blockCount * extentsPerBlock - firstIndex) * extentLayout.sizeBytes;
        const byteOffset = firstBlockNo * blockSize + firstIndex * extentLayout.sizeBytes;
        this.disk.write(byteOffset, new Uint8Array(length));
    }

    /** Sets or, without `entry`, empties a directory's slot, which stands in block `blockNo`. */
    setEntry(blockNo: number, slot: number, entry?: { inodeNo: number; name: Uint8Array }): void {
        const bytes = new Uint8Array(direntLayout.sizeBytes);
        if (entry !== undefined) {
            const view = direntLayout.at(bytes);
            view.inum = entry.inodeNo;
            view.name.set(entry.name);
        }
        this.disk.write(blockNo * blockSize + (slot % direntsPerBlock) * bytes.length, bytes);
    }

    zeroBlock(blockNo: number): void {
        this.disk.write(blockNo * blockSize, new Uint8Array(blockSize));
    }

    /** Sets what the bitmap says of a block, or of a bit past the end of the disk. */
    setFree(blockNo: number, isFree: boolean): void {
        const byte = new Uint8Array(1);
        const byteOffset = this.superblock.fbb_bn * blockSize + (blockNo >>> 3);
        const mask = 1 << (blockNo & 7);
        this.disk.read(byteOffset, byte);
        byte[0] = isFree ? byte[0] | mask : byte[0] & ~mask;
        this.disk.write(byteOffset, byte);
    }

    /** Writes every block that is now different to `target`, in ascending order. */
    writeChanges(target: ByteStore): void {
        const before = new Uint8Array(blockSize);
        const now = new Uint8Array(blockSize);
        for (const blockNo of this.disk.changedPages()) {
            this.#base.read(blockNo * blockSize, before);
            this.disk.read(blockNo * blockSize, now);
            if (now.some((byte, index) => byte !== before[index])) {
                target.write(blockNo * blockSize, now);
            }
        }
    }
}
