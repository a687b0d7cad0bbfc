/**
 * Who names whom: the entries of all directories as a graph, apart from what they hold.
 *
 * Being lost is told from it, and whether a directory has more than one name.
 */
import { PagedUint32Array } from "../../base/paged-array.ts";
import { InodeType, rootInodeNumber } from "../../chkfs/layout.ts";
import type { Volume } from "../../chkfs/volume.ts";

/** A lost inode that must get a name, for no lost directory gives it one. */
export interface LostTop {
    readonly inodeNo: number;
    /** Whether it is in a circle of directories that contain each other. */
    readonly isInCycle: boolean;
}

export class EntryGraph {
    readonly #volume: Volume;
    /** Entries that name each inode. */
    readonly #linkCounts = new PagedUint32Array();

    constructor(volume: Volume) {
        this.#volume = volume;
        const budget = volume.newBudget();
        for (const directory of this.#directories()) {
            for (const { inodeNo } of volume.entriesOf(directory, budget)) {
                if (volume.hasInode(inodeNo)) {
                    this.#linkCounts.set(inodeNo, this.#linkCounts.get(inodeNo) + 1);
                }
            }
        }
    }

    /** Directories with more than one name, and the root where it has one; ascending. */
    directoriesLinkedTwice(): { inodeNo: number; linkCount: number }[] {
        const found: { inodeNo: number; linkCount: number }[] = [];
        for (const { inodeNo } of this.#directories()) {
            const linkCount = this.#linkCounts.get(inodeNo) + (inodeNo === rootInodeNumber ? 1 : 0);
            if (linkCount > 1) {
                found.push({ inodeNo, linkCount });
            }
        }
        return found;
    }

    /**
     * The fewest lost inodes that must be named for all to be reached, ascending. Asked of a disk
     * whose directories have one name each at most: then the lost ones are trees and circles with
     * trees in them, and of a circle the smallest inode is named.
     */
    lostTops(): LostTop[] {
        const reached = new PagedUint32Array();
        this.#reach(rootInodeNumber, reached);
        const lost: number[] = [];
        for (const { inodeNo } of this.#volume.liveInodes()) {
            if (reached.get(inodeNo) === 0) {
                lost.push(inodeNo);
            }
        }
        const parents = this.#parentsOf(lost);
        const tops: LostTop[] = [];
        const attach = (inodeNo: number, isInCycle: boolean) => {
            tops.push({ inodeNo, isInCycle });
            this.#reach(inodeNo, reached);
        };
        for (const inodeNo of lost) {
            if (parents.get(inodeNo) === 0) {
                attach(inodeNo, false);
            }
        }
        for (const inodeNo of lost) {
            if (reached.get(inodeNo) === 0) {
                attach(smallestInCycleAbove(inodeNo, parents), true);
            }
        }
        return tops.sort((a, b) => a.inodeNo - b.inodeNo);
    }

    *#directories() {
        for (const inode of this.#volume.liveInodes()) {
            if (inode.type === InodeType.directory) {
                yield inode;
            }
        }
    }

    /** Numbers of the inodes that a directory names; of anything else, none. */
    *#childrenOf(inodeNo: number): Generator<number, void> {
        const inode = this.#volume.inode(inodeNo);
        if (inode.type === InodeType.directory) {
            for (const entry of this.#volume.entriesOf(inode)) {
                if (this.#volume.hasInode(entry.inodeNo)) {
                    yield entry.inodeNo;
                }
            }
        }
    }

    /** Marks `inodeNo` and all that is below it. */
    #reach(inodeNo: number, reached: PagedUint32Array): void {
        const queue = [inodeNo];
        reached.set(inodeNo, 1);
        for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
            for (const child of this.#childrenOf(next)) {
                if (reached.get(child) === 0) {
                    reached.set(child, 1);
                    queue.push(child);
                }
            }
        }
    }

    /** For each inode that a lost directory names, that directory. */
    #parentsOf(lost: readonly number[]): PagedUint32Array {
        const parents = new PagedUint32Array();
        for (const inodeNo of lost) {
            for (const child of this.#childrenOf(inodeNo)) {
                parents.set(child, inodeNo);
            }
        }
        return parents;
    }
}

/** The smallest inode of the circle that going from child to parent ends in. */
function smallestInCycleAbove(inodeNo: number, parents: PagedUint32Array): number {
    const seen = new Set<number>();
    let at = inodeNo;
    while (!seen.has(at)) {
        seen.add(at);
        at = parents.get(at);
    }
    let smallest = at;
    for (let next = parents.get(at); next !== at; next = parents.get(next)) {
        smallest = Math.min(smallest, next);
    }
    return smallest;
}
