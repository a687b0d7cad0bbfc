/** One block of a directory: its entries, their names, and the inodes that they name. */
import type { ByteString } from "../base/byte-string.ts";
import { type DirectoryEntry, entriesInBlock } from "../chkfs/directory.ts";
import { blockSize, direntLayout, direntsPerBlock, maxNameLength } from "../chkfs/layout.ts";
import type { Place } from "./finding.ts";
import type { WalkState } from "./walk-state.ts";

/**
 * Names of a directory that are compared; a JavaScript Set holds 2^24 entries at most, and a
 * directory of 4 GiB has more.
 */
const maxNameCount = 2 ** 23;

/** A directory under examination. */
export interface OpenDirectory {
    readonly inodeNo: number;
    readonly size: number;
    /** The names met so far. */
    readonly names: Set<ByteString>;
}

/**
 * Checks the entries in file block `index` of a directory, which is block `blockNo` of the disk.
 * Calls `visit` for each inode that an entry names.
 */
export function checkDirectoryBlock(
    state: WalkState,
    directory: OpenDirectory,
    blockNo: number,
    index: number,
    visit: (inodeNo: number, name: ByteString) => void,
): void {
    const wholeEntries = Math.floor(directory.size / direntLayout.sizeBytes);
    const firstSlot = index * direntsPerBlock;
    if (firstSlot >= wholeEntries) {
        return;
    }
    const bytes = new Uint8Array(blockSize);
    state.disk.read(blockNo * blockSize, bytes);
    for (const entry of entriesInBlock(bytes, blockNo, firstSlot, wholeEntries - firstSlot)) {
        checkEntry(state, directory, entry, visit);
    }
}

function checkEntry(
    state: WalkState,
    { inodeNo: directoryNo, names }: OpenDirectory,
    { slot, inodeNo, name: rawName, blockNo }: DirectoryEntry,
    visit: (inodeNo: number, name: ByteString) => void,
): void {
    const { reporter } = state;
    const place: Place = {
        kind: "inode",
        inodeNo: directoryNo,
        name: state.nameOf(directoryNo),
        diskBlock: blockNo,
    };
    const name = checkName(state, place, slot, rawName);
    if (reporter.isObserving) {
        reporter.observe({ kind: "dirent", slot, name, inodeNo });
    }
    if (names.has(name)) {
        reporter.report("dirent-duplicate-name", place, { slot, name });
    } else if (names.size < maxNameCount) {
        names.add(name);
    }
    if (inodeNo > 0 && inodeNo < state.inodes.inodeCount) {
        visit(inodeNo, name);
    } else {
        reporter.report("dirent-inode-range", place, { slot, inodeNo });
    }
}

/** Judges a name; returns it as far as it is one. */
function checkName(
    { reporter }: WalkState,
    place: Place,
    slot: number,
    rawName: ByteString,
): ByteString {
    const name = rawName.slice(0, maxNameLength);
    if (name === "") {
        reporter.report("dirent-empty-name", place, { slot });
    } else if (rawName.length > maxNameLength) {
        reporter.report("dirent-long-name", place, { slot, name: rawName });
    }
    if (name === "." || name === ".." || name.includes("/")) {
        reporter.report("dirent-reserved-name", place, { slot, name });
    }
    return name;
}
