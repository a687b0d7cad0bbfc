/** The programs that test the kernel, and what they need to be run by themselves. */

export interface TestProgram {
    readonly name: string;
    /** Typed when it begins. */
    readonly keys?: string;
}

/** All that end with status 0 on a kernel that is right, under every schedule. */
export const testPrograms: readonly TestProgram[] = [
    { name: "allocexit" },
    { name: "ktestwait" },
    { name: "nastyalloc" },
    { name: "testeintr" },
    { name: "testforksimple" },
    { name: "testfutex" },
    { name: "testfutexshm" },
    { name: "testgetusage" },
    { name: "testhalt" },
    { name: "testkalloc" },
    { name: "testmemfs" },
    { name: "testmsleep" },
    { name: "testmutex" },
    { name: "testpipe" },
    { name: "testppid" },
    { name: "testrwaddr", keys: "a few\nanother few\n" },
    { name: "testshm" },
    { name: "testthread" },
    { name: "testvfs" },
    { name: "testwaitpid" },
    { name: "testzombie" },
];
