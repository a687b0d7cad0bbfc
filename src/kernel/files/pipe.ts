/**
 * Pipes: a ring of bytes in a page of their own, between one end to write and one to read.
 *
 * A reader waits until there is something, and takes what there is; a writer waits until there is
 * room, and goes on until all is written. Both know when the other end is closed: the reader then
 * finds the end of the file behind the last byte, the writer E_PIPE. Each change wakes the tasks
 * at the other end, all of them; each looks for itself.
 *
 * The lock guards all of it, and is held while bytes are copied, so a write that has room for all
 * of its bytes is atomic. A write that is interrupted, or faults, or loses its readers after it
 * wrote something returns how much that was.
 *
 * The ring has 512 bytes of its page: the least that POSIX wants to be written as one, and so
 * little that writers wait for readers in short programs, too, which is what a crash laboratory
 * is for.
 *
 * Invariant, asserted: 0 <= written - read <= 512. The page is freed with the second end.
 */
import type { Context } from "../../machine/cpu/context.ts";
import { ErrorCode } from "../interface/error-code.ts";
import { directMap } from "../memory/direct-map.ts";
import type { PageAllocator } from "../memory/page-allocator.ts";
import { copyFromUser, copyToUser } from "../memory/user-memory.ts";
import { kernelAssert } from "../panic.ts";
import type { Steps } from "../steps.ts";
import type { LockOrder } from "../sync/lock-order.ts";
import { SpinLock } from "../sync/spin-lock.ts";
import { WaitQueue } from "../sync/wait-queue.ts";
import type { Scheduler } from "../tasks/scheduler.ts";
import type { Task } from "../tasks/task.ts";
import type { OpenMode, Stream } from "./vnode.ts";

const capacityBytes = 512;

/** What pipes need of the kernel. */
export interface PipeSurroundings {
    readonly order: LockOrder;
    readonly scheduler: Scheduler;
    readonly pages: PageAllocator;
}

/** Makes pipes, and numbers them for people. */
export class Pipes {
    readonly #surroundings: PipeSurroundings;
    /** Guards the count. */
    readonly #lock: SpinLock;
    #madeCount = 0;

    constructor(surroundings: PipeSurroundings) {
        this.#surroundings = surroundings;
        this.#lock = new SpinLock(surroundings.order, "pipe", "number of pipes");
    }

    /** A pipe with both ends open; undefined when there is no page for it. */
    *make(context: Context): Steps<Pipe | undefined> {
        const page = yield* this.#surroundings.pages.allocate(context);
        if (page < 0) {
            return undefined;
        }
        const hadInterrupts = yield* this.#lock.acquire(context);
        this.#madeCount++;
        const number = this.#madeCount;
        yield* this.#lock.release(context, hadInterrupts);
        return new Pipe(this.#surroundings, number, page);
    }
}

export class Pipe implements Stream {
    readonly kind = "stream";
    readonly #lock: SpinLock;
    readonly #pages: PageAllocator;
    /** For people. */
    readonly #number: number;
    /** Physical address of the page. */
    readonly #page: number;
    /** Who waits to read, and who waits to write. */
    readonly #readers: WaitQueue;
    readonly #writers: WaitQueue;
    /** Bytes ever written and read; modulo the capacity they are places in the ring. */
    #writtenBytes = 0;
    #readBytes = 0;
    #hasReadEnd = true;
    #hasWriteEnd = true;

    constructor({ order, scheduler, pages }: PipeSurroundings, number: number, page: number) {
        this.#lock = new SpinLock(order, "pipe", `pipe ${number}`);
        this.#pages = pages;
        this.#number = number;
        this.#page = page;
        this.#readers = new WaitQueue(order, scheduler, `readers of pipe ${number}`);
        this.#writers = new WaitQueue(order, scheduler, `writers of pipe ${number}`);
    }

    *read(task: Task, address: number, byteLength: number): Steps<number> {
        const { context } = task;
        const hadInterrupts = yield* this.#lock.acquire(context);
        const wait = yield* this.#readers.waitUntil(
            task,
            this.#lock,
            () => this.#usedBytes > 0 || !this.#hasWriteEnd,
            { what: `pipe ${this.#number} to be written` },
        );
        const result =
            wait === "ready" ? yield* this.#take(task, address, byteLength) : ErrorCode.interrupted;
        yield* this.#lock.release(context, hadInterrupts);
        if (result > 0) {
            yield* this.#writers.wakeAll(context);
        }
        return result;
    }

