/**
 * Which inodes a walk has come upon, and by which name.
 *
 * A disk can hold more inodes than a Map has room for. Whether an inode was visited is kept for
 * all of them; names only for the first few million, for they serve nothing but the messages.
 */
import type { ByteString } from "../base/byte-string.ts";
import { PagedUint32Array } from "../base/paged-array.ts";

/** Names that are kept; a JavaScript Map holds 2^24 entries at most. */
const maxNameCount = 2 ** 22;

const visitedMark = 1;
const lostMark = 2;

/** What messages call an inode that no entry names. */
const lostName: ByteString = "lost inode";

export class VisitedInodes {
    readonly #marks = new PagedUint32Array();
    readonly #names = new Map<number, ByteString>();

    has(inodeNo: number): boolean {
        return this.#marks.get(inodeNo) !== 0;
    }

    /** Notes the name by which an inode was first come upon. */
    add(inodeNo: number, name: ByteString): void {
        this.#marks.set(inodeNo, visitedMark);
        if (this.#names.size < maxNameCount) {
            this.#names.set(inodeNo, name);
        }
    }

    /** Notes that no entry named a visited inode until it was visited. */
    markLost(inodeNo: number): void {
        this.#marks.set(inodeNo, lostMark);
        this.#names.delete(inodeNo);
    }

    isLost(inodeNo: number): boolean {
        return this.#marks.get(inodeNo) === lostMark;
    }

    /** The name by which a visited inode was first come upon. */
    nameOf(inodeNo: number): ByteString {
        return this.isLost(inodeNo) ? lostName : (this.#names.get(inodeNo) ?? `inode ${inodeNo}`);
    }
}
