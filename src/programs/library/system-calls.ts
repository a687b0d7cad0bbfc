/**
 * System calls as functions, with Chickadee's names: u-lib.hh of C programs.
 *
 * Each returns what the kernel does: a result, or a negative `ErrorCode`. Some take or give text
 * where C has pointers, and keep it on the stack for the call.
 */
import { FutexOperation, WaitOption } from "../../kernel/interface/constants.ts";
import { isError } from "../../kernel/interface/error-code.ts";
import type { Operation } from "../../kernel/interface/program-image.ts";
import { SystemCall } from "../../kernel/interface/system-call.ts";
import type { Steps } from "./steps.ts";
import { UserMemory } from "./user-memory.ts";

/** What `waitpid` learned. */
export interface WaitedChild {
    /** The child's, or an error. */
    readonly pid: number;
    /** What it gave `exit`; 0 with an error. */
    readonly status: number;
}

/** What `getusage` tells. */
export interface Usage {
    readonly ticks: number;
    readonly freePages: number;
    readonly allocatedPages: number;
}

/** `struct usage`: three numbers of 64 bits. */
export const usageBytes = 24;

export class SystemCalls extends UserMemory {
    /** `yield user.call(SystemCall.yield)`: the call as it is. */
    call(number: number, ...callArguments: readonly number[]): Operation {
        return this.context.systemCall(number, ...callArguments);
    }

    // Processes and threads.

    *getpid(): Steps<number> {
        return yield this.call(SystemCall.getpid);
    }

    *gettid(): Steps<number> {
        return yield this.call(SystemCall.gettid);
    }

    *getppid(): Steps<number> {
        return yield this.call(SystemCall.getppid);
    }

    /** The child's pid, or 0 in the child. */
    *fork(): Steps<number> {
        return yield this.call(SystemCall.fork);
    }

    *exit(status: number): Steps<never> {
        for (;;) {
            yield this.call(SystemCall.exit, status);
        }
    }

    *texit(status: number): Steps<never> {
        for (;;) {
            yield this.call(SystemCall.texit, status);
        }
    }

    /** `User.clone`, with a function's address. */
    *cloneAt(address: number, argument: number, stackTop: number): Steps<number> {
        return yield this.call(SystemCall.clone, address, argument, stackTop);
    }

    /** Returns only when it failed. */
    *execv(path: string, argv: readonly string[]): Steps<number> {
        const { stackPointer } = this;
        const pathAddress = yield* this.localString(path);
        const argvAddress = yield* this.#localPointers(argv);
        const result = yield this.call(SystemCall.execv, pathAddress, argvAddress, argv.length);
        this.stackPointer = stackPointer;
        return result;
    }

    /** @param pid 0 for any child. */
    *waitpid(pid: number, options = 0): Steps<WaitedChild> {
        const { stackPointer } = this;
        const statusAddress = this.local(4);
        const result = yield* this.waitpidAt(pid, statusAddress, options);
        this.stackPointer = stackPointer;
        const status = isError(result) ? 0 : yield* this.loadInt(statusAddress);
        return { pid: result, status };
    }

    /** `waitpid` as it is in C, with the status's address; 0 for nowhere. */
    *waitpidAt(pid: number, statusAddress: number, options: number): Steps<number> {
        return yield this.call(SystemCall.waitpid, pid, statusAddress, options);
    }

    *waitpidNoHang(pid: number): Steps<WaitedChild> {
        return yield* this.waitpid(pid, WaitOption.noHang);
    }

    *msleep(milliseconds: number): Steps<number> {
        return yield this.call(SystemCall.msleep, milliseconds);
    }

    /** `sys_yield`: lets others run. */
    *yieldCpu(): Steps {
        yield this.call(SystemCall.yield);
    }

    // Memory.

    /** A fresh page of zeros at a page's address. */
    *pageAlloc(address: number): Steps<number> {
        return yield this.call(SystemCall.pageAlloc, address);
    }

    /** A segment's number. @param byteLength 0 for a page. */
    *shmget(byteLength: number): Steps<number> {
        return yield this.call(SystemCall.shmget, byteLength);
    }

    /** The address of the segment. @param address 0 for wherever there is room. */
    *shmat(segment: number, address: number): Steps<number> {
        return yield this.call(SystemCall.shmat, segment, address);
    }

