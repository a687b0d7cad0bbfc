/**
 * A process's descriptors: small numbers for open files. Threads share the table; fork copies it.
 *
 * The lock guards the slots. Whoever uses a descriptor takes a reference to its file under the
 * lock and lets go of the lock before it does anything with the file, so that a call that blocks
 * keeps nobody from the other descriptors. A file that a slot lets go of is released without the
 * lock: that may be its end, which wakes tasks and frees pages.
 */
import type { Context } from "../../machine/cpu/context.ts";
import { maxDescriptors } from "../interface/constants.ts";
import { ErrorCode } from "../interface/error-code.ts";
import { kernelAssert } from "../panic.ts";
import type { Steps } from "../steps.ts";
import type { LockOrder } from "../sync/lock-order.ts";
import { SpinLock } from "../sync/spin-lock.ts";
import type { Console } from "./console.ts";
import type { Keyboard } from "./keyboard.ts";
import type { OpenFile, OpenFiles } from "./open-file.ts";
import { Terminal } from "./terminal.ts";

/** What a first process's table is made of. */
export interface StandardFiles {
    readonly order: LockOrder;
    readonly openFiles: OpenFiles;
    readonly keyboard: Keyboard;
    readonly console: Console;
}

/** Descriptors that a first process finds open: its input, its output, and its errors. */
const standardCount = 3;

export class DescriptorTable {
    readonly #order: LockOrder;
    readonly #lock: SpinLock;
    /** By descriptor. */
    readonly #slots = new Array<OpenFile | undefined>(maxDescriptors).fill(undefined);

    private constructor(order: LockOrder) {
        this.#order = order;
        this.#lock = new SpinLock(order, "descriptor table");
    }

    /** A table of which 0, 1 and 2 are the keyboard and the console. */
    static standard(files: StandardFiles): DescriptorTable {
        const table = new DescriptorTable(files.order);
        const mode = { canRead: true, canWrite: true };
        for (let descriptor = 0; descriptor < standardCount; descriptor++) {
            const terminal = new Terminal(files.keyboard, files.console);
            table.#slots[descriptor] = files.openFiles.makeUnreserved(terminal, mode);
        }
        return table;
    }

    /** A copy as of one instant, which refers to the same open files; for a child process. */
    *share(context: Context): Steps<DescriptorTable> {
        const copy = new DescriptorTable(this.#order);
        const hadInterrupts = yield* this.#lock.acquire(context);
        for (const [descriptor, file] of this.#slots.entries()) {
            if (file !== undefined) {
                yield* file.addReference(context);
                copy.#slots[descriptor] = file;
            }
        }
        yield* this.#lock.release(context, hadInterrupts);
        return copy;
    }

    /** Lets go of all files. No thread uses the table any more. */
    *closeAll(context: Context): Steps {
        for (let descriptor = 0; descriptor < maxDescriptors; descriptor++) {
            const hadInterrupts = yield* this.#lock.acquire(context);
            const file = this.#slots[descriptor];
            this.#slots[descriptor] = undefined;
            yield* this.#lock.release(context, hadInterrupts);
            if (file !== undefined) {
                yield* file.release(context);
            }
        }
    }

    /** The file of a descriptor, with a reference for the caller to release; or undefined. */
    *get(context: Context, descriptor: number): Steps<OpenFile | undefined> {
        const hadInterrupts = yield* this.#lock.acquire(context);
        const file = this.#slots[descriptor];
        if (file !== undefined) {
            yield* file.addReference(context);
        }
        yield* this.#lock.release(context, hadInterrupts);
        return file;
    }

    /** Whether a descriptor is free. Another thread may take it at any time. */
    *hasRoom(context: Context): Steps<boolean> {
        const hadInterrupts = yield* this.#lock.acquire(context);
        const hasRoom = this.#slots.includes(undefined);
        yield* this.#lock.release(context, hadInterrupts);
        return hasRoom;
    }

    /**
     * Gives files the lowest free descriptors, in their order: all of them, or none. Their
     * references become the table's. Returns the descriptors, or E_MFILE.
     */
    *add(context: Context, files: readonly OpenFile[]): Steps<readonly number[] | ErrorCode> {
        const hadInterrupts = yield* this.#lock.acquire(context);
        const free = [...this.#slots.keys()].filter((slot) => this.#slots[slot] === undefined);
        const descriptors = free.slice(0, files.length);
        const hasRoom = descriptors.length === files.length;
        if (hasRoom) {
            for (const [index, descriptor] of descriptors.entries()) {
                kernelAssert(
                    this.#slots[descriptor] === undefined,
                    `descriptor ${descriptor} is free`,
                );
                this.#slots[descriptor] = files[index];
            }
        }
        yield* this.#lock.release(context, hadInterrupts);
        return hasRoom ? descriptors : ErrorCode.tooManyDescriptors;
    }

    /**
     * dup2: makes `target` refer to what `source` does, and returns it. What it was is closed.
     * E_BADF: `source` is not open, or `target` cannot be.
     */
    *duplicate(context: Context, source: number, target: number): Steps<number> {
        const hadInterrupts = yield* this.#lock.acquire(context);
        const file = this.#slots[source];
        const isPossible = file !== undefined && target >= 0 && target < maxDescriptors;
        let replaced: OpenFile | undefined;
        if (isPossible && source !== target) {
            yield* file.addReference(context);
            replaced = this.#slots[target];
            this.#slots[target] = file;
        }
        yield* this.#lock.release(context, hadInterrupts);
        if (replaced !== undefined) {
            yield* replaced.release(context);
        }
        return isPossible ? target : ErrorCode.badDescriptor;
    }

    /** Returns 0, or E_BADF. */
    *close(context: Context, descriptor: number): Steps<number> {
        const hadInterrupts = yield* this.#lock.acquire(context);
        const file = this.#slots[descriptor];
        if (file !== undefined) {
            this.#slots[descriptor] = undefined;
        }
        yield* this.#lock.release(context, hadInterrupts);
        if (file === undefined) {
            return ErrorCode.badDescriptor;
        }
        yield* file.release(context);
        return 0;
    }
}
