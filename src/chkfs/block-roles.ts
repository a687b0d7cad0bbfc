/**
 * What each block of a disk is for.
 *
 * The superblock says where the parts are; the inodes say who uses the blocks of data; the bitmap
 * says what is allocated. Where they disagree, the role says how. Only runs of blocks are kept,
 * one for each extent, so a disk of any size costs no more memory than its files have extents.
 */
import { FreeBlockBitmap } from "./bitmap.ts";
import { stretchesOf } from "./extents.ts";
import { blockSize, InodeType } from "./layout.ts";
import { bitmapBlockCount, inodeBlockCount, type Superblock } from "./superblock.ts";
import type { Volume } from "./volume.ts";

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
            yield* claimsOf(volume, { role, inodeNo, first, count, index: fileBlockNo });
            fileBlockNo += count;
        }
        if (indirect.first !== 0 && indirect.count !== 0) {
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

/** The role of every block from 0 to the disk's end, in runs as long as they can be. */
export function* blockRoles(volume: Volume): Generator<BlockRun<BlockRole>, void> {
    let last: BlockRun<BlockRole> | undefined;
    for (const run of judgedRuns(volume)) {
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
function* judgedRuns(volume: Volume): Generator<BlockRun<BlockRole>, void> {
    const { disk, superblock } = volume;
    const bitmap = new FreeBlockBitmap(disk, superblock);
    const imageEnd = Math.floor(disk.sizeBytes / blockSize);
    for (const { role: use, first, count } of blockUses(volume)) {
        const presentEnd = Math.min(first + count, imageEnd);
        let start = first;
        while (start < presentEnd) {
            const isFree = bitmap.isFree(start);
            let next = start + 1;
            while (next < presentEnd && bitmap.isFree(next) === isFree) {
                next++;
            }
            yield { role: judged(use, isFree), first: start, count: next - start };
            start = next;
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

function* blockUses(volume: Volume): Generator<BlockRun<BlockUse>, void> {
    for (const part of diskParts(volume.superblock)) {
        if (part.role === "data") {
            yield* dataUses(volume, part.first, part.first + part.count);
        } else {
            yield part;
        }
    }
}

/** The claims of all inodes laid over each other, with `data` in the gaps. */
function* dataUses(volume: Volume, start: number, end: number): Generator<BlockRun<BlockUse>> {
    const claims = [...blockClaims(volume)];
    const edges = claims.flatMap((claim) => [
        { blockNo: claim.first, claim },
        { blockNo: claim.first + claim.count, claim },
    ]);
    edges.sort((a, b) => a.blockNo - b.blockNo);
    const open = new Set<BlockClaim>();
    let next = start;
    for (const { blockNo, claim } of [...edges, { blockNo: end, claim: undefined }]) {
        if (blockNo > next) {
            const [only] = open;
            const role = open.size > 1 ? "shared" : (only?.role ?? "data");
            yield { role, first: next, count: blockNo - next };
            next = blockNo;
        }
        // The first edge of a claim opens it, the second closes it.
        if (claim !== undefined && !open.delete(claim)) {
            open.add(claim);
        }
    }
}
