/**
 * execv: another program in the same process; and how a program is loaded at all.
 *
 * A program is a file whose first line is `#!program NAME`. The new memory is made beside the old
 * one, so that whatever fails leaves the caller as it was. Then, past the point of no return, the
 * CPU changes over with interrupts off, and the old memory is given back.
 *
 * The image (FACTS 4.5): text, data, one page of stack. The arguments are at the stack's top:
 * their bytes, each string with its NUL, the first one lowest; below them `argv`, with a null
 * pointer at its end, where the stack pointer is.
 */
import { pageSize } from "../../base/page-size.ts";
import type { Context, ProgramMaker } from "../../machine/cpu/context.ts";
import { UserAddress } from "../interface/constants.ts";
import { ErrorCode } from "../interface/error-code.ts";
import type { ProgramImage } from "../interface/program-image.ts";
import type { Kernel } from "../kernel.ts";
import { AddressSpace } from "../memory/address-space.ts";
import { directMap } from "../memory/direct-map.ts";
import { readUserNumber, readUserString } from "../memory/user-memory.ts";
import { kernelAssert } from "../panic.ts";
import type { Steps } from "../steps.ts";
import type { Task } from "../tasks/task.ts";

/** Bytes of a path, and of an argument, without its NUL. */
const maxArgumentLength = 63;
/** Bytes of all arguments with `argv`; the rest of the page is stack. */
const maxArgumentBytes = pageSize / 2;
const pointerBytes = 8;

/** What to run, with what; the first argument is by convention the program's name. */
export interface Command {
    readonly path: string;
    readonly argv: readonly string[];
}

/** A program that is ready to begin. */
export interface LoadedProgram {
    readonly image: ProgramImage;
    readonly addressSpace: AddressSpace;
    readonly start: ProgramMaker;
}

/**
 * The command of execv's arguments, read from the caller's memory. E_FAULT; E_NAMETOOLONG: the
 * path; E_2BIG: an argument, or how many there are.
 */
export function* readArguments(
    task: Task,
    pathAddress: number,
    argvAddress: number,
    argumentCount: number,
): Steps<Command | ErrorCode> {
    const path = yield* readUserString(task, pathAddress, maxArgumentLength);
    if (typeof path === "number") {
        return path;
    }
    if (argumentCount < 0 || argumentCount > maxArgumentBytes / pointerBytes) {
        return ErrorCode.tooLong;
    }
    const argv: string[] = [];
    for (let index = 0; index < argumentCount; index++) {
        const pointerAddress = argvAddress + index * pointerBytes;
        const low = yield* readUserNumber(task, pointerAddress, 4);
        const high = yield* readUserNumber(task, pointerAddress + 4, 4);
        if (low < 0 || high < 0) {
            return ErrorCode.badAddress;
        }
        const argument = yield* readUserString(task, high * 2 ** 32 + low, maxArgumentLength);
        if (typeof argument === "number") {
            return argument === ErrorCode.nameTooLong ? ErrorCode.tooLong : argument;
        }
        argv.push(argument);
    }
    return { path, argv };
}

/** Puts a program in place of the caller's. Returns only when that fails. */
export function* exec(kernel: Kernel, task: Task, command: Command): Steps<number> {
    const { context, process } = task;
    const loaded = yield* loadProgram(kernel, context, command);
    if (typeof loaded === "number") {
        return loaded;
    }
    const hadInterrupts = yield* kernel.hierarchyLock.acquire(context);
    // Threads are made by threads of the process only, and this one makes none. Those that have
    // left the process use nothing of it, whether or not they are reaped.
    const isAlone = process.holdingCount === 1;
    yield* kernel.hierarchyLock.release(context, hadInterrupts);
    if (!isAlone) {
        yield* loaded.addressSpace.destroy(context);
        return ErrorCode.tryAgain;
    }
    const { addressSpace: old } = process;
    kernelAssert(old !== undefined, "a process that calls execv has memory");

    yield context.disableInterrupts();
    process.addressSpace = loaded.addressSpace;
    process.name = loaded.image.name;
    task.pageTable = loaded.addressSpace.rootTable;
    task.cpu.pageTable = task.pageTable;
    yield context.loadPageTable(task.pageTable);
    context.replaceUser(loaded.start);
    yield context.enableInterrupts();

    yield* kernel.sharedMemory.releaseAll(context, process.pid, old);
    yield* old.destroy(context);
    return 0;
}

