/** Link counts: a file's `nlink` is the number of entries that name it, a directory's is 1. */
import { InodeType } from "../../chkfs/layout.ts";
import type { WalkState } from "../walk-state.ts";
import type { ChangeLog } from "./change.ts";
import type { DiskEditor } from "./disk-editor.ts";

/** @param state of a walk over the disk as it now is, without lost inodes */
export function setLinkCounts(editor: DiskEditor, state: WalkState, log: ChangeLog): void {
    for (const { inodeNo, type, nlink } of editor.volume.liveInodes()) {
        const linkCount = type === InodeType.directory ? 1 : state.visits.get(inodeNo);
        if (nlink === linkCount) {
            continue;
        }
        editor.updateInode(inodeNo, (inode) => {
            inode.nlink = linkCount;
        });
        const place = { kind: "inode", inodeNo, name: state.nameOf(inodeNo) } as const;
        log.add("set-link-count", place, `link count ${nlink} set to ${linkCount}`);
    }
}
