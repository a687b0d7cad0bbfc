/**
 * A trace as a log of dm-log-writes, which the kernel's tools read (`replay-log`).
 *
 * A log has one clock: its order is the order in which things became durable.
 *
 * - A write is held back until a flush has completed that was issued after the write's completion;
 *   then come the writes that the flush covers, in the order of their completion, and the flush.
 * - A write that is on the medium when it completes (FUA, or with the cache off) goes into the log
 *   at its completion, with the flag FUA. Of older writes that are held back it cuts out what it
 *   overwrites, lest the log bring them back.
 * - A write that failed is held back to the end, for no flush covers it. What newer writes that
 *   went into the log before have overwritten is cut out of it too.
 * - A mark stands where it was made. Turning the cache off and STANDBY are flushes.
 * - At the end come the writes that no flush covered and those that failed, in the order in which
 *   they ended, and then those that never ended: all of them may be on the medium. The last entry
 *   is the kernel's end mark.
 *
 * What is lost: instants and times, overlap (and with it that two writes may land in either
 * order), tags, command codes, CPUs, reads, commands without effect on the disk, what was there
 * before, and at each crash time but the end what was not yet durable.
 */
import type { ByteSink } from "../../base/byte-sink.ts";
import { UserError } from "../../base/user-error.ts";
import { type DiskTrace, notYet, type TraceCommand } from "../trace/disk-trace.ts";
import { doneAt, durableFrom, isFlush, isWrite } from "../trace/durability.ts";
import { type HeldWrite, HeldWrites } from "./held-writes.ts";
import { endMarkLabel, LogFlag } from "./log-layout.ts";
import { LogWriter, logSuperblock } from "./log-writer.ts";

/** What became of a trace. */
export interface LogExport {
    readonly entryCount: number;
    /** Commands that a log has no place for: reads, and what has no effect on the disk. */
    readonly leftOutCount: number;
    /** Marks whose label was longer than a sector has room for. */
    readonly cutLabelCount: number;
}

/** An entry before its data is read. */
type PlannedEntry =
    | { readonly kind: "mark"; readonly label: string }
    | { readonly kind: "flush" }
    | {
          readonly kind: "write";
          readonly command: TraceCommand;
          readonly isThrough: boolean;
          readonly startOffset: number;
          readonly endOffset: number;
      };

/**
 * Writes a trace as a log, in order and without going back. Throws `UserError` for a write whose
 * data the trace does not have.
 */
export function exportLog(trace: DiskTrace, sink: ByteSink): LogExport {
    const entries = [...plannedEntries(trace)];
    sink(logSuperblock(trace.sectorSizeBytes, entries.length));
    const writer = new LogWriter(sink, trace.sectorSizeBytes);
    let cutLabelCount = 0;
    for (const entry of entries) {
        if (entry.kind === "mark") {
            cutLabelCount += writer.mark(entry.label) ? 0 : 1;
        } else if (entry.kind === "flush") {
            writer.entry({ flags: LogFlag.flush, byteOffset: 0, byteLength: 0 });
        } else {
            writeData(writer, entry);
        }
    }
    return {
        entryCount: entries.length,
        leftOutCount: trace.commands.filter((command) => !hasPlace(command)).length,
        cutLabelCount,
    };
}

function writeData(writer: LogWriter, entry: PlannedEntry & { kind: "write" }): void {
    const { command, isThrough, startOffset, endOffset } = entry;
    const place = { byteOffset: startOffset, byteLength: endOffset - startOffset };
    const fua = isThrough ? LogFlag.fua : 0;
    if (command.kind === "discard") {
        writer.entry({ flags: LogFlag.discard | fua, ...place });
        return;
    }
    const { after } = command;
    if (after === undefined) {
        throw new UserError(`command ${command.id} is a write whose data the trace does not have`);
    }
    const start = startOffset - command.byteOffset;
    writer.entry({ flags: fua, ...place, data: after.subarray(start, start + place.byteLength) });
}

/** The entries of a trace's log, in their order. */
function* plannedEntries(trace: DiskTrace): Generator<PlannedEntry> {
    const durable = durableFrom(trace);
    const held = new HeldWrites();
    const failed = new HeldWrites();
    for (const command of commandsByEnd(trace)) {
        if (command.kind === "mark") {
            yield { kind: "mark", label: command.label ?? "" };
        } else if (isFlush(command)) {
            for (const covered of held.takeEndedBy(command.issuedAt)) {
                failed.overwrite(covered.command);
                yield* heldEntries(covered);
            }
            yield { kind: "flush" };
        } else if (command.status === "failed") {
            failed.add(command);
        } else if (durable[command.id] === doneAt(command)) {
            held.overwrite(command);
            failed.overwrite(command);
            yield writeEntry(command, true);
        } else {
            held.add(command);
        }
    }
    const open = [...held.takeEndedBy(notYet), ...failed.takeEndedBy(notYet)];
    for (const one of open.sort((a, b) => a.command.completedAt - b.command.completedAt)) {
        yield* heldEntries(one);
    }
    for (const command of trace.commands) {
        if (isLoggedWrite(command) && command.completedAt === notYet) {
            yield writeEntry(command, false);
        }
    }
    yield { kind: "mark", label: endMarkLabel };
}

/** Commands with an effect, or a label, that have come to their end, in the order of it. */
function commandsByEnd(trace: DiskTrace): TraceCommand[] {
    return trace.commands
        .filter((command) => hasPlace(command) && endOf(command) !== notYet)
        .sort((a, b) => endOf(a) - endOf(b));
}

/** A mark is made when it is issued, whatever became of it then; a flush that fails is none. */
function endOf(command: TraceCommand): number {
    switch (command.kind) {
        case "mark":
            return command.issuedAt;
        case "write":
        case "discard":
            return isLoggedWrite(command) ? command.completedAt : notYet;
        default:
            return doneAt(command);
    }
}

/** Whether a write can have landed; where the drive never had its data it cannot. */
function isLoggedWrite(command: TraceCommand): boolean {
    return isWrite(command) && command.byteLength > 0 && command.acceptedAt !== notYet;
}

/** Whether a log has a place for a command. */
function hasPlace(command: TraceCommand): boolean {
    const isEndMark = command.kind === "mark" && command.label === endMarkLabel;
    return (
        (command.kind === "mark" && !isEndMark) ||
        isFlush(command) ||
        (isWrite(command) && command.byteLength > 0)
    );
}

function writeEntry(command: TraceCommand, isThrough: boolean): PlannedEntry {
    const { byteOffset: startOffset, byteLength } = command;
    return {
        kind: "write",
        command,
        isThrough,
        startOffset,
        endOffset: startOffset + byteLength,
    };
}

function* heldEntries({ command, ranges }: HeldWrite): Generator<PlannedEntry> {
    for (const { startOffset, endOffset } of ranges) {
        yield { kind: "write", command, isThrough: false, startOffset, endOffset };
    }
}
