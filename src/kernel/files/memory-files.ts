/**
 * The memory file system: files by name, in no directories, as Chickadee's initfs has them.
 *
 * Those that come with the kernel lie in memory behind it, from 1 MiB on, each on pages of its own;
 * `install` puts them there before the first CPU runs. Files that programs make have pages of the
 * page allocator. A file that is unlinked keeps its bytes until the last opening is over.
 *
 * One lock guards the names and all files.
 */
import { pageSize } from "../../base/page-size.ts";
import { UserError } from "../../base/user-error.ts";
import type { Context } from "../../machine/cpu/context.ts";
import type { GuestMemory } from "../../machine/guest-memory.ts";
import { OpenFlag } from "../interface/constants.ts";
import { ErrorCode } from "../interface/error-code.ts";
import type { PageAllocator } from "../memory/page-allocator.ts";
import { writeUserNumber } from "../memory/user-memory.ts";
import { kernelAssert } from "../panic.ts";
import type { Steps } from "../steps.ts";
import type { LockOrder } from "../sync/lock-order.ts";
import { SpinLock } from "../sync/spin-lock.ts";
import type { Task } from "../tasks/task.ts";
import { type FilePage, type FileSurroundings, MemoryFile } from "./memory-file.ts";

/** Physical address of the first file's first byte. */
const imageStart = 0x10_0000;

/** Bytes of a name, without a NUL. */
export const maxNameLength = 63;
/** Files that have a name. */
const maxFiles = 64;
/** A first line is not looked for beyond this. */
const maxLineLength = 127;

const newline = 0x0a;

/** What the file system needs of the kernel; the pages come after it. */
export interface FileSystemSurroundings {
    readonly order: LockOrder;
    readonly pages: PageAllocator;
}

export class MemoryFiles {
    /** Physical address behind the last installed page. */
    readonly imageEnd: number;
    readonly #lock: SpinLock;
    readonly #surroundings: FileSurroundings;
    /** What `install` writes. */
    readonly #image: ReadonlyMap<string, Uint8Array>;
    readonly #files = new Map<string, MemoryFile>();

    /** @param files what the kernel comes with: bytes by name, of up to 63 characters. */
    constructor(kernel: FileSystemSurroundings, files: ReadonlyMap<string, Uint8Array>) {
        this.#lock = new SpinLock(kernel.order, "memory files");
        this.#surroundings = { lock: this.#lock, pages: () => kernel.pages };
        this.#image = new Map(files);
        let address = imageStart;
        for (const [name, { length }] of files) {
            kernelAssert(isName(name), `${JSON.stringify(name)} is a name that a file can have`);
            const pages: FilePage[] = [];
            for (const end = address + length; address < end; address += pageSize) {
                pages.push({ address, isOfImage: true });
            }
            this.#files.set(name, new MemoryFile(this.#surroundings, name, length, pages));
        }
        this.imageEnd = address;
    }

    /**
     * Writes the kernel's files to memory, which is zeros there; for the host, after power-on and
     * before the first operation. Throws `UserError` when they do not fit.
     */
    install(memory: GuestMemory): void {
        if (this.imageEnd > memory.sizeBytes) {
            throw new UserError(
                `the kernel's files need memory up to ${this.imageEnd} bytes, and the machine ` +
                    `has ${memory.sizeBytes}; give it more`,
            );
        }
        let address = imageStart;
        for (const bytes of this.#image.values()) {
            memory.bytes.set(bytes, address);
            memory.wrote(address, bytes.length);
            address += Math.ceil(bytes.length / pageSize) * pageSize;
        }
    }

