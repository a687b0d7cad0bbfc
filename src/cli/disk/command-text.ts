/** A trace's commands in words. */
import { type DiskTrace, notYet, type TraceCommand } from "../../disk/trace/disk-trace.ts";
import { isWrite } from "../../disk/trace/durability.ts";
import { rangeText } from "../../report/size.ts";
import { shown } from "./trace-input.ts";

/** `w7` for a write or discard, as in the tokens of crash states; `7` for any other. */
export function commandName(command: TraceCommand): string {
    return isWrite(command) ? `w${command.id}` : `${command.id}`;
}

/** Sectors as `sectors 8-15`. */
export function sectorsText(
    { byteOffset, byteLength }: TraceCommand,
    { sectorSizeBytes }: DiskTrace,
): string {
    const count = byteLength / sectorSizeBytes;
    const range = rangeText(byteOffset / sectorSizeBytes, count);
    return `sector${count === 1 ? "" : "s"} ${range}`;
}

/** What a command asks for, such as `write FUA of sectors 8-15`. */
export function commandText(command: TraceCommand, trace: DiskTrace): string {
    const { kind, fua, byteLength, label, ataCommand, status } = command;
    const code =
        kind === "other" && ataCommand !== undefined ? ` 0x${ataCommand.toString(16)}` : "";
    return [
        `${kind}${code}`,
        ...(fua ? ["FUA"] : []),
        ...(byteLength > 0 ? [sectorsText(command, trace)] : []),
        ...(label === undefined ? [] : [`"${shown(label)}"`]),
        ...(status === "failed" ? ["(failed)"] : []),
    ].join(" ");
}

/** Instants of issue and completion, such as `4..7`; `4..` for what did not end. */
export function instantsText({ issuedAt, completedAt }: TraceCommand): string {
    return `${issuedAt}..${completedAt === notYet ? "" : completedAt}`;
}

/** A command as a document; data is left out. Instants that did not come are null. */
export function commandDocument(command: TraceCommand): object {
    const instant = (at: number) => (at === notYet ? null : at);
    const { id, kind, fua, byteOffset, byteLength, status, tag, cpu, label, origin } = command;
    return {
        id,
        kind,
        fua,
        byteOffset,
        byteLength,
        issuedAt: instant(command.issuedAt),
        acceptedAt: instant(command.acceptedAt),
        completedAt: instant(command.completedAt),
        issuedNs: instant(command.issuedNs),
        completedNs: instant(command.completedNs),
        status,
        ...(command.ataCommand !== undefined && { ataCommand: command.ataCommand }),
        ...(tag !== undefined && { tag }),
        ...(cpu !== undefined && { cpu }),
        ...(label !== undefined && { label }),
        ...(origin !== undefined && { origin }),
    };
}
