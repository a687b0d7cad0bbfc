/**
 * A limit to the work that a disk can cause, and to the memory that its claims can take.
 *
 * On a correct disk every block has one owner. With D the number of data blocks that the image
 * really has, going through all its metadata once meets
 * - no more than D blocks of metadata;
 * - no more than D *claims*, extents of data or of indirect blocks that reach into those D, for
 *   each has a block of its own;
 * - no more than 4 extents an inode and 512 a block in all: holes, and extents that lie where the
 *   image was cut short, need no block of their own.
 *
 * A damaged disk can make the same blocks come back for ever; whoever goes through it draws each
 * step from a budget and stops when it is spent. It grants what a correct disk needs, and claims
 * twice over, so that a disk where some blocks have two owners is still seen whole. Claims are
 * what may be kept in memory; the other steps only take time.
 */
import { extentsPerBlock } from "./layout.ts";

/** Steps that an inode's own extents take: four, and the end of the list. */
const stepsPerInode = 5;

/** Claims beyond those that two owners of every block make, for disks of few blocks. */
const spareClaims = 4096;

export class VolumeBudget {
    #extents: number;
    #blocks: number;
    #claims: number;
    #isSpent = false;

    /** @param dataBlockCount data blocks that the image has */
    constructor(inodeCount: number, dataBlockCount: number) {
        this.#extents = stepsPerInode * inodeCount + extentsPerBlock * dataBlockCount;
        this.#blocks = dataBlockCount;
        this.#claims = 2 * dataBlockCount + spareClaims;
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

    /** Draws one extent's claim to blocks of data; false when there is none left. */
    takeClaim(): boolean {
        this.#claims--;
        return this.#granted(this.#claims);
    }

    #granted(left: number): boolean {
        this.#isSpent ||= left < 0;
        return left >= 0;
    }
}
