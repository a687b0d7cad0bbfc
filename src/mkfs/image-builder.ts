/**
 * Building a file system: files and directories come in, a layout comes out.
 *
 * Inodes are numbered from 2 in the order of arrival and blocks follow each other from the start
 * of the data; directories take theirs when everything else has, the root last. A random layout
 * then moves the extents about. Nothing is read from a file here but its size.
 *
 * Every check comes at the moment when the reference tool makes it, for of several problems the
 * first is reported.
 */
import { assert } from "../base/assert.ts";
import type { ByteReader } from "../base/byte-store.ts";
import { type ByteString, printable, utf8Decode } from "../base/byte-string.ts";
import { UserError } from "../base/user-error.ts";
import {
    blockSize,
    directExtentCount,
    extentsPerBlock,
    InodeType,
    maxNameLength,
    rootInodeNumber,
} from "../chkfs/layout.ts";
import type { Superblock } from "../chkfs/superblock.ts";
import { MemoryStore } from "../disk/memory-store.ts";
import { type DirectoryEntry, encodeDirectory } from "./directory.ts";
import {
    blocksFor,
    type Extent,
    type MovableExtent,
    mergedExtents,
    withoutBlock,
} from "./extent.ts";
import type { ContentSize } from "./geometry.ts";
import type { LayoutChance } from "./layout-chance.ts";
import { scatterExtents } from "./scatter.ts";

export interface BuildOptions {
    readonly superblock: Superblock;
    /** Draws a random layout; without it every file is one extent. */
    readonly chance?: LayoutChance | undefined;
    /** True where the first file must stay in one piece at the start of the data. */
    readonly pinsFirstFile: boolean;
    /** True to accept and do what only the reference does; see docs/DIFFERENCES.md. */
    readonly reference: boolean;
    /** True to find out, when space runs out, how much would do; see `SpaceShortage`. */
    readonly measuresShortage: boolean;
    /** Chooses the final disk, whose journal and data may be elsewhere, when all is laid out. */
    readonly sizeToFit?: ((content: ContentSize) => Superblock) | undefined;
}

/** A file's or directory's place on the disk. */
export interface PlacedInode {
    readonly number: number;
    readonly type: number;
    readonly sizeBytes: number;
    readonly content: ByteReader;
    /** In file order; all but the first four are listed in `indirect`. */
    readonly extents: readonly Extent[];
    /** Blocks that list extents; undefined where the inode holds them all. */
    readonly indirect: Extent | undefined;
}

/** A whole disk, ready to be written. */
export interface ImageLayout {
    readonly superblock: Superblock;
    /** In ascending order of their numbers, without gaps, from the root on. */
    readonly inodes: readonly PlacedInode[];
    /** Blocks that the bitmap calls used, in ascending order and disjoint. */
    readonly allocated: readonly Extent[];
    /** Blocks of the data area that hold something. */
    readonly usedDataBlockCount: number;
}

/** A directory that is being filled. */
export interface OpenDirectory {
    readonly inodeNumber: number;
    /** What messages call it. */
    readonly label: string;
    readonly entries: DirectoryEntry[];
    readonly names: Set<ByteString>;
}

/** Space or inodes ran out; says what would have sufficed. */
export class SpaceShortage extends UserError {
    readonly dataBlockCount: number;
    readonly inodeCount: number;

    constructor(message: string, dataBlockCount: number, inodeCount: number) {
        super(message);
        this.dataBlockCount = dataBlockCount;
        this.inodeCount = inodeCount;
    }
}

/** A name that no file can have. */
export class BadName extends UserError {}

/** The largest file: its size is a 32-bit number. */
const maxFileSizeBytes = 0xffff_ffff;

type Inode = Omit<PlacedInode, "extents" | "indirect"> & {
    readonly extents: MovableExtent[];
    readonly indirect: MovableExtent | undefined;
};

