/**
 * The edge of a process: the one place where errors become messages and exit statuses.
 */
import { assert } from "../base/assert.ts";
import { UserError } from "../base/user-error.ts";
import type { Host } from "../host/host.ts";
import { Printer } from "./printer.ts";

/** What a command gets: its arguments (without the program's name) and where to print. */
export interface Invocation {
    readonly args: readonly string[];
    readonly host: Host;
    readonly out: Printer;
    readonly err: Printer;
    /**
     * For a command that goes on after `main` has returned: what it is to do then. Its exit status
     * counts in place of the one that `main` returned.
     */
    readonly goOn: (rest: () => Promise<number>) => void;
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

/**
 * Runs a program to its exit status, where that is there when `main` returns. Nothing that it
 * throws passes this function.
 */
export function run(program: Program, args: readonly string[], host: Host): number {
    const edge = new Edge(program, host);
    return edge.start(args, () => assert(false, "the command is done when it returns"));
}

/** The same for a program whose commands may go on. */
export async function runToEnd(
    program: Program,
    args: readonly string[],
    host: Host,
): Promise<number> {
    const edge = new Edge(program, host);
    const pending: (() => Promise<number>)[] = [];
    const status = edge.start(args, (rest) => pending.push(rest));
    const [rest] = pending;
    return rest === undefined ? status : await edge.finish(rest);
}

class Edge {
    readonly #program: Program;
    readonly #host: Host;
    readonly #out: Printer;
    readonly #err: Printer;

    constructor(program: Program, host: Host) {
        const { failureExitCode } = program;
        this.#program = program;
        this.#host = host;
        this.#out = new Printer(host.stdout, "standard output", failureExitCode);
        this.#err = new Printer(host.stderr, "standard error", failureExitCode, this.#out);
    }

    /** Runs `main`. */
    start(args: readonly string[], goOn: Invocation["goOn"]): number {
        const invocation = { args, host: this.#host, out: this.#out, err: this.#err, goOn };
        try {
            const status = this.#program.main(invocation);
            this.#flush();
            return status;
        } catch (error) {
            return this.#report(error);
        }
    }

    /** Runs what came after it. */
    async finish(rest: () => Promise<number>): Promise<number> {
        try {
            const status = await rest();
            this.#flush();
            return status;
        } catch (error) {
            return this.#report(error);
        }
    }

    #flush(): void {
        this.#out.flush();
        this.#err.flush();
    }

    #report(error: unknown): number {
        const isUserError = error instanceof UserError;
        // What was printed before the failure comes first, where it still can.
        flushIfPossible(this.#out);
        flushIfPossible(this.#err);
        const message = isUserError
            ? error.message
            : `${this.#program.name}: internal error: ${textOf(error)}\n` +
              "This is a defect of chickadee-lab; please report it with the command and the image.";
        this.#err.text(`${message}\n`);
        flushIfPossible(this.#err);
        return isUserError ? error.exitCode : defectExitCode;
    }
}

function textOf(error: unknown): string {
    return error instanceof Error ? error.message : `${error}`;
}

/** Flushes a stream that may be what failed, and that nobody may be reading any more. */
function flushIfPossible(printer: Printer): void {
    try {
        printer.flush();
    } catch {
        // There is no one left to tell.
    }
}