    *shmdt(address: number): Steps<number> {
        return yield this.call(SystemCall.shmdt, address);
    }

    *getusage(): Steps<Usage> {
        const { stackPointer } = this;
        const address = this.local(usageBytes);
        yield this.call(SystemCall.getusage, address);
        this.stackPointer = stackPointer;
        const ticks = yield* this.loadLong(address);
        const freePages = yield* this.loadLong(address + 8);
        const allocatedPages = yield* this.loadLong(address + 16);
        return { ticks, freePages, allocatedPages };
    }

    // Futexes.

    /** Sleeps if the word is `value`. Returns 0 when woken, E_AGAIN when it was not. */
    *futexWait(address: number, value: number): Steps<number> {
        return yield this.call(SystemCall.futex, address, FutexOperation.wait, value);
    }

    *futexWaitTimeout(address: number, value: number, milliseconds: number): Steps<number> {
        const { waitTimeout } = FutexOperation;
        return yield this.call(SystemCall.futex, address, waitTimeout, value, milliseconds);
    }

    /** Returns how many of up to `count` waiters it woke. */
    *futexWake(address: number, count: number): Steps<number> {
        return yield this.call(SystemCall.futex, address, FutexOperation.wake, count);
    }

    /** Returns how many it woke and moved. */
    *futexRequeue(
        address: number,
        wakeCount: number,
        moveCount: number,
        target: number,
    ): Steps<number> {
        const { requeue } = FutexOperation;
        return yield this.call(SystemCall.futex, address, requeue, wakeCount, moveCount, target);
    }

    // Files.

    *open(path: string, flags: number): Steps<number> {
        const { stackPointer } = this;
        const address = yield* this.localString(path);
        const result = yield this.call(SystemCall.open, address, flags);
        this.stackPointer = stackPointer;
        return result;
    }

    *unlink(path: string): Steps<number> {
        const { stackPointer } = this;
        const address = yield* this.localString(path);
        const result = yield this.call(SystemCall.unlink, address);
        this.stackPointer = stackPointer;
        return result;
    }

    *close(descriptor: number): Steps<number> {
        return yield this.call(SystemCall.close, descriptor);
    }

    *dup2(oldDescriptor: number, newDescriptor: number): Steps<number> {
        return yield this.call(SystemCall.dup2, oldDescriptor, newDescriptor);
    }

    *lseek(descriptor: number, byteOffset: number, origin: number): Steps<number> {
        return yield this.call(SystemCall.lseek, descriptor, byteOffset, origin);
    }

    /** The descriptors of the end that is read and the end that is written, or an error. */
    *pipe(): Steps<readonly [number, number]> {
        const result = yield this.call(SystemCall.pipe);
        return isError(result)
            ? [result, result]
            : [result % 2 ** 32, Math.floor(result / 2 ** 32)];
    }

    /** @param address of the buffer. */
    *read(descriptor: number, address: number, byteLength: number): Steps<number> {
        return yield this.call(SystemCall.read, descriptor, address, byteLength);
    }

    *write(descriptor: number, address: number, byteLength: number): Steps<number> {
        return yield this.call(SystemCall.write, descriptor, address, byteLength);
    }

    /** What one `read` gives: text, empty at the end, or an error. */
    *readText(descriptor: number, byteLength: number): Steps<string | number> {
        const { stackPointer } = this;
        const address = this.local(byteLength);
        const result = yield* this.read(descriptor, address, byteLength);
        const text = isError(result) ? result : yield* this.loadBytes(address, result);
        this.stackPointer = stackPointer;
        return text;
    }

    /** One `write`; returns what it does. */
    *writeText(descriptor: number, text: string): Steps<number> {
        const { stackPointer } = this;
        const address = this.local(text.length);
        yield* this.storeBytes(address, text);
        const result = yield* this.write(descriptor, address, text.length);
        this.stackPointer = stackPointer;
        return result;
    }

    /** An array of pointers to strings on the stack, with a null pointer at its end. */
    *#localPointers(strings: readonly string[]): Steps<number> {
        const addresses: number[] = [];
        for (const text of strings) {
            addresses.push(yield* this.localString(text));
        }
        const array = this.local(8 * (strings.length + 1));
        for (const [index, address] of [...addresses, 0].entries()) {
            yield this.context.store64(array + 8 * index, BigInt(address));
        }
        return array;
    }
}
