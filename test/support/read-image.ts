/**
 * A strict reader of whole images, written from the specification alone.
 *
 * It reads everything that an image holds and lists what is wrong with it. It knows nothing of
 * `src`, so that the two can only agree by both being right: its numbers are the specification's.
 */

/** A run of blocks; a file's first four are in its inode. */
export interface ReadExtent {
    readonly first: number;
    readonly count: number;
}

export interface ReadFile {
    readonly inodeNumber: number;
    readonly content: Uint8Array;
    readonly extents: readonly ReadExtent[];
}

export interface ReadImage {
    readonly superblock: Readonly<Record<string, number>>;
    /** By path, without a leading slash, one character a byte. */
    readonly files: ReadonlyMap<string, ReadFile>;
    /** Paths of all directories but the root. */
    readonly directories: readonly string[];
    /** What a correct image must not have, in words. */
    readonly problems: readonly string[];
    isMarkedFree(blockNo: number): boolean;
}

const superblockFields = [
    ["nblocks", 8],
    ["nswap", 12],
    ["ninodes", 16],
    ["njournal", 20],
    ["swap_bn", 24],
    ["fbb_bn", 28],
    ["inode_bn", 32],
    ["data_bn", 36],
    ["journal_bn", 40],
] as const;

class Reader implements ReadImage {
    readonly superblock: Record<string, number> = {};
    readonly files = new Map<string, ReadFile>();
    readonly directories: string[] = [];
    readonly problems: string[] = [];
    readonly #bytes: Uint8Array;
    readonly #data: DataView;
    readonly #owners = new Map<number, string>();
    readonly #inodeOwners = new Map<number, string>();

    constructor(bytes: Uint8Array) {
        this.#bytes = bytes;
        this.#data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        this.#readSuperblock();
        this.#readNode(1, "", 2);
        this.#checkInodes();
        this.#checkBitmap();
    }

