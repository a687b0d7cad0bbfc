/** What the kernel and its programs agree on: flags, operations, limits and addresses. */

/** Flags of `open`. */
export const OpenFlag = { read: 1, write: 2, create: 4, truncate: 8 } as const;

/** Where `lseek` counts from; `size` asks for the file's size and moves nothing. */
export const SeekOrigin = { set: 0, current: 1, end: 2, size: 3 } as const;

/** Options of `waitpid`. */
export const WaitOption = { noHang: 1 } as const;

/**
 * Operations of `futex(address, operation, value, ...)`. The first two are Chickadee's; the
 * others take two arguments more.
 */
export const FutexOperation = {
    /** Sleeps if the word is `value`; E_AGAIN if it is not. */
    wait: 1,
    /** Wakes up to `value` waiters; returns how many. */
    wake: 2,
    /** As `wait`, for up to the fourth argument's milliseconds; then E_TIME. */
    waitTimeout: 3,
    /**
     * Wakes up to `value` waiters, and moves up to the fourth argument's more to the futex at the
     * fifth; returns how many were woken or moved.
     */
    requeue: 4,
} as const;

/** Kinds of console. */
export const ConsoleType = { normal: 0, memviewer: 1 } as const;

/** Timer interrupts a second, on every CPU. */
export const ticksPerSecond = 100;
export const millisecondsPerTick = 1000 / ticksPerSecond;

/** Threads that the kernel can have, and processes; numbers go from 1 to one below. */
export const maxTasks = 16;
export const maxProcesses = 16;
/** Descriptors of a process. */
export const maxDescriptors = 32;
/** Shared memory segments of the system, pages of each, and attachments of a process. */
export const maxSegments = 16;
export const maxSegmentPages = 16;
export const maxAttachments = 32;

/** Virtual addresses of a process. */
export const UserAddress = {
    /** The program's text; its data begins one page on. */
    text: 0x10_0000,
    data: 0x10_1000,
    /** The page below is the first thread's stack. */
    stackTop: 0x30_0000,
    /** The screen's cells, with the cursor's position at their end. */
    console: 0xb_8000,
    /** Where `shmat` looks for room when it is given no address. */
    sharedMemory: 0x4000_0000,
    /** User addresses are below: the canonical lower half. */
    end: 2 ** 47,
} as const;

/** Functions of a program's text that `clone` can start are this far apart. */
export const functionSpacing = 16;
