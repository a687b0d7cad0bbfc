/**
 * The edge of a process: the one place where errors become messages and exit statuses.
 */
import { UserError } from "../base/user-error.ts";
import type { Host } from "../host/host.ts";
import { Printer } from "./printer.ts";

/** What a command gets: its arguments (without the program's name) and where to print. */
export interface Invocation {
    readonly args: readonly string[];
    readonly host: Host;
    readonly out: Printer;
    readonly err: Printer;
}

/** A program: its name, the exit status of its failures, and what it does. */
export interface Program {
    readonly name: string;
    /** The exit status when files or streams fail, as the reference tools have it. */
    readonly failureExitCode: number;
    /** Returns the exit status. */
    readonly main: (invocation: Invocation) => number;
}

/** Exit status for a defect of ours (`EX_SOFTWARE` of sysexits.h). */
const defectExitCode = 70;

/** Runs a program to its exit status. Nothing that it throws passes this function. */
export function run(program: Program, args: readonly string[], host: Host): number {
    const out = new Printer(host.stdout, "standard output", program.failureExitCode);
    const err = new Printer(host.stderr, "standard error", program.failureExitCode, out);
    let status: number;
    try {
        status = program.main({ args, host, out, err });
        out.flush();
        err.flush();
    } catch (error) {
        status = report(program, error, out, err);
    }
    return status;
}

function report(program: Program, error: unknown, out: Printer, err: Printer): number {
    const isUserError = error instanceof UserError;
    // What was printed before the failure comes first, where it still can.
    flushIfPossible(out);
    flushIfPossible(err);
    const message = isUserError
        ? error.message
        : `${program.name}: internal error: ${error instanceof Error ? error.message : error}\n` +
          "This is a defect of chickadee-lab; please report it with the command and the image.";
    err.text(`${message}\n`);
    flushIfPossible(err);
    return isUserError ? error.exitCode : defectExitCode;
}

/** Flushes a stream that may be what failed, and that nobody may be reading any more. */
function flushIfPossible(printer: Printer): void {
    try {
        printer.flush();
    } catch {
        // There is no one left to tell.
    }
}
