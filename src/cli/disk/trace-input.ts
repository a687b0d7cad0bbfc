/** Traces as the commands read them, and the instants that people name. */
import { printable, utf8Encode } from "../../base/byte-string.ts";
import { UserError } from "../../base/user-error.ts";
import type { DiskTrace } from "../../disk/trace/disk-trace.ts";
import {
    readTrace,
    readTraceBeginning,
    type TraceBeginning,
    type TraceFile,
} from "../../disk/trace-file/read-trace.ts";
import { ExitCode, type Inspection } from "../inspect/inspection.ts";
import { fileKindOf } from "./file-kind.ts";

/** The trace in the file that is looked at. Throws `UserError` where it holds none. */
export function traceOf(inspection: Inspection): TraceFile {
    refuseLog(inspection);
    return readTrace(inspection.disk, inspection.image.name, ExitCode.imageAtFault);
}

/** As much of the trace as can be read. Throws `UserError` where the file holds none. */
export function traceBeginningOf(inspection: Inspection): TraceBeginning {
    refuseLog(inspection);
    return readTraceBeginning(inspection.disk, inspection.image.name, ExitCode.imageAtFault);
}

function refuseLog(inspection: Inspection): void {
    if (fileKindOf(inspection.disk) === "log") {
        throw inspection.error(
            "a write log, no trace; chickadee disk log import makes a trace of it",
        );
    }
}

/**
 * The time that an argument names: `end`, the ordinal of an event (the crash comes before it), or
 * the label of a mark (the crash comes when the mark is made). `mark:LABEL` is always a label.
 *
 * @param option whose argument it is, for messages
 */
export function timeOf(trace: DiskTrace, text: string, option = "--at"): number {
    const usageError = (problem: string) => new UserError(`${option} ${problem}`, ExitCode.usage);
    if (text === "end") {
        return trace.eventCount;
    }
    if (/^\d{1,15}$/.test(text)) {
        const time = Number(text);
        if (time > trace.eventCount) {
            throw usageError(`${time}: the trace has times from 0 to ${trace.eventCount}`);
        }
        return time;
    }
    const label = text.startsWith("mark:") ? text.slice("mark:".length) : text;
    const marks = trace.commands.filter((one) => one.kind === "mark" && one.label === label);
    if (marks.length === 0) {
        throw usageError(
            `${shown(text)}: neither a time of the trace, nor end, nor a mark's label`,
        );
    }
    if (marks.length > 1) {
        const times = marks.slice(0, 10).map(({ issuedAt }) => issuedAt + 1);
        const more = marks.length > times.length ? " and more" : "";
        throw usageError(
            `${shown(text)}: ${marks.length} marks have this label; use one of the times ` +
                `${times.join(", ")}${more}`,
        );
    }
    return marks[0].issuedAt + 1;
}

/** Text of a file, or of a person, as it may be shown on a terminal. */
export function shown(text: string): string {
    return printable(utf8Encode(text));
}
