/**
 * `exit` ends all threads of a process, wherever they are, and gives back all that it had; `texit`
 * ends one.
 *
 * Each program runs under 123 settings. When its last process has ended the kernel itself counts
 * pages, tasks, processes, open files, segments, futex waiters and alarms, and panics if any is
 * lost.
 */
import { describe, expect, it } from "vitest";
import { OpenFlag } from "../../src/kernel/interface/constants.ts";
import type { ProgramImage } from "../../src/kernel/interface/program-image.ts";
import { Kernel, type KernelOptions } from "../../src/kernel/kernel.ts";
import { forkChild } from "../../src/programs/library/children.ts";
import { advance, awaitCount } from "../../src/programs/library/event-count.ts";
import { program } from "../../src/programs/library/program.ts";
import type { Steps } from "../../src/programs/library/steps.ts";
import { startThread } from "../../src/programs/library/threads.ts";
import type { ThreadFunction, User } from "../../src/programs/library/user.ts";
import {
    failuresOf,
    fewSettings,
    makeRun,
    settings,
    slowCpus,
    someSettings,
} from "../support/kernel-settings.ts";
import { dataBytes, forEver, inChild, settleMilliseconds, word } from "../support/kernel-words.ts";

const begun = word(0);
const futexWord = word(1);
const readEnd = word(2);
const writeEnd = word(3);
const done = word(4);

/** Begins, and then does what nothing ends but the process's exit. */
function stuck(what: (user: User) => Steps<unknown>): ThreadFunction {
    return function* (user) {
        yield* advance(user, begun);
        yield* what(user);
        yield* user.fail("it went on in a process that exited");
    };
}

/** Does something again and again; the PAUSE lets go who has the lower priority under pct. */
function again(what: (user: User) => Steps<unknown>): ThreadFunction {
    return stuck(function* (user) {
        for (;;) {
            yield user.context.pause();
            yield* what(user);
        }
    });
}

/** By name: where a thread sleeps when another one calls `exit`. */
const sleepers: Readonly<Record<string, ThreadFunction>> = {
    sleeps: stuck((user) => user.msleep(forEver)),
    "reads an empty pipe": stuck(function* (user) {
        yield* user.readText(yield user.load(readEnd), 1);
    }),
    "writes a full pipe": stuck(function* (user) {
        yield* user.writeText(yield user.load(writeEnd), "x".repeat(600));
    }),
    "waits at a futex": stuck((user) => user.futexWait(futexWord, 0)),
    "waits at a futex, for a time": stuck((user) =>
        user.futexWaitTimeout(futexWord, 0, 100_000_000),
    ),
    "waits for a child that goes on": stuck(function* (user) {
        const child = yield* forkChild(user);
        if (child === 0) {
            yield* user.msleep(2 * settleMilliseconds);
            yield* user.exit(0);
        }
        yield* user.waitpid(child);
        // The child may end first, if what ends this process is late.
        yield* user.msleep(forEver);
    }),
    "reads the keyboard": stuck((user) => user.readText(0, 10)),
};

/** By name: what a thread does when another one calls `exit`. */
const runners: Readonly<Record<string, ThreadFunction>> = {
    "runs and makes no calls": again(nothing),
    "makes short calls": again((user) => user.getppid()),
    "makes a long call": again(function* (user) {
        yield user.call(3);
    }),
    yields: again((user) => user.yieldCpu()),
    "changes its memory": again((user) => user.pageAlloc(user.heap + 0x1_0000)),
    "attaches and detaches shared memory": again(function* (user) {
        const segment = yield* user.shmget(0);
        const address = yield* user.shmat(segment, 0);
        yield* user.shmdt(address);
    }),
    "makes and closes pipes": again(function* (user) {
        const [one, other] = yield* user.pipe();
        yield* user.close(one);
        yield* user.close(other);
    }),
    "opens and closes a file": again(function* (user) {
        const file = yield* user.open("README", OpenFlag.read);
        yield* user.readText(file, 10);
        yield* user.close(file);
    }),
    "wakes who is not there": again((user) => user.futexWake(futexWord, 1)),
    forks: again(function* (user) {
        if ((yield* user.fork()) === 0) {
            yield* user.exit(0);
        }
        yield* user.waitpidNoHang(0);
    }),
    "tries to run another program": again((user) => user.execv("true", ["true"])),
    "starts threads": again(function* (user) {
        const count = yield user.load(done);
        yield* user.clone(visitor, 0, user.heap + 0xa000);
        // The next one gets the same stack.
        if ((yield user.load(done)) === count) {
            yield* user.futexWaitTimeout(done, count, 10);
        }
    }),
};

