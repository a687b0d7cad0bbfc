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

/** Blocks in a row that one inode claimed one after the other. */
interface ClaimedRun {
    readonly role: BlockRole;
    readonly inodeNo: number;
    /** The first block, and what it is of the file. */
    readonly first: number;
    readonly index: number;
    /** The block behind the last. */
    end: number;
}

export class BlockOwners {
    readonly parts: readonly DiskPart[];
    readonly #dataStart: number;
    readonly #dataEnd: number;
    readonly #runs: ClaimedRun[] = [];
    /** For each block the number of its run, from 1; 0 while nobody has claimed it. */
    readonly #runNumbers = new PagedUint32Array();

    constructor(superblock: Superblock) {
        this.parts = ownedParts(superblock);
        this.#dataStart = superblock.data_bn;
        this.#dataEnd = superblock.journal_bn;
    }

    /** The block's owner, or undefined while nobody has claimed it. */
    ownerOf(blockNo: number): BlockOwner | undefined {
        const runNumber = this.#runNumbers.get(blockNo);
        if (runNumber !== 0) {
            const { role, inodeNo, first, index } = this.#runs[runNumber - 1];
            return { role, inodeNo, index: index + (blockNo - first) };
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
        return this.#runNumbers.get(blockNo) !== 0;
    }

    /** Makes an inode the owner of a block that has none. */
    claim(blockNo: number, role: BlockRole, inodeNo: number, index: number): void {
        this.#runNumbers.set(blockNo, this.#runOf(blockNo, 1, role, inodeNo, index));
    }

    /**
     * The end of a run of blocks from `blockNo` on, none behind `end`, that can be claimed at once:
     * they are data, and nobody has claimed any of them. `blockNo` itself where there is none.
     */
    freeRunEnd(blockNo: number, end: number): number {
        return blockNo < this.#dataStart || blockNo >= this.#dataEnd
            ? blockNo
            : this.#runNumbers.zerosEnd(blockNo, Math.min(end, this.#dataEnd));
    }

    /** The end of a run of blocks from `blockNo` on that files have claimed. */
    claimedRunEnd(blockNo: number, end: number): number {
        return this.#runNumbers.nonzerosEnd(blockNo, end);
    }

    /** Makes an inode the owner of the blocks up to a `freeRunEnd`. */
    claimRun(blockNo: number, end: number, role: BlockRole, inodeNo: number, index: number): void {
        const runNumber = this.#runOf(blockNo, end - blockNo, role, inodeNo, index);
        this.#runNumbers.fill(blockNo, end, runNumber);
    }

    /** The number of the run that the blocks belong to: the last one where they continue it. */
    #runOf(
        blockNo: number,
        blockCount: number,
        role: BlockRole,
        inodeNo: number,
        index: number,
    ): number {
        const last = this.#runs.at(-1);
        const continues =
            last !== undefined &&
            last.end === blockNo &&
            last.inodeNo === inodeNo &&
            last.role === role &&
            last.index + (blockNo - last.first) === index;
        if (continues) {
            last.end += blockCount;
        } else {
            this.#runs.push({ role, inodeNo, first: blockNo, index, end: blockNo + blockCount });
        }
        return this.#runs.length;
    }
}
