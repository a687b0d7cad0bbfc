/** `chickadee tree`: everything below a directory. */

import { printable } from "../../base/byte-string.ts";
import { InodeType } from "../../chkfs/layout.ts";
import type { WalkEntry } from "../../chkfs/volume-walk.ts";
import { nameFields } from "../../report/json.ts";
import { counted } from "../../report/size.ts";
import type { RegisterSubCommand } from "../sub-command.ts";
import { find } from "./find.ts";
import { complainOfStretches, typeText } from "./inode-text.ts";
import type { CommonOptions, Inspection } from "./inspection.ts";
import { addInspection, runInspection } from "./register.ts";

export const registerTree: RegisterSubCommand = (program, context) => {
    addInspection(program, "tree", "draw a directory tree", "chickadee tree disk.img /home")
        .argument("[PATH]", "where to begin", "/")
        .action((image: string, path: string, options: CommonOptions) =>
            runInspection(context, image, options, (inspection) => tree(inspection, path)),
        );
};

function tree(inspection: Inspection, pathArgument: string): void {
    const volume = inspection.volume();
    const { path, inode } = find(inspection, volume, pathArgument);
    const budget = volume.newBudget();
    const stretchBudget = volume.newBudget();
    const documents: object[] = [];
    /** Whether the entry at each depth above the current one has siblings to come. */
    const hasMore: boolean[] = [];
    let directoryCount = 0;
    let fileCount = 0;
    for (const entry of volume.walk(inode.inodeNo, path, budget)) {
        const isDirectory = entry.inode?.type === InodeType.directory;
        if (isDirectory) {
            directoryCount++;
        } else if (entry.inode !== undefined) {
            fileCount++;
        }
        if (entry.problem !== undefined) {
            inspection.complain(`${printable(entry.path)}: ${problemText(entry)}`);
        } else if (isDirectory && entry.inode !== undefined) {
            complainOfStretches(inspection, volume, entry.path, entry.inode, stretchBudget);
        }
        if (inspection.isJson) {
            documents.push(entryDocument(entry));
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

function label({ colours }: Inspection, entry: WalkEntry, isDirectory: boolean): string {
    const name = printable(entry.depth === 0 ? entry.path : entry.name);
    const painted = isDirectory ? colours.directory(name) : name;
    return entry.problem === undefined
        ? painted
        : `${painted} ${colours.problem(`[${problemText(entry)}]`)}`;
}

function problemText({ problem, inodeNo }: WalkEntry): string {
    switch (problem) {
        case "no such inode":
            return `inode ${inodeNo} does not exist`;
        case "free inode":
            return `inode ${inodeNo} is free`;
        case "seen before":
            return `inode ${inodeNo} is a directory shown before`;
        default:
            return "too deep to go on";
    }
}

function entryDocument({ path, depth, inodeNo, inode, problem }: WalkEntry): object {
    return {
        ...nameFields("path", path),
        depth,
        inode: inodeNo,
        ...(inode !== undefined && { type: typeText(inode.type), size: inode.size }),
        ...(problem !== undefined && { problem }),
    };
}
