/**
 * A process: what its threads share.
 *
 * The hierarchy lock guards all but what has a lock of its own (the address space, the descriptor
 * table) and is noted otherwise.
 */
import type { DescriptorTable } from "../files/descriptor-table.ts";
import type { AddressSpace } from "../memory/address-space.ts";
import { kernelAssert } from "../panic.ts";
import type { WaitQueue } from "../sync/wait-queue.ts";
import type { Task } from "../tasks/task.ts";

export class Process {
    readonly pid: number;
    /** The program's name; changed by execv, by its only thread. */
    name: string;
    parent: Process | undefined;
    /** In the order in which they became its children. */
    readonly children: Process[] = [];

    /** Threads that have not begun to end. */
    readonly threads: Task[] = [];
    /** Threads that have not let go of what the process has; the last to do so frees it. */
    holdingCount = 0;
    /** Threads that have not been freed; when none is left the process is a zombie. */
    taskCount = 0;

    /** Set once, never cleared: all threads are to end. */
    isExiting = false;
    exitStatus = 0;
    /** It has ended, and its parent may learn its status. */
    isZombie = false;

    /** Children that have ended so far; msleep notices when it changes. */
    endedChildCount = 0;
    /** Is woken when a child has ended, or one that has ended becomes its child. */
    readonly childEvents: WaitQueue;

    /**
     * Both are undefined for the kernel's own process, and after the process has let go. Written
     * without a lock, while no other thread of the process is there to look: before the first one
     * begins, by execv in the only one, by the last one when all others have left.
     */
    addressSpace: AddressSpace | undefined;
    descriptors: DescriptorTable | undefined;

    constructor(pid: number, name: string, childEvents: WaitQueue) {
        this.pid = pid;
        this.name = name;
        this.childEvents = childEvents;
    }

    /** The address space of a process that one of its threads is running in. */
    get memory(): AddressSpace {
        kernelAssert(this.addressSpace !== undefined, `process ${this.pid} has memory`);
        return this.addressSpace;
    }

    get files(): DescriptorTable {
        kernelAssert(this.descriptors !== undefined, `process ${this.pid} has descriptors`);
        return this.descriptors;
    }
}
