/**
 * What an open file is an opening of: Chickadee's vnode.
 *
 * There are two kinds. A *stream* gives and takes bytes in their order, and may block; a file with
 * *random access* has its bytes at offsets. Offsets, modes and counts of who uses it are not here
 * but in open-file.ts.
 *
 * Addresses are a user's, of ranges that were checked as a whole; a thread that takes memory away
 * meanwhile may still make a transfer fail with E_FAULT. Lengths are 1 or more.
 */
import type { Context } from "../../machine/cpu/context.ts";
import type { ErrorCode } from "../interface/error-code.ts";
import type { Steps } from "../steps.ts";
import type { Task } from "../tasks/task.ts";

/** For what a file was opened. */
export interface OpenMode {
    readonly canRead: boolean;
    readonly canWrite: boolean;
}

export interface Stream {
    readonly kind: "stream";
    /** Waits until there is something; returns how many bytes it was, 0 at the end, or an error. */
    read(task: Task, address: number, byteLength: number): Steps<number>;
    /** Waits until all is written or cannot be; returns how many bytes were, or an error. */
    write(task: Task, address: number, byteLength: number): Steps<number>;
    /** An opening with that mode is over. */
    close(context: Context, mode: OpenMode): Steps;
}

export interface RandomAccess {
    readonly kind: "random access";
    /** Returns how many bytes there were, 0 at and beyond the end, or E_FAULT. */
    readAt(task: Task, address: number, byteLength: number, byteOffset: number): Steps<number>;
    /** Returns how many bytes were written, or E_FAULT, E_NOSPC, E_FBIG. */
    writeAt(task: Task, address: number, byteLength: number, byteOffset: number): Steps<number>;
    sizeOf(context: Context): Steps<number>;
    /** Cuts bytes off, or appends zeros. E_NOSPC, E_FBIG: nothing has changed. */
    truncate(context: Context, sizeBytes: number): Steps<0 | ErrorCode>;
    close(context: Context, mode: OpenMode): Steps;
}

export type Vnode = Stream | RandomAccess;
