/**
 * Extents behind the end of a file: cut to its size. Their blocks are free when the bitmap is
 * next put right.
 */

import { entriesInBlock } from "../../chkfs/directory.ts";
import { type ExtentSlot, stretchesOf } from "../../chkfs/extents.ts";
import { fileBlockCount, type Inode } from "../../chkfs/inode.ts";
import {
    blockSize,
    directExtentCount,
    direntsPerBlock,
    extentsPerBlock,
    InodeType,
} from "../../chkfs/layout.ts";
import type { WalkState } from "../walk-state.ts";
import { type ChangeLog, counted, type Refusal } from "./change.ts";
import type { DiskEditor } from "./disk-editor.ts";

/**
 * Cuts every inode's extents to its size. Refuses where the blocks behind a directory's size hold
 * entries: then it may be the size that is wrong.
 */
export function cutExtraExtents(editor: DiskEditor, state: WalkState, log: ChangeLog): Refusal[] {
    const { volume } = editor;
    const refusals: Refusal[] = [];
    const budget = volume.newBudget();
    for (const inode of volume.liveInodes()) {
        const { inodeNo, size } = inode;
        const extra = extraExtents(inode, volume.extentSlotsOf(inode, budget));
        if (extra === undefined) {
            continue;
        }
        const place = { kind: "inode", inodeNo, name: state.nameOf(inodeNo) } as const;
        if (inode.type === InodeType.directory && hasEntries(editor, extra.slots)) {
            const message = `entries lie behind the directory's size of ${size} bytes`;
            refusals.push({ code: "extent-beyond-size", place, message });
            continue;
        }
        cut(editor, inode, extra.slotIndex, extra.kept);
        const what = counted(extra.blockCount, "block");
        log.add("cut-extents", place, `${what} behind its size of ${size} bytes cut off`);
    }
    return refusals;
}

/** What of a file lies behind its end. */
interface ExtraExtents {
    /** The extent that is cut; those after it go. */
    readonly slotIndex: number;
    /** What is left of it; nothing where `count` is 0. */
    readonly kept: { readonly first: number; readonly count: number };
    /** Blocks that go, holes counted. */
    readonly blockCount: number;
    /** The parts that go. */
    readonly slots: readonly ExtentSlot[];
}

function extraExtents(inode: Inode, slots: Iterable<ExtentSlot>): ExtraExtents | undefined {
    const end = fileBlockCount(inode.size);
    let position = 0;
    let cutAt: Pick<ExtraExtents, "slotIndex" | "kept"> | undefined;
    const gone: ExtentSlot[] = [];
    for (const { index, first, count } of slots) {
        const keptCount = Math.min(Math.max(end - position, 0), count);
        if (keptCount < count) {
            const kept = { first: keptCount === 0 ? 0 : first, count: keptCount };
            cutAt ??= { slotIndex: index, kept };
            const firstGone = first === 0 ? 0 : first + keptCount;
            gone.push({ index, first: firstGone, count: count - keptCount });
        }
        position += count;
    }
    return cutAt && { ...cutAt, blockCount: position - end, slots: gone };
}

/** Whether blocks of a directory hold entries in use. */
function hasEntries({ volume }: DiskEditor, slots: readonly ExtentSlot[]): boolean {
    const bytes = new Uint8Array(blockSize);
    for (const { first, count } of slots) {
        for (const stretch of stretchesOf(volume, first, count, 0)) {
            const end = stretch.kind === "data" ? stretch.first + stretch.count : 0;
            for (let blockNo = stretch.first; blockNo < end; blockNo++) {
                volume.readBlock(blockNo, bytes);
                if (entriesInBlock(bytes, blockNo, 0, direntsPerBlock).next().done === false) {
                    return true;
                }
            }
        }
    }
    return false;
}

/** Leaves `kept` of extent `slotIndex`, and nothing after it. */
function cut(
    editor: DiskEditor,
    { inodeNo, indirect }: Inode,
    slotIndex: number,
    kept: { first: number; count: number },
): void {
    const empty = { first: 0, count: 0 };
    for (let index = slotIndex; index < directExtentCount; index++) {
        editor.setDirectExtent(inodeNo, index, index === slotIndex ? kept : empty);
    }
    if (indirect.count === 0) {
        return;
    }
    const listedCount = Math.max(slotIndex + (kept.count > 0 ? 1 : 0) - directExtentCount, 0);
    const blockCount = Math.ceil(listedCount / extentsPerBlock);
    if (blockCount > 0) {
        editor.clearListedExtents(indirect.first, blockCount, listedCount);
    }
    if (slotIndex >= directExtentCount && kept.count > 0) {
        editor.setListedExtent(indirect.first, slotIndex - directExtentCount, kept);
    }
    const first = blockCount === 0 ? 0 : indirect.first;
    editor.setIndirectExtent(inodeNo, { first, count: blockCount });
}
