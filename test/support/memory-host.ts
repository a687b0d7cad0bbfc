/**
 * A computer in memory: files on memfs, standard streams as bytes.
 *
 * Commands run on it exactly as on the real one, and a test reads what they printed and wrote.
 * Relative paths resolve against the test process's own working directory, as memfs has it, so
 * files are laid there.
 */
import { createFsFromVolume, Volume } from "memfs";
import { assert } from "../../src/base/assert.ts";
import { byteStringOf } from "../../src/base/byte-string.ts";
import { type Program, run, runToEnd } from "../../src/cli/run.ts";
import type { FileSystem, Host, OutputStream } from "../../src/host/host.ts";
import type { EndingSignal, SignalWatch } from "../../src/host/signals.ts";
import type { Terminal } from "../../src/host/terminal.ts";
import type { Job, Workers } from "../../src/host/workers.ts";

export interface MemoryHostOptions {
    /** Files by path, in directories that come into being; text is written as UTF-8. */
    readonly files?: Readonly<Record<string, string | Uint8Array>>;
    /** What standard input holds, as a pipe gives it; nothing by default. */
    readonly stdin?: Uint8Array;
    /** A file of `files` that standard input is redirected from, in place of a pipe. */
    readonly stdinPath?: string;
    /** Whether the three standard streams are a terminal. */
    readonly terminal?: boolean;
    /** Whether standard error alone is a terminal; follows `terminal` by default. */
    readonly stderrTerminal?: boolean;
    /** The terminal's width in characters. */
    readonly columns?: number;
    /** The code of the error that every write to standard output meets, such as `EPIPE`. */
    readonly stdoutError?: string;
    /** Bytes that may be written to files before the disk is full. */
    readonly freeBytes?: number;
    readonly environment?: Readonly<Record<string, string>>;
    /** The signal that a command hears that listens, when it has let others in so many times. */
    readonly signal?: { readonly name: EndingSignal; readonly afterBreaths: number };
    /** The terminal that a command may take. */
    readonly openTerminal?: () => Terminal;
    /** Cores of the computer; 2 unless given. */
    readonly coreCount?: number;
    /** What workers do; they do it one after the other, when waited for. */
    readonly perform?: (work: unknown) => unknown;
}

export interface MemoryHost {
    readonly host: Host;
    /** The files, for what a test does to them besides running programs. */
    readonly volume: InstanceType<typeof Volume>;
    /** What was printed so far, as byte strings. */
    stdout(): string;
    stderr(): string;
    /** The bytes written to standard output so far. */
    stdoutBytes(): Uint8Array;
    readFile(path: string): Uint8Array;
    exists(path: string): boolean;
    /** Names in a directory, sorted. */
    list(path: string): string[];
}

/** The outcome of a program's run. */
export interface ProgramRun extends MemoryHost {
    readonly status: number;
}

/** Runs a program on a computer made from `options`, or on one that exists already. */
export function runProgram(
    program: Program,
    args: readonly string[],
    options: MemoryHostOptions | MemoryHost = {},
): ProgramRun {
    const memory = "host" in options ? options : memoryHost(options);
    return { ...memory, status: run(program, args, memory.host) };
}

/** The same for a program whose commands may go on after `main` has returned. */
export async function runProgramToEnd(
    program: Program,
    args: readonly string[],
    options: MemoryHostOptions | MemoryHost = {},
): Promise<ProgramRun> {
    const memory = "host" in options ? options : memoryHost(options);
    return { ...memory, status: await runToEnd(program, args, memory.host) };
}

export function memoryHost(options: MemoryHostOptions = {}): MemoryHost {
    const volume = new Volume();
    const base = process.cwd();
    volume.mkdirSync(base, { recursive: true });
    for (const [path, content] of Object.entries(options.files ?? {})) {
        const slash = path.lastIndexOf("/");
        if (slash > 0) {
            volume.mkdirSync(path.slice(0, slash), { recursive: true });
        }
        volume.writeFileSync(path, content);
    }
    const terminal = options.terminal === true;
    const columns = options.columns ?? 80;
    const stdout = captured(terminal, columns, options.stdoutError);
    const stderr = captured(options.stderrTerminal ?? terminal, columns, undefined);
    // memfs has the functions of node:fs that commands use, typed by itself and bound, so that
    // they may be spread into another object.
    const files = createFsFromVolume(volume) as unknown as FileSystem;
    const stdin = standardInput(files, options);
    return {
        host: {
            fs: withFreeSpace(stdin.fs, options.freeBytes),
            stdin: { fd: stdin.fd, isTerminal: terminal },
            stdout,
            stderr,
            environment: options.environment ?? {},
            watchSignals: () => scriptedSignals(options.signal),
            openTerminal: () => {
                assert(options.openTerminal !== undefined, "the test has a terminal to take");
                return options.openTerminal();
            },
            startWorkers: () => {
                assert(options.perform !== undefined, "the test says what workers do");
                return oneAfterTheOther(options.perform, options.coreCount);
            },
        },
        volume,
        stdout: () => byteStringOf(stdout.bytes()),
        stderr: () => byteStringOf(stderr.bytes()),
        stdoutBytes: () => stdout.bytes(),
        readFile: (path) => new Uint8Array(volume.readFileSync(path) as Buffer),
        exists: (path) => volume.existsSync(path),
        list: (path) => volume.readdirSync(path).map(String).sort(),
    };
}

