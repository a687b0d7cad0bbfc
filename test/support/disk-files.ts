/** A computer in memory with a disk of sixteen sectors, its trace, and a way to run commands. */
import { chickadee } from "../../src/cli/chickadee-command.ts";
import { type DiskTrace, notYet, type TraceCommand } from "../../src/disk/trace/disk-trace.ts";
import { writeTrace } from "../../src/disk/trace-file/write-trace.ts";
import { collected, flag, rawFlush, rawLog, rawWrite } from "./log-builder.ts";
import { type MemoryHost, type MemoryHostOptions, memoryHost, runProgram } from "./memory-host.ts";

/** A command that is done, and changes nothing. */
const plain = {
    fua: false,
    byteOffset: 0,
    byteLength: 0,
    acceptedAt: notYet,
    issuedNs: 0,
    completedNs: 0,
    status: "done",
} as const;

/** A write of `count` sectors full of `fill`. */
function write(first: number, count: number, fill: number) {
    return {
        ...plain,
        kind: "write",
        byteOffset: 512 * first,
        byteLength: 512 * count,
        after: new Uint8Array(512 * count).fill(fill),
    } as const;
}

/**
 * Sixteen sectors. Of two queued writes that overlap in time a flush covers the first; then a
 * mark, a write that is in flight at the end, and one that failed.
 */
export const sampleTrace: DiskTrace = {
    diskSizeBytes: 8192,
    sectorSizeBytes: 512,
    startsWithCache: true,
    eventCount: 13,
    commands: [
        { ...write(0, 2, 0xa0), id: 0, tag: 3, cpu: 0, issuedAt: 0, acceptedAt: 1, completedAt: 3 },
        { ...write(4, 1, 0xa1), id: 1, tag: 4, cpu: 1, issuedAt: 2, acceptedAt: 2, completedAt: 5 },
        { ...plain, id: 2, kind: "flush", ataCommand: 0xe7, issuedAt: 4, completedAt: 6 },
        { ...plain, id: 3, kind: "mark", label: "synced\x1b", issuedAt: 7, completedAt: 8 },
        {
            ...write(1, 1, 0xa4),
            id: 4,
            fua: true,
            origin: "sync",
            issuedAt: 9,
            acceptedAt: 9,
            completedAt: notYet,
            completedNs: notYet,
            status: "outstanding",
        },
        {
            ...write(8, 1, 0xa5),
            id: 5,
            issuedAt: 10,
            acceptedAt: 11,
            completedAt: 12,
            status: "failed",
        },
    ] satisfies TraceCommand[],
};

/** A log of dm-log-writes with one entry of every kind. */
export const sampleLog = rawLog(512, [
    rawWrite(0, 2, 0xa0, flag.metadata),
    rawFlush,
    rawWrite(4, 1, 0xa1, flag.flush | flag.fua),
    { sector: 8, sectorCount: 4, flags: flag.discard },
    { flags: flag.mark, label: "dm-log-writes-end" },
]);

export const sampleBase = new Uint8Array(8192).fill(0xee);

const sampleFiles = {
    "x.trace": collected((sink) => writeTrace(sampleTrace, sink)),
    "x.log": sampleLog,
    "base.img": sampleBase,
};

/** What a command printed, and how it ended. */
export interface DiskRun {
    readonly status: number;
    readonly out: string;
    readonly err: string;
}

/** A computer that has the samples, and what else a test needs. */
export function diskHost(options: MemoryHostOptions = {}): MemoryHost {
    return memoryHost({ ...options, files: { ...sampleFiles, ...options.files } });
}

/** Runs `chickadee disk ARGS`, words split at spaces, on a computer. */
export function runDisk(args: string, memory: MemoryHost = diskHost()): DiskRun {
    const before = { out: memory.stdout().length, err: memory.stderr().length };
    const { status } = runProgram(chickadee, ["disk", ...args.split(" ")], memory);
    return {
        status,
        out: memory.stdout().slice(before.out),
        err: memory.stderr().slice(before.err),
    };
}
