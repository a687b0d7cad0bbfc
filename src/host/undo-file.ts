/**
 * Where undo files are: beside the image, `IMAGE.undo`, then `IMAGE.undo.2` and so on.
 *
 * A file that is there is never written over. What is flushed is durable together with its name.
 */
import { basename, dirname, join } from "node:path";
import type { ByteStore } from "../base/byte-store.ts";
import { FileStore } from "./file-store.ts";
import type { FileSystem } from "./host.ts";
import { quietly, syncFolder } from "./replacement.ts";
import { naming, systemErrorCode } from "./system-error.ts";

/** An undo file that is open. */
export interface UndoFile {
    readonly path: string;
    readonly store: ByteStore;
    close(): void;
}

/** The path that undo files are named after; an image behind a symbolic link has its own. */
function namedAfter(fs: FileSystem, imagePath: string): string {
    return fs.lstatSync(imagePath).isSymbolicLink() ? fs.realpathSync(imagePath) : imagePath;
}

/** The number of an undo file by its name; undefined for any other file. */
function undoNumber(name: string, imageName: string): number | undefined {
    const tail = name.startsWith(`${imageName}.undo`)
        ? name.slice(imageName.length + ".undo".length)
        : undefined;
    if (tail === "") {
        return 1;
    }
    return tail !== undefined && /^\.[1-9]\d{0,8}$/.test(tail) ? Number(tail.slice(1)) : undefined;
}

/** Paths of all undo files of an image, the newest first. */
export function undoFilesOf(fs: FileSystem, imagePath: string, exitCode: number): string[] {
    return naming(imagePath, exitCode, () => {
        const image = namedAfter(fs, imagePath);
        const folder = dirname(image);
        return fs
            .readdirSync(folder)
            .flatMap((name) => {
                const number = undoNumber(name, basename(image));
                return number === undefined ? [] : [{ name, number }];
            })
            .sort((a, b) => b.number - a.number)
            .map(({ name }) => (folder === "." ? name : join(folder, name)))
            .filter((path) => fs.lstatSync(path).isFile());
    });
}

/** Makes an undo file of `sizeBytes` under the next name that is free. */
export function createUndoFile(
    fs: FileSystem,
    imagePath: string,
    sizeBytes: number,
    exitCode: number,
): UndoFile {
    const image = naming(imagePath, exitCode, () => namedAfter(fs, imagePath));
    for (let number = 1; ; number++) {
        const path = number === 1 ? `${image}.undo` : `${image}.undo.${number}`;
        const fd = naming(path, exitCode, () => openNew(fs, path));
        if (fd !== undefined) {
            return opened(fs, path, fd, sizeBytes, exitCode);
        }
    }
}

function openNew(fs: FileSystem, path: string): number | undefined {
    try {
        return fs.openSync(path, "wx+", 0o666);
    } catch (error) {
        if (systemErrorCode(error) === "EEXIST") {
            return undefined;
        }
        throw error;
    }
}

/** Opens an undo file that is there. */
export function openUndoFile(
    fs: FileSystem,
    path: string,
    flags: "r" | "r+",
    exitCode: number,
): UndoFile {
    const fd = naming(path, exitCode, () => fs.openSync(path, flags));
    try {
        const { size } = naming(path, exitCode, () => fs.fstatSync(fd));
        return opened(fs, path, fd, size, exitCode);
    } catch (error) {
        fs.closeSync(fd);
        throw error;
    }
}

/** Removes an undo file for good. */
export function removeUndoFile(fs: FileSystem, path: string, exitCode: number): void {
    naming(path, exitCode, () => fs.unlinkSync(path));
    quietly(() => syncFolder(fs, dirname(path)));
}

function opened(
    fs: FileSystem,
    path: string,
    fd: number,
    sizeBytes: number,
    exitCode: number,
): UndoFile {
    const file = new FileStore(fs, fd, sizeBytes, path, exitCode);
    const store: ByteStore = {
        sizeBytes,
        read: (byteOffset, target) => file.read(byteOffset, target),
        write: (byteOffset, source) => file.write(byteOffset, source),
        flush() {
            file.flush();
            quietly(() => syncFolder(fs, dirname(path)));
        },
    };
    return { path, store, close: () => file.close() };
}
