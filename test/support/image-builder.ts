/**
 * A second opinion on the format: small chkfs images, built straight from the specification.
 *
 * It shares nothing with `src`, so that a misreading there cannot hide here: offsets and numbers
 * are the specification's. A tree is described by plain objects:
 *
 *     buildImage({ root: { "a.txt": "text", dir: { b: fragmented(bytes, [1, -2, 3]) } } })
 *
 * Inodes are numbered depth first from the root, 1, in the order of the description; blocks are
 * taken in that order from `data_bn` on. What is built is correct; the `poke` methods do damage.
 */

/** A file whose blocks are laid out in a given way. */
export class FragmentedFile {
    readonly content: Uint8Array;
    readonly runs: readonly number[];

    constructor(content: Uint8Array, runs: readonly number[]) {
        this.content = content;
        this.runs = runs;
    }
}

/**
 * A file of extents: `n` is a run of n blocks, `-n` a hole of n blocks (whose content must be
 * zeros). Runs that follow each other have a free block between them. What the runs leave of the
 * content is one more run.
 */
export function fragmented(content: string | Uint8Array, runs: readonly number[]): FragmentedFile {
    return new FragmentedFile(bytesOfContent(content), runs);
}

/** A folder as an object, or as pairs where names repeat or look like numbers. */
export type Folder =
    | { readonly [name: string]: Entry }
    | readonly (readonly [name: string, entry: Entry])[];

/** What has a name: a file's content (a string is one byte a character), or a folder. */
export type Entry = string | Uint8Array | FragmentedFile | Folder;

export interface ImageDescription {
    readonly root: Folder;
    /** Default 64. */
    readonly blockCount?: number;
    /** Default 0. */
    readonly swapBlockCount?: number;
    /** Counting inode 0; default 64. */
    readonly inodeCount?: number;
    /** Default 0. */
    readonly journalBlockCount?: number;
}

const blockSize = 4096;
const superblockOffsets = {
    nblocks: 8,
    nswap: 12,
    ninodes: 16,
    njournal: 20,
    swap_bn: 24,
    fbb_bn: 28,
    inode_bn: 32,
    data_bn: 36,
    journal_bn: 40,
} as const;
const inodeOffsets = { type: 0, size: 4, nlink: 8, flags: 12, mlock: 16, mbcindex: 20 } as const;
const indirectOffset = 56;

interface Extent {
    readonly first: number;
    readonly count: number;
}

/** A chkfs image, and tools to damage it. */
export class TestImage {
    readonly bytes: Uint8Array;
    /** Inode numbers by path: `/`, `/dir`, `/dir/b`. */
    readonly inodeNumbers = new Map<string, number>();
    /** Blocks that each inode owns: its data, then its indirect extents. */
    readonly blocks = new Map<number, { data: number[]; indirect: number[] }>();
    readonly fbb_bn: number;
    readonly inode_bn: number;
    readonly data_bn: number;
    readonly journal_bn: number;
    readonly #view: DataView;

    constructor(description: ImageDescription) {
        const { blockCount = 64, swapBlockCount = 0, inodeCount = 64 } = description;
        const { journalBlockCount = 0 } = description;
        this.bytes = new Uint8Array(blockCount * blockSize);
        this.#view = new DataView(this.bytes.buffer);
        this.fbb_bn = 1 + swapBlockCount;
        this.inode_bn = this.fbb_bn + Math.ceil(blockCount / 32768);
        this.data_bn = this.inode_bn + Math.ceil(inodeCount / 64);
        this.journal_bn = blockCount - journalBlockCount;
        this.#view.setBigUint64(512, 0xfbbfbb003ee9beefn, true);
        this.pokeSuperblock("nblocks", blockCount);
        this.pokeSuperblock("nswap", swapBlockCount);
        this.pokeSuperblock("ninodes", inodeCount);
        this.pokeSuperblock("njournal", journalBlockCount);
        this.pokeSuperblock("swap_bn", 1);
        for (const name of ["fbb_bn", "inode_bn", "data_bn", "journal_bn"] as const) {
            this.pokeSuperblock(name, this[name]);
        }
        for (let blockNo = this.data_bn; blockNo < this.journal_bn; blockNo++) {
            this.setFree(blockNo, true);
        }
    }

