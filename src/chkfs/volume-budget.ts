/**
 * A limit to the work that a disk can cause.
 *
 * On a correct disk every block has one owner, so that going through all its metadata once looks
 * at no more than D blocks, where D is the number of data blocks that the image really has, and at
 * no more than 5 extents an inode (four direct ones and the end of the list) plus 512 a block. A
 * damaged disk can make the same blocks come back for ever; whoever goes through it draws each
 * step from a budget of that size and stops when it is spent. So no image takes more than
 * `5 * ninodes + 512 * D` extents and `D` blocks, both bounded by the image's real size.
 */
import { extentsPerBlock } from "./layout.ts";

/** Steps that an inode's own extents take: four, and the end of the list. */
const stepsPerInode = 5;

export class VolumeBudget {
    #extents: number;
    #blocks: number;
    #isSpent = false;

    /** @param dataBlockCount data blocks that the image has */
    constructor(inodeCount: number, dataBlockCount: number) {
        this.#extents = stepsPerInode * inodeCount + extentsPerBlock * dataBlockCount;
        this.#blocks = dataBlockCount;
    }

    /** True once work was refused: the disk uses some blocks more than once. */
    get isSpent(): boolean {
        return this.#isSpent;
    }

    /** Draws one extent; false when there is none left. */
    takeExtent(): boolean {
        this.#extents--;
        return this.#granted(this.#extents);
    }

    /** Draws one block of metadata; false when there is none left. */
    takeBlock(): boolean {
        this.#blocks--;
        return this.#granted(this.#blocks);
    }

    #granted(left: number): boolean {
        this.#isSpent ||= left < 0;
        return left >= 0;
    }
}
