/** What `mkchickadeefs --json` says about an image that it wrote. */
import { blockSize, InodeType } from "../chkfs/layout.ts";
import type { ImageLayout } from "../mkfs/image-builder.ts";
import { isSizedToContent, type MkfsRequest } from "./mkfs-options.ts";

/** The summary as one JSON document, ended by a newline. */
export function mkfsSummary(request: MkfsRequest, layout: ImageLayout): string {
    const { superblock, inodes, usedDataBlockCount } = layout;
    const files = inodes.filter((inode) => inode.type === InodeType.regular);
    const { magic: _, ...geometry } = superblock;
    const summary = {
        image: request.outputPath,
        sizeBytes: superblock.nblocks * blockSize,
        // True where the blocks, and the inodes unless asked for, follow from what is packed.
        sizedToContent: isSizedToContent(request),
        superblock: geometry,
        blocks: {
            total: superblock.nblocks,
            swap: superblock.nswap,
            bitmap: superblock.inode_bn - superblock.fbb_bn,
            inodes: superblock.data_bn - superblock.inode_bn,
            data: usedDataBlockCount,
            free: superblock.journal_bn - superblock.data_bn - usedDataBlockCount,
            journal: superblock.njournal,
        },
        files: {
            count: files.length,
            sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
        },
        directories: { count: inodes.length - files.length },
        layout: {
            random: request.isRandom,
            // Null is the one layout of the reference tool.
            seed: request.seed ?? null,
            extents: inodes.reduce((sum, inode) => sum + inode.extents.length, 0),
        },
    };
    return `${JSON.stringify(summary, undefined, 2)}\n`;
}
