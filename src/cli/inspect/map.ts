/** `chickadee map`: a picture of what the blocks of a disk are for. */

import { type BlockRole, type BlockRun, blockRoles } from "../../chkfs/block-roles.ts";
import { blockSize } from "../../chkfs/layout.ts";
import { type BlockMap, blockMap, type RoleStyle } from "../../report/block-map.ts";
import { counted } from "../../report/size.ts";
import { table } from "../../report/table.ts";
import type { RegisterSubCommand } from "../sub-command.ts";
import type { Inspection } from "./inspection.ts";
import { addColour, addInspection, addReplay, runDiskInspection } from "./register.ts";
import type { DiskOptions } from "./replay.ts";

/** Runs that a document lists at most. */
const maxListedRuns = 1_000_000;

export const registerMap: RegisterSubCommand = (program, context) => {
    const description = "draw what the blocks are used for";
    const command = addInspection(program, "map", description, "chickadee map disk.img");
    addColour(addReplay(command)).action((image: string, options: DiskOptions) =>
        runDiskInspection(context, image, options, map),
    );
};

function map(inspection: Inspection): void {
    const volume = inspection.volume();
    const { nblocks } = volume.superblock;
    const runs: BlockRun<BlockRole>[] = [];
    let droppedCount = 0;
    const budget = volume.newBudget();
    const listed = function* () {
        for (const run of blockRoles(volume, budget)) {
            if (inspection.isJson && runs.length < maxListedRuns) {
                runs.push(run);
            } else {
                droppedCount++;
            }
            yield run;
        }
    };
    const labelWidth = `${nblocks}`.length + 2;
    const picture = blockMap(listed(), nblocks, inspection.out.columns - labelWidth);
    for (const { style, blockCount } of picture.counts) {
        // Leaked blocks harm nothing; the picture shows them.
        if (style.isDamage && style.role !== "leaked") {
            inspection.complain(`${counted(blockCount, "block")} ${style.meaning}`);
        }
    }
    if (budget.isSpent) {
        inspection.complain("files use the same blocks again and again; the map is incomplete");
    }
    if (inspection.isJson) {
        if (droppedCount > 0) {
            inspection.complain(`${droppedCount} more runs of blocks are left out`);
        }
        inspection.document(mapDocument(picture, runs));
    } else {
        inspection.lines(mapLines(inspection, picture));
    }
}

function mapDocument({ blockCount, counts }: BlockMap, runs: BlockRun<BlockRole>[]): object {
    return {
        blockCount,
        blockSize,
        counts: Object.fromEntries(counts.map(({ style, blockCount }) => [style.role, blockCount])),
        runs,
    };
}

function* mapLines({ colours, image }: Inspection, picture: BlockMap): Generator<string> {
    const { blockCount, blocksPerCell, cellsPerRow, cells, counts } = picture;
    const scale = blocksPerCell === 1 ? "a cell is a block" : `a cell is ${blocksPerCell} blocks`;
    yield colours.heading(`${image.name}: ${counted(blockCount, "block")}, ${scale}`);
    const labelWidth = `${blockCount}`.length;
    for (let start = 0; start < cells.length; start += cellsPerRow) {
        const label = `${start * blocksPerCell}`.padStart(labelWidth);
        const row = cells.slice(start, start + cellsPerRow);
        yield `${colours.faint(label)}  ${paintedCells(row, colours.role)}`;
    }
    yield "";
    const legend = table(
        counts.map(({ style, blockCount }) => [`${blockCount}`, style.meaning]),
        { alignRight: [0] },
    );
    for (const [index, { style }] of counts.entries()) {
        yield `  ${colours.role(style.role)(style.letter)}  ${legend[index]}`;
    }
}

/** Cells in a row, painted together where neighbours are alike. */
function paintedCells(
    cells: readonly RoleStyle[],
    paint: (role: BlockRole) => (text: string) => string,
): string {
    let text = "";
    for (let start = 0; start < cells.length; ) {
        const { role, letter } = cells[start];
        let end = start + 1;
        while (end < cells.length && cells[end].role === role) {
            end++;
        }
        text += paint(role)(letter.repeat(end - start));
        start = end;
    }
    return text;
}
