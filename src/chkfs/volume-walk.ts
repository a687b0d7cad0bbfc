/**
 * A tree from top to bottom, whatever the directories say.
 *
 * Each directory is gone into once, so that a directory that contains itself, or stands in two
 * places, ends the walk like any other. Entries come from one budget, so that directories that
 * share their blocks do too; and no walk goes deeper than `maxDepth`. A path may still have 62,000
 * bytes, as 500 names of 123 make, so whoever keeps the paths of many entries needs a limit.
 * In memory are the entries of the directories on the way down, and the numbers of all
 * directories that were gone into.
 */
import type { ByteString } from "../base/byte-string.ts";
import type { DirectoryEntry } from "./directory.ts";
import type { Inode } from "./inode.ts";
import { InodeType } from "./layout.ts";
import { joinPath } from "./path.ts";
import type { VolumeBudget } from "./volume-budget.ts";

/** Directories inside each other that a walk goes into. */
export const maxDepth = 500;

/** Why a walk does not go further at an entry. */
export type WalkProblem =
    /** The disk has no inode of that number. */
    | "no such inode"
    /** The inode is marked free. */
    | "free inode"
    /** A directory that the walk has been in already. */
    | "seen before"
    | "too deep";

/** A step of a walk. */
export interface WalkEntry {
    /** From the root, with the names as they are on the disk. */
    readonly path: ByteString;
    readonly name: ByteString;
    /** 0 for where the walk began. */
    readonly depth: number;
    readonly inodeNo: number;
    /** Undefined where the disk has no such inode. */
    readonly inode: Inode | undefined;
    /** Whether it is the last entry of its directory. */
    readonly isLast: boolean;
    readonly problem: WalkProblem | undefined;
}

/** What a walk needs of a volume. */
export interface WalkedVolume {
    hasInode(inodeNo: number): boolean;
    inode(inodeNo: number): Inode;
    entriesOf(directory: Inode, budget: VolumeBudget): Iterable<DirectoryEntry>;
}

/** A directory that the walk is in. */
interface Level {
    readonly path: ByteString;
    readonly entries: readonly DirectoryEntry[];
    /** The entry to look at next. */
    next: number;
}

/** Everything from `inodeNo`, itself first, directories before what is in them. */
export function* walkTree(
    volume: WalkedVolume,
    inodeNo: number,
    path: ByteString,
    budget: VolumeBudget,
): Generator<WalkEntry, void> {
    const seen = new Set<number>();
    const levels: Level[] = [];
    const visit = (entry: Pick<WalkEntry, "path" | "name" | "inodeNo" | "isLast">): WalkEntry => {
        const inode = volume.hasInode(entry.inodeNo) ? volume.inode(entry.inodeNo) : undefined;
        const depth = levels.length;
        const problem = walkProblem(inode, seen, depth);
        if (inode?.type === InodeType.directory && problem === undefined) {
            seen.add(entry.inodeNo);
            levels.push({
                path: entry.path,
                entries: [...volume.entriesOf(inode, budget)],
                next: 0,
            });
        }
        return { ...entry, depth, inode, problem };
    };
    yield visit({ path, name: "", inodeNo, isLast: true });
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
        const entry = level.entries.at(level.next);
        if (entry === undefined) {
            levels.pop();
            continue;
        }
        level.next++;
        yield visit({
            path: joinPath(level.path, entry.name),
            name: entry.name,
            inodeNo: entry.inodeNo,
            isLast: level.next === level.entries.length,
        });
    }
}

function walkProblem(
    inode: Inode | undefined,
    seen: ReadonlySet<number>,
    depth: number,
): WalkProblem | undefined {
    if (inode === undefined) {
        return "no such inode";
    }
    if (inode.type === InodeType.free) {
        return "free inode";
    }
    if (inode.type !== InodeType.directory) {
        return undefined;
    }
    if (seen.has(inode.inodeNo)) {
        return "seen before";
    }
    return depth >= maxDepth ? "too deep" : undefined;
}
