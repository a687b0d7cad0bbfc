/**
 * Numbers of system calls: 1 to 25 as all Chickadee kernels have them, from 128 on as the
 * reference kernel numbers its own.
 */

export const SystemCall = {
    getpid: 1,
    yield: 2,
    pause: 3,
    consoletype: 4,
    panic: 5,
    pageAlloc: 6,
    fork: 7,
    exit: 8,
    read: 9,
    write: 10,
    close: 11,
    dup2: 12,
    pipe: 13,
    execv: 14,
    open: 15,
    unlink: 16,
    readdiskfile: 17,
    sync: 18,
    lseek: 19,
    ftruncate: 20,
    rename: 21,
    gettid: 22,
    clone: 23,
    texit: 24,
    ktest: 25,
    mapConsole: 128,
    nastyalloc: 129,
    kalloc: 130,
    kfree: 131,
    msleep: 132,
    getppid: 133,
    waitpid: 134,
    mkdir: 135,
    rmdir: 136,
    futex: 137,
    shmget: 138,
    shmat: 139,
    shmdt: 140,
    /** The three that follow have no number in the reference's own tree. */
    getusage: 141,
    halt: 142,
    listFiles: 143,
} as const;

export type SystemCallName = keyof typeof SystemCall;
