/**
 * What must be true of every trace; whoever reads one from a file asks here before using it.
 *
 * Code that works on traces relies on all of this and checks none of it.
 */
import { type DiskTrace, notYet, type TraceCommand } from "./disk-trace.ts";
import { isWrite } from "./durability.ts";
import { InstantSet } from "./instant-set.ts";

/** All of a trace but its commands. */
export type TraceFacts = Omit<DiskTrace, "commands">;

/** All of a command but its data. */
export type CommandFacts = Omit<TraceCommand, "after" | "before">;

/** Why `trace` is none, as a clause that names the command; undefined when it is one. */
export function traceProblem(trace: DiskTrace): string | undefined {
    const check = new TraceCheck(trace);
    let { problem } = check;
    for (let index = 0; index < trace.commands.length && problem === undefined; index++) {
        const command = trace.commands[index];
        problem = check.next(command, command.after?.length);
    }
    return problem;
}

/** The same for a trace whose commands come one by one, and without their data. */
export class TraceCheck {
    /** What is wrong with the trace, whatever its commands. */
    readonly problem: string | undefined;
    readonly #trace: TraceFacts;
    readonly #taken = new InstantSet();
    #commandCount = 0;
    #lastIssue = -1;

    constructor(trace: TraceFacts) {
        this.#trace = trace;
        this.problem = diskProblem(trace);
    }

    /**
     * Why the next command is none; nothing is to be asked after the first that is not.
     *
     * @param afterSizeBytes bytes that it brings; undefined where it brings none
     */
    next(command: CommandFacts, afterSizeBytes: number | undefined): string | undefined {
        const index = this.#commandCount++;
        const problem =
            (command.id !== index ? `has the id ${command.id}` : undefined) ??
            (command.issuedAt <= this.#lastIssue ? "is not in the order of issue" : undefined) ??
            rangeProblem(this.#trace, command) ??
            dataProblem(command, afterSizeBytes) ??
            instantProblem(this.#trace, command, this.#taken);
        this.#lastIssue = command.issuedAt;
        return problem === undefined ? undefined : `command ${index} ${problem}`;
    }
}

/** A disk has whole sectors, and may have none. */
function diskProblem({ sectorSizeBytes, diskSizeBytes }: TraceFacts): string | undefined {
    if (sectorSizeBytes !== 512 && sectorSizeBytes !== 4096) {
        return `its sectors have ${sectorSizeBytes} bytes, not 512 or 4096`;
    }
    if (!Number.isSafeInteger(diskSizeBytes) || diskSizeBytes < 0) {
        return "its disk has no size";
    }
    return diskSizeBytes % sectorSizeBytes === 0
        ? undefined
        : `its disk has ${diskSizeBytes} bytes, which are not whole sectors of ${sectorSizeBytes}`;
}

/** A command's range is whole sectors inside the disk. */
function rangeProblem(trace: TraceFacts, command: CommandFacts): string | undefined {
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
function dataProblem(
    { kind, byteLength, acceptedAt }: CommandFacts,
    afterSizeBytes: number | undefined,
): string | undefined {
    const hasData = afterSizeBytes !== undefined;
    if (kind !== "write") {
        return hasData ? "brings data and is not a write" : undefined;
    }
    const isAccepted = acceptedAt !== notYet;
    if (isAccepted !== hasData) {
        return isAccepted ? "has no data" : "has data before the drive had it";
    }
    return hasData && afterSizeBytes !== byteLength
        ? `writes ${byteLength} bytes and brings ${afterSizeBytes}`
        : undefined;
}

/** Instants are ordinals, in their order; only issue and acceptance may be the same one. */
function instantProblem(
    trace: TraceFacts,
    command: CommandFacts,
    taken: InstantSet,
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
        if (!taken.add(at)) {
            return `shares the instant ${at} with another command`;
        }
    }
    return undefined;
}

function needsData(command: CommandFacts): boolean {
    return isWrite(command) && command.status === "done";
}
