/**
 * What the walk over a disk knows and shares: the disk, who owns what, who was visited.
 */
import type { ByteReader } from "../base/byte-store.ts";
import type { ByteString } from "../base/byte-string.ts";
import { PagedUint32Array } from "../base/paged-array.ts";
import { FreeBlockBitmap } from "../chkfs/bitmap.ts";
import { InodeTable } from "../chkfs/inode-table.ts";
import { extentsPerBlock } from "../chkfs/layout.ts";
import type { Superblock } from "../chkfs/superblock.ts";
import { BlockOwners, type BlockRole } from "./block-owners.ts";
import type { Reporter } from "./reporter.ts";
import type { CheckRules } from "./rules.ts";
import { Ancestry } from "./strict/ancestry.ts";
import { VisitedInodes } from "./visited-inodes.ts";

/**
 * The work bound. Every block that a file claims, for the first time or again, costs one step; it
 * leads to at most 32 directory entries. Extents in indirect blocks have an allowance of their
 * own, as large, and 512 more for each block that is first claimed as one of extents. On a sound
 * disk no block is claimed twice, so what goes past this is damage that one finding describes.
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
    readonly visited = new VisitedInodes();
    /** Kept by a strict walk, which says more exactly what some of the findings are. */
    readonly ancestry: Ancestry | undefined;
    #stepCount = 0;
    readonly #stepLimit: number;
    #extentCount = 0;
    #extentLimit: number;
    #isExhausted = false;

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
        this.#extentLimit = this.#stepLimit;
    }

    /** Whether the walk was cut short. */
    get isExhausted(): boolean {
        return this.#isExhausted;
    }

    get isStrict(): boolean {
        return this.ancestry !== undefined;
    }

    nameOf(inodeNo: number): ByteString {
        return this.visited.nameOf(inodeNo);
    }

    /** Notes that an extent of an indirect block is looked at; false: the caller stops. */
    takeExtent(): boolean {
        this.#extentCount++;
        return this.#goesOn(this.#extentCount <= this.#extentLimit);
    }

    /** Ends the walk, with a finding, where an allowance is used up. */
    #goesOn(isAllowed: boolean): boolean {
        if (!isAllowed && !this.#isExhausted) {
            this.#isExhausted = true;
            const stepCount = this.#stepCount + this.#extentCount - 1;
            this.reporter.report("check-incomplete", { kind: "image" }, { stepCount });
        }
        return isAllowed;
    }

    /**
     * Claims blocks in a row for a file, as long as nobody has claimed them, and reports those that
     * are marked free. Returns how many it claimed, possibly none. Each costs a step.
     */
    claimRun(blockNo: number, end: number, inodeNo: number, index: number): number {
        const runEnd = this.owners.freeRunEnd(blockNo, end);
        if (runEnd === blockNo) {
            return 0;
        }
        this.#stepCount += runEnd - blockNo;
        this.owners.claimRun(blockNo, runEnd, "regular", inodeNo, index);
        const user = { name: this.nameOf(inodeNo), role: "regular", inodeNo };
        this.bitmap.forEachFree(blockNo, runEnd, (freeBlockNo) => {
            const place = { kind: "block", blockNo: freeBlockNo, user } as const;
            this.reporter.report("block-used-but-free", place, {});
        });
        return runEnd - blockNo;
    }

    /**
     * Claims a block of the disk for an inode and reports when it is taken or marked free.
     * Returns false when the allowance is used up; the caller then stops.
     */
    claim(blockNo: number, role: BlockRole, inodeNo: number, index: number): boolean {
        this.#stepCount++;
        if (!this.#goesOn(this.#stepCount <= this.#stepLimit)) {
            return false;
        }
        const name = this.nameOf(inodeNo);
        const owner = this.owners.ownerOf(blockNo);
        if (owner !== undefined) {
            const part = this.owners.parts.find((candidate) => candidate.role === owner.role);
            const user = { name, index, role, inodeNo };
            const other = { ...owner, name: part?.name ?? this.nameOf(owner.inodeNo) };
            const place = { kind: "block", blockNo } as const;
            const isPart = owner.inodeNo === 0 && this.isStrict;
            const code = isPart ? "block-not-data" : "block-reused";
            this.reporter.report(code, place, { user, owner: other });
            return true;
        }
        this.owners.claim(blockNo, role, inodeNo, index);
        if (role === "indirect") {
            this.#extentLimit += extentsPerBlock;
        }
        if (this.bitmap.isFree(blockNo)) {
            const place = { kind: "block", blockNo, user: { name, role, inodeNo } } as const;
            this.reporter.report("block-used-but-free", place, {});
        }
        return true;
    }
}
