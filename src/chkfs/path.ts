/**
 * Paths: names with slashes between them.
 *
 * There is no `.` and no `..` on a disk. People write them all the same, so `resolveDots` takes
 * them out by the text of the path alone, as no symbolic links can make that wrong.
 */
import type { ByteString } from "../base/byte-string.ts";

/** The names in a path; slashes at either end and repeated ones do not count. */
export function pathNames(path: ByteString): ByteString[] {
    return path.split("/").filter((name) => name !== "");
}

/** A path from the root with `.` and `..` taken out; the parent of the root is the root. */
export function resolveDots(path: ByteString): ByteString {
    const names: ByteString[] = [];
    for (const name of pathNames(path)) {
        if (name === "..") {
            names.pop();
        } else if (name !== ".") {
            names.push(name);
        }
    }
    return `/${names.join("/")}`;
}

/** The path of a name in a folder. */
export function joinPath(folder: ByteString, name: ByteString): ByteString {
    return folder === "/" ? `/${name}` : `${folder}/${name}`;
}