    /** The inode number of a path that was built. */
    inodeNo(path: string): number {
        const inodeNo = this.inodeNumbers.get(path);
        if (inodeNo === undefined) {
            throw new Error(`the image was not built with ${path}`);
        }
        return inodeNo;
    }

    /** The blocks of a path's content, in the order of the file; holes are left out. */
    dataBlocks(path: string): number[] {
        return this.blocks.get(this.inodeNo(path))?.data ?? [];
    }

    /** The blocks of a path's indirect extents. */
    indirectBlocks(path: string): number[] {
        return this.blocks.get(this.inodeNo(path))?.indirect ?? [];
    }

    pokeSuperblock(field: keyof typeof superblockOffsets, value: number): void {
        this.#view.setUint32(512 + superblockOffsets[field], value, true);
    }

    pokeMagic(magic: bigint): void {
        this.#view.setBigUint64(512, magic, true);
    }

    pokeInode(inodeNo: number, field: keyof typeof inodeOffsets, value: number): void {
        this.#view.setUint32(this.#inodeOffset(inodeNo) + inodeOffsets[field], value, true);
    }

    /** Sets an extent: 0 to 3 are the inode's own, 4 and up those of its indirect blocks. */
    pokeExtent(inodeNo: number, index: number, extent: Extent): void {
        if (index < 4) {
            this.#setExtent(this.#inodeOffset(inodeNo) + 24 + index * 8, extent);
        } else {
            const first = this.#view.getUint32(this.#inodeOffset(inodeNo) + indirectOffset, true);
            this.#setExtent(first * blockSize + (index - 4) * 8, extent);
        }
    }

    /** Sets where an inode says its indirect extents are. */
    pokeIndirect(inodeNo: number, extent: Extent): void {
        this.#setExtent(this.#inodeOffset(inodeNo) + indirectOffset, extent);
    }

    /** Sets what a directory's slot says; `name` may be any bytes, up to 124. */
    pokeDirent(
        directory: string,
        slot: number,
        values: { readonly inum?: number; readonly name?: string },
    ): void {
        const blockNo = this.dataBlocks(directory)[Math.floor(slot / 32)];
        const byteOffset = blockNo * blockSize + (slot % 32) * 128;
        if (values.inum !== undefined) {
            this.#view.setInt32(byteOffset, values.inum, true);
        }
        if (values.name !== undefined) {
            this.bytes.fill(0, byteOffset + 4, byteOffset + 128);
            this.bytes.set(bytesOfContent(values.name), byteOffset + 4);
        }
    }

    /** Sets a block's bit in the free-block bitmap. */
    setFree(blockNo: number, isFree: boolean): void {
        const byteOffset = this.fbb_bn * blockSize + Math.floor(blockNo / 8);
        const mask = 1 << (blockNo % 8);
        this.bytes[byteOffset] = isFree
            ? this.bytes[byteOffset] | mask
            : this.bytes[byteOffset] & ~mask;
    }

    /** Overwrites bytes of a block. */
    pokeBlock(blockNo: number, byteOffset: number, bytes: Uint8Array): void {
        this.bytes.set(bytes, blockNo * blockSize + byteOffset);
    }

    /** The first `blockCount` blocks, as an image that was cut short. */
    truncated(blockCount: number): Uint8Array {
        return this.bytes.slice(0, blockCount * blockSize);
    }

    #inodeOffset(inodeNo: number): number {
        return this.inode_bn * blockSize + inodeNo * 64;
    }

    #setExtent(byteOffset: number, { first, count }: Extent): void {
        this.#view.setUint32(byteOffset, first, true);
        this.#view.setUint32(byteOffset + 4, count, true);
    }
}

/** Builds an image. Throws when the description does not fit into its blocks or inodes. */
export function buildImage(description: ImageDescription): TestImage {
    const image = new TestImage(description);
    const allocator = new Allocator(image, description.inodeCount ?? 64);
    const inodeNo = allocator.inode("/");
    addFolder(image, allocator, inodeNo, "/", description.root);
    return image;
}

