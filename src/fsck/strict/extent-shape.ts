/**
 * How an inode's extents are written: with nothing in empty ones, as few as possible, and an
 * indirect extent only where one is needed.
 *
 * The walk has judged where they lead. Here all of them are passed once more, slot by slot, and
 * the blocks of a directory are handed to the check of its entries.
 */
import {
    blockSize,
    directExtentCount,
    extentLayout,
    extentsPerBlock,
    inodeLayout,
} from "../../chkfs/layout.ts";
import type { Place } from "../finding.ts";
import type { WalkState } from "../walk-state.ts";
import { DirectoryShape } from "./directory-shape.ts";
import { Tally } from "./nonzero.ts";

/** What has been seen of one inode's extents. */
class ExtentTour {
    /** Extents of count 0 with a first block. */
    readonly emptyWithFirst = new Tally();
    /** Extents that continue the one before. */
    readonly joinable = new Tally();
    indirectExtentCount = 0;
    /** File block at which the next extent begins. */
    position = 0;
    /** The block with which the next extent would continue this one; -1 where none can. */
    continuation = -1;

    /** One slot, numbered through the inode and its indirect blocks. */
    add(slot: number, first: number, count: number): void {
        if (count === 0) {
            if (first !== 0) {
                this.emptyWithFirst.add(slot);
            }
            this.continuation = -1;
            return;
        }
        if (slot >= directExtentCount) {
            this.indirectExtentCount++;
        }
        if (first === this.continuation) {
            this.joinable.add(slot);
        }
        // A hole continues a hole.
        this.continuation = first === 0 ? 0 : first + count;
        this.position += count;
    }
}

export class ExtentShape {
    readonly #state: WalkState;
    readonly #directories: DirectoryShape;
    readonly #indirectBlock = new Uint8Array(blockSize);

    constructor(state: WalkState) {
        this.#state = state;
        this.#directories = new DirectoryShape(state);
    }

    /**
     * Checks the extents in an inode's own 64 bytes.
     *
     * @param directorySize the size in bytes of a directory; undefined for anything else
     */
    check(place: Place, inode: Uint8Array, directorySize: number | undefined): void {
        const tour = new ExtentTour();
        if (directorySize !== undefined) {
            this.#directories.begin(place, directorySize);
        }
        const take = (slot: number, first: number, count: number) => {
            const { position } = tour;
            tour.add(slot, first, count);
            if (directorySize !== undefined && first !== 0) {
                this.#directories.checkBlocks(first, count, position);
            }
        };
        const extent = extentLayout.at(inode, inodeLayout.fields.direct.offset);
        for (let slot = 0; slot < directExtentCount; slot++) {
            take(slot, extent.first, extent.count);
            extent.byteOffset += extentLayout.sizeBytes;
        }
        const { first, count } = extentLayout.at(inode, inodeLayout.fields.indirect.offset);
        const isReadable = this.#takeIndirect(first, count, take);
        this.#report(place, tour, { first, count }, isReadable);
        if (directorySize !== undefined) {
            this.#directories.end();
        }
    }

    /** Passes the extents of indirect blocks that lie in the data; tells whether they do. */
    #takeIndirect(
        first: number,
        count: number,
        take: (slot: number, first: number, count: number) => void,
    ): boolean {
        const { disk, superblock } = this.#state;
        if (count === 0 || first < superblock.data_bn || first + count > superblock.journal_bn) {
            return false;
        }
        const extent = extentLayout.at(this.#indirectBlock);
        for (let block = 0; block < count; block++) {
            disk.read((first + block) * blockSize, this.#indirectBlock);
            for (let index = 0; index < extentsPerBlock; index++) {
                extent.byteOffset = index * extentLayout.sizeBytes;
                const slot = directExtentCount + block * extentsPerBlock + index;
                take(slot, extent.first, extent.count);
            }
        }
        return true;
    }

    #report(
        place: Place,
        { emptyWithFirst, joinable, indirectExtentCount }: ExtentTour,
        indirect: { first: number; count: number },
        isReadable: boolean,
    ): void {
        const { reporter } = this.#state;
        const isIndirectEmpty = indirect.count === 0 && indirect.first !== 0;
        const extentCount = emptyWithFirst.count + (isIndirectEmpty ? 1 : 0);
        if (extentCount > 0) {
            const parameters = { extentCount, firstSlot: emptyWithFirst.first };
            reporter.report("extent-empty-first", place, parameters);
        }
        if (joinable.count > 0) {
            const parameters = { pairCount: joinable.count, firstSlot: joinable.first };
            reporter.report("extents-adjacent", place, parameters);
        }
        if (isReadable && indirectExtentCount === 0) {
            reporter.report("indirect-empty", place, indirect);
        }
    }
}