function* visitor(user: User): Steps {
    yield* advance(user, done);
}

/** `exit` as soon as the sibling has begun, and when it has long been where it goes. */
function exitProgram(sibling: ThreadFunction) {
    return program(
        "exits",
        function* (user) {
            for (const milliseconds of [0, settleMilliseconds]) {
                yield* inChild(user, 161, function* (child) {
                    const [thisEnd, otherEnd] = yield* child.pipe();
                    yield child.store(readEnd, yield* child.succeed(thisEnd, "pipe"));
                    yield child.store(writeEnd, otherEnd);
                    yield* child.check(yield* child.pageAlloc(user.heap + 0x9000), 0, "page_alloc");
                    yield* startThread(child, sibling, 0, 0);
                    yield* awaitCount(child, begun, 1);
                    if (milliseconds > 0) {
                        yield* child.msleep(milliseconds);
                    }
                    yield* child.exit(161);
                });
            }
        },
        { dataBytes, threads: [sibling, visitor] },
    );
}

describe("exit ends a thread that", () => {
    it.each(Object.entries(sleepers))("%s", (_name, sibling) => {
        expect(failuresOf(exitProgram(sibling))).toEqual([]);
    });

    it.each(Object.entries(runners))("%s", (_name, sibling) => {
        expect(failuresOf(exitProgram(sibling), someSettings, slowCpus)).toEqual([]);
    });

    it.each(Object.entries(sleepers))(
        "%s: not in a kernel whose exit wakes nobody (canary)",
        (_name, sibling) => {
            const makeKernel = (options: KernelOptions) => {
                const kernel = new Kernel(options);
                const { wake } = kernel.scheduler;
                kernel.scheduler.wake = function* (context, task) {
                    const isExit = task.process.isExiting;
                    yield* isExit ? nothing() : wake.call(kernel.scheduler, context, task);
                };
                return kernel;
            };
            expect(failuresOf(exitProgram(sibling), fewSettings, { makeKernel })).not.toEqual([]);
        },
    );
});

function* nothing(): Steps {}

/**
 * Threads write down the time all the time, into shared memory; another one writes down the time
 * and calls `exit`, when they run or at once. The parent compares the two.
 */
function promptExit(threadCount: number, waitsForThem: boolean): ProgramImage {
    return program(
        "prompt",
        function* (user) {
            const segment = yield* user.succeed(yield* user.shmget(0), "shmget");
            const shared = yield* user.succeed(yield* user.shmat(segment, 0), "shmat");
            yield* inChild(user, 161, function* (child) {
                for (let index = 0; index < threadCount; index++) {
                    yield* startThread(child, clockwatcher, shared, index);
                }
                if (waitsForThem) {
                    yield* awaitCount(child, begun, threadCount);
                }
                yield child.store(shared + 4, yield child.context.readTimestamp());
                yield* child.exit(161);
            });
            const last = yield user.load(shared);
            const microseconds = (last - (yield user.load(shared + 4))) / 1000;
            // A tick is 10 milliseconds; a call of the kernel takes some microseconds.
            yield* user.assert(microseconds < 200, `they ran for ${microseconds} us more`);
            yield* user.check(yield* user.shmdt(shared), 0, "shmdt");
        },
        { dataBytes, threads: [clockwatcher] },
    );
}

function* clockwatcher(user: User, shared: number): Steps {
    yield* advance(user, begun);
    for (;;) {
        yield user.store(shared, yield user.context.readTimestamp());
    }
}

/** A thread that has not begun when its process exits: what it does is counted. */
const lateThread = program(
    "late",
    function* (user) {
        const segment = yield* user.succeed(yield* user.shmget(0), "shmget");
        const shared = yield* user.succeed(yield* user.shmat(segment, 0), "shmat");
        yield* inChild(user, 161, function* (child) {
            yield* startThread(child, counter, shared, 0);
            yield* child.exit(161);
        });
        yield* user.check(yield user.load(shared), 0, "what it counted");
    },
    { dataBytes, threads: [counter] },
);

function* counter(user: User, shared: number): Steps {
    for (;;) {
        yield user.context.fetchAdd(shared, 4, 1);
    }
}

