/** Trash: what a sector may hold that was being written when power failed (levels L3 and L4). */
import { Random } from "../base/random.ts";

/** Fills `target`, a sector, with bytes that follow from `seed` and the sector's number alone. */
export function fillWithTrash(target: Uint8Array, seed: number, sectorNo: number): void {
    const random = new Random((seed ^ Math.imul(sectorNo + 1, 0x9e3779b1)) >>> 0);
    for (let at = 0; at < target.length; at += 4) {
        const word = random.uint32();
        target[at] = word;
        target[at + 1] = word >>> 8;
        target[at + 2] = word >>> 16;
        target[at + 3] = word >>> 24;
    }
}
