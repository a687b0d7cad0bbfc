/**
 * Kernel tasks of a test's own, on the whole kernel: a program begins, has them all started, and
 * ends; the machine is switched off when they have ended, too, and nothing was lost.
 */
import { KernelRun, type KernelRunOptions, type Outcome } from "../../src/crash/kernel-run.ts";
import { Kernel, type KernelOptions } from "../../src/kernel/kernel.ts";
import { type KernelTaskBody, startKernelTask } from "../../src/kernel/processes/kernel-task.ts";
import { SpinLock } from "../../src/kernel/sync/spin-lock.ts";
import { WaitQueue } from "../../src/kernel/sync/wait-queue.ts";
import { parseSchedule } from "../../src/machine/schedule/parse-schedule.ts";
import { program } from "../../src/programs/library/program.ts";
import type { Setting } from "./kernel-settings.ts";

/** A call that no program has: starts the test's tasks. */
const startTasks = 999;
const operationLimit = 500_000;

const starter = program("starter", function* (user) {
    yield* user.check(yield user.call(startTasks), 0, "start of the tasks");
});

class TaskKernel extends Kernel {
    readonly #bodies: readonly KernelTaskBody[];

    constructor(options: KernelOptions, bodies: readonly KernelTaskBody[]) {
        super(options);
        this.#bodies = bodies;
    }

    override *systemCall(...call: Parameters<Kernel["systemCall"]>) {
        const [context, number] = call;
        if (number !== startTasks) {
            return yield* super.systemCall(...call);
        }
        yield context.enableInterrupts();
        for (const [index, body] of this.#bodies.entries()) {
            yield* startKernelTask(this, context, `task ${index}`, body);
        }
        yield context.disableInterrupts();
        return 0;
    }
}

/** What the tasks of a run share. */
export interface Together {
    readonly kernel: Kernel;
    /** Of the class that the kernel's own test has. */
    readonly lock: SpinLock;
    readonly queue: WaitQueue;
}

/** Makes the tasks of one run; state that they share is made with them. */
export type TaskMaker = (together: Together) => readonly KernelTaskBody[];

/** Runs kernel tasks to their ends. */
export function runTasks(
    { cpuCount, schedule, seed }: Setting,
    make: TaskMaker,
    more: Partial<KernelRunOptions> = {},
): Outcome {
    const run = new KernelRun({
        command: [starter.name],
        programs: [starter],
        cpuCount,
        schedule: parseSchedule(schedule),
        seed,
        makeKernel: (options) => {
            const bodies: KernelTaskBody[] = [];
            const kernel = new TaskKernel(options, bodies);
            const lock = new SpinLock(kernel.order, "kernel test", "the test's lock");
            const queue = new WaitQueue(kernel.order, kernel.scheduler, "the test");
            bodies.push(...make({ kernel, lock, queue }));
            return kernel;
        },
        ...more,
    });
    return (
        run.advance({ operations: operationLimit }) ?? {
            kind: "time limit",
            message: `still running after ${operationLimit} operations`,
        }
    );
}

/** The settings, in words, whose run does not pass, with what it ends with. */
export function taskFailures(
    settings: readonly Setting[],
    make: TaskMaker,
    more: Partial<KernelRunOptions> = {},
): readonly string[] {
    return settings.flatMap((setting) => {
        const { kind, message } = runTasks(setting, make, more);
        const { cpuCount, schedule, seed } = setting;
        const where = `${cpuCount} CPUs, ${schedule}, seed ${seed}`;
        return kind === "passed" ? [] : [`${where}: ${kind}: ${message}`];
    });
}