/** Hands out inodes and blocks in ascending order. */
class Allocator {
    readonly #image: TestImage;
    readonly #inodeCount: number;
    #nextInode = 1;
    #nextBlock: number;

    constructor(image: TestImage, inodeCount: number) {
        this.#image = image;
        this.#inodeCount = inodeCount;
        this.#nextBlock = image.data_bn;
    }

    inode(path: string): number {
        const inodeNo = this.#nextInode++;
        if (inodeNo >= this.#inodeCount) {
            throw new Error(`${path}: the description needs more inodes`);
        }
        this.#image.inodeNumbers.set(path, inodeNo);
        return inodeNo;
    }

    /** Takes a run of blocks, behind `gap` blocks that stay free. */
    run(count: number, gap: number): Extent {
        const first = this.#nextBlock + gap;
        this.#nextBlock = first + count;
        if (this.#nextBlock > this.#image.journal_bn) {
            throw new Error("the description needs more blocks");
        }
        for (let blockNo = first; blockNo < first + count; blockNo++) {
            this.#image.setFree(blockNo, false);
        }
        return { first, count };
    }
}

function addFolder(
    image: TestImage,
    allocator: Allocator,
    inodeNo: number,
    path: string,
    folder: Folder,
): void {
    const pairs = Array.isArray(folder) ? folder : Object.entries(folder);
    const isRoot = path === "/";
    const blockCount = Math.max(Math.ceil(pairs.length / 32), isRoot ? 1 : 0);
    const content = new Uint8Array(blockCount * blockSize);
    const view = new DataView(content.buffer);
    for (const [slot, [name, entry]] of pairs.entries()) {
        const entryPath = isRoot ? `/${name}` : `${path}/${name}`;
        const entryInodeNo = allocator.inode(entryPath);
        view.setInt32(slot * 128, entryInodeNo, true);
        content.set(bytesOfContent(name).subarray(0, 124), slot * 128 + 4);
        if (entry instanceof FragmentedFile) {
            addContent(image, allocator, entryInodeNo, 1, entry);
        } else if (typeof entry === "string" || entry instanceof Uint8Array) {
            addContent(image, allocator, entryInodeNo, 1, fragmented(entry, []));
        } else {
            addFolder(image, allocator, entryInodeNo, entryPath, entry);
        }
    }
    addContent(image, allocator, inodeNo, 2, fragmented(content, []));
}

function addContent(
    image: TestImage,
    allocator: Allocator,
    inodeNo: number,
    type: number,
    { content, runs }: FragmentedFile,
): void {
    const data: number[] = [];
    const extents: Extent[] = [];
    let blockIndex = 0;
    const place = (run: number) => {
        if (run < 0) {
            extents.push({ first: 0, count: -run });
        } else {
            const extent = allocator.run(run, extents.length > 0 ? 1 : 0);
            const start = blockIndex * blockSize;
            image.pokeBlock(extent.first, 0, content.subarray(start, start + run * blockSize));
            data.push(...Array.from({ length: run }, (_, index) => extent.first + index));
            extents.push(extent);
        }
        blockIndex += Math.abs(run);
    };
    runs.forEach(place);
    const rest = Math.ceil(content.length / blockSize) - blockIndex;
    if (rest > 0) {
        place(rest);
    }
    const indirectCount = Math.ceil(Math.max(extents.length - 4, 0) / 512);
    const indirect = indirectCount > 0 ? allocator.run(indirectCount, 0) : { first: 0, count: 0 };
    image.blocks.set(inodeNo, {
        data,
        indirect: Array.from({ length: indirectCount }, (_, index) => indirect.first + index),
    });
    image.pokeInode(inodeNo, "type", type);
    image.pokeInode(inodeNo, "size", content.length);
    image.pokeInode(inodeNo, "nlink", 1);
    image.pokeIndirect(inodeNo, indirect);
    for (const [index, extent] of extents.entries()) {
        image.pokeExtent(inodeNo, index, extent);
    }
}

function bytesOfContent(content: string | Uint8Array): Uint8Array {
    return typeof content === "string"
        ? Uint8Array.from(content, (character) => character.charCodeAt(0))
        : content;
}
