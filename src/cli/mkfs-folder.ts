/**
 * Packing a folder of the computer into an image: its files and folders, in byte order of names.
 *
 * What chkfs cannot hold (links, devices, sockets, long names) is an error that names the path,
 * for an image that silently lacks something is worse than none. The whole folder is looked at
 * before that is said, so that one run tells all. As links are not followed, no walk runs in
 * circles.
 */
import type { PathLike } from "node:fs";
import { type ByteString, printable, utf8Decode, utf8Encode } from "../base/byte-string.ts";
import { UserError } from "../base/user-error.ts";
import { maxNameLength } from "../chkfs/layout.ts";
import { maxDepth } from "../chkfs/volume-walk.ts";
import type { FileSystem } from "../host/host.ts";
import { naming, systemErrorCode } from "../host/system-error.ts";
import type { ImageBuilder, OpenDirectory } from "../mkfs/image-builder.ts";
import type { InputFiles } from "./mkfs-inputs.ts";

const failureExitCode = 1;

/** Problems that are told one by one. */
const maxToldCount = 20;

/** What tells one file from all others on a computer. */
interface FileIdentity {
    readonly dev: number;
    readonly ino: number;
}

/**
 * Adds the content of the folder `path` to the root of `builder`'s image. Throws one `UserError`
 * for everything that cannot be packed.
 *
 * @param outputPath the image's own file, which must not be among what is packed
 */
export function addFolder(
    builder: ImageBuilder,
    files: InputFiles,
    fs: FileSystem,
    path: string,
    outputPath: string,
): void {
    const output = identityOf(fs, outputPath);
    const problems: string[] = [];

    const addContent = (directory: OpenDirectory, folder: ByteString, depth: number): void => {
        for (const name of namesIn(fs, folder)) {
            collecting(problems, () => addEntry(directory, `${folder}/${name}`, name, depth));
        }
    };

    const addEntry = (
        directory: OpenDirectory,
        entry: ByteString,
        name: ByteString,
        depth: number,
    ): void => {
        const label = printable(entry);
        const stats = naming(label, failureExitCode, () => fs.lstatSync(systemPath(entry)));
        if (name.length > maxNameLength) {
            throw new UserError(
                `${label}: name too long: ${name.length} bytes (max ${maxNameLength})`,
            );
        }
        if (stats.isDirectory()) {
            if (depth === maxDepth) {
                throw new UserError(`${label}: more than ${maxDepth} folders in each other`);
            }
            addContent(builder.addDirectory(directory, name, label), entry, depth + 1);
        } else if (!stats.isFile()) {
            throw new UserError(`${label}: ${kindOf(stats)}; an image holds files and folders`);
        } else if (output?.dev === stats.dev && output.ino === stats.ino) {
            throw new UserError(`${label}: is the image itself; write it outside the folder`);
        } else {
            const content = files.open(systemPath(entry), label, builder.freeBytes);
            builder.addFile(directory, name, label, content);
        }
    };

    addContent(builder.root, utf8Encode(path.replace(/(?<=.)\/+$/, "")), 1);
    if (problems.length > 0) {
        throw new UserError(problemList(problems), failureExitCode);
    }
}

/** Runs `action`; when it ends in a problem for the user, notes that and goes on. */
function collecting(problems: string[], action: () => void): void {
    try {
        action();
    } catch (error) {
        if (!(error instanceof UserError)) {
            throw error;
        }
        problems.push(error.message);
    }
}

/** One problem a line, as far as anybody would read. */
function problemList(problems: readonly string[]): string {
    const told = problems.slice(0, maxToldCount);
    const untoldCount = problems.length - told.length;
    return [...told, ...(untoldCount > 0 ? [`... and ${untoldCount} more`] : [])].join("\n");
}

/** Names in a folder, in the order of their bytes. */
function namesIn(fs: FileSystem, folder: ByteString): ByteString[] {
    return naming(printable(folder), failureExitCode, () =>
        // Latin-1 is Node's name for a byte string.
        fs.readdirSync(systemPath(folder), { encoding: "latin1" }).sort(),
    );
}

/** A path for the system, whatever its bytes are. */
function systemPath(path: ByteString): PathLike {
    return utf8Decode(path) ?? Buffer.from(path, "latin1");
}

function identityOf(fs: FileSystem, path: string): FileIdentity | undefined {
    try {
        return path === "-" ? undefined : fs.statSync(path);
    } catch (error) {
        if (systemErrorCode(error) === undefined) {
            throw error;
        }
        // It does not exist yet, or writing it will say what is wrong with it.
        return undefined;
    }
}

function kindOf(stats: ReturnType<FileSystem["lstatSync"]>): string {
    if (stats?.isSymbolicLink()) {
        return "symbolic link";
    }
    if (stats?.isFIFO()) {
        return "named pipe";
    }
    return stats?.isSocket() ? "socket" : "device";
}
