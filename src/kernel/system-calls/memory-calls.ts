/** System calls on memory: pages, shared segments, and the calls by which the kernel is tested. */
import { pageSize } from "../../base/page-size.ts";
import { fillBytes } from "../../machine/cpu/bulk.ts";
import { UserAddress } from "../interface/constants.ts";
import { ErrorCode } from "../interface/error-code.ts";
import { SystemCall } from "../interface/system-call.ts";
import type { Kernel } from "../kernel.ts";
import { directMap } from "../memory/direct-map.ts";
import { checkRange, writeUserNumber } from "../memory/user-memory.ts";
import { kernelAssert } from "../panic.ts";
import type { Steps } from "../steps.ts";
import type { Task } from "../tasks/task.ts";
import type { CallArguments } from "./arguments.ts";
import type { SystemCallGroup } from "./handler.ts";

export const memoryCalls: SystemCallGroup = [
    [SystemCall.pageAlloc, pageAlloc],
    [SystemCall.mapConsole, mapConsole],
    [SystemCall.getusage, getusage],
    [SystemCall.kalloc, kalloc],
    [SystemCall.kfree, kfree],
    [SystemCall.nastyalloc, nastyalloc],
    [SystemCall.shmget, shmget],
    [SystemCall.shmat, shmat],
    [SystemCall.shmdt, shmdt],
];

/** Of getusage's structure: ticks, free pages, allocated pages, 8 bytes each. */
const usageFieldBytes = 8;

/** Bytes that nastyalloc uses, more than are left of a task's kernel stack, and what it writes. */
const nastyBytes = 4000;
const nastyByte = 0xa5;

/**
 * page_alloc(address): a page of zeros there, in place of the process's own page if it has one.
 * Threads that wait for futexes in that page wait on, for words that are nowhere (futex.ts).
 */
function* pageAlloc(_kernel: Kernel, task: Task, call: CallArguments): Steps<number> {
    const address = call.address(0);
    return isPlaceForPage(address)
        ? yield* task.process.memory.replaceByFresh(task.context, address)
        : ErrorCode.invalid;
}

/** map_console(address): the screen, there too. */
function* mapConsole(_kernel: Kernel, task: Task, call: CallArguments): Steps<number> {
    const address = call.address(0);
    if (address === UserAddress.console) {
        return 0;
    }
    return isPlaceForPage(address)
        ? yield* task.process.memory.replaceByConsole(task.context, address)
        : ErrorCode.invalid;
}

/** getusage(address of a structure): ticks so far, and how many pages are free and allocated. */
function* getusage(kernel: Kernel, task: Task, call: CallArguments): Steps<number> {
    const address = call.address(0);
    // All three of one instant.
    const { wheel, pages } = kernel;
    const fields = [wheel.ticks, pages.freeCount, pages.allocatedCount];
    if (!(yield* checkRange(task, address, fields.length * usageFieldBytes, "write"))) {
        return ErrorCode.badAddress;
    }
    for (const [index, field] of fields.entries()) {
        const place = address + index * usageFieldBytes;
        if ((yield* writeUserNumber(task, place, usageFieldBytes, field)) !== 0) {
            return ErrorCode.badAddress;
        }
    }
    return 0;
}

/** kalloc(): the kernel takes a page for itself. Returns a handle for kfree: a page number. */
function* kalloc(_kernel: Kernel, task: Task): Steps<number> {
    const page = yield* task.process.memory.keepPage(task.context);
    return page < 0 ? ErrorCode.noMemory : page / pageSize;
}

/** kfree(handle): frees a page that kalloc took for this process. */
function* kfree(_kernel: Kernel, task: Task, call: CallArguments): Steps<number> {
    const page = call.size(0) * pageSize;
    return (yield* task.process.memory.dropPage(task.context, page)) ? 0 : ErrorCode.invalid;
}

/**
 * nastyalloc(): needs more memory for its variables than a kernel stack has, where the original
 * runs over the stack's end. Here such variables get a page of their own.
 */
function* nastyalloc({ pages }: Kernel, { context }: Task): Steps<number> {
    const page = yield* pages.allocate(context);
    if (page < 0) {
        return ErrorCode.noMemory;
    }
    yield* fillBytes(context, directMap(page), nastyBytes, nastyByte);
    const last = yield context.load(directMap(page) + nastyBytes - 1, 1);
    kernelAssert(last === nastyByte, "nobody else writes to nastyalloc's variables");
    yield* pages.release(context, page);
    return 0;
}

/** shmget(bytes): a new segment's id. */
function* shmget(kernel: Kernel, task: Task, call: CallArguments): Steps<number> {
    return yield* kernel.sharedMemory.get(task, call.size(0));
}

/** shmat(id, address or 0): where the segment is now. */
function* shmat(kernel: Kernel, task: Task, call: CallArguments): Steps<number> {
    return yield* kernel.sharedMemory.attach(task, call.signed(0), call.address(1));
}

/** shmdt(address): takes away the segment that shmat put there. */
function* shmdt(kernel: Kernel, task: Task, call: CallArguments): Steps<number> {
    return yield* kernel.sharedMemory.detach(task, call.address(0));
}

/** Whether a program may have a page at an address; below its text there is none. */
function isPlaceForPage(address: number): boolean {
    return address % pageSize === 0 && address >= UserAddress.text && address < UserAddress.end;
}
