/**
 * The free-block bitmap, put right both ways: what is used is allocated, what nothing uses is
 * free, and there are no blocks past the end of the disk.
 */
import { bitsPerBlock } from "../../chkfs/layout.ts";
import { bitmapBlockCount } from "../../chkfs/superblock.ts";
import type { WalkState } from "../walk-state.ts";
import { type ChangeLog, counted } from "./change.ts";
import type { DiskEditor } from "./disk-editor.ts";

/** @param state of a walk over the disk as it now is; says who uses what */
export function repairBitmap(editor: DiskEditor, state: WalkState, log: ChangeLog): void {
    const { nblocks, data_bn, journal_bn } = editor.superblock;
    const { owners } = state;
    const bitmap = editor.bitmap();
    for (const { start, end, name, role } of owners.parts) {
        bitmap.forEachFree(start, end, (blockNo) => {
            editor.setFree(blockNo, false);
            const user = { name, role, inodeNo: 0 };
            const place = { kind: "block", blockNo, user } as const;
            log.add("mark-used", place, "marked as used");
        });
    }
    bitmap.forEachFree(data_bn, journal_bn, (blockNo) => {
        const owner = owners.isClaimed(blockNo) ? owners.ownerOf(blockNo) : undefined;
        if (owner !== undefined) {
            editor.setFree(blockNo, false);
            const { inodeNo, role } = owner;
            const user = { name: state.nameOf(inodeNo), role, inodeNo };
            log.add("mark-used", { kind: "block", blockNo, user }, "marked as used");
        }
    });
    const leaks = new Runs((first, count) => {
        const others = count > 1 ? ` or the ${counted(count - 1, "block")} after it` : "";
        const message = `nothing uses it${others}: marked as free`;
        log.add("mark-free", { kind: "block", blockNo: first }, message);
    });
    bitmap.forEachAllocated(data_bn, journal_bn, (blockNo) => {
        if (!owners.isClaimed(blockNo)) {
            editor.setFree(blockNo, true);
            leaks.add(blockNo);
        }
    });
    leaks.finish();
    let pastCount = 0;
    bitmap.forEachFree(nblocks, bitmapBlockCount(nblocks) * bitsPerBlock, (blockNo) => {
        editor.setFree(blockNo, false);
        pastCount++;
    });
    if (pastCount > 0) {
        const what = `${counted(pastCount, "bit")} of the bitmap past the end of the disk cleared`;
        log.add("clear-bits-past-end", { kind: "image" }, what);
    }
}

/** Ascending block numbers as runs, each told when it is over. */
class Runs {
    readonly #tell: (first: number, count: number) => void;
    #first = 0;
    #count = 0;

    constructor(tell: (first: number, count: number) => void) {
        this.#tell = tell;
    }

    add(blockNo: number): void {
        if (blockNo !== this.#first + this.#count) {
            this.finish();
            this.#first = blockNo;
        }
        this.#count++;
    }

    finish(): void {
        if (this.#count > 0) {
            this.#tell(this.#first, this.#count);
            this.#count = 0;
        }
    }
}
