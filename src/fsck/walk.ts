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
import type { WalkState } from "./walk-state.ts";

/** Walks the whole disk. */
export function walk(state: WalkState): void {
    checkParts(state);
    const queue: number[] = [];
    visit(state, queue, rootInodeNumber, "root directory");
    examineAll(state, queue);
    findLostInodes(state, queue);
    findLeaks(state);
}

/** The blocks of the disk's own parts must not be marked free. */
function checkParts({ owners, bitmap, reporter }: WalkState): void {
    for (const { start, end, name, role } of owners.parts) {
        bitmap.forEachFree(start, end, (blockNo) => {
            reporter.report(
                "block-used-but-free",
                { kind: "block", blockNo, user: { name, role } },
                {},
            );
        });
    }
}

/** Notes that `name` names an inode; the first time, the inode joins the queue. */
function visit(state: WalkState, queue: number[], inodeNo: number, name: ByteString): void {
    const { reporter, visits } = state;
    const linkNo = visits.get(inodeNo) + 1;
    visits.set(inodeNo, linkNo);
    const { type } = state.inodes.view(inodeNo);
    if (linkNo === 1) {
        state.names.set(inodeNo, name);
        if (type !== InodeType.regular && type !== InodeType.directory) {
            reporter.report("inode-unknown-type", { kind: "inode", inodeNo, name }, { type });
        }
        queue.push(inodeNo);
    } else if (type === InodeType.directory) {
        const place = { kind: "inode", inodeNo, name: state.nameOf(inodeNo) } as const;
        reporter.report("directory-linked-twice", place, { linkNo, name });
    }
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
            visit(state, queue, childNo, name),
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
    const { inodes, visits, reporter, rules } = state;
    for (let inodeNo = 0; inodeNo < inodes.inodeCount && !state.isExhausted; inodeNo++) {
        const { type } = inodes.view(inodeNo);
        if (type === InodeType.free || visits.get(inodeNo) > 0) {
            continue;
        }
        if (inodeNo === 0) {
            if (rules.inodeZeroIsLost) {
                reporter.report("inode-lost", { kind: "inode", inodeNo }, {});
                reporter.report("inode-zero-referenced", { kind: "name", name: "lost inode" }, {});
            } else {
                reporter.report("inode-zero-live", { kind: "image" }, { type });
            }
            continue;
        }
        reporter.report("inode-lost", { kind: "inode", inodeNo }, {});
        visit(state, queue, inodeNo, "lost inode");
        examineAll(state, queue);
    }
}

/** Blocks of data that are marked allocated and that nothing uses. */
function findLeaks(state: WalkState): void {
    const { bitmap, owners, reporter, superblock } = state;
    if (state.isExhausted) {
        return;
    }
    bitmap.forEachAllocated(superblock.data_bn, superblock.journal_bn, (blockNo) => {
        if (!owners.isClaimed(blockNo)) {
            reporter.report("block-leaked", { kind: "block", blockNo }, {});
        }
    });
}
