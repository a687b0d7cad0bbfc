/** `chickadee disk log import`: a write log becomes a trace. */
import { UserError } from "../../base/user-error.ts";
import {
    type AssumedFua,
    importLog,
    type LogImportOptions,
    maxFlushSlack,
} from "../../disk/log/import-log.ts";
import type { LogKind, LogKindGuess } from "../../disk/log/log-kind.ts";
import { LogReader, type LogReadOptions, logProblemText } from "../../disk/log/log-reader.ts";
import type { DiskTrace } from "../../disk/trace/disk-trace.ts";
import { imageDigest } from "../../disk/trace-file/image-digest.ts";
import { writeTrace } from "../../disk/trace-file/write-trace.ts";
import { counted } from "../../report/size.ts";
import { type CommonOptions, ExitCode, type Inspection } from "../inspect/inspection.ts";
import { runInspection } from "../inspect/register.ts";
import { openImage } from "../open-image.ts";
import type { Invocation } from "../run.ts";
import type { RegisterSubCommand } from "../sub-command.ts";
import { addDiskCommand, addRequired, sizeInBytes, wholeNumber } from "./disk-command.ts";
import { kindGuessText, kindToldText, logHeaderOf, logKindOf } from "./log-input.ts";
import { expectUsable, outputName, tellOutput, writeOutput } from "./output-file.ts";
import { shown } from "./trace-input.ts";

interface ImportOptions extends CommonOptions {
    readonly output: string;
    readonly kind?: string;
    readonly scanTail?: boolean;
    readonly limit?: number;
    readonly size?: number;
    readonly base?: string;
    readonly flushSlack?: number;
    readonly barrier?: string;
    readonly assumeFua?: string;
}

export const registerLogImport: RegisterSubCommand = (group, context) => {
    const { invocation } = context;
    const command = addDiskCommand(
        group,
        "disk log import",
        "make a trace of a write log",
        "chickadee disk log import --base before.img -o disk.trace disk.log",
    ).argument("<LOG>", "the log, or - for standard input");
    addRequired(command, "-o, --output <TRACE>", "the trace to write, or - for standard output")
        .option("--kind <KIND>", "who wrote the log: dm or qemu; guessed where left out")
        .option("--base <IMAGE>", "the disk as it was when the log began; gives its size, too")
        .option(
            "--size <BYTES>",
            "the disk's size, such as 32M; else that of all that was written",
            sizeInBytes,
        )
        .option("--scan-tail", "read on behind the entries that the log counts")
        .option("--limit <N>", "take the first N entries only", wholeNumber(0))
        .option(
            "--flush-slack <N>",
            "qemu: the last N writes before a flush may have completed while it ran",
            wholeNumber(0, maxFlushSlack),
        )
        .option(
            "--barrier <WHEN>",
            "qemu: none for a disk with a volatile cache, completion for one without",
        )
        .option(
            "--assume-fua <WHICH>",
            "qemu: none, all, or those in sectors A-B (of 512 bytes) were FUA writes",
        )
        .option("--json", "print one JSON document")
        .action((path: string, options: ImportOptions) => {
            expectUsable(invocation, options.output, options.json === true);
            runInspection(context, path, options, (inspection) =>
                run(invocation, inspection, options),
            );
        });
};

function run(invocation: Invocation, inspection: Inspection, options: ImportOptions): void {
    const header = logHeaderOf(inspection);
    const base = baseOf(invocation, options);
    const diskSizeBytes = base?.sizeBytes ?? options.size;
    const readOptions: LogReadOptions = {
        scansTail: options.scanTail === true,
        ...(options.limit !== undefined && { limit: options.limit }),
        ...(diskSizeBytes !== undefined && { diskSizeBytes }),
    };
    const reader = new LogReader(inspection.disk, header, readOptions);
    // Once through the log: who wrote it shows only at the end.
    const entries = [...reader];
    const told = logKindOf(entries, options.kind);
    const { kind } = told;
    const meaning = meaningOf(kind, options);
    if (reader.problem !== undefined) {
        const { entryNo } = reader.problem;
        const before = counted(entryNo, "entry", "entries");
        const advice = entryNo > 0 ? `; --limit ${entryNo} takes the ${before} before it` : "";
        throw inspection.error(logProblemText(reader.problem) + advice);
    }
    const trace = importLog(inspection.disk, header, entries, {
        kind,
        ...meaning,
        ...(diskSizeBytes !== undefined && { diskSizeBytes }),
    });
    if (diskSizeBytes !== undefined && diskSizeBytes % trace.sectorSizeBytes !== 0) {
        const problem = `is no whole number of sectors of ${trace.sectorSizeBytes}`;
        throw new UserError(`a disk of ${diskSizeBytes} bytes ${problem}`, ExitCode.usage);
    }
    const inputs = [inspection.image.name, ...(options.base === undefined ? [] : [options.base])];
    const request = { path: options.output, inputs };
    writeOutput(invocation, request, inspection.disk.sizeBytes, (sink) =>
        writeTrace(trace, sink, base?.digest),
    );
    tell(invocation, inspection, options, { ...told, trace });
}

