/**
 * What each block of a disk is for.
 *
 * The superblock says where the parts are; the inodes say who uses the blocks of data; the bitmap
 * says what is allocated. Where they disagree, the role says how. Of each claim only the two ends
 * are kept, and `VolumeBudget` bounds how many claims there are by the image's blocks.
 */
import { FreeBlockBitmap } from "./bitmap.ts";
import { isClaim, stretchesOf } from "./extents.ts";
import { blockSize, InodeType } from "./layout.ts";
import { bitmapBlockCount, inodeBlockCount, type Superblock } from "./superblock.ts";
import type { Volume } from "./volume.ts";
import type { VolumeBudget } from "./volume-budget.ts";

/** The parts that the superblock lays out; `reserved` is what lies between two of them. */
export type PartRole =
    | "superblock"
    | "swap"
    | "bitmap"
    | "inodes"
    | "reserved"
    | "data"
    | "journal";

/** What a block of data holds for an inode. */
export type ClaimRole = "directory" | "file" | "indirect";

/** What a block is, or what is wrong with it. */
export type BlockRole =
    | Exclude<PartRole, "data">
    | ClaimRole
    | "free"
    /** Allocated, and nobody uses it. */
    | "leaked"
    /** Used, and marked free. */
    | "marked-free"
    /** Used more than once. */
    | "shared"
    /** Past the end of an image that was cut short. */
    | "missing";

/** Blocks in a row. */
export interface BlockRun<R> {
    readonly role: R;
    readonly first: number;
    readonly count: number;
}

/** Blocks of data that an inode says are its own. */
export interface BlockClaim extends BlockRun<ClaimRole> {
    readonly inodeNo: number;
    /** The file's block that `first` is, or for `indirect` the block's number among those. */
    readonly index: number;
}

/** The parts of a disk from block 0 to its end, without gaps. */
export function diskParts(superblock: Superblock): BlockRun<PartRole>[] {
    const { nblocks, nswap, ninodes, fbb_bn, inode_bn, data_bn, journal_bn } = superblock;
    const parts: BlockRun<PartRole>[] = [];
    let next = 0;
    const add = (role: PartRole, first: number, end: number) => {
        if (first > next) {
            parts.push({ role: "reserved", first: next, count: first - next });
        }
        if (end > first) {
            parts.push({ role, first, count: end - first });
        }
        next = Math.max(end, next);
    };
    add("superblock", 0, 1);
    add("swap", 1, 1 + nswap);
    add("bitmap", fbb_bn, fbb_bn + bitmapBlockCount(nblocks));
    add("inodes", inode_bn, inode_bn + inodeBlockCount(ninodes));
    add("data", data_bn, journal_bn);
    add("journal", journal_bn, nblocks);
    return parts;
}

/**
 * What every inode in use says is its own, inode by inode, extents beyond a file's size included;
 * only blocks of data that the image has. Ends early with the budget.
 */
export function* blockClaims(
    volume: Volume,
    budget = volume.newBudget(),
): Generator<BlockClaim, void> {
    for (const inode of volume.liveInodes()) {
        const { inodeNo, type, indirect } = inode;
        const role = type === InodeType.directory ? "directory" : "file";
        let fileBlockNo = 0;
        for (const { first, count } of volume.extentSlotsOf(inode, budget)) {
            if (isClaim(volume, first, count)) {
                yield* claimsOf(volume, { role, inodeNo, first, count, index: fileBlockNo });
            }
            fileBlockNo += count;
        }
        if (isClaim(volume, indirect.first, indirect.count) && budget.takeClaim()) {
            yield* claimsOf(volume, { role: "indirect", inodeNo, ...indirect, index: 0 });
        }
    }
}

/** The part of a claim that lies in the data. */
function* claimsOf(volume: Volume, claim: BlockClaim): Generator<BlockClaim, void> {
    for (const stretch of stretchesOf(volume, claim.first, claim.count, claim.index)) {
        if (stretch.kind === "data") {
            const { first, count, fileBlockNo } = stretch;
            yield { ...claim, first, count, index: fileBlockNo };
        }
    }
}

