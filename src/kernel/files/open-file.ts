/**
 * Open files: a vnode, how it was opened, and where in it the next read or write goes.
 *
 * Descriptors refer to open files, several to one after dup2 or fork; they share its offset. Each
 * descriptor has a reference, and so has each system call while it uses the file: what another
 * thread closes meanwhile is gone only when the last of them lets go.
 *
 * The lock guards the reference count and the offset. Transfers of files with random access are
 * done under it, so that each has a range of its own; they do not block. Streams have no offset,
 * and are read and written without it.
 */
import type { Context } from "../../machine/cpu/context.ts";
import { SeekOrigin } from "../interface/constants.ts";
import { ErrorCode } from "../interface/error-code.ts";
import { kernelAssert } from "../panic.ts";
import type { Steps } from "../steps.ts";
import type { LockOrder } from "../sync/lock-order.ts";
import { SpinLock } from "../sync/spin-lock.ts";
import type { Task } from "../tasks/task.ts";
import type { OpenMode, RandomAccess, Vnode } from "./vnode.ts";

/** Open files that the system can have. */
const maxOpenFiles = 128;

/** How many open files the whole system has, so that they have a limit. */
export class OpenFiles {
    readonly #order: LockOrder;
    /** Guards the count; taken with no open file's own lock held. */
    readonly #lock: SpinLock;
    #count = 0;

    constructor({ order }: { readonly order: LockOrder }) {
        this.#order = order;
        this.#lock = new SpinLock(order, "open file", "number of open files");
    }

    /** For the leak check, when everything is quiet. */
    get count(): number {
        return this.#count;
    }

    /** Takes room for `fileCount` more: all, or none when there is too little. */
    *reserve(context: Context, fileCount: number): Steps<boolean> {
        const hadInterrupts = yield* this.#lock.acquire(context);
        const hasRoom = this.#count + fileCount <= maxOpenFiles;
        if (hasRoom) {
            this.#count += fileCount;
        }
        yield* this.#lock.release(context, hadInterrupts);
        return hasRoom;
    }

    /** Gives room back. */
    *unreserve(context: Context, fileCount: number): Steps {
        const hadInterrupts = yield* this.#lock.acquire(context);
        this.#count -= fileCount;
        kernelAssert(this.#count >= 0, "an open file is closed once");
        yield* this.#lock.release(context, hadInterrupts);
    }

    /** An open file, with one reference, for which room was reserved. */
    make(vnode: Vnode, mode: OpenMode): OpenFile {
        return new OpenFile(this, new SpinLock(this.#order, "open file"), vnode, mode);
    }

    /** As `make`, with its room; before there is a process, when nobody else counts. */
    makeUnreserved(vnode: Vnode, mode: OpenMode): OpenFile {
        this.#count++;
        return this.make(vnode, mode);
    }
}

export class OpenFile {
    readonly mode: OpenMode;
    readonly #files: OpenFiles;
    readonly #lock: SpinLock;
    readonly #vnode: Vnode;
    #referenceCount = 1;
    #byteOffset = 0;

    constructor(files: OpenFiles, lock: SpinLock, vnode: Vnode, mode: OpenMode) {
        this.#files = files;
        this.#lock = lock;
        this.#vnode = vnode;
        this.mode = mode;
    }

    *addReference(context: Context): Steps {
        const hadInterrupts = yield* this.#lock.acquire(context);
        kernelAssert(this.#referenceCount > 0, "an open file that is used is referred to");
        this.#referenceCount++;
        yield* this.#lock.release(context, hadInterrupts);
    }

    /** Lets go of a reference; with the last one the file is closed. */
    *release(context: Context): Steps {
        const hadInterrupts = yield* this.#lock.acquire(context);
        kernelAssert(this.#referenceCount > 0, "a reference to an open file is given back once");
        this.#referenceCount--;
        const isLast = this.#referenceCount === 0;
        yield* this.#lock.release(context, hadInterrupts);
        if (isLast) {
            yield* this.#vnode.close(context, this.mode);
            yield* this.#files.unreserve(context, 1);
        }
    }

    /** Reads into a range that was checked. The file was opened for reading. */
    *read(task: Task, address: number, byteLength: number): Steps<number> {
        const vnode = this.#vnode;
        if (vnode.kind === "stream") {
            return yield* vnode.read(task, address, byteLength);
        }
        const hadInterrupts = yield* this.#lock.acquire(task.context);
        const result = yield* vnode.readAt(task, address, byteLength, this.#byteOffset);
        this.#byteOffset += Math.max(0, result);
        yield* this.#lock.release(task.context, hadInterrupts);
        return result;
    }

    /** Writes from a range that was checked. The file was opened for writing. */
    *write(task: Task, address: number, byteLength: number): Steps<number> {
        const vnode = this.#vnode;
        if (vnode.kind === "stream") {
            return yield* vnode.write(task, address, byteLength);
        }
        const hadInterrupts = yield* this.#lock.acquire(task.context);
        const result = yield* vnode.writeAt(task, address, byteLength, this.#byteOffset);
        this.#byteOffset += Math.max(0, result);
        yield* this.#lock.release(task.context, hadInterrupts);
        return result;
    }

    /**
     * Moves the offset, and returns it; with `SeekOrigin.size` only returns the file's size.
     * E_SPIPE: a stream. E_INVAL: no such origin, or nowhere in any file.
     */
    *seek(context: Context, distance: number, origin: number): Steps<number> {
        const vnode = this.#vnode;
        if (vnode.kind === "stream") {
            return ErrorCode.cannotSeek;
        }
        const hadInterrupts = yield* this.#lock.acquire(context);
        const result = yield* this.#offsetFor(context, vnode, distance, origin);
        if (result >= 0 && origin !== SeekOrigin.size) {
            this.#byteOffset = result;
        }
        yield* this.#lock.release(context, hadInterrupts);
        return result;
    }

    /** E_INVAL: a stream, or a negative size; E_FBIG, E_NOSPC. */
    *truncate(context: Context, sizeBytes: number): Steps<0 | ErrorCode> {
        const vnode = this.#vnode;
        if (vnode.kind === "stream" || sizeBytes < 0) {
            return ErrorCode.invalid;
        }
        return yield* vnode.truncate(context, sizeBytes);
    }

    *#offsetFor(
        context: Context,
        vnode: RandomAccess,
        distance: number,
        origin: number,
    ): Steps<number> {
        let from = 0;
        if (origin === SeekOrigin.current) {
            from = this.#byteOffset;
        } else if (origin === SeekOrigin.end || origin === SeekOrigin.size) {
            from = yield* vnode.sizeOf(context);
        } else if (origin !== SeekOrigin.set) {
            return ErrorCode.invalid;
        }
        const target = origin === SeekOrigin.size ? from : from + distance;
        return Number.isSafeInteger(target) && target >= 0 ? target : ErrorCode.invalid;
    }
}
