import { describe, expect, it } from "vitest";
import type { BlockRole, BlockRun } from "../../src/chkfs/block-roles.ts";
import { type BlockMap, blockMap, roleStyles } from "../../src/report/block-map.ts";

/** Runs from pairs of a role and a count. */
function runs(...pairs: [BlockRole, number][]): BlockRun<BlockRole>[] {
    let next = 0;
    return pairs.map(([role, count]) => {
        next += count;
        return { role, first: next - count, count };
    });
}

function letters({ cells }: BlockMap): string {
    return cells.map(({ letter }) => letter).join("");
}

describe("a block map", () => {
    it("has a cell for each block while they fit into 32 rows", () => {
        const picture = blockMap(runs(["superblock", 1], ["file", 3], ["free", 252]), 256, 8);
        expect(picture).toMatchObject({ blocksPerCell: 1, cellsPerRow: 8, blockCount: 256 });
        expect(letters(picture)).toBe(`SFFF${".".repeat(252)}`);
    });

    it("has a cell for 2, 4, 8... blocks where they do not fit", () => {
        const countIn = (blockCount: number, columns: number) =>
            blockMap(runs(["free", blockCount]), blockCount, columns).blocksPerCell;
        expect(countIn(257, 8)).toBe(2);
        expect(countIn(1025, 8)).toBe(8);
        expect(countIn(32 * 128, 200)).toBe(1);
        expect(countIn(0xfffffff, 80)).toBe(131_072);
    });

    it("has rows of a power of two from 8 to 128 cells", () => {
        const cellsIn = (columns: number) => blockMap([], 0, columns).cellsPerRow;
        expect([-5, 0, 7, 8, 63, 64, 127, 128, 1000].map(cellsIn)).toEqual([
            8, 8, 8, 8, 32, 64, 64, 128, 128,
        ]);
    });

    it("shows in a cell what most of its blocks are, of equally many the first role", () => {
        const picture = blockMap(
            runs(["superblock", 1], ["file", 2], ["free", 253], ["file", 2], ["free", 254]),
            512,
            8,
        );
        expect(picture.blocksPerCell).toBe(2);
        expect(letters(picture)).toBe(`SF${".".repeat(126)}F${".".repeat(127)}`);
    });

    it("shows damage though a cell has little of it, and counts every block", () => {
        const picture = blockMap(runs(["file", 999], ["leaked", 1], ["free", 24]), 1024, 8);
        expect(picture.blocksPerCell).toBe(4);
        expect(letters(picture)).toBe(`${"F".repeat(249)}L${".".repeat(6)}`);
        expect(picture.counts.map(({ style, blockCount }) => [style.role, blockCount])).toEqual([
            ["file", 999],
            ["free", 24],
            ["leaked", 1],
        ]);
    });

    it("shows the last cell though it is not full", () => {
        expect(letters(blockMap(runs(["free", 256], ["journal", 1]), 257, 8)).at(-1)).toBe("J");
    });

    it("wants runs that follow each other", () => {
        const gap = [{ role: "free", first: 1, count: 1 } as const];
        expect(() => blockMap(gap, 2, 8)).toThrow("the runs of a map follow each other");
    });

    it("has a letter of its own for every role", () => {
        expect(new Set(roleStyles.map(({ letter }) => letter)).size).toBe(roleStyles.length);
        expect(new Set(roleStyles.map(({ role }) => role)).size).toBe(14);
    });
});
