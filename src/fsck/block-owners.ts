/**
 * Who uses each block: the first one to claim it owns it.
 *
 * The parts of the disk own their blocks from the start; files claim theirs as the walk comes
 * upon them. Memory follows what is claimed.
 */
import type { ByteString } from "../base/byte-string.ts";
import { PagedUint32Array } from "../base/paged-array.ts";
import type { Superblock } from "../chkfs/superblock.ts";

/** What a block is used for. */
export const blockRoles = [
    "unused",
    "superblock",
    "swap",
    "fbb",
    "inode",
    "journal",
    "directory",
    "regular",
    "indirect",
] as const;

export type BlockRole = (typeof blockRoles)[number];

/** The use of a block. */
export interface BlockOwner {
    readonly role: BlockRole;
    /** The inode, or 0 for a part of the disk. */
    readonly inodeNo: number;
    /** Which block of the file, of its indirect extent or of the disk's part; -1 for the only. */
    readonly index: number;
}

/** A part of the disk that is not data, and what messages call it. */
export interface DiskPart {
    readonly role: BlockRole;
    readonly name: ByteString;
    readonly start: number;
    readonly end: number;
}

/** The parts of a disk that are not data, in order. */
function ownedParts(superblock: Superblock): DiskPart[] {
    const { swap_bn, fbb_bn, inode_bn, data_bn, journal_bn, nblocks } = superblock;
    return [
        { role: "superblock", name: "superblock", start: 0, end: 1 },
        { role: "swap", name: "swap space", start: swap_bn, end: fbb_bn },
        { role: "fbb", name: "fbb", start: fbb_bn, end: inode_bn },
        { role: "inode", name: "inode", start: inode_bn, end: data_bn },
        { role: "journal", name: "journal", start: journal_bn, end: nblocks },
    ];
}

export class BlockOwners {
    readonly parts: readonly DiskPart[];
    readonly #roles = new PagedUint32Array();
    readonly #inodes = new PagedUint32Array();
    readonly #indexes = new PagedUint32Array();

    constructor(superblock: Superblock) {
        this.parts = ownedParts(superblock);
    }

    /** The block's owner, or undefined while nobody has claimed it. */
    ownerOf(blockNo: number): BlockOwner | undefined {
        const role = this.#roles.get(blockNo);
        if (role !== 0) {
            return {
                role: blockRoles[role],
                inodeNo: this.#inodes.get(blockNo),
                index: this.#indexes.get(blockNo),
            };
        }
        const part = this.parts.find(({ start, end }) => start <= blockNo && blockNo < end);
        if (part === undefined) {
            return undefined;
        }
        const index = part.role === "superblock" ? -1 : blockNo - part.start;
        return { role: part.role, inodeNo: 0, index };
    }

    /** Whether a file has claimed the block. */
    isClaimed(blockNo: number): boolean {
        return this.#roles.get(blockNo) !== 0;
    }

    /** Makes an inode the owner of a block that has none. */
    claim(blockNo: number, role: BlockRole, inodeNo: number, index: number): void {
        this.#roles.set(blockNo, blockRoles.indexOf(role));
        this.#inodes.set(blockNo, inodeNo);
        this.#indexes.set(blockNo, index);
    }
}
