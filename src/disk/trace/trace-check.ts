/**
 * What must be true of every trace; whoever reads one from a file asks here before using it.
 *
 * Code that works on traces relies on all of this and checks none of it.
 */
import { type DiskTrace, notYet, type TraceCommand } from "./disk-trace.ts";
import { isWrite } from "./durability.ts";

/** Why `trace` is none, as a clause that names the command; undefined when it is one. */
export function traceProblem(trace: DiskTrace): string | undefined {
    const { sectorSizeBytes, diskSizeBytes } = trace;
    if (sectorSizeBytes !== 512 && sectorSizeBytes !== 4096) {
        return `its sectors have ${sectorSizeBytes} bytes, not 512 or 4096`;
    }
    if (!Number.isSafeInteger(diskSizeBytes) || diskSizeBytes < 0) {
        return "its disk has no size";
    }
    const taken = new Set<number>();
    let lastIssue = -1;
    for (const [index, command] of trace.commands.entries()) {
        const problem =
            (command.id !== index ? `has the id ${command.id}` : undefined) ??
            (command.issuedAt <= lastIssue ? "is not in the order of issue" : undefined) ??
            rangeProblem(trace, command) ??
            dataProblem(command) ??
            instantProblem(trace, command, taken);
        if (problem !== undefined) {
            return `command ${index} ${problem}`;
        }
        lastIssue = command.issuedAt;
    }
    return undefined;
}

/** A command's range is whole sectors inside the disk. */
function rangeProblem(trace: DiskTrace, command: TraceCommand): string | undefined {
    const { byteOffset, byteLength } = command;
    const isWhole =
        Number.isSafeInteger(byteOffset) &&
        Number.isSafeInteger(byteLength) &&
        byteOffset >= 0 &&
        byteLength >= 0 &&
        byteOffset % trace.sectorSizeBytes === 0 &&
        byteLength % trace.sectorSizeBytes === 0;
    if (!isWhole) {
        return `has bytes ${byteOffset}+${byteLength}, which are not whole sectors`;
    }
    // What the drive refused may have asked for anything.
    if (isWrite(command) && command.acceptedAt !== notYet) {
        return byteOffset + byteLength > trace.diskSizeBytes
            ? `writes bytes ${byteOffset}+${byteLength}, past the disk's end`
            : undefined;
    }
    return undefined;
}

/** A write that was accepted has its data, of the length that it says. */
function dataProblem(command: TraceCommand): string | undefined {
    const { kind, after, byteLength } = command;
    if (kind !== "write") {
        return after !== undefined ? "brings data and is not a write" : undefined;
    }
    const isAccepted = command.acceptedAt !== notYet;
    if (isAccepted !== (after !== undefined)) {
        return isAccepted ? "has no data" : "has data before the drive had it";
    }
    return after !== undefined && after.length !== byteLength
        ? `writes ${byteLength} bytes and brings ${after.length}`
        : undefined;
}

/** Instants are ordinals, in their order; only issue and acceptance may be the same one. */
function instantProblem(
    trace: DiskTrace,
    command: TraceCommand,
    taken: Set<number>,
): string | undefined {
    const { issuedAt, acceptedAt, completedAt, status } = command;
    if ((completedAt === notYet) !== (status === "outstanding")) {
        return `is ${status} but ${completedAt === notYet ? "did not end" : "ended"}`;
    }
    if (acceptedAt < issuedAt || completedAt <= issuedAt) {
        return "ends before it begins";
    }
    const isAccepted = acceptedAt !== notYet;
    if ((isAccepted && acceptedAt >= completedAt) || (!isAccepted && needsData(command))) {
        return "is done before the drive had its data";
    }
    for (const at of new Set([issuedAt, acceptedAt, completedAt])) {
        if (at === notYet) {
            continue;
        }
        if (!Number.isInteger(at) || at < 0 || at >= trace.eventCount) {
            return `has the instant ${at}, which is none of the trace's ${trace.eventCount}`;
        }
        if (taken.has(at)) {
            return `shares the instant ${at} with another command`;
        }
        taken.add(at);
    }
    return undefined;
}

function needsData(command: TraceCommand): boolean {
    return isWrite(command) && command.status === "done";
}
