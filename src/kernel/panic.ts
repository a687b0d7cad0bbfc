/**
 * How the kernel gives up: it throws one of these, which ends the machine's run and is caught by
 * whoever runs it. Nothing in the kernel catches them.
 */

/** The kernel found one of its invariants broken. */
export class KernelPanic extends Error {
    override readonly name: string = "KernelPanic";
}

/** Who waits, and for what. */
export interface BlockedTask {
    readonly tid: number;
    readonly pid: number;
    readonly name: string;
    /** As `WaitQueue.waitUntil` was told: `futex 0x102000`, `a child`, `pipe 3 to be read`. */
    readonly waitsFor: string;
}

/** All tasks wait, and nothing that could wake one of them will ever happen. */
export class KernelDeadlock extends KernelPanic {
    override readonly name = "KernelDeadlock";
    readonly tasks: readonly BlockedTask[];

    constructor(tasks: readonly BlockedTask[]) {
        super(
            "deadlock: every task waits\n" +
                tasks
                    .map(
                        ({ tid, pid, name, waitsFor }) =>
                            `  T${tid} (P${pid}, ${name}) waits for ${waitsFor}`,
                    )
                    .join("\n"),
        );
        this.tasks = tasks;
    }
}

/** Stops the kernel unless `condition` holds. */
export function kernelAssert(condition: boolean, invariant: string): asserts condition {
    if (!condition) {
        throw new KernelPanic(`kernel invariant broken: ${invariant}`);
    }
}

/** A program called sys_panic: one of its own checks failed, and everything ends. */
export class ProgramFailure extends Error {
    override readonly name = "ProgramFailure";

    constructor(pid: number, program: string) {
        super(`PANIC: process ${pid} (${program}) called sys_panic()`);
    }
}
