/**
 * The single operations of which programs are made.
 *
 * A program is a coroutine that yields one operation after the other; the CPU carries each out and
 * hands back its result. Operands lie in the program's `Context`, which has a method for each
 * operation; what is yielded is just its code, a small number, so that an operation costs no
 * object. Between any two operations the schedule may switch CPUs and an interrupt may come.
 *
 * Codes of memory operations are a base plus the size in bytes: 1, 2, 4 or 8.
 */

/** What a handler returns: the result of a system call, or nothing at all, which counts as 0. */
type Returned<Nothing> = number | Nothing;

/** A coroutine that a CPU runs. */
export type Program = Generator<Operation, Returned<void>, number>;

/** The code of an operation; made by the methods of `Context`. */
export type Operation = number;

/** Bytes that a memory operation moves, other than the eight of the 64-bit ones. */
export type MemorySize = 1 | 2 | 4;

export const OperationCode = {
    /** Nothing but time: a computation, or a point at which the schedule may switch. */
    step: 0x00,
    load: 0x10,
    store: 0x20,
    /** Atomic read-modify-writes; the result is the old value. */
    exchange: 0x30,
    compareExchange: 0x40,
    fetchAdd: 0x50,
    fetchAnd: 0x60,
    fetchOr: 0x70,
    fetchXor: 0x80,
    /** Port input and output; sizes 1, 2 and 4. */
    input: 0x90,
    output: 0xa0,
    pause: 0xb0,
    halt: 0xb1,
    /** STI and HLT as one: no interrupt comes between the two. */
    enableAndHalt: 0xb2,
    disableInterrupts: 0xb3,
    enableInterrupts: 0xb4,
    loadPageTable: 0xb5,
    invalidatePage: 0xb6,
    readTimestamp: 0xb7,
    systemCall: 0xb8,
    switchTo: 0xb9,
    /** A program's return: IRET or SYSRET of a handler; a user program runs off its end. */
    endOfProgram: 0xba,
    /** Many bytes at once, within a page; see bulk.ts. */
    copy: 0xbb,
    fill: 0xbc,
} as const;

/** Operations that only the kernel may use: those that are not of memory, with few exceptions. */
export function isPrivileged(operation: Operation): boolean {
    return (
        operation >= OperationCode.input &&
        operation !== OperationCode.pause &&
        operation !== OperationCode.systemCall &&
        operation !== OperationCode.readTimestamp &&
        operation !== OperationCode.endOfProgram &&
        operation !== OperationCode.copy &&
        operation !== OperationCode.fill
    );
}
