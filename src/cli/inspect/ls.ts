/** `chickadee ls`: the entries of a directory, in the order in which it holds them. */

import { type ByteString, printable, utf8Encode } from "../../base/byte-string.ts";
import type { Inode } from "../../chkfs/inode.ts";
import { InodeType } from "../../chkfs/layout.ts";
import type { Volume } from "../../chkfs/volume.ts";
import { nameFields } from "../../report/json.ts";
import { table } from "../../report/table.ts";
import type { RegisterSubCommand } from "../sub-command.ts";
import { type Found, find } from "./find.ts";
import { complainOfStretches, typeLetter, typeText } from "./inode-text.ts";
import type { Inspection } from "./inspection.ts";
import { addColour, addInspection, addReplay, runDiskInspection } from "./register.ts";
import type { DiskOptions } from "./replay.ts";

export interface LsOptions extends DiskOptions {
    readonly long?: boolean;
}

/** Entries that a document lists at most. */
const maxListedEntries = 200_000;

/** A line of the list. */
interface Item {
    readonly name: ByteString;
    readonly inodeNo: number;
    /** Undefined where the disk has no such inode. */
    readonly inode: Inode | undefined;
    /** Undefined where a single file is listed. */
    readonly slot?: number;
}

export const registerLs: RegisterSubCommand = (program, context) => {
    const example = "chickadee ls -l disk.img /bin";
    const command = addInspection(program, "ls", "list a directory", example)
        .argument("[PATH]", "what to list", "/")
        .option("-l, --long", "print inode, type, link count and size too");
    addColour(addReplay(command)).action((image: string, path: string, options: LsOptions) =>
        runDiskInspection(context, image, options, (inspection) => ls(inspection, path, options)),
    );
};

function ls(inspection: Inspection, pathArgument: string, options: LsOptions): void {
    const volume = inspection.volume();
    const found = find(inspection, volume, pathArgument);
    const items = listed(inspection, volume, found);
    if (inspection.isJson) {
        if (items.length > maxListedEntries) {
            inspection.complain(`${items.length - maxListedEntries} more entries are left out`);
        }
        inspection.document({
            ...nameFields("path", found.path),
            entries: items.slice(0, maxListedEntries).map(itemDocument),
        });
    } else if (options.long) {
        printLong(inspection, items);
    } else {
        for (const item of items) {
            printName(inspection, item);
        }
    }
}

/** A directory's entries; anything else lists itself. */
function listed(inspection: Inspection, volume: Volume, { path, inode }: Found): Item[] {
    if (inode.type !== InodeType.directory) {
        return [{ name: path, inodeNo: inode.inodeNo, inode }];
    }
    complainOfStretches(inspection, volume, path, inode);
    const budget = volume.newBudget();
    const items: Item[] = [];
    for (const { name, inodeNo, slot } of volume.entriesOf(inode, budget)) {
        const exists = volume.hasInode(inodeNo);
        if (!exists) {
            inspection.complain(
                `${printable(path)}: ${printable(name)} is inode ${inodeNo}, ` +
                    "which the disk does not have",
            );
        }
        items.push({ name, inodeNo, slot, inode: exists ? volume.inode(inodeNo) : undefined });
    }
    if (budget.isSpent) {
        inspection.complain(`${printable(path)}: uses blocks again and again; the list is cut off`);
    }
    return items;
}

function printLong(inspection: Inspection, items: readonly Item[]): void {
    const columns = table(
        items.map(({ inodeNo, inode }) => [
            `${inodeNo}`,
            inode === undefined ? "?" : typeLetter(inode.type),
            inode === undefined ? "?" : `${inode.nlink}`,
            inode === undefined ? "?" : `${inode.size}`,
        ]),
        { alignRight: [0, 2, 3] },
    );
    for (const [index, item] of items.entries()) {
        inspection.out.byteString(utf8Encode(`${columns[index]}  `));
        printName(inspection, item);
    }
}

function printName(inspection: Inspection, { name, inode }: Item): void {
    const isDirectory = inode?.type === InodeType.directory;
    inspection.name(name, isDirectory ? inspection.colours.directory : undefined);
    inspection.out.text(isDirectory && inspection.out.isTerminal ? "/\n" : "\n");
}

function itemDocument({ name, slot, inodeNo, inode }: Item): object {
    return {
        ...nameFields("name", name),
        ...(slot !== undefined && { slot }),
        inode: inodeNo,
        ...(inode !== undefined && {
            type: typeText(inode.type),
            size: inode.size,
            nlink: inode.nlink,
        }),
    };
}
