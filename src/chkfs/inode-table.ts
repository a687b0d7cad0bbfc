/**
 * The inodes of a disk, read in chunks as they are asked for; the last few chunks are kept.
 *
 * A table that can be kept whole is read in large chunks, each once. Of a larger one only what is
 * asked for is read, block by block, for a damaged disk can ask for its inodes in any order.
 */
import { assert } from "../base/assert.ts";
import type { ByteReader } from "../base/byte-store.ts";
import type { StructView } from "../base/struct.ts";
import { blockSize, inodeLayout, inodesPerBlock } from "./layout.ts";
import { inodeBlockCount, type Superblock } from "./superblock.ts";

/** Enough for walks that jump about; 4 MiB. */
const keptBlockCount = 1024;
const blocksPerLargeChunk = 16;

export type InodeView = StructView<typeof inodeLayout.fields>;

export class InodeTable {
    readonly inodeCount: number;
    readonly #disk: ByteReader;
    readonly #start: number;
    readonly #inodesPerChunk: number;
    readonly #maxChunkCount: number;
    readonly #chunks = new Map<number, InodeView>();

    /** @param superblock whose inodes lie on the disk */
    constructor(disk: ByteReader, superblock: Pick<Superblock, "inode_bn" | "ninodes">) {
        this.#disk = disk;
        this.#start = superblock.inode_bn * blockSize;
        this.inodeCount = superblock.ninodes;
        const fits = inodeBlockCount(superblock.ninodes) <= keptBlockCount;
        const blocksPerChunk = fits ? blocksPerLargeChunk : 1;
        this.#inodesPerChunk = blocksPerChunk * inodesPerBlock;
        this.#maxChunkCount = keptBlockCount / blocksPerChunk;
    }

    /**
     * A view of inode `inodeNo`, from 0 to `inodeCount`-1. It is good until the next call; writing
     * to it does not reach the disk.
     */
    view(inodeNo: number): InodeView {
        assert(inodeNo >= 0 && inodeNo < this.inodeCount, "an inode number is in range");
        const chunkNo = Math.floor(inodeNo / this.#inodesPerChunk);
        const view = this.#chunks.get(chunkNo) ?? this.#load(chunkNo);
        view.byteOffset = (inodeNo % this.#inodesPerChunk) * inodeLayout.sizeBytes;
        return view;
    }

    #load(chunkNo: number): InodeView {
        const firstInode = chunkNo * this.#inodesPerChunk;
        const inodes = Math.min(this.#inodesPerChunk, this.inodeCount - firstInode);
        const bytes = new Uint8Array(inodes * inodeLayout.sizeBytes);
        this.#disk.read(this.#start + firstInode * inodeLayout.sizeBytes, bytes);
        if (this.#chunks.size >= this.#maxChunkCount) {
            const [oldest] = this.#chunks.keys();
            this.#chunks.delete(oldest);
        }
        const view = inodeLayout.at(bytes);
        this.#chunks.set(chunkNo, view);
        return view;
    }
}
