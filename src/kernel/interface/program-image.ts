/**
 * What the kernel takes for a program.
 *
 * A program's code is a coroutine, which memory cannot hold; its text page has only the name by
 * which the kernel knows it, as a script's first line does, and functions have addresses so that
 * `clone` can be told one. Everything else about a process is as on hardware: its data, stacks
 * and page tables are memory, and all that it does is loads, stores, atomic operations and system
 * calls.
 *
 * Programs must be pure functions of what their operations gave: `fork` makes the child by running
 * the program again with the same results (see src/machine/cpu). So they keep nothing outside of
 * their generators' local variables and guest memory.
 */
import type { Context } from "../../machine/cpu/context.ts";
import type { Operation, Program } from "../../machine/cpu/operation.ts";

export type { Operation, Program };

/** The part of a context that a user program has: memory, time, and system calls. */
export type UserContext = Pick<
    Context,
    | "step"
    | "load"
    | "load64"
    | "store"
    | "store64"
    | "exchange"
    | "compareExchange"
    | "fetchAdd"
    | "fetchAnd"
    | "fetchOr"
    | "fetchXor"
    | "copy"
    | "fill"
    | "pause"
    | "readTimestamp"
    | "systemCall"
    | "wide"
>;

/** What a new thread finds in its registers. */
export interface EntryRegisters {
    /** RDI: `argc` of a program, the argument of a thread. */
    readonly argument: number;
    /** RSI: the address of `argv`. */
    readonly secondArgument: number;
    /** RSP. */
    readonly stackPointer: number;
}

/** A function of a program's text. */
export type UserFunction = (context: UserContext, registers: EntryRegisters) => Program;

export interface ProgramImage {
    /** The file's name, by which it is opened and executed. */
    readonly name: string;
    /** Bytes of globals from `UserAddress.data` on; zero when the program begins. */
    readonly dataBytes: number;
    /** Functions with addresses: `process_main` is the first, at the beginning of the text. */
    readonly functions: readonly UserFunction[];
}
