/** From a path that someone typed to an inode. */
import { type ByteString, printable, utf8Encode } from "../../base/byte-string.ts";
import type { Inode } from "../../chkfs/inode.ts";
import { InodeType, rootInodeNumber } from "../../chkfs/layout.ts";
import { joinPath, pathNames, resolveDots } from "../../chkfs/path.ts";
import type { Volume } from "../../chkfs/volume.ts";
import { typeText } from "./inode-text.ts";
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
    const found = seek(inspection, volume, argument);
    if (typeof found === "string") {
        throw inspection.error(found);
    }
    return found;
}

/** The same, with a complaint in place of the error. */
export function findOrComplain(
    inspection: Inspection,
    volume: Volume,
    argument: string,
): Found | undefined {
    const found = seek(inspection, volume, argument);
    if (typeof found === "string") {
        inspection.complain(found);
        return undefined;
    }
    return found;
}

/** What a path names, or why it names nothing. Complains of a root that is no directory. */
function seek(inspection: Inspection, volume: Volume, argument: string): Found | string {
    const wanted = pathArgument(argument);
    let path = "/";
    let inode = volume.inode(rootInodeNumber);
    if (wanted === path && inode.type !== InodeType.directory) {
        inspection.complain(`/: the root should be a directory; it is: ${typeText(inode.type)}`);
    }
    for (const name of pathNames(wanted)) {
        if (inode.type !== InodeType.directory) {
            return `${printable(wanted)}: ${printable(path)} is not a directory`;
        }
        const entry = volume.entryNamed(inode, name);
        path = joinPath(path, name);
        if (entry === undefined) {
            const problem =
                path === wanted ? "no such file or directory" : `there is no ${printable(path)}`;
            return `${printable(wanted)}: ${problem}`;
        }
        const { inodeNo } = entry;
        if (!volume.hasInode(inodeNo)) {
            const problem = `${printable(path)} is inode ${inodeNo}, which the disk does not have`;
            return `${printable(wanted)}: ${problem}`;
        }
        inode = volume.inode(inodeNo);
    }
    return { path, inode };
}
