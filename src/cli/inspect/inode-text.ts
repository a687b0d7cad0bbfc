/** Words for inodes and for what is wrong with where their blocks are. */
import { type ByteString, printable } from "../../base/byte-string.ts";
import { readableCount } from "../../chkfs/extents.ts";
import type { Inode } from "../../chkfs/inode.ts";
import { InodeType } from "../../chkfs/layout.ts";
import type { Volume } from "../../chkfs/volume.ts";
import { counted, namedRange } from "../../report/size.ts";
import type { Inspection } from "./inspection.ts";

/** What an inode's type says, in words. */
export function typeText(type: number): string {
    switch (type) {
        case InodeType.free:
            return "free";
        case InodeType.regular:
            return "regular file";
        case InodeType.directory:
            return "directory";
        default:
            return `unknown type ${type}`;
    }
}

/** Whether a type is one that the format has. */
export function isKnownType(type: number): boolean {
    return Object.values<number>(InodeType).includes(type);
}

/** What an inode's type says, in a letter, as `ls -l` has them. */
export function typeLetter(type: number): string {
    return { [InodeType.regular]: "-", [InodeType.directory]: "d" }[type] ?? "?";
}

/** Stretches of one file that are complained of; a file made to annoy has very many. */
const maxComplaints = 20;

/**
 * Complains about each stretch of a file that cannot be read, up to its size: what a reader of the
 * file gets as zeros or not at all. A budget that was spent before tells nothing more.
 */
export function complainOfStretches(
    inspection: Inspection,
    volume: Volume,
    path: ByteString,
    inode: Inode,
    budget = volume.newBudget(),
): void {
    if (budget.isSpent) {
        return;
    }
    const complain = (problem: string) => inspection.complain(`${printable(path)}: ${problem}`);
    const outside = (first: number, count: number) =>
        `(${namedRange("block", first, count)}, outside the image's data blocks ` +
        `${volume.dataStart}-${volume.dataEnd - 1})`;
    let invalidCount = 0;
    for (const { kind, fileBlockNo, first, count } of volume.extentsOf(inode, budget)) {
        if (kind === "invalid") {
            invalidCount++;
            if (invalidCount <= maxComplaints) {
                const where = namedRange("file block", fileBlockNo, count);
                complain(`${where} cannot be read ${outside(first, count)}`);
            }
        } else if (kind === "unmapped" && budget.isSpent) {
            complain(`uses blocks again and again; it is cut off at file block ${fileBlockNo}`);
        } else if (kind === "unmapped") {
            complain(
                `its size asks for ${counted(fileBlockNo + count, "block")}, ` +
                    `but its extents end after ${fileBlockNo}`,
            );
        }
    }
    if (invalidCount > maxComplaints) {
        complain(`${invalidCount - maxComplaints} more of its extents cannot be read`);
    }
    const { first, count } = inode.indirect;
    if (count > 0 && readableCount(volume, inode.indirect) < count) {
        complain(`its indirect extents cannot be read ${outside(first, count)}`);
    }
}
