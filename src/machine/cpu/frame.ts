/** A frame: one program on a context's stack, and what it needs to go on. */
import { nothingAsked, type PendingOperation } from "./operands.ts";
import type { Operation, Program } from "./operation.ts";
import type { ProgramRecord } from "./program-record.ts";

/** Why a program is on a context's stack; what its return means. */
export type FrameCause =
    /** It is the context's own; its return ends the context. */
    | "start"
    /** Its return value is the result of the call below. */
    | "system call"
    /** When it returns, the operation below is done again, unless it was abandoned. */
    | "exception"
    /** What is below goes on as if nothing had been. */
    | "interrupt";

export class Frame {
    /** What runs; a handler's is asked of the kernel when it begins. */
    program: Program | undefined;
    readonly #entry: () => Program;
    readonly cause: FrameCause;
    /** User mode (ring 3) or the kernel's. */
    readonly isUser: boolean;
    /** RFLAGS.IF while this program is on top. */
    interruptsEnabled: boolean;
    /** What its operations were and came to, for forks; of user programs that may be forked. */
    readonly record: ProgramRecord | undefined;
    /** The operation that the program asked for last, */
    operation: Operation = nothingAsked;
    /** and what its `yield` will give when the program goes on. */
    result = 0;
    /** The operation to be done again when the exception's handler above returns. */
    pending: PendingOperation | undefined;
    /** `Context.wide` while programs above use it. */
    savedWide = 0n;

    constructor(
        entry: () => Program,
        cause: FrameCause,
        isUser: boolean,
        interruptsEnabled: boolean,
        record?: ProgramRecord,
    ) {
        this.#entry = entry;
        this.cause = cause;
        this.isUser = isUser;
        this.interruptsEnabled = interruptsEnabled;
        this.record = record;
    }

    /**
     * Makes the program, with its frame on the stack already, so that all that the kernel does for
     * it sees the same context.
     */
    begin(): Program {
        this.program = this.#entry();
        return this.program;
    }
}
