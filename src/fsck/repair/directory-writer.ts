/**
 * Adding entries to a directory: into free slots first, then into blocks that are added to it.
 *
 * It stands on a disk that was judged: the directory's extents cover its size and no more.
 */
import { type ByteString, bytesOf } from "../../base/byte-string.ts";
import type { ExtentSlot } from "../../chkfs/extents.ts";
import type { Inode } from "../../chkfs/inode.ts";
import {
    blockSize,
    directExtentCount,
    direntLayout,
    direntsPerBlock,
    extentsPerBlock,
} from "../../chkfs/layout.ts";
import type { BlockOwners } from "../block-owners.ts";
import type { DiskEditor } from "./disk-editor.ts";

/** Gives away blocks of data that nothing uses, the lowest first. */
export class BlockAllocator {
    readonly #owners: BlockOwners;
    readonly #end: number;
    #next: number;

    /** @param owners of a walk over the disk as it now is */
    constructor(editor: DiskEditor, owners: BlockOwners) {
        this.#owners = owners;
        this.#next = editor.superblock.data_bn;
        this.#end = editor.superblock.journal_bn;
    }

    /** A block for an inode; undefined where the disk is full. */
    take(inodeNo: number): number | undefined {
        while (this.#next < this.#end && this.#owners.isClaimed(this.#next)) {
            this.#next++;
        }
        if (this.#next >= this.#end) {
            return undefined;
        }
        this.#owners.claim(this.#next, "directory", inodeNo, 0);
        return this.#next;
    }
}

/** A slot that is free: its number, and the block where it stands. */
interface Slot {
    readonly slot: number;
    readonly blockNo: number;
}

export class DirectoryWriter {
    readonly #editor: DiskEditor;
    readonly #allocator: BlockAllocator;
    readonly #inodeNo: number;
    readonly #freeSlots: Iterator<Slot>;

    constructor(editor: DiskEditor, allocator: BlockAllocator, inodeNo: number) {
        this.#editor = editor;
        this.#allocator = allocator;
        this.#inodeNo = inodeNo;
        this.#freeSlots = this.#slots();
    }

    /** Adds an entry; false where there is no room for it. */
    add(inodeNo: number, name: ByteString): boolean {
        const { value, done } = this.#freeSlots.next();
        if (done === true) {
            return false;
        }
        this.#editor.setEntry(value.blockNo, value.slot, { inodeNo, name: bytesOf(name) });
        return true;
    }

    /** Free slots: those that are there, then those that the directory grows by. */
    *#slots(): Generator<Slot, void> {
        const inode = this.#inode();
        const slotCount = Math.floor(inode.size / direntLayout.sizeBytes);
        for (const { slot, blockNo, isFree } of this.#presentSlots(inode)) {
            if (slot < slotCount && isFree) {
                yield { slot, blockNo };
            }
        }
        for (const { slot, blockNo } of this.#presentSlots(inode)) {
            if (slot >= slotCount) {
                this.#resize((slot + 1) * direntLayout.sizeBytes);
                yield { slot, blockNo };
            }
        }
        for (let added = this.#addBlock(); added !== undefined; added = this.#addBlock()) {
            for (let index = 0; index < direntsPerBlock; index++) {
                yield { slot: added.firstSlot + index, blockNo: added.blockNo };
            }
        }
    }

    /** Every slot in the directory's blocks, those behind its size included. */
    *#presentSlots(inode: Inode): Generator<Slot & { isFree: boolean }, void> {
        const bytes = new Uint8Array(blockSize);
        const entry = direntLayout.at(bytes);
        for (const { kind, first, count, fileBlockNo } of this.#editor.volume.extentsOf(inode)) {
            for (let index = 0; kind === "data" && index < count; index++) {
                this.#editor.volume.readBlock(first + index, bytes);
                for (let inBlock = 0; inBlock < direntsPerBlock; inBlock++) {
                    entry.byteOffset = inBlock * direntLayout.sizeBytes;
                    const slot = (fileBlockNo + index) * direntsPerBlock + inBlock;
                    yield { slot, blockNo: first + index, isFree: entry.inum === 0 };
                }
            }
        }
    }

    /** Adds an empty block; undefined where the disk or the list of extents is full. */
    #addBlock(): { blockNo: number; firstSlot: number } | undefined {
        const inode = this.#inode();
        const blockNo = this.#allocator.take(this.#inodeNo);
        if (blockNo === undefined || !this.#addExtent(inode, blockNo)) {
            return undefined;
        }
        this.#editor.zeroBlock(blockNo);
        const firstSlot = inode.size / direntLayout.sizeBytes;
        this.#resize(inode.size + blockSize);
        return { blockNo, firstSlot };
    }

    /** Appends a block to the extents, to the last one where it fits; false without room. */
    #addExtent(inode: Inode, blockNo: number): boolean {
        const slots = [...this.#editor.volume.extentSlotsOf(inode)];
        const last = slots.at(-1);
        if (last !== undefined && last.first !== 0 && last.first + last.count === blockNo) {
            return this.#setExtent(inode, { ...last, count: last.count + 1 });
        }
        return this.#setExtent(inode, { index: slots.length, first: blockNo, count: 1 });
    }

    #setExtent({ inodeNo, indirect }: Inode, { index, first, count }: ExtentSlot): boolean {
        if (index < directExtentCount) {
            this.#editor.setDirectExtent(inodeNo, index, { first, count });
            return true;
        }
        const listedIndex = index - directExtentCount;
        let list = indirect;
        if (list.count === 0) {
            const listBlockNo = this.#allocator.take(inodeNo);
            if (listBlockNo === undefined) {
                return false;
            }
            list = { first: listBlockNo, count: 1 };
            this.#editor.zeroBlock(listBlockNo);
            this.#editor.setIndirectExtent(inodeNo, list);
        }
        // The blocks of a list follow each other, so it is not made longer.
        if (listedIndex >= list.count * extentsPerBlock) {
            return false;
        }
        this.#editor.setListedExtent(list.first, listedIndex, { first, count });
        return true;
    }

    #inode(): Inode {
        return this.#editor.volume.inode(this.#inodeNo);
    }

    #resize(sizeBytes: number): void {
        this.#editor.updateInode(this.#inodeNo, (inode) => {
            inode.size = sizeBytes;
        });
    }
}
