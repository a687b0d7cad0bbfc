/**
 * The walk: from the root over every directory, then over the inodes that nobody named.
 *
 * Breadth first and in the order of the entries, as the reference walks, so that findings come
 * in its order. Each inode is examined once, whatever names it; a directory that contains itself
 * ends there.
 */
import type { ByteString } from "../base/byte-string.ts";
import { InodeType, inodeLayout, rootInodeNumber } from "../chkfs/layout.ts";
import { checkDirectoryBlock, type OpenDirectory } from "./directory-check.ts";
import { checkExtents } from "./extents-check.ts";
import { type LostInode, lostInodeNumbers, lostTrees } from "./strict/lost-trees.ts";
import type { WalkState } from "./walk-state.ts";

/** Walks the whole disk. */
export function walk(state: WalkState): void {
    checkParts(state);
    const queue: number[] = [];
    visit(state, queue, rootInodeNumber, "root directory");
    checkRoot(state);
    examineAll(state, queue);
    findLostInodes(state, queue);
    findLeaks(state);
}

/** A root that is a file leaves nothing that could be opened. */
function checkRoot({ inodes, reporter, rules }: WalkState): void {
    const { type } = inodes.view(rootInodeNumber);
    if (type === InodeType.regular && !rules.rootMayBeFile) {
        const place = { kind: "inode", inodeNo: rootInodeNumber } as const;
        reporter.report("root-not-directory", place, { type });
    }
}

/** The blocks of the disk's own parts must not be marked free. */
function checkParts({ owners, bitmap, reporter }: WalkState): void {
    for (const { start, end, name, role } of owners.parts) {
        bitmap.forEachFree(start, end, (blockNo) => {
            reporter.report(
                "block-used-but-free",
                { kind: "block", blockNo, user: { name, role, inodeNo: 0 } },
                {},
            );
        });
    }
}

/**
 * Notes that `name` names an inode; the first time, the inode joins the queue.
 *
 * @param holder the directory where the name stands
 */
function visit(
    state: WalkState,
    queue: number[],
    inodeNo: number,
    name: ByteString,
    holder?: number,
): void {
    const { reporter, visits, ancestry } = state;
    const linkNo = visits.get(inodeNo) + 1;
    visits.set(inodeNo, linkNo);
    if (!state.visited.has(inodeNo)) {
        enter(state, queue, inodeNo, name, holder);
    } else if (linkNo > 1 && state.inodes.view(inodeNo).type === InodeType.directory) {
        const place = { kind: "inode", inodeNo, name: state.nameOf(inodeNo) } as const;
        const code =
            ancestry === undefined || holder === undefined
                ? "directory-linked-twice"
                : ancestry.secondLinkCode(inodeNo, holder);
        reporter.report(code, place, { linkNo, name });
    }
}

/** An inode joins the queue. */
function enter(
    state: WalkState,
    queue: number[],
    inodeNo: number,
    name: ByteString,
    holder?: number,
): void {
    const { type } = state.inodes.view(inodeNo);
    state.visited.add(inodeNo, name);
    if (type === InodeType.directory && holder !== undefined) {
        state.ancestry?.add(inodeNo, holder);
    } else if (type !== InodeType.regular && type !== InodeType.directory) {
        const isFree = type === InodeType.free && holder !== undefined && state.isStrict;
        const code = isFree ? "dirent-inode-free" : "inode-unknown-type";
        state.reporter.report(code, { kind: "inode", inodeNo, name }, { type });
    }
    queue.push(inodeNo);
}

function examineAll(state: WalkState, queue: number[]): void {
    for (let next = 0; next < queue.length && !state.isExhausted; next++) {
        examine(state, queue, queue[next]);
    }
    queue.length = 0;
}

function examine(state: WalkState, queue: number[], inodeNo: number): void {
    const { reporter } = state;
    const view = state.inodes.view(inodeNo);
    const { type, size, nlink } = view;
    const bytes = view.bytes.slice(view.byteOffset, view.byteOffset + inodeLayout.sizeBytes);
    if (reporter.isObserving) {
        const indirect = inodeIndirect(bytes);
        const name = state.nameOf(inodeNo);
        reporter.observe({ kind: "inode", inodeNo, name, size, type, nlink, indirect });
    }
    if (type !== InodeType.directory) {
        checkExtents(state, { inodeNo, size, role: "regular" }, bytes, () => {});
        return;
    }
    if (size % 128 !== 0) {
        const place = { kind: "inode", inodeNo, name: state.nameOf(inodeNo) } as const;
        reporter.report("directory-size", place, { size });
    }
    const directory: OpenDirectory = { inodeNo, size, names: new Set() };
    checkExtents(state, { inodeNo, size, role: "directory" }, bytes, (blockNo, index) =>
        checkDirectoryBlock(state, directory, blockNo, index, (childNo, name) =>
            visit(state, queue, childNo, name, inodeNo),
        ),
    );
}

function inodeIndirect(inode: Uint8Array): { first: number; count: number } {
    const { offset, type } = inodeLayout.fields.indirect;
    const { first, count } = type.at(inode, offset);
    return { first, count };
}

/** Inodes in use that no entry names; each is examined, and what it names with it. */
function findLostInodes(state: WalkState, queue: number[]): void {
    if (state.isExhausted) {
        return;
    }
    checkInodeZero(state);
    for (const { inodeNo, code, isNamed } of state.isStrict ? lostTrees(state) : lostOnes(state)) {
        state.reporter.report(code, { kind: "inode", inodeNo }, {});
        if (isNamed) {
            enter(state, queue, inodeNo, "lost inode");
        } else {
            visit(state, queue, inodeNo, "lost inode");
            state.visited.markLost(inodeNo);
        }
        examineAll(state, queue);
        if (state.isExhausted) {
            return;
        }
    }
}

/** Lost inodes one by one, as the reference takes them. */
function* lostOnes(state: WalkState): Generator<LostInode, void> {
    for (const inodeNo of lostInodeNumbers(state)) {
        yield { inodeNo, code: "inode-lost", isNamed: false };
    }
}

function checkInodeZero({ inodes, reporter, rules }: WalkState): void {
    const { type } = inodes.view(0);
    if (type === InodeType.free) {
        return;
    }
    if (rules.inodeZeroIsLost) {
        reporter.report("inode-lost", { kind: "inode", inodeNo: 0 }, {});
        reporter.report("inode-zero-referenced", { kind: "name", name: "lost inode" }, {});
    } else {
        reporter.report("inode-zero-live", { kind: "image" }, { type });
    }
}

/** Blocks of data that are marked allocated and that nothing uses. */
function findLeaks(state: WalkState): void {
    const { bitmap, owners, reporter, superblock } = state;
    if (state.isExhausted) {
        return;
    }
    const { data_bn, journal_bn } = superblock;
    for (let start = data_bn; start < journal_bn; ) {
        const end = owners.freeRunEnd(start, journal_bn);
        bitmap.forEachAllocated(start, end, (blockNo) =>
            reporter.report("block-leaked", { kind: "block", blockNo }, {}),
        );
        start = owners.claimedRunEnd(end, journal_bn);
    }
}
