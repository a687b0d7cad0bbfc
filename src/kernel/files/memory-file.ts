/**
 * A file of the memory file system: pages, a size, and who has it open.
 *
 * All of it is guarded by the file system's lock, which the caller of every method but those of
 * `RandomAccess` holds; those take it. No operation blocks, so one lock for all files does.
 *
 * Invariants: there are as many pages as the size needs; bytes of the last page behind the size
 * are zero, so that a file grows by zeros; a file without a name and without openings has no page.
 */
import { pageSize } from "../../base/page-size.ts";
import { fillBytes } from "../../machine/cpu/bulk.ts";
import type { Context } from "../../machine/cpu/context.ts";
import { ErrorCode } from "../interface/error-code.ts";
import { directMap } from "../memory/direct-map.ts";
import type { PageAllocator } from "../memory/page-allocator.ts";
import { copyFromUser, copyToUser } from "../memory/user-memory.ts";
import { kernelAssert } from "../panic.ts";
import type { Steps } from "../steps.ts";
import type { SpinLock } from "../sync/spin-lock.ts";
import type { Task } from "../tasks/task.ts";
import type { RandomAccess } from "./vnode.ts";

/** Files do not grow beyond this. */
const maxFileBytes = 2 ** 20;

/** A page of a file's. */
export interface FilePage {
    /** Physical. */
    readonly address: number;
    /** It came with the kernel's image, and is not the page allocator's. */
    readonly isOfImage: boolean;
}

/** What a file needs of the file system, which has the page allocator when the kernel is made. */
export interface FileSurroundings {
    readonly lock: SpinLock;
    readonly pages: () => PageAllocator;
}

export class MemoryFile implements RandomAccess {
    readonly kind = "random access";
    readonly #surroundings: FileSurroundings;
    /** Undefined once it was unlinked. */
    name: string | undefined;
    /** Openings that are not over. */
    openCount = 0;
    #sizeBytes: number;
    readonly #pages: FilePage[];

    constructor(
        surroundings: FileSurroundings,
        name: string,
        sizeBytes = 0,
        pages: readonly FilePage[] = [],
    ) {
        this.#surroundings = surroundings;
        this.name = name;
        this.#sizeBytes = sizeBytes;
        this.#pages = [...pages];
        this.#assertWhole();
    }

    get sizeBytes(): number {
        return this.#sizeBytes;
    }

    /** Pages that it has of the page allocator. */
    get allocatedPageCount(): number {
        return this.#pages.filter(({ isOfImage }) => !isOfImage).length;
    }

    /** Where the kernel sees a byte. */
    addressOf(byteOffset: number): number {
        const page = this.#pages[Math.floor(byteOffset / pageSize)];
        return directMap(page.address) + (byteOffset % pageSize);
    }

