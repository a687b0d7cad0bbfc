/**
 * A picture of a disk: cells in rows, each for one block or for several.
 *
 * A cell for several blocks shows damage where there is any, and otherwise what most of its blocks
 * are. Runs of blocks are counted, never single blocks, so that the picture of a large disk costs
 * what it has runs.
 */
import { assert } from "../base/assert.ts";
import type { BlockRole, BlockRun } from "../chkfs/block-roles.ts";

/** How a role is shown. */
export interface RoleStyle {
    readonly role: BlockRole;
    /** One character. */
    readonly letter: string;
    readonly meaning: string;
    /** Shown wherever it occurs, however few the blocks. */
    readonly isDamage?: true;
}

/** Every role in the order of the legend; of damage in one cell the first in the list is shown. */
export const roleStyles: readonly RoleStyle[] = [
    { role: "superblock", letter: "S", meaning: "superblock" },
    { role: "swap", letter: "W", meaning: "swap space" },
    { role: "bitmap", letter: "B", meaning: "free-block bitmap" },
    { role: "inodes", letter: "I", meaning: "inodes" },
    { role: "reserved", letter: "-", meaning: "between two parts" },
    { role: "directory", letter: "D", meaning: "directory" },
    { role: "file", letter: "F", meaning: "file data" },
    { role: "indirect", letter: "X", meaning: "indirect extents" },
    { role: "free", letter: ".", meaning: "free" },
    { role: "journal", letter: "J", meaning: "journal" },
    { role: "shared", letter: "2", meaning: "used more than once", isDamage: true },
    { role: "marked-free", letter: "!", meaning: "used but marked free", isDamage: true },
    {
        role: "leaked",
        letter: "L",
        meaning: "leaked (marked allocated, used by nothing)",
        isDamage: true,
    },
    { role: "missing", letter: "?", meaning: "past the image's end", isDamage: true },
];

export interface BlockMap {
    readonly blockCount: number;
    /** A power of two. */
    readonly blocksPerCell: number;
    /** A power of two. */
    readonly cellsPerRow: number;
    /** What each cell shows, in order. */
    readonly cells: readonly RoleStyle[];
    /** Blocks of each role that occurs, in the order of `roleStyles`. */
    readonly counts: readonly { readonly style: RoleStyle; readonly blockCount: number }[];
}

/** Rows that a map should not exceed. */
const maxRowCount = 32;

/** Cells in a row: the largest power of two from 8 to 128 that is at most `columns`. */
function cellsPerRowIn(columns: number): number {
    return 2 ** Math.min(Math.max(Math.floor(Math.log2(Math.max(columns, 1))), 3), 7);
}

/**
 * The map of the blocks from 0 to `blockCount`-1 that `runs` cover in order, in rows of at most
 * `columns` cells.
 */
export function blockMap(
    runs: Iterable<BlockRun<BlockRole>>,
    blockCount: number,
    columns: number,
): BlockMap {
    const cellsPerRow = cellsPerRowIn(columns);
    let blocksPerCell = 1;
    while (blockCount > blocksPerCell * cellsPerRow * maxRowCount) {
        blocksPerCell *= 2;
    }
    const totals = new CellCounts();
    const counts = new CellCounts();
    const cells: RoleStyle[] = [];
    let next = 0;
    for (const { role, first, count } of runs) {
        assert(first === next, "the runs of a map follow each other");
        totals.add(role, count);
        for (const end = first + count; next < end; ) {
            const cellEnd = (cells.length + 1) * blocksPerCell;
            const stop = Math.min(end, cellEnd);
            counts.add(role, stop - next);
            next = stop;
            if (stop === cellEnd || stop === blockCount) {
                cells.push(counts.shown());
                counts.clear();
            }
        }
    }
    return { blockCount, blocksPerCell, cellsPerRow, cells, counts: totals.present() };
}

/** Blocks of each role. */
class CellCounts {
    readonly #counts = new Map<BlockRole, number>();

    add(role: BlockRole, blockCount: number): void {
        this.#counts.set(role, (this.#counts.get(role) ?? 0) + blockCount);
    }

    clear(): void {
        this.#counts.clear();
    }

    present(): { style: RoleStyle; blockCount: number }[] {
        return roleStyles
            .map((style) => ({ style, blockCount: this.#counts.get(style.role) ?? 0 }))
            .filter(({ blockCount }) => blockCount > 0);
    }

    /** The style for a cell of these blocks; of equally many the first in the list. */
    shown(): RoleStyle {
        const present = this.present();
        const damage = present.find(({ style }) => style.isDamage);
        const most = present.reduce((best, one) => (one.blockCount > best.blockCount ? one : best));
        return (damage ?? most).style;
    }
}
