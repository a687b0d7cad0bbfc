/**
 * Directory entries that name nothing: an inode that the disk does not have, or a free one.
 *
 * A free inode that still seems to hold a file, with allocated blocks that nothing else uses, may
 * have lost its type rather than its use; its entry stays, and the check's finding then refuses
 * the repair.
 */
import { PagedUint32Array } from "../../base/paged-array.ts";
import type { FreeBlockBitmap } from "../../chkfs/bitmap.ts";
import { blockClaims } from "../../chkfs/block-roles.ts";
import { stretchesOf } from "../../chkfs/extents.ts";
import type { Inode } from "../../chkfs/inode.ts";
import { InodeType, rootInodeNumber } from "../../chkfs/layout.ts";
import type { VolumeBudget } from "../../chkfs/volume-budget.ts";
import { type ChangeLog, quoted } from "./change.ts";
import type { DiskEditor } from "./disk-editor.ts";

/** Empties the slots of all dead entries. */
export function clearDeadEntries(editor: DiskEditor, log: ChangeLog): void {
    const { volume } = editor;
    const judge = new FreeInodeJudge(editor);
    const budget = volume.newBudget();
    for (const directory of volume.liveInodes()) {
        if (directory.type !== InodeType.directory) {
            continue;
        }
        for (const { slot, inodeNo, name, blockNo } of volume.entriesOf(directory, budget)) {
            const isThere = volume.hasInode(inodeNo);
            if (isThere && !judge.isDead(volume.inode(inodeNo))) {
                continue;
            }
            editor.setEntry(blockNo, slot);
            const why = isThere ? "is free" : "the disk does not have";
            const place = directoryPlace(directory.inodeNo, blockNo);
            const message = `entry ${slot} ${quoted(name)} cleared: it names inode ${inodeNo}`;
            log.add("clear-entry", place, `${message}, which ${why}`);
        }
    }
}

function directoryPlace(inodeNo: number, diskBlock: number) {
    const name = inodeNo === rootInodeNumber ? { name: "root directory" } : {};
    return { kind: "inode", inodeNo, diskBlock, ...name } as const;
}

/** Tells whether a free inode is really no file any more. */
class FreeInodeJudge {
    readonly #editor: DiskEditor;
    readonly #bitmap: FreeBlockBitmap;
    /** For the extents of all inodes that are judged. When it is spent, everything looks alive. */
    readonly #budget: VolumeBudget;
    /** Blocks that live inodes use; made when first asked. */
    #used: PagedUint32Array | undefined;
    /** Blocks that may still be looked at. Past it everything looks alive. */
    #blocksLeft: number;

    constructor(editor: DiskEditor) {
        this.#editor = editor;
        this.#bitmap = editor.bitmap();
        this.#budget = editor.volume.newBudget();
        this.#blocksLeft = 4 * editor.superblock.nblocks;
    }

    isDead(inode: Inode): boolean {
        const { volume } = this.#editor;
        if (inode.type !== InodeType.free) {
            return false;
        }
        const slots = [...volume.extentSlotsOf(inode, this.#budget), inode.indirect];
        for (const { first, count } of slots) {
            for (const stretch of count === 0 ? [] : stretchesOf(volume, first, count, 0)) {
                const end = stretch.kind === "data" ? stretch.first + stretch.count : 0;
                for (let blockNo = stretch.first; blockNo < end; blockNo++) {
                    this.#blocksLeft--;
                    if (this.#blocksLeft < 0) {
                        return false;
                    }
                    if (!this.#bitmap.isFree(blockNo) && this.#usedBlocks().get(blockNo) === 0) {
                        return false;
                    }
                }
            }
        }
        return !this.#budget.isSpent;
    }

    #usedBlocks(): PagedUint32Array {
        if (this.#used === undefined) {
            this.#used = new PagedUint32Array();
            for (const { first, count } of blockClaims(this.#editor.volume)) {
                for (let blockNo = first; blockNo < first + count; blockNo++) {
                    this.#blocksLeft--;
                    if (this.#blocksLeft < 0) {
                        return this.#used;
                    }
                    this.#used.set(blockNo, 1);
                }
            }
        }
        return this.#used;
    }
}
