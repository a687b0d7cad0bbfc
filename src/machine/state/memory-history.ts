/**
 * Snapshots of guest memory, at the cost of the pages that changed.
 *
 * The history knows which image memory was last equal to. What was written since is marked dirty,
 * so taking a snapshot copies just those pages, and going back to any earlier one copies the dirty
 * ones and those in which the two images differ.
 *
 * Invariant: every page that is not marked dirty equals that page of `#current`.
 */
import { assert } from "../../base/assert.ts";
import { imageWithPages, type PageImage, zeroImage } from "../../base/page-images.ts";
import { pageSize } from "../../base/page-size.ts";
import type { GuestMemory } from "../guest-memory.ts";

export class MemoryHistory {
    readonly #memory: GuestMemory;
    #current: PageImage;

    /** @param memory new: all zeros, or with everything written marked dirty. */
    constructor(memory: GuestMemory) {
        this.#memory = memory;
        this.#current = zeroImage(memory.pageCount);
    }

    /** An image of memory as it is. */
    take(): PageImage {
        const changed = this.#memory.takeDirtyPages();
        if (changed.length > 0) {
            this.#current = imageWithPages(this.#current, this.#memory.bytes, changed);
        }
        return this.#current;
    }

    /** Makes memory equal to an image of this memory. */
    restore(image: PageImage): void {
        assert(image.length === this.#memory.pageCount, "an image is of a memory of one size");
        const current = this.#current;
        for (const pageNo of this.#memory.takeDirtyPages()) {
            this.#put(pageNo, image[pageNo]);
        }
        for (let pageNo = 0; pageNo < image.length; pageNo++) {
            if (image[pageNo] !== current[pageNo]) {
                this.#put(pageNo, image[pageNo]);
            }
        }
        this.#current = image;
    }

    #put(pageNo: number, page: Uint8Array | undefined): void {
        const start = pageNo * pageSize;
        if (page === undefined) {
            this.#memory.bytes.fill(0, start, start + pageSize);
        } else {
            this.#memory.bytes.set(page, start);
        }
    }
}