    *write(task: Task, address: number, byteLength: number): Steps<number> {
        const { context } = task;
        let writtenBytes = 0;
        while (writtenBytes < byteLength) {
            const hadInterrupts = yield* this.#lock.acquire(context);
            const result = yield* this.#writePiece(
                task,
                address + writtenBytes,
                byteLength - writtenBytes,
            );
            yield* this.#lock.release(context, hadInterrupts);
            if (result < 0) {
                return writtenBytes > 0 ? writtenBytes : result;
            }
            writtenBytes += result;
            yield* this.#readers.wakeAll(context);
        }
        return writtenBytes;
    }

    /** An end is closed: the one that was opened for reading, or the other. */
    *close(context: Context, { canRead }: OpenMode): Steps {
        const hadInterrupts = yield* this.#lock.acquire(context);
        kernelAssert(
            canRead ? this.#hasReadEnd : this.#hasWriteEnd,
            `an end of pipe ${this.#number} is closed once`,
        );
        if (canRead) {
            this.#hasReadEnd = false;
        } else {
            this.#hasWriteEnd = false;
        }
        const isUnused = !this.#hasReadEnd && !this.#hasWriteEnd;
        yield* this.#lock.release(context, hadInterrupts);
        yield* (canRead ? this.#writers : this.#readers).wakeAll(context);
        if (isUnused) {
            yield* this.#pages.release(context, this.#page);
        }
    }

    get #usedBytes(): number {
        const usedBytes = this.#writtenBytes - this.#readBytes;
        kernelAssert(
            usedBytes >= 0 && usedBytes <= capacityBytes,
            `pipe ${this.#number} has no more bytes than its ring`,
        );
        return usedBytes;
    }

    /** Copies what there is to the reader. The caller holds the lock. */
    *#take(task: Task, address: number, byteLength: number): Steps<number> {
        const totalBytes = Math.min(byteLength, this.#usedBytes);
        let doneBytes = 0;
        while (doneBytes < totalBytes) {
            const [ringAddress, pieceBytes] = this.#piece(this.#readBytes, totalBytes - doneBytes);
            const result = yield* copyToUser(task, address + doneBytes, ringAddress, pieceBytes);
            if (result !== 0) {
                return doneBytes > 0 ? doneBytes : result;
            }
            this.#readBytes += pieceBytes;
            doneBytes += pieceBytes;
        }
        return doneBytes;
    }

    /**
     * Waits for room and fills it. The caller holds the lock. Returns how many bytes it was, or
     * E_PIPE, E_INTR, E_FAULT.
     */
    *#writePiece(task: Task, address: number, byteLength: number): Steps<number> {
        const wait = yield* this.#writers.waitUntil(
            task,
            this.#lock,
            () => this.#usedBytes < capacityBytes || !this.#hasReadEnd,
            { what: `pipe ${this.#number} to be read` },
        );
        if (wait !== "ready") {
            return ErrorCode.interrupted;
        }
        if (!this.#hasReadEnd) {
            return ErrorCode.brokenPipe;
        }
        const totalBytes = Math.min(byteLength, capacityBytes - this.#usedBytes);
        let doneBytes = 0;
        while (doneBytes < totalBytes) {
            const [ringAddress, pieceBytes] = this.#piece(
                this.#writtenBytes,
                totalBytes - doneBytes,
            );
            const result = yield* copyFromUser(task, ringAddress, address + doneBytes, pieceBytes);
            if (result !== 0) {
                return doneBytes > 0 ? doneBytes : result;
            }
            this.#writtenBytes += pieceBytes;
            doneBytes += pieceBytes;
        }
        return doneBytes;
    }

    /** Where in the ring a byte is, by its number, and how many of `byteLength` fit from there. */
    #piece(byteNo: number, byteLength: number): [ringAddress: number, pieceBytes: number] {
        const place = byteNo % capacityBytes;
        return [directMap(this.#page) + place, Math.min(byteLength, capacityBytes - place)];
    }
}
