/** `chickadee disk log show`: the entries of a write log. */
import { guessLogKind } from "../../disk/log/log-kind.ts";
import { LogFlag, logFlagNames } from "../../disk/log/log-layout.ts";
import { type LogEntry, LogReader, logProblemText } from "../../disk/log/log-reader.ts";
import { counted, rangeText } from "../../report/size.ts";
import { wrappedTable, wrappedText } from "../../report/wrapped-table.ts";
import type { Inspection } from "../inspect/inspection.ts";
import type { RegisterSubCommand } from "../sub-command.ts";
import { addDiskCommand } from "./disk-command.ts";
import { kindGuessText, logHeaderOf } from "./log-input.ts";
import { addShow, type ShowOptions } from "./show-command.ts";
import { shown } from "./trace-input.ts";
import { widthOf } from "./width.ts";

interface LogShowOptions extends ShowOptions {
    readonly scanTail?: boolean;
}

export const registerLogShow: RegisterSubCommand = (group, context) => {
    const command = addDiskCommand(
        group,
        "disk log show",
        "print the entries of a write log",
        "chickadee disk log show disk.log",
    )
        .argument("<LOG>", "the log, or - for standard input")
        .option("--scan-tail", "read on behind the entries that the log counts");
    addShow(command, "entries", context, show);
};

function show(inspection: Inspection, options: LogShowOptions): void {
    const header = logHeaderOf(inspection);
    const { sectorSizeBytes, entryCount } = header;
    const readOptions = { scansTail: options.scanTail === true, limit: options.limit };
    const reader = new LogReader(inspection.disk, header, readOptions);
    const entries = [...reader];
    const guess = guessLogKind(entries);
    if (reader.problem !== undefined) {
        inspection.complain(logProblemText(reader.problem));
    }
    if (inspection.isJson) {
        inspection.document({
            sectorSizeBytes,
            entryCount: Number(entryCount),
            kind: guess.kind,
            kindReason: guess.reason,
            entries: entries.map(entryDocument),
        });
        return;
    }
    const { colours, image } = inspection;
    const width = widthOf(inspection);
    const name = `${image.name}: ${counted(Number(entryCount), "entry", "entries")}`;
    inspection.lines([
        colours.heading(wrappedText(`${name}, sectors of ${sectorSizeBytes} bytes`, width, 2)),
        wrappedText(kindGuessText(guess), width, 2),
        "",
    ]);
    const rows = entries.map((entry) => entryRow(entry, sectorSizeBytes));
    inspection.lines(wrappedTable(rows, width, { alignRight: [0, 1] }));
    const left = Number(entryCount) - entries.length;
    if (left > 0 && reader.problem === undefined) {
        inspection.lines([colours.faint(`... ${counted(left, "more entry", "more entries")}`)]);
    }
}

function entryRow(entry: LogEntry, sectorSizeBytes: number): string[] {
    const { entryNo, headerOffset, byteOffset, byteLength, flags, label, isTail } = entry;
    const sectorCount = byteLength / sectorSizeBytes;
    const sectors = rangeText(byteOffset / sectorSizeBytes, sectorCount);
    return [
        `${entryNo}`,
        `@${headerOffset}`,
        entryText(entry),
        byteLength > 0 ? `sector${sectorCount === 1 ? "" : "s"} ${sectors}` : "",
        (flags & LogFlag.mark) === 0 ? "" : `"${shown(label)}"`,
        isTail ? "(not counted)" : "",
    ];
}

/** What an entry is: its flags, and a write where it has data. */
function entryText({ flags, dataOffset }: LogEntry): string {
    return [...(dataOffset === undefined ? [] : ["write"]), ...flagNames(flags)].join(" ");
}

function flagNames(flags: number): string[] {
    return logFlagNames.flatMap(([flag, name]) => ((flags & flag) === 0 ? [] : [name]));
}

function entryDocument(entry: LogEntry): object {
    const { entryNo, headerOffset, byteOffset, byteLength, flags, label, isTail } = entry;
    return {
        entryNo,
        headerOffset,
        flagNames: flagNames(flags),
        byteOffset,
        byteLength,
        ...((flags & LogFlag.mark) !== 0 && { label }),
        isTail,
    };
}
