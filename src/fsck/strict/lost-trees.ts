/**
 * Lost inodes in the order in which they hang together: the tops of lost trees before what lies
 * below them, and circles of directories last.
 *
 * A plain check takes lost inodes as their numbers come, and so calls a lost file lost although
 * its lost directory names it. Here the entries of lost directories are read beforehand.
 *
 * Work: each lost directory's entries once, drawn from one `VolumeBudget`; each lost inode is
 * passed at most twice on the way up to a circle, for what lies on that way is visited then.
 */
import { InodeType } from "../../chkfs/layout.ts";
import { Volume } from "../../chkfs/volume.ts";
import type { WalkState } from "../walk-state.ts";

/** An inode that no directory under the root names. */
export interface LostInode {
    readonly inodeNo: number;
    readonly code: "inode-lost" | "directory-lost" | "directory-cycle";
    /** Whether an entry names it after all, to be counted when the walk comes upon it. */
    readonly isNamed: boolean;
}

/** Yields what to visit next; the caller visits it, and all below it, before asking again. */
export function* lostTrees(state: WalkState): Generator<LostInode, void> {
    const parents = lostParents(state);
    for (const inodeNo of lostInodeNumbers(state)) {
        if (!parents.has(inodeNo)) {
            const isDirectory = state.inodes.view(inodeNo).type === InodeType.directory;
            const code = isDirectory ? "directory-lost" : "inode-lost";
            yield { inodeNo, code, isNamed: false };
        }
    }
    for (const inodeNo of lostInodeNumbers(state)) {
        const start = circleAbove(inodeNo, parents);
        if (start !== undefined && !state.visited.has(start)) {
            yield { inodeNo: start, code: "directory-cycle", isNamed: true };
        }
        if (!state.visited.has(inodeNo)) {
            yield { inodeNo, code: "inode-lost", isNamed: false };
        }
    }
}

/** Inodes in use that the walk has not come upon, ascending, as it stands when asked. */
export function* lostInodeNumbers({ inodes, visited }: WalkState): Generator<number, void> {
    for (let inodeNo = 1; inodeNo < inodes.inodeCount; inodeNo++) {
        if (inodes.view(inodeNo).type !== InodeType.free && !visited.has(inodeNo)) {
            yield inodeNo;
        }
    }
}

/** For each lost inode that a lost directory names, the first that does. */
function lostParents(state: WalkState): Map<number, number> {
    const parents = new Map<number, number>();
    const volume = new Volume(state.disk, state.superblock);
    const budget = volume.newBudget();
    for (const directoryNo of lostInodeNumbers(state)) {
        const inode = volume.inode(directoryNo);
        if (inode.type !== InodeType.directory) {
            continue;
        }
        for (const { inodeNo } of volume.entriesOf(inode, budget)) {
            if (volume.hasInode(inodeNo) && !state.visited.has(inodeNo) && !parents.has(inodeNo)) {
                parents.set(inodeNo, directoryNo);
            }
        }
    }
    return parents;
}

/** The smallest inode of the circle that one comes to by going up, or undefined without one. */
function circleAbove(inodeNo: number, parents: ReadonlyMap<number, number>): number | undefined {
    const passed = new Set<number>();
    let current: number | undefined = inodeNo;
    while (current !== undefined && !passed.has(current)) {
        passed.add(current);
        current = parents.get(current);
    }
    let smallest = current;
    let isInCircle = false;
    for (const above of passed) {
        isInCircle ||= above === current;
        if (isInCircle && smallest !== undefined) {
            smallest = Math.min(smallest, above);
        }
    }
    return smallest;
}
