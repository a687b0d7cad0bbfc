/**
 * System calls on files: open, read, write, close, dup2, pipe, lseek, ftruncate, unlink, rename;
 * and on the console's type.
 *
 * What is wrong is found in one order: the descriptor, its mode, then the user's memory, all of
 * it, before anything is done. Of no bytes the address is not looked at.
 */

import { maxNameLength } from "../files/memory-files.ts";
import type { OpenFile } from "../files/open-file.ts";
import type { OpenMode } from "../files/vnode.ts";
import { ConsoleType, OpenFlag } from "../interface/constants.ts";
import { ErrorCode } from "../interface/error-code.ts";
import { SystemCall } from "../interface/system-call.ts";
import type { Kernel } from "../kernel.ts";
import { checkRange, readUserString } from "../memory/user-memory.ts";
import type { Steps } from "../steps.ts";
import type { Task } from "../tasks/task.ts";
import type { CallArguments } from "./arguments.ts";
import type { SystemCallGroup } from "./handler.ts";

export const fileCalls: SystemCallGroup = [
    [SystemCall.consoletype, consoletype],
    [SystemCall.read, read],
    [SystemCall.write, write],
    [SystemCall.close, close],
    [SystemCall.dup2, dup2],
    [SystemCall.pipe, pipe],
    [SystemCall.open, open],
    [SystemCall.unlink, unlink],
    [SystemCall.readdiskfile, readdiskfile],
    [SystemCall.sync, sync],
    [SystemCall.lseek, lseek],
    [SystemCall.ftruncate, ftruncate],
    [SystemCall.rename, rename],
    [SystemCall.listFiles, listFiles],
];

/** consoletype(type): 0; the console is cleared when it was of another type. E_INVAL. */
function* consoletype(kernel: Kernel, task: Task, call: CallArguments): Steps<number> {
    const type = call.signed(0);
    if (type !== ConsoleType.normal && type !== ConsoleType.memviewer) {
        return ErrorCode.invalid;
    }
    yield* kernel.console.setType(task.context, type);
    return 0;
}

/** read(descriptor, buffer, size): bytes read, 0 at the end. E_BADF, E_FAULT, E_INTR. */
function* read(_kernel: Kernel, task: Task, call: CallArguments): Steps<number> {
    return yield* withFile(task, call, function* (file) {
        if (!file.mode.canRead) {
            return ErrorCode.badDescriptor;
        }
        const [address, byteLength] = [call.address(1), call.size(2)];
        if (!(yield* checkRange(task, address, byteLength, "write"))) {
            return ErrorCode.badAddress;
        }
        return byteLength === 0 ? 0 : yield* file.read(task, address, byteLength);
    });
}

/** write(descriptor, buffer, size): bytes written. E_BADF, E_FAULT, E_INTR, E_PIPE, E_NOSPC. */
function* write(_kernel: Kernel, task: Task, call: CallArguments): Steps<number> {
    return yield* withFile(task, call, function* (file) {
        if (!file.mode.canWrite) {
            return ErrorCode.badDescriptor;
        }
        const [address, byteLength] = [call.address(1), call.size(2)];
        if (!(yield* checkRange(task, address, byteLength, "read"))) {
            return ErrorCode.badAddress;
        }
        return byteLength === 0 ? 0 : yield* file.write(task, address, byteLength);
    });
}

/** close(descriptor): 0. E_BADF. What others still use of the file goes on. */
function* close(_kernel: Kernel, task: Task, call: CallArguments): Steps<number> {
    return yield* task.process.files.close(task.context, call.signed(0));
}

/** dup2(old, new): new. E_BADF. */
function* dup2(_kernel: Kernel, task: Task, call: CallArguments): Steps<number> {
    const { files } = task.process;
    return yield* files.duplicate(task.context, call.signed(0), call.signed(1));
}

/**
 * pipe(): the descriptor to read in the low 32 bits of the result, the one to write in the high
 * ones. E_NFILE, E_NOMEM, E_MFILE: there is no pipe.
 */
function* pipe(kernel: Kernel, task: Task): Steps<number> {
    const { context, process } = task;
    if (!(yield* kernel.openFiles.reserve(context, 2))) {
        return ErrorCode.tooManyOpenFiles;
    }
    const ring = yield* kernel.pipes.make(context);
    if (ring === undefined) {
        yield* kernel.openFiles.unreserve(context, 2);
        return ErrorCode.noMemory;
    }
    const ends = [
        kernel.openFiles.make(ring, { canRead: true, canWrite: false }),
        kernel.openFiles.make(ring, { canRead: false, canWrite: true }),
    ];
    const descriptors = yield* process.files.add(context, ends);
    if (typeof descriptors === "number") {
        yield* releaseAll(task, ends);
        return descriptors;
    }
    const [readEnd, writeEnd] = descriptors;
    return readEnd + writeEnd * 2 ** 32;
}