/** Makes the memory of a program, with its arguments. */
export function* loadProgram(
    kernel: Kernel,
    context: Context,
    command: Command,
): Steps<LoadedProgram | ErrorCode> {
    const image = yield* findProgram(kernel, context, command.path);
    if (typeof image === "number") {
        return image;
    }
    const argumentBytes =
        command.argv.reduce((sum, argument) => sum + argument.length + 1, 0) +
        (command.argv.length + 2) * pointerBytes;
    if (argumentBytes > maxArgumentBytes) {
        return ErrorCode.tooLong;
    }
    const addressSpace = yield* AddressSpace.create(kernel, context);
    if (addressSpace === undefined) {
        return ErrorCode.noMemory;
    }
    const result = yield* mapImage(context, addressSpace, image);
    if (result !== 0) {
        yield* addressSpace.destroy(context);
        return result;
    }
    const stackPointer = yield* pushArguments(context, addressSpace, command.argv);
    const registers = {
        argument: command.argv.length,
        secondArgument: stackPointer,
        stackPointer,
    };
    const [main] = image.functions;
    return { image, addressSpace, start: (user) => main(user, registers) };
}

/** The program that a file names. */
function* findProgram(
    kernel: Kernel,
    context: Context,
    path: string,
): Steps<ProgramImage | ErrorCode> {
    const line = yield* kernel.files.firstLine(context, path);
    if (typeof line === "number") {
        return line;
    }
    const name = /^#!program (\S+)$/.exec(line)?.[1] ?? "";
    return kernel.programs.get(name) ?? ErrorCode.notExecutable;
}

function* mapImage(
    context: Context,
    addressSpace: AddressSpace,
    image: ProgramImage,
): Steps<0 | ErrorCode> {
    const { text, data, stackTop } = UserAddress;
    let result = yield* addressSpace.mapFresh(context, text, { writable: false });
    for (let offset = 0; offset < image.dataBytes && result === 0; offset += pageSize) {
        result = yield* addressSpace.mapFresh(context, data + offset, { writable: true });
    }
    if (result === 0) {
        result = yield* addressSpace.mapFresh(context, stackTop - pageSize, { writable: true });
    }
    return result;
}

/** Writes the arguments to the new stack. Returns the address of `argv`. */
function* pushArguments(
    context: Context,
    addressSpace: AddressSpace,
    argv: readonly string[],
): Steps<number> {
    const { stackTop } = UserAddress;
    const stackPage = yield* addressSpace.translate(context, stackTop - pageSize, "write");
    kernelAssert(stackPage >= 0, "a new program has a stack");
    /** Where the kernel sees an address of the new stack. */
    const seen = (address: number) => directMap(stackPage) + (address - stackTop + pageSize);
    const stringBytes = argv.reduce((sum, argument) => sum + argument.length + 1, 0);
    let stringAddress = stackTop - stringBytes;
    // Aligned, as pointers should be; the original has them wherever the strings end.
    const argvAddress =
        Math.floor(stringAddress / pointerBytes) * pointerBytes - (argv.length + 1) * pointerBytes;
    for (const [index, argument] of argv.entries()) {
        yield context.store(seen(argvAddress + index * pointerBytes), 4, stringAddress);
        for (let at = 0; at < argument.length; at++) {
            yield context.store(seen(stringAddress + at), 1, argument.charCodeAt(at));
        }
        stringAddress += argument.length + 1;
    }
    return argvAddress;
}
