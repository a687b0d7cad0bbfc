/**
 * A process's memory as the kernel uses it for a system call: by addresses that may be anything.
 *
 * The kernel reads and writes user memory at the same addresses as the program, by the process's
 * page table. What lies beyond the user's half is refused here. What is not mapped, or not
 * writable, faults as it would for the program, and the kernel's handler of page faults ends the
 * operation with E_FAULT; that needs no lock and never blocks, so it may happen with a spinlock
 * held.
 *
 * `checkRange` tells before anything was done. It does not make sure: another thread may unmap the
 * memory before it is used, and that is E_FAULT too, with some of it moved.
 */
import { pageSize } from "../../base/page-size.ts";
import { copyBytes } from "../../machine/cpu/bulk.ts";
import type { MemorySize } from "../../machine/cpu/operation.ts";
import { UserAddress } from "../interface/constants.ts";
import { ErrorCode } from "../interface/error-code.ts";
import type { Steps } from "../steps.ts";
import type { Task } from "../tasks/task.ts";
import type { UserAccess } from "./mapped-pages.ts";

/**
 * Whether a program could access all of a range, to its last byte. No bytes are always right,
 * wherever they are.
 *
 * @param address any number.
 * @param byteLength from 0 on, any number; the work is bounded by what is mapped.
 */
export function* checkRange(
    task: Task,
    address: number,
    byteLength: number,
    access: UserAccess,
): Steps<boolean> {
    if (byteLength === 0) {
        return true;
    }
    if (!isUserRange(address, byteLength)) {
        return false;
    }
    const { memory } = task.process;
    const end = address + byteLength;
    for (let at = address - (address % pageSize); at < end; at += pageSize) {
        if ((yield* memory.translate(task.context, at, access)) < 0) {
            return false;
        }
    }
    return true;
}

/** Moves bytes from a program. E_FAULT, before any byte if the range is not all there. */
export function* copyFromUser(
    task: Task,
    kernelAddress: number,
    userAddress: number,
    byteLength: number,
): Steps<0 | ErrorCode> {
    const isThere = yield* checkRange(task, userAddress, byteLength, "read");
    return isThere
        ? yield* move(task, kernelAddress, userAddress, byteLength)
        : ErrorCode.badAddress;
}

/** Moves bytes to a program. E_FAULT, before any byte if the range is not all there. */
export function* copyToUser(
    task: Task,
    userAddress: number,
    kernelAddress: number,
    byteLength: number,
): Steps<0 | ErrorCode> {
    const isThere = yield* checkRange(task, userAddress, byteLength, "write");
    return isThere
        ? yield* move(task, userAddress, kernelAddress, byteLength)
        : ErrorCode.badAddress;
}

/**
 * A string of a program, up to its NUL, as a byte string. Only its own bytes need be there.
 * E_FAULT; E_NAMETOOLONG when there is no NUL in the byte after `maxLength` either.
 */
export function* readUserString(
    task: Task,
    address: number,
    maxLength: number,
): Steps<string | ErrorCode> {
    const bytes: number[] = [];
    while (bytes.length <= maxLength) {
        const byte = yield* readUserNumber(task, address + bytes.length, 1);
        if (byte < 0) {
            return ErrorCode.badAddress;
        }
        if (byte === 0) {
            return String.fromCharCode(...bytes);
        }
        bytes.push(byte);
    }
    return ErrorCode.nameTooLong;
}

/**
 * An unsigned number of a program, or E_FAULT, which no such number is. Of 8 bytes, one above 2^53
 * is rounded.
 */
export function* readUserNumber(task: Task, address: number, size: MemorySize | 8): Steps<number> {
    if (!isUserRange(address, size)) {
        return ErrorCode.badAddress;
    }
    const { context } = task;
    if (size !== 8) {
        return yield context.load(address, size);
    }
    const result = yield context.load64(address);
    return result < 0 ? result : Number(context.wide);
}

/** Writes the low bits of a whole number to a program: all of them, or E_FAULT and none. */
export function* writeUserNumber(
    task: Task,
    address: number,
    size: MemorySize | 8,
    value: number,
): Steps<0 | ErrorCode> {
    if (!isUserRange(address, size)) {
        return ErrorCode.badAddress;
    }
    const { context } = task;
    const result =
        size === 8
            ? yield context.store64(address, BigInt(value))
            : yield context.store(address, size, value);
    return result < 0 ? ErrorCode.badAddress : 0;
}

function* move(
    task: Task,
    destination: number,
    source: number,
    byteLength: number,
): Steps<0 | ErrorCode> {
    const result = yield* copyBytes(task.context, destination, source, byteLength);
    return result < 0 ? ErrorCode.badAddress : 0;
}

/** Whether a range is whole numbers, and in the user's half to its last byte. */
function isUserRange(address: number, byteLength: number): boolean {
    return (
        Number.isInteger(address) &&
        Number.isInteger(byteLength) &&
        address >= 0 &&
        byteLength >= 0 &&
        address + byteLength <= UserAddress.end
    );
}
