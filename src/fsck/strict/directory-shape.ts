/** How a directory's entries are written: with nothing where nothing is meant. */
import { type ByteString, byteStringOf, utf8Decode } from "../../base/byte-string.ts";
import { blockSize, direntLayout, direntsPerBlock, maxNameLength } from "../../chkfs/layout.ts";
import type { Place } from "../finding.ts";
import type { WalkState } from "../walk-state.ts";
import { hasNonzeroByte, Tally } from "./nonzero.ts";

const nameOffset = direntLayout.fields.name.offset;

/** Checks one directory after another, each block by block. */
export class DirectoryShape {
    readonly #state: WalkState;
    readonly #block = new Uint8Array(blockSize);
    readonly #entry = direntLayout.at(this.#block);
    #place: Place = { kind: "image" };
    #slotCount = 0;
    /** Entries in use with something behind the name. */
    #tails = new Tally();
    /** Free entries that are not zero. */
    #leftovers = new Tally();

    constructor(state: WalkState) {
        this.#state = state;
    }

    /** Begins with a directory of `size` bytes. */
    begin(place: Place, size: number): void {
        this.#place = place;
        this.#slotCount = Math.floor(size / direntLayout.sizeBytes);
        this.#tails = new Tally();
        this.#leftovers = new Tally();
        if (size % direntLayout.sizeBytes === 0 && size % blockSize !== 0) {
            this.#state.reporter.report("directory-size-partial", place, { size });
        }
    }

    /** Checks the entries in a run of blocks; `position` is the file block that the first is. */
    checkBlocks(first: number, count: number, position: number): void {
        const { disk, superblock } = this.#state;
        const filledCount = Math.ceil(this.#slotCount / direntsPerBlock) - position;
        const end = Math.min(first + Math.min(count, filledCount), superblock.nblocks);
        for (let blockNo = first; blockNo < end; blockNo++) {
            disk.read(blockNo * blockSize, this.#block);
            this.#checkBlock((position + blockNo - first) * direntsPerBlock);
        }
    }

    /** Reports what was only counted. */
    end(): void {
        const { reporter } = this.#state;
        if (this.#tails.count > 0) {
            const parameters = { entryCount: this.#tails.count, firstSlot: this.#tails.first };
            reporter.report("dirent-name-tail", this.#place, parameters);
        }
        if (this.#leftovers.count > 0) {
            const { count: entryCount, first: firstSlot } = this.#leftovers;
            reporter.report("dirent-free-leftover", this.#place, { entryCount, firstSlot });
        }
    }

    #checkBlock(firstSlot: number): void {
        const slotCount = Math.min(this.#slotCount - firstSlot, direntsPerBlock);
        for (let index = 0; index < slotCount; index++) {
            const start = index * direntLayout.sizeBytes;
            const end = start + direntLayout.sizeBytes;
            this.#entry.byteOffset = start;
            if (this.#entry.inum !== 0) {
                this.#checkName(firstSlot + index, start + nameOffset, end);
            } else if (hasNonzeroByte(this.#block, start, end)) {
                this.#leftovers.add(firstSlot + index);
            }
        }
    }

    #checkName(slot: number, start: number, end: number): void {
        const terminator = this.#block.indexOf(0, start);
        const nameEnd = terminator < 0 ? end : Math.min(terminator, end);
        if (hasNonzeroByte(this.#block, nameEnd, end)) {
            this.#tails.add(slot);
        }
        const { reporter } = this.#state;
        // Names that are too long have been reported, and are cut there as they are here.
        const name: ByteString = byteStringOf(
            this.#block,
            start,
            Math.min(nameEnd, start + maxNameLength),
        );
        const text = utf8Decode(name);
        if (text === undefined) {
            reporter.report("dirent-name-encoding", this.#place, { slot, name });
        }
        if (/\p{Cc}/u.test(text ?? name.replace(/[\x80-\x9f]/g, ""))) {
            reporter.report("dirent-name-control", this.#place, { slot, name });
        }
    }
}