/**
 * The role of every block from 0 to the disk's end, in runs as long as they can be. Claims for
 * which the budget had no room are left out.
 */
export function* blockRoles(
    volume: Volume,
    budget = volume.newBudget(),
): Generator<BlockRun<BlockRole>, void> {
    let last: BlockRun<BlockRole> | undefined;
    for (const run of judgedRuns(volume, budget)) {
        if (last?.role === run.role) {
            last = { ...last, count: last.count + run.count };
        } else {
            if (last !== undefined) {
                yield last;
            }
            last = run;
        }
    }
    if (last !== undefined) {
        yield last;
    }
}

/** Each use, cut where the bitmap changes its mind and where the image ends. */
function* judgedRuns(volume: Volume, budget: VolumeBudget): Generator<BlockRun<BlockRole>, void> {
    const { disk, superblock } = volume;
    const bitmap = new FreeBlockBitmap(disk, superblock);
    const imageEnd = Math.floor(disk.sizeBytes / blockSize);
    for (const { role: use, first, count } of blockUses(volume, budget)) {
        const presentEnd = Math.min(first + count, imageEnd);
        let start = first;
        while (start < presentEnd) {
            const end = bitmap.runEnd(start, presentEnd);
            const role = judged(use, bitmap.isFree(start));
            yield { role, first: start, count: end - start };
            start = end;
        }
        if (start < first + count) {
            yield { role: "missing", first: start, count: first + count - start };
        }
    }
}

/** What a block is used for; `data` is nothing. */
type BlockUse = PartRole | ClaimRole | "shared";

function judged(use: BlockUse, isFree: boolean): BlockRole {
    if (use === "data") {
        return isFree ? "free" : "leaked";
    }
    return isFree ? "marked-free" : use;
}

function* blockUses(volume: Volume, budget: VolumeBudget): Generator<BlockRun<BlockUse>, void> {
    for (const part of diskParts(volume.superblock)) {
        if (part.role === "data") {
            yield* dataUses(volume, part.first, part.first + part.count, budget);
        } else {
            yield part;
        }
    }
}

/** The claims of all inodes laid over each other, with `data` in the gaps. */
function* dataUses(
    volume: Volume,
    start: number,
    end: number,
    budget: VolumeBudget,
): Generator<BlockRun<BlockUse>> {
    /** How many claims of each role hold the block `next`. */
    const openCounts = claimRoles.map(() => 0);
    let next = start;
    for (const edge of claimEdges(volume, budget)) {
        const blockNo = Math.floor(edge / edgeKinds);
        const kind = edge % edgeKinds;
        if (blockNo > next) {
            yield { role: useOf(openCounts), first: next, count: blockNo - next };
            next = blockNo;
        }
        openCounts[kind >> 1] += kind % 2 === 0 ? 1 : -1;
    }
    if (end > next) {
        yield { role: "data", first: next, count: end - next };
    }
}

const claimRoles: readonly ClaimRole[] = ["directory", "file", "indirect"];

/** For each role a claim's start and, as the odd one, its end. */
const edgeKinds = 2 * claimRoles.length;

/**
 * Where claims start and end, ascending: each a block's number times `edgeKinds`, plus the kind.
 * They are plain numbers because a large disk has very many.
 */
function claimEdges(volume: Volume, budget: VolumeBudget): Float64Array {
    const edges: number[] = [];
    for (const { role, first, count } of blockClaims(volume, budget)) {
        const kind = 2 * claimRoles.indexOf(role);
        edges.push(first * edgeKinds + kind, (first + count) * edgeKinds + kind + 1);
    }
    return Float64Array.from(edges).sort();
}

function useOf(openCounts: readonly number[]): BlockUse {
    const openCount = openCounts.reduce((sum, count) => sum + count);
    if (openCount === 0) {
        return "data";
    }
    return openCount > 1 ? "shared" : claimRoles[openCounts.indexOf(1)];
}
