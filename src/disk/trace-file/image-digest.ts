/**
 * The digest by which a trace knows the disk that it began on.
 *
 * It is the SHA-256 of the SHA-256 digests of the image's pieces of 1 MiB, in their order, of
 * which the last may be shorter: an image of any size takes the memory of one piece. Pieces of
 * zeros, which most disks are full of, are digested once.
 */
import type { ByteReader } from "../../base/byte-store.ts";
import { isZero } from "../../base/is-zero.ts";
import { sha256 } from "../../base/sha256.ts";

const pieceSizeBytes = 2 ** 20;

/** The digest of an image, 32 bytes. */
export function imageDigest(image: ByteReader): Uint8Array {
    const pieceCount = Math.ceil(image.sizeBytes / pieceSizeBytes);
    const digests = new Uint8Array(32 * pieceCount);
    const piece = new Uint8Array(pieceSizeBytes);
    const zeroDigest = sha256(piece);
    for (let index = 0; index < pieceCount; index++) {
        const start = index * pieceSizeBytes;
        const part = piece.subarray(0, Math.min(pieceSizeBytes, image.sizeBytes - start));
        image.read(start, part);
        const isZeroPiece = part.length === pieceSizeBytes && isZero(part);
        digests.set(isZeroPiece ? zeroDigest : sha256(part), 32 * index);
    }
    return sha256(digests);
}
