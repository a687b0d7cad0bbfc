/**
 * Lost inodes: each tree of them gets a name in `/lost+found`, `#` and the number of its top.
 *
 * Nothing that is lost is changed itself. A circle of directories is refused: named, it would
 * have one name more than a directory may have, and which entry to cut is for a person to say.
 */
import type { ByteString } from "../../base/byte-string.ts";
import { InodeType, inodeLayout, rootInodeNumber } from "../../chkfs/layout.ts";
import type { WalkState } from "../walk-state.ts";
import { type ChangeLog, quoted, type Refusal } from "./change.ts";
import { BlockAllocator, DirectoryWriter } from "./directory-writer.ts";
import type { DiskEditor } from "./disk-editor.ts";
import { EntryGraph } from "./entry-graph.ts";

const lostFoundName = "lost+found";

/**
 * Names all lost inodes. Refuses circles, and where `/lost+found` is no directory or room runs out.
 *
 * @param state of a walk over the disk as it now is
 */
export function attachLostInodes(
    editor: DiskEditor,
    state: WalkState,
    log: ChangeLog,
): Refusal | undefined {
    const tops = new EntryGraph(editor.volume).lostTops();
    if (tops.length === 0) {
        return undefined;
    }
    const circle = tops.find(({ isInCycle }) => isInCycle);
    if (circle !== undefined) {
        const message = "lost in a circle of directories; clear one of their entries by hand";
        return { ...refusal(circle.inodeNo, message), code: "directory-cycle" };
    }
    const allocator = new BlockAllocator(editor, state.owners);
    const folder = findOrMakeLostFound(editor, allocator, log);
    if (typeof folder === "string") {
        return refusal(tops[0].inodeNo, folder);
    }
    const { volume } = editor;
    const names = new Set([...volume.entriesOf(volume.inode(folder))].map(({ name }) => name));
    const writer = new DirectoryWriter(editor, allocator, folder);
    for (const { inodeNo } of tops) {
        const name = freeName(`#${inodeNo}`, names);
        names.add(name);
        if (!writer.add(inodeNo, name)) {
            return refusal(inodeNo, `no room for it in ${quoted(lostFoundName)}: the disk is full`);
        }
        const message = `named ${quoted(`/${lostFoundName}/${name}`)}`;
        log.add("attach-inode", { kind: "inode", inodeNo }, message);
    }
    return undefined;
}

function refusal(inodeNo: number, message: ByteString): Refusal {
    return { code: "inode-lost", place: { kind: "inode", inodeNo }, message };
}

/** The inode of `/lost+found`; or, in words, why there is none. */
function findOrMakeLostFound(
    editor: DiskEditor,
    allocator: BlockAllocator,
    log: ChangeLog,
): number | ByteString {
    const { volume } = editor;
    const entry = volume.entryNamed(volume.inode(rootInodeNumber), lostFoundName);
    if (entry !== undefined) {
        return volume.inode(entry.inodeNo).type === InodeType.directory
            ? entry.inodeNo
            : `lost, and ${quoted(`/${lostFoundName}`)} is no directory to name it in`;
    }
    const inodeNo = freeInode(editor);
    if (inodeNo === undefined) {
        return `lost, and no inode is free for ${quoted(`/${lostFoundName}`)}`;
    }
    editor.updateInode(inodeNo, ({ bytes }) => {
        bytes.fill(0);
        Object.assign(inodeLayout.at(bytes), { type: InodeType.directory, nlink: 1 });
    });
    if (!new DirectoryWriter(editor, allocator, rootInodeNumber).add(inodeNo, lostFoundName)) {
        return `lost, and there is no room for ${quoted(`/${lostFoundName}`)}: the disk is full`;
    }
    const place = { kind: "inode", inodeNo: rootInodeNumber, name: "root directory" } as const;
    const message = `directory ${quoted(lostFoundName)} made, with inode ${inodeNo}`;
    log.add("make-lost-found", place, message);
    return inodeNo;
}

/** The first free inode behind the root. No entry names it: dead entries are cleared before. */
function freeInode({ volume, superblock }: DiskEditor): number | undefined {
    let expected = rootInodeNumber;
    for (const { inodeNo } of volume.liveInodes()) {
        if (inodeNo > expected + 1) {
            break;
        }
        expected = inodeNo;
    }
    return expected + 1 < superblock.ninodes ? expected + 1 : undefined;
}

/** `name`, or where it is taken `name.2`, `name.3` and so on. */
function freeName(name: ByteString, taken: ReadonlySet<ByteString>): ByteString {
    let candidate = name;
    for (let attempt = 2; taken.has(candidate); attempt++) {
        candidate = `${name}.${attempt}`;
    }
    return candidate;
}
