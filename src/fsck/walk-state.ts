/**
 * What the walk over a disk knows and shares: the disk, who owns what, who was visited.
 */
import type { ByteReader } from "../base/byte-store.ts";
import type { ByteString } from "../base/byte-string.ts";
import { PagedUint32Array } from "../base/paged-array.ts";
import { FreeBlockBitmap } from "../chkfs/bitmap.ts";
import { InodeTable } from "../chkfs/inode-table.ts";
import type { Superblock } from "../chkfs/superblock.ts";
import { BlockOwners, type BlockRole } from "./block-owners.ts";
import type { Reporter } from "./reporter.ts";
import type { CheckRules } from "./rules.ts";
import { Ancestry } from "./strict/ancestry.ts";

/**
 * The work bound. Every block that a file claims, for the first time or again, costs one step, and
 * so does every extent that stands in an indirect block; a block claimed leads to at most 32
 * directory entries. A sound disk needs one step a block, one for its extent and one for a hole
 * behind it, so what goes past this allowance is damage that one finding describes.
 */
function stepAllowance(blockCount: number): number {
    return 3 * blockCount + 4096;
}

export class WalkState {
    readonly disk: ByteReader;
    readonly superblock: Superblock;
    readonly rules: CheckRules;
    readonly reporter: Reporter;
    readonly bitmap: FreeBlockBitmap;
    readonly inodes: InodeTable;
    readonly owners: BlockOwners;
    /** How many directory entries name each inode (and 1 for the root and for lost ones). */
    readonly visits = new PagedUint32Array();
    /** The name by which each visited inode was first come upon. */
    readonly names = new Map<number, ByteString>();
    /** Visited inodes that no entry names, other than the root. */
    readonly lost = new Set<number>();
    /** Kept by a strict walk, which says more exactly what some of the findings are. */
    readonly ancestry: Ancestry | undefined;
    #stepCount = 0;
    readonly #stepLimit: number;

    constructor(
        disk: ByteReader,
        superblock: Superblock,
        rules: CheckRules,
        reporter: Reporter,
        isStrict = false,
    ) {
        this.disk = disk;
        this.superblock = superblock;
        this.rules = rules;
        this.reporter = reporter;
        this.bitmap = new FreeBlockBitmap(disk, superblock);
        this.inodes = new InodeTable(disk, superblock);
        this.owners = new BlockOwners(superblock);
        this.ancestry = isStrict ? new Ancestry(superblock.ninodes) : undefined;
        this.#stepLimit = stepAllowance(superblock.nblocks);
    }

    /** Whether the walk was cut short. */
    get isExhausted(): boolean {
        return this.#stepCount > this.#stepLimit;
    }

    get isStrict(): boolean {
        return this.ancestry !== undefined;
    }

    nameOf(inodeNo: number): ByteString {
        return this.names.get(inodeNo) ?? "";
    }

    /** Takes one step; false when the allowance is used up: the caller then stops. */
    step(): boolean {
        this.#stepCount++;
        if (this.#stepCount === this.#stepLimit + 1) {
            const claimCount = this.#stepLimit;
            this.reporter.report("check-incomplete", { kind: "image" }, { claimCount });
        }
        return !this.isExhausted;
    }

    /**
     * Claims a block of the disk for an inode and reports when it is taken or marked free.
     * Returns false when the allowance is used up; the caller then stops.
     */
    claim(blockNo: number, role: BlockRole, inodeNo: number, index: number): boolean {
        if (!this.step()) {
            return false;
        }
        const name = this.nameOf(inodeNo);
        const owner = this.owners.ownerOf(blockNo);
        if (owner !== undefined) {
            const part = this.owners.parts.find((candidate) => candidate.role === owner.role);
            const first = { ...owner, name: part?.name ?? this.nameOf(owner.inodeNo) };
            const place = { kind: "block", blockNo } as const;
            const isPart = owner.inodeNo === 0 && this.isStrict;
            const code = isPart ? "block-not-data" : "block-reused";
            this.reporter.report(code, place, { user: { name, index, role }, first });
            return true;
        }
        this.owners.claim(blockNo, role, inodeNo, index);
        if (this.bitmap.isFree(blockNo)) {
            const place = { kind: "block", blockNo, user: { name, role } } as const;
            this.reporter.report("block-used-but-free", place, {});
        }
        return true;
    }
}
