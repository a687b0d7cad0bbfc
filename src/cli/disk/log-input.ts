/** Logs as the commands read them. */
import { UserError } from "../../base/user-error.ts";
import { guessLogKind, type LogKind, type LogKindGuess } from "../../disk/log/log-kind.ts";
import { type LogEntry, type LogHeader, readLogHeader } from "../../disk/log/log-reader.ts";
import { ExitCode, type Inspection } from "../inspect/inspection.ts";
import { fileKindOf } from "./file-kind.ts";
import { shown } from "./trace-input.ts";

/** The header of the log that is looked at. Throws `UserError` where the file is none. */
export function logHeaderOf(inspection: Inspection): LogHeader {
    if (fileKindOf(inspection.disk) === "trace") {
        throw inspection.error("a trace, no write log; chickadee disk trace show prints it");
    }
    const header = readLogHeader(inspection.disk);
    if (typeof header === "string") {
        throw inspection.error(header);
    }
    return header;
}

/** Who wrote the log: as told, or as its entries tell. */
export function logKindOf(entries: readonly LogEntry[], told: string | undefined): LogKindGuess {
    return told === undefined
        ? guessLogKind(entries)
        : { kind: kindNamed(told), reason: "--kind says so" };
}

function kindNamed(name: string): LogKind {
    if (name !== "dm" && name !== "qemu") {
        throw new UserError(`--kind ${shown(name)}: it is dm or qemu`, ExitCode.usage);
    }
    return name;
}

/** Who wrote a log, in words. */
const logKindNames: Readonly<Record<LogKind, string>> = {
    dm: "dm-log-writes",
    qemu: "QEMU's blklogwrites",
};

/** Who wrote a log, as far as its entries tell, and why. */
export function kindGuessText({ kind, reason }: LogKindGuess): string {
    // Nothing in a log says that it is QEMU's.
    return kind === "qemu"
        ? `taken for QEMU's: ${reason}`
        : `by ${logKindNames[kind]}, it seems: ${reason}`;
}

/** Who wrote a log, as somebody said. */
export function kindToldText(kind: LogKind): string {
    return `by ${logKindNames[kind]}, as --kind says`;
}
