/** Logs as the commands read them. */
import { UserError } from "../../base/user-error.ts";
import { guessLogKind, type LogKind, type LogKindGuess } from "../../disk/log/log-kind.ts";
import { type LogEntry, type LogHeader, readLogHeader } from "../../disk/log/log-reader.ts";
import { ExitCode, type Inspection } from "../inspect/inspection.ts";

/** The header of the log that is looked at. Throws `UserError` where the file is none. */
export function logHeaderOf(inspection: Inspection): LogHeader {
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
        : { kind: kindNamed(told), reason: "it was told" };
}

function kindNamed(name: string): LogKind {
    if (name !== "dm" && name !== "qemu") {
        throw new UserError(`--kind ${name}: it is dm or qemu`, ExitCode.usage);
    }
    return name;
}

/** Who wrote a log, in words. */
export const logKindNames: Readonly<Record<LogKind, string>> = {
    dm: "dm-log-writes",
    qemu: "QEMU's blklogwrites",
};