/** The disk before the log: its size and its digest. */
function baseOf(
    { host }: Invocation,
    { base, size }: ImportOptions,
): { sizeBytes: number; digest: Uint8Array } | undefined {
    if (base === undefined) {
        return undefined;
    }
    const failureExitCode = ExitCode.usage;
    if (size !== undefined) {
        throw new UserError("--size and --base both give the disk's size", failureExitCode);
    }
    const image = openImage(host, base, { mode: "read", failureExitCode });
    try {
        return { sizeBytes: image.store.sizeBytes, digest: imageDigest(image.store) };
    } finally {
        image.close();
    }
}

/** What the options say of the disk behind a QEMU log; a dm log tells it itself. */
function meaningOf(kind: LogKind, options: ImportOptions): Partial<LogImportOptions> {
    const { flushSlack, barrier, assumeFua } = options;
    const told = Object.entries({
        "--flush-slack": flushSlack,
        "--barrier": barrier,
        "--assume-fua": assumeFua,
    }).find(([, value]) => value !== undefined);
    if (kind === "dm" && told !== undefined) {
        throw new UserError(
            `${told[0]} is for logs of QEMU; a log of dm-log-writes tells what is durable ` +
                "(--kind qemu, where this is none)",
            ExitCode.usage,
        );
    }
    if (barrier !== undefined && barrier !== "none" && barrier !== "completion") {
        throw new UserError(
            `--barrier ${shown(barrier)}: it is none or completion`,
            ExitCode.usage,
        );
    }
    return {
        ...(flushSlack !== undefined && { flushSlack }),
        isWriteThrough: barrier === "completion",
        assumedFua: assumedFuaOf(assumeFua ?? "none"),
    };
}

function assumedFuaOf(text: string): AssumedFua {
    if (text === "none" || text === "all") {
        return text;
    }
    const [, first, last] = /^(\d{1,13})-(\d{1,13})$/.exec(text) ?? [];
    if (first === undefined || Number(first) > Number(last)) {
        throw new UserError(
            `--assume-fua ${shown(text)}: it is none, all, or sectors such as 2048-4095`,
            ExitCode.usage,
        );
    }
    return { startOffset: 512 * Number(first), endOffset: 512 * (Number(last) + 1) };
}

/** Says what came of it, and where the log leaves open what the disk had promised. */
function tell(
    invocation: Invocation,
    inspection: Inspection,
    options: ImportOptions,
    { kind, reason, trace }: LogKindGuess & { readonly trace: DiskTrace },
): void {
    const { commands, diskSizeBytes } = trace;
    const notes = kind === "qemu" ? qemuNotes(options, trace) : [];
    if (inspection.isJson) {
        const { sectorSizeBytes, eventCount, startsWithCache } = trace;
        inspection.document({
            kind,
            kindReason: reason,
            diskSizeBytes,
            sectorSizeBytes,
            startsWithCache,
            eventCount,
            commandCount: commands.length,
            notes,
        });
        return;
    }
    const { output } = options;
    const by = options.kind === undefined ? kindGuessText({ kind, reason }) : kindToldText(kind);
    tellOutput(invocation, inspection, output, [
        `${inspection.image.name}: ${by}`,
        `${outputName(output)}: ${counted(commands.length, "command")} on a disk of ` +
            `${diskSizeBytes} bytes`,
    ]);
    for (const note of notes) {
        inspection.note(note);
    }
}

function qemuNotes(options: ImportOptions, { commands }: DiskTrace): string[] {
    const hasFlush = commands.some(({ kind }) => kind === "flush");
    const notes: string[] = [];
    if (!hasFlush && options.barrier === undefined) {
        notes.push(
            "no flush is in the log, so nothing is ever durable; --barrier completion is for a " +
                "disk without a volatile cache",
        );
    }
    if (hasFlush && options.flushSlack === undefined && options.barrier !== "completion") {
        notes.push(
            "writes next to a flush may have completed while it ran, which QEMU does not log; " +
                "--flush-slack N says how many, 0 that none did",
        );
    }
    if (options.assumeFua === undefined && options.barrier !== "completion") {
        notes.push(
            "QEMU does not log FUA, so no write is taken for one; --assume-fua says which were, " +
                "none that none was",
        );
    }
    return notes;
}
