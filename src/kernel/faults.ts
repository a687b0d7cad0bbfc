/**
 * Planted faults: bugs that real kernels have had, each behind a switch that is off.
 *
 * They are there to be found: a laboratory that cannot find these finds nothing. Where one is
 * planted the code asks `faults.has(name)`, and the right way stands beside it.
 */

/** What a fault is, and which program meets it. */
export interface PlantedFault {
    readonly name: string;
    readonly summary: string;
    /** A program of src/programs that fails with it, under some schedule. */
    readonly foundBy: string;
}

export const plantedFaults = [
    {
        name: "futex-check-before-lock",
        summary: "futex WAIT looks at the word before it takes the lock, so a WAKE between is lost",
        foundBy: "testfutex",
    },
    {
        name: "wait-check-before-enqueue",
        summary: "a wait queue looks before it enqueues, so a wakeup between is lost",
        foundBy: "testpipe",
    },
    {
        name: "exit-frees-running-task",
        summary: "exit frees the task's page and number while its CPU is still on its stack",
        foundBy: "testthread",
    },
    {
        name: "futex-virtual-key",
        summary: "futexes are keyed by virtual address, so other mappings of the word never meet",
        foundBy: "testfutexshm",
    },
    {
        name: "fork-forgets-shared-reference",
        summary: "fork maps a shared page without counting it, so it is freed while still mapped",
        foundBy: "testshm",
    },
] as const satisfies readonly PlantedFault[];

export type FaultName = (typeof plantedFaults)[number]["name"];

export type Faults = ReadonlySet<FaultName>;
