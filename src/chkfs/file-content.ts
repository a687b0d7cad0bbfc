/** The bytes of a file, piece by piece, however long it is. */
import type { StretchKind } from "./extents.ts";
import type { Inode } from "./inode.ts";
import { blockSize } from "./layout.ts";
import type { Volume } from "./volume.ts";

/** Bytes handed on at a time. */
const pieceSize = 1 << 20;

/** A part of a file's content. */
export interface FilePiece {
    /** Where it comes from; anything but `data` is zeros. */
    readonly kind: StretchKind;
    /** At most a mebibyte; the next piece overwrites it. */
    readonly bytes: Uint8Array;
}

/**
 * A file's content in order, exactly as long as its size says. What cannot be read is zeros, like
 * a hole, so that what follows stays in its place.
 */
export function* filePieces(volume: Volume, inode: Inode): Generator<FilePiece, void> {
    const buffer = new Uint8Array(pieceSize);
    let doneBytes = 0;
    for (const { kind, first, count } of volume.extentsOf(inode)) {
        const end = Math.min(doneBytes + count * blockSize, inode.size);
        for (let at = first * blockSize; doneBytes < end; at += pieceSize) {
            const bytes = buffer.subarray(0, Math.min(pieceSize, end - doneBytes));
            if (kind === "data") {
                volume.disk.read(at, bytes);
            } else {
                bytes.fill(0);
            }
            yield { kind, bytes };
            doneBytes += bytes.length;
        }
    }
    // Where the extents took more steps than their budget allows, nothing is known of the rest.
    buffer.fill(0);
    while (doneBytes < inode.size) {
        const bytes = buffer.subarray(0, Math.min(pieceSize, inode.size - doneBytes));
        yield { kind: "unmapped", bytes };
        doneBytes += bytes.length;
    }
}
