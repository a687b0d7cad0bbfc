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
import type { Inspection } from "./inspection.ts";
import { type Listed, listed } from "./listed.ts";
import { addColour, addInspection, addReplay, runDiskInspection } from "./register.ts";
import type { DiskOptions } from "./replay.ts";

/** Extents or names that are listed in text. */
const maxListed = 40;

/** Extents or stretches that are listed in a document. */
const maxDocumentExtents = 100_000;

/** What the names in a document may have in sum, in bytes; one may have 62,000. */
const maxDocumentNameBytes = 4 * 2 ** 20;

/** What there is to say about an inode. */
interface InodeFacts {
    readonly path: ByteString;
    readonly inode: Inode;
    readonly slots: Listed<ExtentSlot>;
    readonly stretches: Listed<Stretch>;
    /** Blocks that the file has on the disk, up to its size. */
    readonly dataBlockCount: number;
    /** The paths that lead to the inode. */
    readonly names: Listed<ByteString>;
}

export const registerStat: RegisterSubCommand = (program, context) => {
    const description = "print an inode, its extents and its names";
    const example = "chickadee stat disk.img /readme.txt";
    const command = addInspection(program, "stat", description, example);
    command.argument("<PATH>", "a file or directory");
    addColour(addReplay(command)).action((image: string, path: string, options: DiskOptions) =>
        runDiskInspection(context, image, options, (inspection) => stat(inspection, path)),
    );
};

function stat(inspection: Inspection, pathArgument: string): void {
    const volume = inspection.volume();
    const { path, inode } = find(inspection, volume, pathArgument);
    const budget = volume.newBudget();
    const facts: InodeFacts = {
        path,
        inode,
        slots: listed(volume.extentSlotsOf(inode, budget), maxDocumentExtents),
        stretches: listed(volume.extentsOf(inode), maxDocumentExtents),
        dataBlockCount: dataBlockCount(volume.extentsOf(inode)),
        names: listed(namesOf(volume, inode.inodeNo), maxDocumentNameBytes, (name) => name.length),
    };
    complainOfStretches(inspection, volume, path, inode);
    if (budget.isSpent) {
        inspection.complain(
            `${printable(path)}: uses blocks again and again; not all were looked at`,
        );
    }
    if (inspection.isJson) {
        complainOfRest(inspection, facts);
        inspection.document(statDocument(facts));
    } else {
        inspection.lines(statLines(inspection, facts));
    }
}

function* namesOf(volume: Volume, inodeNo: number): Generator<ByteString> {
    for (const entry of volume.walk()) {
        if (entry.inodeNo === inodeNo) {
            yield entry.path;
        }
    }
}

function dataBlockCount(stretches: Iterable<Stretch>): number {
    let blockCount = 0;
    for (const { kind, count } of stretches) {
        blockCount += kind === "data" ? count : 0;
    }
    return blockCount;
}

/** Says what a document leaves out. */
function complainOfRest(inspection: Inspection, { slots, stretches, names }: InodeFacts): void {
    const complain = (what: string, { first, count }: Listed<unknown>) => {
        if (count > first.length) {
            inspection.complain(`${count - first.length} more ${what} are left out`);
        }
    };
    complain("extents", slots);
    complain("stretches", stretches);
    complain("names", names);
}

function statDocument(facts: InodeFacts): object {
    const { path, inode, slots, stretches, names } = facts;
    const { inodeNo, type, direct, indirect, ...fields } = inode;
    return {
        ...nameFields("path", path),
        inode: inodeNo,
        type: typeText(type),
        typeNumber: type,
        ...fields,
        direct,
        indirect,
        extents: slots.first,
        blocks: { inFile: fileBlockCount(inode.size), onDisk: facts.dataBlockCount },
        stretches: stretches.first,
        names: names.first.map((name) => nameFields("path", name)),
    };
}

function* statLines(inspection: Inspection, facts: InodeFacts): Generator<string> {
    const { path, inode, slots, names } = facts;
    const { colours } = inspection;
    const { size } = inode;
    yield colours.heading(printable(path));
    yield* table([
        ["  inode", `${inode.inodeNo}`],
        ["  type", `${inode.type} (${typeText(inode.type)})`],
        ["  size", `${counted(size, "byte")}, ${counted(fileBlockCount(size), "block")}`],
        ["  on disk", counted(facts.dataBlockCount, "block")],
        ["  nlink", `${inode.nlink} (named ${counted(names.count, "time")})`],
        ["  flags", `0x${inode.flags.toString(16)}`],
        ["  mlock", `${inode.mlock}`],
        ["  mbcindex", `${inode.mbcindex}`],
        ["  indirect", indirectText(inode.indirect)],
    ]);
    yield* extentLines(inspection, slots, fileBlockCount(size));
    if (names.count > 1) {
        yield colours.heading("names");
        const shown = names.first.slice(0, maxListed);
        yield* shown.map((name) => `  ${printable(name)}`);
        yield* restLines(names.count - shown.length);
    }
}

function indirectText({ first, count }: Extent): string {
    return count === 0 ? "none" : `${counted(count, "block")}: ${rangeText(first, count)}`;
}

/** The extents as they stand on the disk, with the file's blocks that they hold. */
function* extentLines(
    { colours }: Inspection,
    slots: Listed<ExtentSlot>,
    blockCount: number,
): Generator<string> {
    if (slots.count === 0) {
        yield colours.heading("no extents");
        return;
    }
    yield colours.heading(counted(slots.count, "extent"));
    const rows: string[][] = [["  #", "file blocks", "disk blocks"]];
    let fileBlockNo = 0;
    const shown = slots.first.slice(0, maxListed);
    for (const { index, first, count } of shown) {
        rows.push([
            `  ${index}`,
            rangeText(fileBlockNo, count),
            first === 0 ? `hole of ${counted(count, "block")}` : rangeText(first, count),
            fileBlockNo + count > blockCount ? "beyond the size" : "",
        ]);
        fileBlockNo += count;
    }
    yield* table(rows, { alignRight: [0] });
    yield* restLines(slots.count - shown.length);
}

function restLines(restCount: number): string[] {
    return restCount > 0 ? [`  ... and ${restCount} more (--json shows more)`] : [];
}
