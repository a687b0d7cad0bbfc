/**
 * Where a CPU enters the kernel: what the interrupt descriptor table, LSTAR and the boot sector
 * are to a kernel in machine code.
 *
 * Each entry point makes the program that the CPU then runs in kernel mode, on top of what it
 * interrupted, with interrupts off. When the program returns, what was interrupted goes on. What
 * an entry point throws, instead of making a program, is thrown in that program's first operation.
 */
import type { Context } from "./context.ts";
import type { Program } from "./operation.ts";

/** Exceptions that operations can raise (Intel SDM, volume 3, table 6-1). */
export const Exception = {
    nonMaskableInterrupt: 2,
    /** A user program ran off its end, where a compiler would have put UD2. */
    invalidOpcode: 6,
    generalProtection: 13,
    pageFault: 14,
} as const;

/** Bits of a page fault's error code (Intel SDM, volume 3, 4.7). */
export const PageFault = {
    /** A translation was there, and forbade the access. */
    present: 1,
    write: 2,
    user: 4,
    /** A reserved bit was set in an entry. */
    reserved: 8,
    /** The access was an instruction fetch. */
    execute: 16,
} as const;

export interface EntryPoints {
    /**
     * A CPU begins: the first one at power-on, with `vector` -1, others when they get a start-up
     * interrupt. Its context is new; when the program returns, the CPU is off.
     */
    start(context: Context, vector: number): Program;

    /** A user program's SYSCALL; what the program returns is the call's result. */
    systemCall(context: Context, number: number, callArguments: readonly number[]): Program;

    /**
     * An operation faulted; it is done again when the program returns, unless that called
     * `context.abandon`. `faultAddress` is CR2 for page faults, and otherwise 0.
     */
    exception(context: Context, vector: number, errorCode: number, faultAddress: number): Program;

    /** An interrupt, between two operations. The kernel ends it at the local APIC. */
    interrupt(context: Context, vector: number): Program;
}
