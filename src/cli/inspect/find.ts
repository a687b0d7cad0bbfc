/** From a path that someone typed to an inode. */
import { type ByteString, printable, utf8Encode } from "../../base/byte-string.ts";
import type { Inode } from "../../chkfs/inode.ts";
import { InodeType, rootInodeNumber } from "../../chkfs/layout.ts";
import { joinPath, pathNames, resolveDots } from "../../chkfs/path.ts";
import type { Volume } from "../../chkfs/volume.ts";
import type { Inspection } from "./inspection.ts";

/** What a path names. */
export interface Found {
    /** Absolute, without `.` and `..`. */
    readonly path: ByteString;
    readonly inode: Inode;
}

/**
 * The path that an argument means. `\xNN` stands for a byte, as in what we print, so that every
 * name can be typed.
 */
function pathArgument(argument: string): ByteString {
    const bytes = utf8Encode(argument).replace(/\\x([0-9a-fA-F]{2})/g, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
    );
    return resolveDots(bytes);
}

/** Finds what a path names. Throws `UserError` that says how far the path leads. */
export function find(inspection: Inspection, volume: Volume, argument: string): Found {
    const wanted = pathArgument(argument);
    let path = "/";
    let inode = volume.inode(rootInodeNumber);
    for (const name of pathNames(wanted)) {
        const complaint = (problem: string) => inspection.error(`${printable(wanted)}: ${problem}`);
        if (inode.type !== InodeType.directory) {
            throw complaint(`${printable(path)} is not a directory`);
        }
        const entry = volume.entryNamed(inode, name);
        path = joinPath(path, name);
        if (entry === undefined) {
            throw complaint(
                path === wanted ? "no such file or directory" : `there is no ${printable(path)}`,
            );
        }
        if (!volume.hasInode(entry.inodeNo)) {
            throw complaint(
                `${printable(path)} is inode ${entry.inodeNo}, which the disk does not have`,
            );
        }
        inode = volume.inode(entry.inodeNo);
    }
    return { path, inode };
}
