/** `chickadee cat`: the bytes of files. */

import { type ByteString, byteStringOf, printable, utf8Decode } from "../../base/byte-string.ts";
import { filePieces } from "../../chkfs/file-content.ts";
import type { Inode } from "../../chkfs/inode.ts";
import { InodeType } from "../../chkfs/layout.ts";
import type { Volume } from "../../chkfs/volume.ts";
import { nameFields } from "../../report/json.ts";
import type { RegisterSubCommand } from "../sub-command.ts";
import { findOrComplain } from "./find.ts";
import { complainOfStretches, typeText } from "./inode-text.ts";
import type { Inspection } from "./inspection.ts";
import { addInspection, addReplay, runDiskInspection } from "./register.ts";
import type { DiskOptions } from "./replay.ts";

/** What the files in a document may have in all, in bytes. */
const maxDocumentBytes = 64 * 2 ** 20;

export const registerCat: RegisterSubCommand = (program, context) => {
    const example = "chickadee cat disk.img /readme.txt";
    const command = addInspection(program, "cat", "print files", example);
    command.argument("<PATH...>", "the files");
    addReplay(command).action((image: string, paths: string[], options: DiskOptions) =>
        runDiskInspection(context, image, options, (inspection) => cat(inspection, paths)),
    );
};

function cat(inspection: Inspection, pathArguments: readonly string[]): void {
    const volume = inspection.volume();
    const files: object[] = [];
    let documentBytes = 0;
    for (const argument of pathArguments) {
        const found = findOrComplain(inspection, volume, argument);
        if (found === undefined) {
            continue;
        }
        const { path, inode } = found;
        if (inode.type !== InodeType.regular) {
            inspection.complain(`${printable(path)}: not a regular file (${typeText(inode.type)})`);
        } else {
            complainOfStretches(inspection, volume, path, inode);
            if (inspection.isJson) {
                documentBytes += inode.size;
                if (documentBytes > maxDocumentBytes) {
                    const others = files.length > 0 ? " with the files before it" : "";
                    throw inspection.error(
                        `${printable(path)}: too large for a document: ` +
                            `${documentBytes} bytes${others}`,
                    );
                }
                files.push(fileDocument(volume, path, inode));
            } else {
                writeContent(inspection, volume, inode);
            }
        }
    }
    if (inspection.isJson) {
        inspection.document({ files });
    }
}

/** Prints a file as far as its extents go. */
function writeContent(inspection: Inspection, volume: Volume, inode: Inode): void {
    for (const { kind, bytes } of filePieces(volume, inode)) {
        if (kind === "unmapped") {
            return;
        }
        inspection.out.bytes(bytes);
    }
}

/** A file as `text` where it is UTF-8, otherwise as `base64`. */
function fileDocument(volume: Volume, path: ByteString, inode: Inode): object {
    const { inodeNo, size } = inode;
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
