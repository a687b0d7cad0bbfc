/**
 * The disk that docs/FORMAT.md takes apart byte by byte: 16 blocks with a file, a folder, a file
 * with a hole, and a journal that has one transaction to replay.
 */
import { placeRecord } from "../../src/chkfs/journal/codec.ts";
import { buildImage, fragmented } from "./image-builder.ts";

/** What `/haiku.txt` holds before the replay; afterwards its first line is another one. */
export const haiku = "one chickadee waits\nfor its write to reach the disk\nsnow on the platter\n";
export const replayedHaiku = haiku.replace("waits", "sings");

const start = 0x10;
const commit = 0x20;

export function exampleImage(): Uint8Array {
    const image = buildImage({
        blockCount: 16,
        journalBlockCount: 4,
        root: [
            ["haiku.txt", haiku],
            ["birds", [["owl", fragmented(`hoo\n${"\0".repeat(8188)}hoo\n`, [1, -1, 1])]]],
        ],
    });
    const content = new Uint8Array(4096);
    content.set(new TextEncoder().encode(replayedHaiku));
    placeRecord(image.bytes.subarray(image.journal_bn * 4096), 0, {
        seq: 65535,
        tid: 7,
        commitBoundary: 8,
        completeBoundary: 7,
        flags: start | commit,
        writes: [{ blockNo: image.dataBlocks("/haiku.txt")[0], content }],
    });
    return image.bytes;
}