describe("threads that make no calls", () => {
    const fair = settings([1, 2, 4], 10).filter(({ schedule }) => !schedule.startsWith("pct"));
    const several = fair.filter(({ cpuCount }) => cpuCount > 1);
    // There is nothing for a schedule to choose.
    const alone = [{ cpuCount: 1, schedule: "round-robin", seed: 1 }];

    it("are ended long before the next tick when they run on another CPU", () => {
        expect(failuresOf(promptExit(1, true), several)).toEqual([]);
    });

    it("are ended long before the next tick when they have not begun", () => {
        expect(failuresOf(promptExit(3, false), fair)).toEqual([]);
    });

    it("do nothing at all when they have not begun, on one CPU", () => {
        expect(failuresOf(lateThread, alone)).toEqual([]);
    });

    it("are not, in a kernel whose exit interrupts nobody (canary)", () => {
        const makeKernel = (options: KernelOptions) => {
            const kernel = new Kernel(options);
            kernel.localApic.interruptCpu = nothing;
            return kernel;
        };
        expect(failuresOf(promptExit(1, true), several, { makeKernel })).not.toEqual([]);
        expect(failuresOf(promptExit(3, false), several, { makeKernel })).not.toEqual([]);
        expect(failuresOf(lateThread, alone, { makeKernel })).not.toEqual([]);
    });
});

describe("the status of a process", () => {
    it.each([
        [0, 0],
        [1, 1],
        [255, 255],
        [256, 256],
        [-1, -1],
        [2 ** 31 - 1, 2 ** 31 - 1],
        [2 ** 31, -(2 ** 31)],
        [2 ** 32 + 5, 5],
    ])("is what exit(%i) gave, as an int: %i", (given, status) => {
        const image = program("statuses", function* (user) {
            yield* inChild(user, status, (child) => child.exit(given));
        });
        expect(failuresOf(image, fewSettings)).toEqual([]);
    });

    it("is one of two that two threads give at once, whichever was first", () => {
        const exits: ThreadFunction = (user, status) => user.exit(status);
        const image = program(
            "both",
            function* (user) {
                const child = yield* forkChild(user);
                if (child === 0) {
                    yield* startThread(user, exits, 1, 0);
                    yield* user.exit(2);
                }
                const { pid, status } = yield* user.waitpid(0);
                yield* user.check(pid, child, "waitpid");
                yield* user.assert(status === 1 || status === 2, `status ${status} is 1 or 2`);
                yield* user.exit(0);
            },
            { dataBytes, threads: [exits] },
        );
        expect(failuresOf(image)).toEqual([]);
    });

    it("is that of exit, not that of threads that end by texit meanwhile", () => {
        const ends: ThreadFunction = (user, status) => user.texit(status);
        const image = program(
            "texits",
            function* (user) {
                yield* inChild(user, 161, function* (child) {
                    for (let index = 0; index < 4; index++) {
                        yield* startThread(child, ends, 100 + index, index);
                    }
                    yield* child.exit(161);
                });
            },
            { dataBytes, threads: [ends] },
        );
        expect(failuresOf(image)).toEqual([]);
    });

    it("is 139 when a thread faults, and all its threads end", () => {
        const faults: ThreadFunction = function* (user) {
            yield user.store(0, 1);
        };
        const image = program(
            "faulty",
            function* (user) {
                yield* inChild(user, 139, function* (child) {
                    yield* startThread(child, sleepers["waits at a futex"], 0, 0);
                    yield* startThread(child, faults, 0, 1);
                    yield* child.msleep(forEver);
                });
            },
            { dataBytes, threads: [sleepers["waits at a futex"], faults] },
        );
        expect(failuresOf(image)).toEqual([]);
        const run = makeRun(image, { cpuCount: 2, schedule: "round-robin", seed: 1 });
        run.finish();
        expect(run.machine.parallelPort.textFrom(0)).toContain(
            "Process 3 (faulty) page fault for 0x0 (write missing page)!\n",
        );
    });

    it("is 139 when a program runs off its end", () => {
        const image: ProgramImage = {
            name: "endless",
            dataBytes: 0,
            functions: [
                function* (context) {
                    yield context.step();
                },
            ],
        };
        const run = makeRun(image, { cpuCount: 1, schedule: "round-robin", seed: 1 });
        expect(run.finish()).toEqual({
            kind: "failed",
            message: "process 2 (endless) ended with status 139",
        });
        expect(run.machine.parallelPort.textFrom(0)).toContain(
            "Process 2 (endless) end of program!\n",
        );
    });
});
