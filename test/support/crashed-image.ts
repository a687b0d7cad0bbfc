/**
 * The disk of a kernel whose power was cut: `images/crashed.img`, made from `images/sample`.
 *
 * Three transactions are in its journal. The first was completed long ago. The second, which adds
 * `song.txt`, was committed, but of its four blocks only the bitmap had reached its home. The
 * third, which removes `haiku.txt`, was cut short: one of its data blocks never arrived.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bytesOf } from "../../src/base/byte-string.ts";
import { FreeBlockBitmap } from "../../src/chkfs/bitmap.ts";
import { type JournalRecord, placeRecord } from "../../src/chkfs/journal/codec.ts";
import {
    blockSize,
    direntLayout,
    InodeType,
    inodeLayout,
    MetablockFlag,
} from "../../src/chkfs/layout.ts";
import { readSuperblock } from "../../src/chkfs/superblock.ts";
import { mkchickadeefs } from "../../src/cli/mkfs-command.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { runProgram } from "./memory-host.ts";

const sampleFolder = new URL("../../images/sample/", import.meta.url);

const songText = "chick-a-dee-dee-dee\n";
/** The files under `images/sample`, by path below `sample/`. */
function sampleFiles(): Record<string, Uint8Array> {
    const files: Record<string, Uint8Array> = {};
    for (const entry of readdirSync(sampleFolder, { recursive: true, withFileTypes: true })) {
        if (entry.isFile()) {
            const path = `${entry.parentPath}/${entry.name}`;
            const below = path.slice(fileURLToPath(sampleFolder).length).replace(/^\//, "");
            files[`sample/${below}`] = new Uint8Array(readFileSync(path));
        }
    }
    return files;
}

/** The image before any transaction, as `mkchickadeefs` makes it. */
function formattedImage(): Uint8Array {
    const args = ["-b", "128", "-i", "64", "-j", "24", "--from", "sample", "-o", "disk.img"];
    const run = runProgram(mkchickadeefs, args, { files: sampleFiles() });
    if (run.status !== 0) {
        throw new Error(run.stderr());
    }
    return run.readFile("disk.img");
}

/** The image as the power cut left it. */
export function crashedImage(): Uint8Array {
    const image = formattedImage();
    const disk = new MemoryStore(image);
    const superblock = readSuperblock(disk);
    const { fbb_bn, inode_bn, data_bn, journal_bn } = superblock;
    const inode = (inodeNo: number, bytes: Uint8Array) =>
        inodeLayout.at(bytes, inodeNo * inodeLayout.sizeBytes);
    const block = (blockNo: number) => image.slice(blockNo * blockSize, (blockNo + 1) * blockSize);

    const bitmapBlock = block(fbb_bn);
    const inodeBlock = block(inode_bn);
    let songBlockNo = 0;
    new FreeBlockBitmap(disk, superblock).forEachFree(data_bn, journal_bn, (blockNo) => {
        songBlockNo ||= blockNo;
    });
    const songBlock = new Uint8Array(blockSize);
    songBlock.set(bytesOf(songText));
    bitmapBlock[songBlockNo >>> 3] &= ~(1 << (songBlockNo & 7));
    let songInode = 2;
    while (inode(songInode, inodeBlock).type !== InodeType.free) {
        songInode++;
    }
    Object.assign(inode(songInode, inodeBlock), {
        type: InodeType.regular,
        size: songText.length,
        nlink: 1,
    });
    const song = inode(songInode, inodeBlock);
    new DataView(song.direct.buffer, song.direct.byteOffset).setUint32(0, songBlockNo, true);
    new DataView(song.direct.buffer, song.direct.byteOffset).setUint32(4, 1, true);
    const rootBlockNo = new DataView(inode(1, inodeBlock).direct.slice().buffer).getUint32(0, true);
    const rootBlock = block(rootBlockNo);
    const entry = direntLayout.at(rootBlock);
    while (entry.inum !== 0) {
        entry.byteOffset += direntLayout.sizeBytes;
    }
    entry.inum = songInode;
    entry.name.set(bytesOf("song.txt"));

    const unlinkedRoot = rootBlock.slice();
    direntLayout.at(unlinkedRoot, entry.byteOffset - direntLayout.sizeBytes).inum = 0;

    const { start, commit } = MetablockFlag;
    const records: [blockIndex: number, record: JournalRecord][] = [
        [
            17,
            {
                seq: 65533,
                tid: 6,
                commitBoundary: 7,
                completeBoundary: 6,
                flags: start | commit,
                writes: [{ blockNo: rootBlockNo, content: block(rootBlockNo) }],
            },
        ],
        [
            19,
            {
                seq: 65534,
                tid: 7,
                commitBoundary: 7,
                completeBoundary: 7,
                flags: start,
                writes: [
                    { blockNo: songBlockNo, content: songBlock },
                    { blockNo: fbb_bn, content: bitmapBlock },
                ],
            },
        ],
        [
            22,
            {
                seq: 65535,
                tid: 7,
                commitBoundary: 8,
                completeBoundary: 7,
                flags: commit,
                writes: [
                    { blockNo: inode_bn, content: inodeBlock },
                    { blockNo: rootBlockNo, content: rootBlock },
                ],
            },
        ],
        [
            1,
            {
                seq: 0,
                tid: 8,
                commitBoundary: 9,
                completeBoundary: 7,
                flags: start | commit,
                writes: [
                    { blockNo: rootBlockNo, content: unlinkedRoot },
                    { blockNo: inode_bn, content: block(inode_bn) },
                ],
            },
        ],
    ];
    const journal = image.subarray(journal_bn * blockSize);
    for (const [blockIndex, record] of records) {
        placeRecord(journal, blockIndex, record);
    }
    // The last record's second data block never arrived; the bitmap had already come home.
    journal.fill(0, 3 * blockSize, 4 * blockSize);
    image.set(bitmapBlock, fbb_bn * blockSize);
    return image;
}