    #readSuperblock(): void {
        const magic = this.#data.getBigUint64(512, true);
        this.#expect(magic === 0xfbbfbb003ee9beefn, "the magic number is wrong");
        for (const [name, offset] of superblockFields) {
            this.superblock[name] = this.#u32(512 + offset);
        }
        const s = this.superblock;
        this.#expect(this.#bytes.length === s.nblocks * 4096, "the image's size is wrong");
        this.#expect(s.swap_bn === 1, "swap does not begin at block 1");
        this.#expect(s.fbb_bn === 1 + s.nswap, "the bitmap does not follow swap");
        this.#expect(
            s.inode_bn === s.fbb_bn + Math.ceil(s.nblocks / 32_768),
            "the inodes do not follow the bitmap",
        );
        this.#expect(
            s.data_bn === s.inode_bn + Math.ceil(s.ninodes / 64),
            "the data does not follow the inodes",
        );
        this.#expect(s.journal_bn === s.nblocks - s.njournal, "the journal does not end the disk");
        this.#own(0, s.data_bn, "head");
        this.#own(s.journal_bn, s.njournal, "journal");
    }

    #readNode(inodeNumber: number, path: string, type: number): void {
        const who = `inode ${inodeNumber} (${path})`;
        const at = this.superblock.inode_bn * 4096 + inodeNumber * 64;
        const other = this.#inodeOwners.get(inodeNumber);
        this.#expect(other === undefined, `${who} is also ${other}`);
        this.#inodeOwners.set(inodeNumber, path);
        this.#expect(this.#u32(at) === type, `${who} has another type than ${type}`);
        this.#expect(this.#u32(at + 8) === 1, `${who} has not one link`);
        const unused = this.#bytes.subarray(at + 12, at + 24);
        this.#expect(
            unused.every((byte) => byte === 0),
            `${who} has flags`,
        );
        const extents = this.#extentsOf(at, who);
        const size = this.#u32(at + 4);
        const blockCount = extents.reduce((sum, extent) => sum + extent.count, 0);
        this.#expect(blockCount === Math.ceil(size / 4096), `${who} has ${blockCount} blocks`);
        const content = new Uint8Array(blockCount * 4096);
        let done = 0;
        for (const { first, count } of extents) {
            this.#own(first, count, who);
            content.set(this.#bytes.subarray(first * 4096, (first + count) * 4096), done);
            done += count * 4096;
        }
        this.#expect(
            content.subarray(size).every((byte) => byte === 0),
            `${who} has something behind its end`,
        );
        if (type === 1) {
            this.files.set(path, { inodeNumber, content: content.slice(0, size), extents });
        } else {
            this.#readDirectory(content, path, who);
        }
    }

    #extentsOf(at: number, who: string): ReadExtent[] {
        const indirect = { first: this.#u32(at + 56), count: this.#u32(at + 60) };
        this.#own(indirect.first, indirect.count, who);
        const places = [24, 32, 40, 48].map((offset) => at + offset);
        for (let index = 0; index < indirect.count * 512; index++) {
            places.push(indirect.first * 4096 + index * 8);
        }
        const all = places.map((p) => ({ first: this.#u32(p), count: this.#u32(p + 4) }));
        const used = all.filter((extent) => extent.count > 0);
        const rest = all.slice(used.length);
        this.#expect(
            rest.every((extent) => extent.first === 0 && extent.count === 0),
            `${who} has a gap in its extents`,
        );
        const listBlocks = Math.ceil(Math.max(0, used.length - 4) / 512);
        this.#expect(indirect.count === listBlocks, `${who} lists extents in too many blocks`);
        return used;
    }

    #readDirectory(content: Uint8Array, path: string, who: string): void {
        this.#expect(content.length > 0, `${who} has no block`);
        const names = new Set<string>();
        for (let at = 0; at < content.length; at += 128) {
            const entry = Buffer.from(content.subarray(at, at + 128));
            const inodeNumber = entry.readInt32LE(0);
            const end = entry.indexOf(0, 4);
            const name = entry.toString("latin1", 4, end);
            if (inodeNumber === 0) {
                this.#expect(
                    entry.every((byte) => byte === 0),
                    `${who} has a free entry with a name`,
                );
                continue;
            }
            this.#expect(end >= 5 && !name.includes("/"), `${who} has the entry '${name}'`);
            this.#expect(name !== "." && name !== "..", `${who} has the entry '${name}'`);
            this.#expect(!names.has(name), `${who} has '${name}' twice`);
            names.add(name);
            const type = this.#u32(this.superblock.inode_bn * 4096 + inodeNumber * 64);
            const childPath = path === "" ? name : `${path}/${name}`;
            if (type === 2) {
                this.directories.push(childPath);
            }
            this.#readNode(inodeNumber, childPath, type);
        }
    }

    #checkInodes(): void {
        for (let inodeNumber = 0; inodeNumber < this.superblock.ninodes; inodeNumber++) {
            const at = this.superblock.inode_bn * 4096 + inodeNumber * 64;
            const isUsed = this.#u32(at) !== 0;
            const isNamed = this.#inodeOwners.has(inodeNumber);
            this.#expect(isUsed === isNamed, `inode ${inodeNumber} is in use and nowhere named`);
        }
    }

    #checkBitmap(): void {
        const { nblocks, inode_bn: end, fbb_bn: start } = this.superblock;
        for (let blockNo = 0; blockNo < (end - start) * 32_768; blockNo++) {
            const isFree = blockNo < nblocks && !this.#owners.has(blockNo);
            const says = this.isMarkedFree(blockNo) ? "free" : "used";
            this.#expect(this.isMarkedFree(blockNo) === isFree, `block ${blockNo} is not ${says}`);
        }
    }

    isMarkedFree(blockNo: number): boolean {
        const byte = this.#bytes[this.superblock.fbb_bn * 4096 + Math.floor(blockNo / 8)];
        return ((byte >> (blockNo % 8)) & 1) === 1;
    }

    #own(first: number, count: number, owner: string): void {
        for (let blockNo = first; blockNo < first + count; blockNo++) {
            const other = this.#owners.get(blockNo);
            this.#expect(other === undefined, `block ${blockNo} of ${owner} is also ${other}'s`);
            this.#owners.set(blockNo, owner);
        }
    }

    #u32(at: number): number {
        return this.#data.getUint32(at, true);
    }

    #expect(holds: boolean, problem: string): void {
        if (!holds) {
            this.problems.push(problem);
        }
    }
}

/** Reads all of an image. A hopelessly damaged one may throw. */
export function readImage(bytes: Uint8Array): ReadImage {
    return new Reader(bytes);
}
