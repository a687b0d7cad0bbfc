/** The bits of the free-block bitmap for blocks that the disk does not have. */
import { bitsPerBlock } from "../../chkfs/layout.ts";
import type { WalkState } from "../walk-state.ts";
import { Tally } from "./nonzero.ts";

export function checkBitmapEnd({ superblock, bitmap, reporter }: WalkState): void {
    const { nblocks, fbb_bn, inode_bn } = superblock;
    const past = new Tally();
    bitmap.forEachFree(nblocks, (inode_bn - fbb_bn) * bitsPerBlock, (blockNo) => past.add(blockNo));
    if (past.count > 0) {
        const parameters = { bitCount: past.count, firstBlock: past.first };
        reporter.report("bitmap-past-end", { kind: "image" }, parameters);
    }
}