export class ImageBuilder {
    readonly root: OpenDirectory;
    readonly #options: BuildOptions;
    readonly #directories: OpenDirectory[] = [];
    readonly #inodes: Inode[] = [];
    /** All extents in the order in which a random layout shuffles them. */
    readonly #extents: MovableExtent[] = [];
    /** The next block and the next inode to give away. */
    #nextBlock: number;
    #nextInode = rootInodeNumber + 1;
    /** The first message about missing space, where the shortage is to be measured. */
    #shortage: string | undefined;

    constructor(options: BuildOptions) {
        this.#options = options;
        this.#nextBlock = options.superblock.data_bn;
        this.root = openDirectory(rootInodeNumber, "root directory");
    }

    get superblock(): Superblock {
        return this.#options.superblock;
    }

    /** Bytes that the next file may have at most. */
    get freeBytes(): number {
        const { journal_bn } = this.#options.superblock;
        const roomBytes = Math.max(0, journal_bn - this.#nextBlock) * blockSize;
        return Math.min(roomBytes, maxFileSizeBytes);
    }

    /**
     * Adds a file to `directory` under `name`.
     *
     * @param label what messages about its content call it
     */
    addFile(directory: OpenDirectory, name: ByteString, label: string, content: ByteReader): void {
        const { sizeBytes } = content;
        // As in the reference, the block behind a file's last full one must exist to find the
        // file's end; the root directory needs one in any case.
        this.#requireBlocks(Math.floor(sizeBytes / blockSize) + 1, label);
        if (sizeBytes > maxFileSizeBytes) {
            throw new UserError(
                `${label}: file too large: ${sizeBytes} bytes (max ${maxFileSizeBytes})`,
            );
        }
        const first = this.#takeBlocks(blocksFor(sizeBytes), label);
        const number = this.#takeInode(label);
        this.#addInode(number, InodeType.regular, content, first, label);
        this.#addEntry(directory, name, label, number);
    }

    /** Adds an empty directory to `parent`; `label` is as for `addFile`. */
    addDirectory(parent: OpenDirectory, name: ByteString, label: string): OpenDirectory {
        const directory = openDirectory(this.#takeInode(label), label);
        this.#directories.push(directory);
        this.#addEntry(parent, name, label, directory.inodeNumber);
        return directory;
    }

    /** Places the directories and everything else. Nothing may be added afterwards. */
    finish(): ImageLayout {
        for (const { inodeNumber, label, entries } of [...this.#directories, this.root]) {
            const content = new MemoryStore(encodeDirectory(entries));
            const first = this.#takeBlocks(blocksFor(content.sizeBytes), label);
            this.#addInode(inodeNumber, InodeType.directory, content, first, label);
        }
        const usedDataBlockCount = this.#nextBlock - this.#options.superblock.data_bn;
        if (this.#shortage !== undefined) {
            throw new SpaceShortage(this.#shortage, usedDataBlockCount, this.#nextInode);
        }
        const superblock = this.#chooseDisk(usedDataBlockCount);
        const allocated = this.#placeExtents(superblock);
        const inodes = [...this.#inodes].sort((a, b) => a.number - b.number);
        return { superblock, inodes, allocated, usedDataBlockCount };
    }

    /** The final disk. The extents, laid out on the one we began with, move to its data. */
    #chooseDisk(dataBlockCount: number): Superblock {
        const { superblock, sizeToFit } = this.#options;
        const final = sizeToFit?.({ dataBlockCount, inodeCount: this.#nextInode }) ?? superblock;
        assert(final.data_bn + dataBlockCount <= final.journal_bn, "the disk holds the content");
        assert(this.#nextInode <= final.ninodes, "the disk holds the inodes");
        const shift = final.data_bn - superblock.data_bn;
        for (const extent of this.#extents) {
            extent.first += shift;
        }
        this.#nextBlock += shift;
        return final;
    }

    /** Gives every extent its final place; returns the blocks that the bitmap calls used. */
    #placeExtents(superblock: Superblock): Extent[] {
        const { chance, pinsFirstFile, reference } = this.#options;
        const head = { first: 0, count: superblock.data_bn };
        const journal = { first: superblock.journal_bn, count: superblock.njournal };
        const tail = reference ? blocksInTail([head, ...this.#extents], superblock.nblocks) : [];
        if (chance !== undefined) {
            const firstMovable = pinsFirstFile ? 1 : 0;
            scatterExtents(this.#extents, firstMovable, superblock, this.#nextBlock, chance);
        }
        return tail.reduce(
            (extents, { extent, index }) => withoutBlock(extents, extent.first + index),
            mergedExtents([head, ...this.#extents, journal]),
        );
    }

    /** Splits the blocks from `first` on into extents, and makes the inode that lists them. */
    #addInode(
        number: number,
        type: number,
        content: ByteReader,
        first: number,
        label: string,
    ): void {
        const { sizeBytes } = content;
        const counts = this.#extentLengths(first, blocksFor(sizeBytes));
        const extents: MovableExtent[] = [];
        let indirect: MovableExtent | undefined;
        let blockNo = first;
        for (const count of counts) {
            if (extents.length === directExtentCount) {
                const listBlockCount = Math.ceil(
                    (counts.length - directExtentCount) / extentsPerBlock,
                );
                indirect = {
                    first: this.#takeBlocks(listBlockCount, label),
                    count: listBlockCount,
                };
                this.#extents.push(indirect);
            }
            const extent = { first: blockNo, count };
            extents.push(extent);
            this.#extents.push(extent);
            blockNo += count;
        }
        this.#inodes.push({ number, type, sizeBytes, content, extents, indirect });
    }

    /** Blocks in each extent of a file of `blockCount` blocks at `first`. */
    #extentLengths(first: number, blockCount: number): number[] {
        const { chance, pinsFirstFile, superblock } = this.#options;
        if (chance === undefined || (pinsFirstFile && first === superblock.data_bn)) {
            return blockCount === 0 ? [] : [blockCount];
        }
        const counts: number[] = [];
        for (let left = blockCount; left > 0; ) {
            const count = Math.min(chance.extentLength(), left);
            counts.push(count);
            left -= count;
        }
        return counts;
    }

    #requireBlocks(count: number, label: string): void {
        if (this.#nextBlock + count > this.#options.superblock.journal_bn) {
            this.#runShort(`${label}: out of space on output disk`);
        }
    }

    #takeBlocks(count: number, label: string): number {
        this.#requireBlocks(count, label);
        const first = this.#nextBlock;
        this.#nextBlock += count;
        return first;
    }

    #takeInode(label: string): number {
        if (this.#nextInode >= this.#options.superblock.ninodes) {
            this.#runShort(`${label}: out of inodes on output disk`);
        }
        return this.#nextInode++;
    }

    /** Gives up, or goes on without limits to learn how much is missing. */
    #runShort(message: string): void {
        if (!this.#options.measuresShortage) {
            throw new UserError(message);
        }
        this.#shortage ??= message;
    }

    #addEntry(
        directory: OpenDirectory,
        name: ByteString,
        label: string,
        inodeNumber: number,
    ): void {
        const { reference } = this.#options;
        if (name === "" && !reference) {
            throw new BadName(`${label}:: bad name`);
        }
        const shown = utf8Decode(name) ?? printable(name);
        if (name === "." || name === ".." || name.includes("/") || name.length > maxNameLength) {
            throw new BadName(`${shown}: bad name`);
        }
        if (directory.names.has(name) && !reference) {
            throw new UserError(`${label}: name '${shown}' is already taken`);
        }
        directory.names.add(name);
        directory.entries.push({ inodeNumber, name });
    }
}

function openDirectory(inodeNumber: number, label: string): OpenDirectory {
    return { inodeNumber, label, entries: [], names: new Set() };
}

/**
 * Used blocks among the last `blockCount` modulo 8 of the disk. The reference tool marks them
 * free, wherever a random layout then moves them.
 */
function blocksInTail(
    extents: readonly Extent[],
    blockCount: number,
): { extent: Extent; index: number }[] {
    const tailStart = blockCount - (blockCount % 8);
    return extents.flatMap((extent) => {
        const from = Math.max(tailStart - extent.first, 0);
        const inTail = Array.from({ length: Math.max(extent.count - from, 0) });
        return inTail.map((_, index) => ({ extent, index: from + index }));
    });
}
