/**
 * What went wrong in words for the person at the terminal: what, where, and what to do.
 *
 * The command line prints the message on standard error and exits with `exitCode`; nobody sees a
 * stack trace.
 */
export class UserError extends Error {
    override readonly name = "UserError";
    /** The process's exit status. */
    readonly exitCode: number;

    constructor(message: string, exitCode = 1) {
        super(message);
        this.exitCode = exitCode;
    }
}