    *readAt(task: Task, address: number, byteLength: number, byteOffset: number): Steps<number> {
        const { lock } = this.#surroundings;
        const hadInterrupts = yield* lock.acquire(task.context);
        const totalBytes = Math.max(0, Math.min(byteLength, this.#sizeBytes - byteOffset));
        let doneBytes = 0;
        let result: number = 0;
        while (doneBytes < totalBytes && result === 0) {
            const at = byteOffset + doneBytes;
            const pieceBytes = Math.min(totalBytes - doneBytes, pageSize - (at % pageSize));
            result = yield* copyToUser(task, address + doneBytes, this.addressOf(at), pieceBytes);
            doneBytes += result === 0 ? pieceBytes : 0;
        }
        yield* lock.release(task.context, hadInterrupts);
        return doneBytes > 0 ? doneBytes : result;
    }

    *writeAt(task: Task, address: number, byteLength: number, byteOffset: number): Steps<number> {
        if (byteOffset >= maxFileBytes) {
            return ErrorCode.fileTooBig;
        }
        const { lock } = this.#surroundings;
        const { context } = task;
        const hadInterrupts = yield* lock.acquire(context);
        const sizeBefore = this.#sizeBytes;
        // First the room, as far as there is some; then the bytes.
        const wantedEnd = byteOffset + byteLength;
        let result: number = yield* this.#growTowards(context, wantedEnd);
        const end = Math.min(wantedEnd, this.#sizeBytes);
        let at = byteOffset;
        while (at < end) {
            const pieceBytes = Math.min(end - at, pageSize - (at % pageSize));
            result = yield* copyFromUser(
                task,
                this.addressOf(at),
                address + (at - byteOffset),
                pieceBytes,
            );
            if (result !== 0) {
                break;
            }
            at += pieceBytes;
        }
        const doneBytes = Math.max(0, at - byteOffset);
        // What was made room for and not written is not part of the file.
        const sizeAfter = doneBytes > 0 ? Math.max(sizeBefore, at) : sizeBefore;
        if (sizeAfter < this.#sizeBytes) {
            yield* this.#shrink(context, sizeAfter);
        }
        yield* lock.release(context, hadInterrupts);
        return doneBytes > 0 ? doneBytes : result;
    }

    *sizeOf(context: Context): Steps<number> {
        const { lock } = this.#surroundings;
        const hadInterrupts = yield* lock.acquire(context);
        const sizeBytes = this.#sizeBytes;
        yield* lock.release(context, hadInterrupts);
        return sizeBytes;
    }

    *truncate(context: Context, sizeBytes: number): Steps<0 | ErrorCode> {
        const { lock } = this.#surroundings;
        const hadInterrupts = yield* lock.acquire(context);
        const result = yield* this.resize(context, sizeBytes);
        yield* lock.release(context, hadInterrupts);
        return result;
    }

    *close(context: Context): Steps {
        const { lock } = this.#surroundings;
        const hadInterrupts = yield* lock.acquire(context);
        kernelAssert(this.openCount > 0, "an opening of a file is over once");
        this.openCount--;
        yield* this.freeUnused(context);
        yield* lock.release(context, hadInterrupts);
    }

    /** Gives all of it back if it has neither a name nor an opening. The lock is held. */
    *freeUnused(context: Context): Steps {
        if (this.name === undefined && this.openCount === 0) {
            yield* this.#shrink(context, 0);
        }
    }

    /** Cuts off, or appends zeros. E_FBIG, E_NOSPC: it is as it was. The lock is held. */
    *resize(context: Context, sizeBytes: number): Steps<0 | ErrorCode> {
        const sizeBefore = this.#sizeBytes;
        if (sizeBytes <= sizeBefore) {
            yield* this.#shrink(context, sizeBytes);
            return 0;
        }
        if (sizeBytes > maxFileBytes) {
            return ErrorCode.fileTooBig;
        }
        const result = yield* this.#growTowards(context, sizeBytes);
        if (this.#sizeBytes < sizeBytes) {
            yield* this.#shrink(context, sizeBefore);
            return result;
        }
        return 0;
    }

    /** Appends zeros up to a size, or as far as pages and the limit allow; then says why. */
    *#growTowards(context: Context, sizeBytes: number): Steps<0 | ErrorCode> {
        this.#surroundings.lock.assertHeld(context);
        const limit = Math.min(sizeBytes, maxFileBytes);
        while (this.#pages.length * pageSize < limit) {
            const address = yield* this.#surroundings.pages().allocate(context, 0);
            if (address < 0) {
                this.#sizeBytes = Math.max(this.#sizeBytes, this.#pages.length * pageSize);
                return ErrorCode.noSpace;
            }
            this.#pages.push({ address, isOfImage: false });
        }
        this.#sizeBytes = Math.max(this.#sizeBytes, limit);
        this.#assertWhole();
        return sizeBytes > maxFileBytes ? ErrorCode.fileTooBig : 0;
    }

    /** Cuts off what is behind a size, which is not larger than the file's. */
    *#shrink(context: Context, sizeBytes: number): Steps {
        this.#surroundings.lock.assertHeld(context);
        const pageCount = Math.ceil(sizeBytes / pageSize);
        for (const { address, isOfImage } of this.#pages.splice(pageCount)) {
            if (!isOfImage) {
                yield* this.#surroundings.pages().release(context, address);
            }
        }
        const tailEnd = Math.min(this.#sizeBytes, pageCount * pageSize);
        this.#sizeBytes = sizeBytes;
        if (tailEnd > sizeBytes) {
            yield* fillBytes(context, this.addressOf(sizeBytes), tailEnd - sizeBytes, 0);
        }
        this.#assertWhole();
    }

    #assertWhole(): void {
        kernelAssert(
            this.#pages.length === Math.ceil(this.#sizeBytes / pageSize),
            "a file has as many pages as its size needs",
        );
    }
}
