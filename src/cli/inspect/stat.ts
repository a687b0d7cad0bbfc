/** `chickadee stat`: all that an inode says, where its blocks are, and who names it. */

import { type ByteString, printable } from "../../base/byte-string.ts";
import type { ExtentSlot, Stretch } from "../../chkfs/extents.ts";
import { type Extent, fileBlockCount, type Inode } from "../../chkfs/inode.ts";
import type { Volume } from "../../chkfs/volume.ts";
import { nameFields } from "../../report/json.ts";
import { counted, rangeText } from "../../report/size.ts";
import { table } from "../../report/table.ts";
import type { RegisterSubCommand } from "../sub-command.ts";
import { find } from "./find.ts";
import { complainOfStretches, typeText } from "./inode-text.ts";
import type { CommonOptions, Inspection } from "./inspection.ts";
import { addInspection, runInspection } from "./register.ts";

/** Lines that a list of extents or names may take in text; documents hold them all. */
const maxListed = 40;

/** What there is to say about an inode. */
interface InodeFacts {
    readonly path: ByteString;
    readonly inode: Inode;
    readonly slots: readonly ExtentSlot[];
    readonly stretches: readonly Stretch[];
    /** Every path that leads to the inode. */
    readonly names: readonly ByteString[];
}

export const registerStat: RegisterSubCommand = (program, context) => {
    const description = "print an inode, its extents and its names";
    addInspection(program, "stat", description, "chickadee stat disk.img /readme.txt")
        .argument("<PATH>", "a file or directory")
        .action((image: string, path: string, options: CommonOptions) =>
            runInspection(context, image, options, (inspection) => stat(inspection, path)),
        );
};

function stat(inspection: Inspection, pathArgument: string): void {
    const volume = inspection.volume();
    const { path, inode } = find(inspection, volume, pathArgument);
    const facts = {
        path,
        inode,
        slots: [...volume.extentSlotsOf(inode)],
        stretches: [...volume.extentsOf(inode)],
        names: namesOf(volume, inode.inodeNo),
    };
    complainOfStretches(inspection, volume, path, inode);
    if (inspection.isJson) {
        inspection.document(statDocument(facts));
    } else {
        inspection.lines(statLines(inspection, facts));
    }
}

function namesOf(volume: Volume, inodeNo: number): ByteString[] {
    const names: ByteString[] = [];
    for (const entry of volume.walk()) {
        if (entry.inodeNo === inodeNo) {
            names.push(entry.path);
        }
    }
    return names;
}

/** Blocks that the file has on the disk, up to its size. */
function dataBlockCount(stretches: readonly Stretch[]): number {
    return stretches.reduce((sum, { kind, count }) => sum + (kind === "data" ? count : 0), 0);
}

function statDocument({ path, inode, slots, stretches, names }: InodeFacts): object {
    const { inodeNo, type, direct, indirect, ...fields } = inode;
    return {
        ...nameFields("path", path),
        inode: inodeNo,
        type: typeText(type),
        typeNumber: type,
        ...fields,
        direct,
        indirect,
        extents: slots,
        blocks: { inFile: fileBlockCount(inode.size), onDisk: dataBlockCount(stretches) },
        stretches,
        names: names.map((name) => nameFields("path", name)),
    };
}

function* statLines(inspection: Inspection, facts: InodeFacts): Generator<string> {
    const { path, inode, slots, stretches, names } = facts;
    const { colours } = inspection;
    const { size } = inode;
    yield colours.heading(printable(path));
    yield* table([
        ["  inode", `${inode.inodeNo}`],
        ["  type", `${inode.type} (${typeText(inode.type)})`],
        ["  size", `${counted(size, "byte")}, ${counted(fileBlockCount(size), "block")}`],
        ["  on disk", counted(dataBlockCount(stretches), "block")],
        ["  nlink", `${inode.nlink} (named ${counted(names.length, "time")})`],
        ["  flags", `0x${inode.flags.toString(16)}`],
        ["  mlock", `${inode.mlock}`],
        ["  mbcindex", `${inode.mbcindex}`],
        ["  indirect", indirectText(inode.indirect)],
    ]);
    yield* extentLines(inspection, slots, fileBlockCount(size));
    if (names.length > 1) {
        yield colours.heading("names");
        yield* clipped(names.map((name) => `  ${printable(name)}`));
    }
}

function indirectText({ first, count }: Extent): string {
    return count === 0 ? "none" : `${counted(count, "block")}: ${rangeText(first, count)}`;
}

/** The extents as they stand on the disk, with the file's blocks that they hold. */
function* extentLines(
    { colours }: Inspection,
    slots: readonly ExtentSlot[],
    blockCount: number,
): Generator<string> {
    if (slots.length === 0) {
        yield colours.heading("no extents");
        return;
    }
    yield colours.heading(counted(slots.length, "extent"));
    const rows: string[][] = [["  #", "file blocks", "disk blocks"]];
    let fileBlockNo = 0;
    for (const { index, first, count } of slots) {
        rows.push([
            `  ${index}`,
            rangeText(fileBlockNo, count),
            first === 0 ? `hole of ${counted(count, "block")}` : rangeText(first, count),
            fileBlockNo + count > blockCount ? "beyond the size" : "",
        ]);
        fileBlockNo += count;
    }
    yield* clipped(table(rows, { alignRight: [0] }));
}

function* clipped(lines: readonly string[]): Generator<string> {
    yield* lines.slice(0, maxListed);
    if (lines.length > maxListed) {
        yield `  ... and ${lines.length - maxListed} more (--json shows all)`;
    }
}
