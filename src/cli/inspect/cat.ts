/** `chickadee cat`: the bytes of files. */

import { type ByteString, byteStringOf, printable, utf8Decode } from "../../base/byte-string.ts";
import type { Inode } from "../../chkfs/inode.ts";
import { blockSize, InodeType } from "../../chkfs/layout.ts";
import type { Volume } from "../../chkfs/volume.ts";
import { nameFields } from "../../report/json.ts";
import type { RegisterSubCommand } from "../sub-command.ts";
import { find } from "./find.ts";
import { complainOfStretches, typeText } from "./inode-text.ts";
import type { CommonOptions, Inspection } from "./inspection.ts";
import { addInspection, runInspection } from "./register.ts";

/** Bytes read at a time. */
const chunkSize = 1 << 20;

/** The longest file that goes into a document, in bytes. */
const maxDocumentBytes = 64 * 2 ** 20;

export const registerCat: RegisterSubCommand = (program, context) => {
    addInspection(program, "cat", "print files", "chickadee cat disk.img /readme.txt")
        .argument("<PATH...>", "the files")
        .action((image: string, paths: string[], options: CommonOptions) =>
            runInspection(context, image, options, (inspection) => cat(inspection, paths)),
        );
};

function cat(inspection: Inspection, pathArguments: readonly string[]): void {
    const volume = inspection.volume();
    const files: object[] = [];
    for (const argument of pathArguments) {
        const { path, inode } = find(inspection, volume, argument);
        if (inode.type !== InodeType.regular) {
            inspection.complain(`${printable(path)}: not a regular file (${typeText(inode.type)})`);
        } else {
            complainOfStretches(inspection, volume, path, inode);
            if (inspection.isJson) {
                files.push(fileDocument(inspection, volume, path, inode));
            } else {
                writeContent(inspection, volume, inode);
            }
        }
    }
    if (inspection.isJson) {
        inspection.document({ files });
    }
}

/**
 * Prints a file stretch by stretch. What cannot be read is zeros, like a hole, so that what
 * follows stays in its place; the file ends where its extents do.
 */
function writeContent(inspection: Inspection, volume: Volume, inode: Inode): void {
    const chunk = new Uint8Array(chunkSize);
    for (const { kind, fileBlockNo, first, count } of volume.extentsOf(inode)) {
        if (kind === "unmapped") {
            return;
        }
        const length = Math.min(count * blockSize, inode.size - fileBlockNo * blockSize);
        for (let done = 0; done < length; done += chunkSize) {
            const piece = chunk.subarray(0, Math.min(chunkSize, length - done));
            if (kind === "data") {
                volume.disk.read(first * blockSize + done, piece);
            } else {
                piece.fill(0);
            }
            inspection.out.bytes(piece);
        }
    }
}

/** A file as `text` where it is UTF-8, otherwise as `base64`. */
function fileDocument(
    inspection: Inspection,
    volume: Volume,
    path: ByteString,
    inode: Inode,
): object {
    const { inodeNo, size } = inode;
    if (size > maxDocumentBytes) {
        throw inspection.error(`${printable(path)}: too large for a document: ${size} bytes`);
    }
    const content = new Uint8Array(size);
    volume.readFile(inode, 0, content);
    const text = utf8Decode(byteStringOf(content));
    return {
        ...nameFields("path", path),
        inode: inodeNo,
        size,
        ...(text === undefined ? { base64: Buffer.from(content).toString("base64") } : { text }),
    };
}
