/** `chickadee tree`: everything below a directory. */

import { type ByteString, printable } from "../../base/byte-string.ts";
import { InodeType } from "../../chkfs/layout.ts";
import type { WalkEntry } from "../../chkfs/volume-walk.ts";
import { nameFields } from "../../report/json.ts";
import { counted } from "../../report/size.ts";
import type { RegisterSubCommand } from "../sub-command.ts";
import { find } from "./find.ts";
import { complainOfStretches, isKnownType, typeText } from "./inode-text.ts";
import type { Inspection } from "./inspection.ts";
import { addColour, addInspection, addReplay, runDiskInspection } from "./register.ts";
import type { DiskOptions } from "./replay.ts";

/** Entries that a document lists at most. */
const maxListedEntries = 200_000;

export const registerTree: RegisterSubCommand = (program, context) => {
    const example = "chickadee tree disk.img /home";
    const command = addInspection(program, "tree", "draw a directory tree", example);
    command.argument("[PATH]", "where to begin", "/");
    addColour(addReplay(command)).action((image: string, path: string, options: DiskOptions) =>
        runDiskInspection(context, image, options, (inspection) => tree(inspection, path)),
    );
};

function tree(inspection: Inspection, pathArgument: string): void {
    const volume = inspection.volume();
    const { path, inode } = find(inspection, volume, pathArgument);
    const budget = volume.newBudget();
    const stretchBudget = volume.newBudget();
    const documents: object[] = [];
    let droppedCount = 0;
    /** Whether the entry at each depth above the current one has siblings to come. */
    const hasMore: boolean[] = [];
    let directoryCount = 0;
    let fileCount = 0;
    for (const entry of volume.walk(inode.inodeNo, path, budget)) {
        const type = entry.inode?.type;
        const isDirectory = type === InodeType.directory;
        const problem = problemText(entry);
        directoryCount += isDirectory ? 1 : 0;
        fileCount += type === InodeType.regular ? 1 : 0;
        // What is wrong with the root itself was said when it was found.
        if (problem !== undefined && entry.path !== "/") {
            inspection.complain(`${printable(entry.path)}: ${problem}`);
        }
        if (isDirectory && entry.problem === undefined && entry.inode !== undefined) {
            complainOfStretches(inspection, volume, entry.path, entry.inode, stretchBudget);
        }
        if (inspection.isJson && documents.length < maxListedEntries) {
            documents.push(entryDocument(entry));
        } else if (inspection.isJson) {
            droppedCount++;
        } else {
            hasMore.length = entry.depth;
            inspection.lines([
                `${branches(hasMore, entry)}${label(inspection, entry, isDirectory)}`,
            ]);
            hasMore.push(!entry.isLast);
        }
    }
    if (budget.isSpent) {
        inspection.complain("directories use each other's blocks; the tree is cut off");
    }
    if (droppedCount > 0) {
        inspection.complain(`${droppedCount} more entries are left out`);
    }
    if (inspection.isJson) {
        const counts = { directories: directoryCount, files: fileCount };
        inspection.document({ ...nameFields("path", path), counts, entries: documents });
    } else {
        const directories = counted(directoryCount, "directory", "directories");
        inspection.lines(["", `${directories}, ${counted(fileCount, "file")}`]);
    }
}

/** The lines that lead to an entry, from those above it. */
function branches(hasMore: readonly boolean[], { depth, isLast }: WalkEntry): string {
    if (depth === 0) {
        return "";
    }
    const above = hasMore.slice(1).map((more) => (more ? "│   " : "    "));
    return `${above.join("")}${isLast ? "└── " : "├── "}`;
}

/** What an entry is called below the one where the tree begins, which has its whole path. */
function shownName({ depth, path, name }: WalkEntry): ByteString {
    return depth === 0 ? path : name;
}

function label({ colours }: Inspection, entry: WalkEntry, isDirectory: boolean): string {
    const name = printable(shownName(entry));
    const painted = isDirectory ? colours.directory(name) : name;
    const problem = problemText(entry);
    return problem === undefined ? painted : `${painted} ${colours.problem(`(${problem})`)}`;
}

function problemText({ problem, inodeNo, inode }: WalkEntry): string | undefined {
    switch (problem) {
        case "no such inode":
            return `inode ${inodeNo} does not exist`;
        case "free inode":
            return `inode ${inodeNo} is free`;
        case "seen before":
            return `inode ${inodeNo} is a directory shown before`;
        case "too deep":
            return "too deep to go on";
        default:
            return inode === undefined || isKnownType(inode.type)
                ? undefined
                : typeText(inode.type);
    }
}

/** Entries have no paths: in the order of the walk names and depths say as much, in less. */
function entryDocument(entry: WalkEntry): object {
    const { depth, inodeNo, inode, problem } = entry;
    return {
        ...nameFields("name", shownName(entry)),
        depth,
        inode: inodeNo,
        ...(inode !== undefined && { type: typeText(inode.type), size: inode.size }),
        ...(problem !== undefined && { problem }),
    };
}
