/**
 * What a command may use of the computer that it runs on.
 *
 * Commands are functions of their arguments and a host, so that a test can run them on files in
 * memory and read what they print. `nodeHost` is the real one.
 */
import * as nodeFs from "node:fs";
import { isatty } from "node:tty";
import { type SignalWatch, watchSignals } from "./signals.ts";
import { openTerminal, type Terminal } from "./terminal.ts";
import { untilReady } from "./until-ready.ts";
import { startWorkers, type Workers } from "./workers.ts";

/** The part of `node:fs` that commands use; `memfs` has it too. */
export type FileSystem = Pick<
    typeof nodeFs,
    | "closeSync"
    | "fstatSync"
    | "fsyncSync"
    | "ftruncateSync"
    | "lstatSync"
    | "mkdirSync"
    | "openSync"
    | "readdirSync"
    | "readSync"
    | "realpathSync"
    | "renameSync"
    | "rmSync"
    | "statSync"
    | "unlinkSync"
    | "writeSync"
> &
    // What only some hosts have: the owner, mode and links of files that are replaced.
    Partial<Pick<typeof nodeFs, "fchmodSync" | "fchownSync" | "readlinkSync">>;

/** Standard input, read by descriptor. */
export interface InputStream {
    readonly fd: number;
    readonly isTerminal: boolean;
}

/** Standard output or standard error. */
export interface OutputStream {
    readonly isTerminal: boolean;
    /** Width in characters; 80 where nobody knows. */
    readonly columns: number;
    /** Writes all of `bytes`; throws the system's error, such as EPIPE, when it cannot. */
    write(bytes: Uint8Array): void;
}

export interface Host {
    readonly fs: FileSystem;
    readonly stdin: InputStream;
    readonly stdout: OutputStream;
    readonly stderr: OutputStream;
    readonly environment: Readonly<Record<string, string | undefined>>;
    /** For a command that takes its time: hears signals that ask to end. */
    readonly watchSignals: () => SignalWatch;
    /** Takes the terminal; standard input and output must be one. */
    readonly openTerminal: () => Terminal;
    /** Threads that each run the module `entry` for a job; see workers.ts. */
    readonly startWorkers: (entry: URL) => Workers;
}

/**
 * The process's own files, streams and environment. Node's own streams are left alone where they
 * are no terminals: whoever touches one makes its pipe non-blocking, so that every read waits.
 */
export function nodeHost(): Host {
    const stdout = descriptorStream(1, () => process.stdout.columns);
    return {
        fs: nodeFs,
        stdin: { fd: 0, isTerminal: isatty(0) },
        stdout,
        stderr: descriptorStream(2, () => process.stderr.columns),
        environment: process.env,
        watchSignals,
        openTerminal: () => openTerminal(stdout),
        startWorkers,
    };
}

function descriptorStream(fd: number, columnsOf: () => number): OutputStream {
    const isTerminal = isatty(fd);
    return {
        isTerminal,
        // A terminal that does not know its size says 0.
        columns: (isTerminal && columnsOf()) || 80,
        write: (bytes) => writeFully(fd, bytes),
    };
}

/** Writes to a descriptor at once. */
function writeFully(fd: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
        done += untilReady(() => nodeFs.writeSync(fd, bytes, done, bytes.length - done));
    }
}
