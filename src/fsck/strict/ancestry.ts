/**
 * Which directory lies in which, to say what a second link to a directory amounts to.
 *
 * Kept by a strict walk only. Work: a search upwards takes at most as many steps as directories
 * lie above each other, and all searches together draw from one allowance that follows the number
 * of inodes; when it is used up, a second link is just a second link.
 */
import { rootInodeNumber } from "../../chkfs/layout.ts";

export class Ancestry {
    readonly #parents = new Map<number, number>();
    #stepsLeft: number;

    constructor(inodeCount: number) {
        this.#stepsLeft = 16 * inodeCount + 65_536;
    }

    /** Notes that directory `child` was first come upon in directory `parent`. */
    add(child: number, parent: number): void {
        this.#parents.set(child, parent);
    }

    /** The finding that one more link to directory `child` is, when it stands in `holder`. */
    secondLinkCode(child: number, holder: number) {
        if (child === rootInodeNumber) {
            return "directory-names-root";
        }
        return this.#isAbove(child, holder) ? "directory-names-ancestor" : "directory-linked-twice";
    }

    /** Whether `upper` is `lower` or lies above it. */
    #isAbove(upper: number, lower: number): boolean {
        let current: number | undefined = lower;
        while (current !== undefined && this.#stepsLeft > 0) {
            if (current === upper) {
                return true;
            }
            this.#stepsLeft--;
            current = this.#parents.get(current);
        }
        return false;
    }
}