/** open(path, flags): the lowest free descriptor. E_FAULT, E_NOENT, E_MFILE, E_NFILE, E_NOSPC. */
function* open(kernel: Kernel, task: Task, call: CallArguments): Steps<number> {
    const { context, process } = task;
    const name = yield* readUserString(task, call.address(0), maxNameLength);
    if (typeof name === "number") {
        return name;
    }
    const flags = call.signed(1);
    // Looked for first, so that a file is not made for nothing; `add` below makes sure.
    if (!(yield* process.files.hasRoom(context))) {
        return ErrorCode.tooManyDescriptors;
    }
    if (!(yield* kernel.openFiles.reserve(context, 1))) {
        return ErrorCode.tooManyOpenFiles;
    }
    const vnode = yield* kernel.files.open(context, name, flags);
    if (typeof vnode === "number") {
        yield* kernel.openFiles.unreserve(context, 1);
        return vnode;
    }
    const mode = modeOf(flags);
    const file = kernel.openFiles.make(vnode, mode);
    if ((flags & OpenFlag.truncate) !== 0 && mode.canWrite) {
        yield* file.truncate(context, 0);
    }
    const descriptors = yield* process.files.add(context, [file]);
    if (typeof descriptors === "number") {
        yield* releaseAll(task, [file]);
        return descriptors;
    }
    return descriptors[0];
}

/** unlink(path): 0; the file is there as long as it is open. E_FAULT, E_NOENT, E_NAMETOOLONG. */
function* unlink(kernel: Kernel, task: Task, call: CallArguments): Steps<number> {
    const name = yield* readUserString(task, call.address(0), maxNameLength);
    return typeof name === "number" ? name : yield* kernel.files.unlink(task.context, name);
}

/** rename(old, new): 0. E_FAULT, E_NOENT, E_NAMETOOLONG, E_INVAL. */
function* rename(kernel: Kernel, task: Task, call: CallArguments): Steps<number> {
    const from = yield* readUserString(task, call.address(0), maxNameLength);
    if (typeof from === "number") {
        return from;
    }
    const to = yield* readUserString(task, call.address(1), maxNameLength);
    return typeof to === "number" ? to : yield* kernel.files.rename(task.context, from, to);
}

/** There is no disk. */
function* readdiskfile(_kernel: Kernel, task: Task): Steps<number> {
    yield task.context.step();
    return ErrorCode.inputOutput;
}

/** There is nothing that a disk should have. */
function* sync(_kernel: Kernel, task: Task): Steps<number> {
    yield task.context.step();
    return 0;
}

/** lseek(descriptor, offset, origin): the new offset, or the size. E_BADF, E_SPIPE, E_INVAL. */
function* lseek(_kernel: Kernel, task: Task, call: CallArguments): Steps<number> {
    return yield* withFile(task, call, (file) =>
        file.seek(task.context, call.address(1), call.signed(2)),
    );
}

/** ftruncate(descriptor, size): 0. E_BADF, E_INVAL, E_FBIG, E_NOSPC. */
function* ftruncate(_kernel: Kernel, task: Task, call: CallArguments): Steps<number> {
    return yield* withFile(task, call, function* (file) {
        return file.mode.canWrite
            ? yield* file.truncate(task.context, call.address(1))
            : ErrorCode.badDescriptor;
    });
}

/** listFiles(buffer, size): bytes of the names that fit, each with a newline. E_FAULT. */
function* listFiles(kernel: Kernel, task: Task, call: CallArguments): Steps<number> {
    const [address, byteLength] = [call.address(0), call.size(1)];
    if (!(yield* checkRange(task, address, byteLength, "write"))) {
        return ErrorCode.badAddress;
    }
    return yield* kernel.files.list(task, address, byteLength);
}

/** Does something with the file of the call's first argument, and keeps it open meanwhile. */
function* withFile(
    task: Task,
    call: CallArguments,
    use: (file: OpenFile) => Steps<number>,
): Steps<number> {
    const file = yield* task.process.files.get(task.context, call.signed(0));
    if (file === undefined) {
        return ErrorCode.badDescriptor;
    }
    const result = yield* use(file);
    yield* file.release(task.context);
    return result;
}

/** Takes back open files that have no descriptor; with its ends a pipe goes, too. */
function* releaseAll(task: Task, files: readonly OpenFile[]): Steps {
    for (const file of files) {
        yield* file.release(task.context);
    }
}

/** Of `open`'s flags; neither is a mode, too, in which a file can be looked for and no more. */
function modeOf(flags: number): OpenMode {
    return {
        canRead: (flags & OpenFlag.read) !== 0,
        canWrite: (flags & OpenFlag.write) !== 0,
    };
}
