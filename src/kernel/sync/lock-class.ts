/**
 * The classes of spinlocks, in the order in which they may be held together: whoever holds one
 * may take those below it. docs/SYNCHRONIZATION.md says what each guards, and why this order.
 */

export const lockClasses = [
    "process hierarchy",
    "descriptor table",
    "open file",
    "memory files",
    "pipe",
    "keyboard",
    "console",
    "log",
    "kernel test",
    "shared memory",
    "page table",
    "futex",
    "wait queue",
    "timing wheel",
    "task table",
    "run queue",
    "page allocator",
] as const;

export type LockClass = (typeof lockClasses)[number];