    /** Pages of the page allocator that files with a name have, for the leak check. */
    get pageCount(): number {
        return [...this.#files.values()].reduce((sum, file) => sum + file.allocatedPageCount, 0);
    }

    /** A file's first line, without its newline: up to 127 bytes. E_NOENT. */
    *firstLine(context: Context, name: string): Steps<string | ErrorCode> {
        const hadInterrupts = yield* this.#lock.acquire(context);
        const file = this.#files.get(name);
        let line = "";
        const length = Math.min(file?.sizeBytes ?? 0, maxLineLength);
        for (let at = 0; file !== undefined && at < length; at++) {
            const byte = yield context.load(file.addressOf(at), 1);
            if (byte === newline) {
                break;
            }
            line += String.fromCharCode(byte);
        }
        yield* this.#lock.release(context, hadInterrupts);
        return file === undefined ? ErrorCode.noEntry : line;
    }

    /**
     * Opens a file, or makes one if `flags` say so. E_NOENT; E_NOSPC: there are too many. To cut it
     * off, if they say that too, is the caller's.
     */
    *open(context: Context, name: string, flags: number): Steps<MemoryFile | ErrorCode> {
        const hadInterrupts = yield* this.#lock.acquire(context);
        const file = this.#files.get(name) ?? this.#create(name, flags);
        if (typeof file === "object") {
            file.openCount++;
        }
        yield* this.#lock.release(context, hadInterrupts);
        return file;
    }

    /** Takes a file's name away. E_NOENT. */
    *unlink(context: Context, name: string): Steps<0 | ErrorCode> {
        const hadInterrupts = yield* this.#lock.acquire(context);
        const file = this.#files.get(name);
        if (file !== undefined) {
            yield* this.#unlink(context, name, file);
        }
        yield* this.#lock.release(context, hadInterrupts);
        return file === undefined ? ErrorCode.noEntry : 0;
    }

    /** Gives a file another name; a file that has that loses it. E_NOENT, E_INVAL. */
    *rename(context: Context, from: string, to: string): Steps<0 | ErrorCode> {
        const hadInterrupts = yield* this.#lock.acquire(context);
        const file = this.#files.get(from);
        const replaced = this.#files.get(to);
        let result: 0 | ErrorCode = 0;
        if (file === undefined) {
            result = ErrorCode.noEntry;
        } else if (!isName(to)) {
            result = ErrorCode.invalid;
        } else if (file !== replaced) {
            if (replaced !== undefined) {
                yield* this.#unlink(context, to, replaced);
            }
            this.#files.delete(from);
            file.name = to;
            this.#files.set(to, file);
        }
        yield* this.#lock.release(context, hadInterrupts);
        return result;
    }

    /**
     * Writes the names to a user's memory, in their order, each with a newline behind it; as many
     * as there is room for. Returns how many bytes that was, or E_FAULT.
     */
    *list(task: Task, address: number, byteLength: number): Steps<number> {
        const { context } = task;
        const hadInterrupts = yield* this.#lock.acquire(context);
        let doneBytes = 0;
        let result: 0 | ErrorCode = 0;
        for (const name of [...this.#files.keys()].sort()) {
            const line = `${name}\n`;
            if (doneBytes + line.length > byteLength) {
                break;
            }
            for (let at = 0; at < line.length && result === 0; at++) {
                const target = address + doneBytes + at;
                result = yield* writeUserNumber(task, target, 1, line.charCodeAt(at));
            }
            doneBytes += line.length;
        }
        yield* this.#lock.release(context, hadInterrupts);
        return result === 0 ? doneBytes : result;
    }

    #create(name: string, flags: number): MemoryFile | ErrorCode {
        if ((flags & OpenFlag.create) === 0 || !isName(name)) {
            return ErrorCode.noEntry;
        }
        if (this.#files.size >= maxFiles) {
            return ErrorCode.noSpace;
        }
        const file = new MemoryFile(this.#surroundings, name);
        this.#files.set(name, file);
        return file;
    }

    *#unlink(context: Context, name: string, file: MemoryFile): Steps {
        this.#files.delete(name);
        file.name = undefined;
        yield* file.freeUnused(context);
    }
}

/** Whether a file can have a name: it has one, in no directory. */
function isName(name: string): boolean {
    return name.length > 0 && name.length <= maxNameLength && !/[/\n]/.test(name);
}
