/**
 * Programs made for one test, on the whole kernel.
 *
 * A program that forks runs again in its child, with the results of its operations; what it writes
 * down for the test must then be the same when it is written twice.
 */
import { SeededChoices } from "../../src/base/choices.ts";
import type { FaultName } from "../../src/kernel/faults.ts";
import type {
    Program,
    UserContext,
    UserFunction,
} from "../../src/kernel/interface/program-image.ts";
import { Kernel } from "../../src/kernel/kernel.ts";
import { Machine } from "../../src/machine/machine.ts";
import { parseSchedule } from "../../src/machine/schedule/parse-schedule.ts";

/** Numbers of system calls, and of futex operations. */
export const call = {
    pageAlloc: 6,
    fork: 7,
    exit: 8,
    yield: 2,
    clone: 23,
    texit: 24,
    mapConsole: 128,
    nastyalloc: 129,
    kalloc: 130,
    kfree: 131,
    msleep: 132,
    waitpid: 134,
    futex: 137,
    shmget: 138,
    shmat: 139,
    shmdt: 140,
    getusage: 141,
} as const;
export const futexOp = { wait: 1, wake: 2, waitTimeout: 3, requeue: 4 } as const;

/** Where the program's data begins; behind them are the threads' stacks. */
export const dataStart = 0x10_1000;
const dataPages = 4;
const stackPages = 12;

/** Part of a user program. */
export type UserSteps<Result = void> = Generator<number, Result, number>;

/** A thread of the program; what it returns is its status. The kernel is there to be looked at. */
export type ThreadBody = (user: UserContext, argument: number, kernel: Kernel) => UserSteps<number>;

export interface ProgramRunOptions {
    readonly main: ThreadBody;
    /** What `startThread` can start, by index. */
    readonly threads?: readonly ThreadBody[];
    readonly cpuCount?: number;
    readonly schedule?: string;
    readonly seed?: number;
    readonly faults?: readonly FaultName[];
    readonly memoryBytes?: number;
    /** Is told of the machine before it runs, to look at its memory. */
    readonly onMachine?: (machine: Machine) => void;
}

export interface ProgramRun {
    readonly kernel: Kernel;
    readonly machine: Machine;
    /** Of the first process. */
    readonly status: number | undefined;
}

/** Boots the kernel, runs the program to its end, and has the kernel look for leaks. */
export function runProgram(options: ProgramRunOptions): ProgramRun {
    const { cpuCount = 2, seed = 1, memoryBytes = 2 * 2 ** 20, threads = [] } = options;
    const functions = [
        ended(options.main, call.exit, () => kernel),
        ...threads.map((thread) => ended(thread, call.texit, () => kernel)),
    ];
    const dataBytes = (dataPages + stackPages) * 4096;
    const kernel: Kernel = new Kernel({
        cpuCount,
        memoryBytes,
        programs: [{ name: "test", dataBytes, functions }],
        files: new Map([["test", new TextEncoder().encode("#!program test\n")]]),
        command: { path: "test", argv: ["test"] },
        faults: new Set(options.faults),
    });
    const schedule = parseSchedule(options.schedule ?? "round-robin");
    const machine = new Machine({
        cpuCount,
        memoryBytes,
        choices: seed,
        schedule: () => schedule(new SeededChoices(seed + 1000)),
    });
    options.onMachine?.(machine);
    machine.powerOn(kernel);
    kernel.files.install(machine.memory);
    const reason = machine.run({ untilNs: 20_000_000_000 });
    if (reason !== "powered off") {
        throw new Error(`the machine ended: ${reason}`);
    }
    const first = kernel.endedProcesses.find(({ isFirst }) => isFirst);
    return { kernel, machine, status: first?.status };
}

/** clone: starts `threads[index]` with an argument, on the stack with that number, from 0 to 11. */
export function* startThread(
    user: UserContext,
    index: number,
    argument: number,
    stackNo: number,
): UserSteps<number> {
    const start = 0x10_0000 + 16 * (index + 1);
    const stackTop = dataStart + (dataPages + stackNo + 1) * 4096;
    return yield user.systemCall(call.clone, start, argument, stackTop);
}

function ended(body: ThreadBody, callNumber: number, kernel: () => Kernel): UserFunction {
    return function* (user, { argument }): Program {
        const status = yield* body(user, argument, kernel());
        yield user.systemCall(callNumber, status);
        return 0;
    };
}