/** Signals that come when they are told to. */
function scriptedSignals(signal: MemoryHostOptions["signal"]): SignalWatch {
    let breaths = 0;
    return {
        get received() {
            return signal !== undefined && breaths >= signal.afterBreaths ? signal.name : undefined;
        },
        breathe() {
            breaths++;
            return Promise.resolve();
        },
        close() {},
    };
}

/** Workers without threads. Each wait takes a second, and one of them does its work. */
function oneAfterTheOther(perform: (work: unknown) => unknown, coreCount = 2): Workers {
    const waiting: (() => void)[] = [];
    let nowMs = 0;
    return {
        suggestedCount: coreCount,
        get nowMs() {
            return nowMs;
        },
        start(work) {
            const job: { result: Job["result"] } = { result: undefined };
            waiting.push(() => {
                job.result = { value: structuredClone(perform(work)) };
            });
            return job;
        },
        wait() {
            nowMs += 1000;
            waiting.shift()?.();
            return Promise.resolve();
        },
        close() {
            waiting.length = 0;
            return Promise.resolve();
        },
    };
}

/** An error as a system call gives it. */
export function systemError(code: string): Error {
    return Object.assign(new Error(`${code}: made by a test`), { code });
}

function captured(
    isTerminal: boolean,
    columns: number,
    errorCode: string | undefined,
): OutputStream & { bytes(): Uint8Array } {
    const chunks: Uint8Array[] = [];
    return {
        isTerminal,
        columns,
        write(bytes) {
            if (errorCode !== undefined) {
                throw systemError(errorCode);
            }
            // A copy, for the caller may use its buffer again.
            chunks.push(bytes.slice());
        },
        bytes: () => new Uint8Array(Buffer.concat(chunks)),
    };
}

/**
 * Standard input: a file's descriptor, or one that behaves as a pipe does: it has no size and no
 * positions, and gives at most 64 KiB at a time.
 */
function standardInput(
    files: FileSystem,
    options: MemoryHostOptions,
): { fs: FileSystem; fd: number } {
    if (options.stdinPath !== undefined) {
        return { fs: files, fd: files.openSync(options.stdinPath, "r") };
    }
    const volume = new Volume();
    volume.writeFileSync("/stdin", options.stdin ?? new Uint8Array(0));
    const pipe = createFsFromVolume(volume) as unknown as FileSystem;
    const pipeFd = pipe.openSync("/stdin", "r");
    // memfs numbers its descriptors downwards from 2^31-1, so 0 is free to stand for the pipe.
    const fd = 0;
    const readSync = (
        of: number,
        target: Uint8Array,
        offset: number,
        length: number,
        position: number | null,
    ): number => {
        if (of !== fd) {
            return files.readSync(of, target, offset, length, position);
        }
        if (position !== null && position !== undefined) {
            throw systemError("ESPIPE");
        }
        return pipe.readSync(pipeFd, target, offset, Math.min(length, 65_536), null);
    };
    const fstatSync = (of: number) => {
        if (of !== fd) {
            return files.fstatSync(of);
        }
        const answers = { isFile: () => false, isFIFO: () => true, size: 0 };
        return Object.assign(Object.create(pipe.fstatSync(pipeFd)), answers);
    };
    return { fs: { ...files, readSync, fstatSync } as FileSystem, fd };
}

/** Files that take only so many more bytes. */
function withFreeSpace(files: FileSystem, freeBytes: number | undefined): FileSystem {
    if (freeBytes === undefined) {
        return files;
    }
    let left = freeBytes;
    const writeSync = (
        fd: number,
        source: Uint8Array,
        offset: number,
        length: number,
        position: number | null,
    ): number => {
        if (left === 0) {
            throw systemError("ENOSPC");
        }
        const count = files.writeSync(fd, source, offset, Math.min(length, left), position);
        left -= count;
        return count;
    };
    return { ...files, writeSync } as FileSystem;
}
