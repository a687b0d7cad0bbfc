/** Threads: their numbers, what they share, `texit`, and tables that are full. */
import { describe, expect, it } from "vitest";
import { ErrorCode } from "../../src/kernel/interface/error-code.ts";
import { Kernel, type KernelOptions } from "../../src/kernel/kernel.ts";
import { forkChild, reapChild } from "../../src/programs/library/children.ts";
import { advance, awaitCount } from "../../src/programs/library/event-count.ts";
import { program } from "../../src/programs/library/program.ts";
import type { Steps } from "../../src/programs/library/steps.ts";
import { startThread } from "../../src/programs/library/threads.ts";
import { pageBytes, type ThreadFunction, type User } from "../../src/programs/library/user.ts";
import { failuresOf, fewSettings, someSettings } from "../support/kernel-settings.ts";
import { dataBytes, forEver, inChild, settleMilliseconds, word } from "../support/kernel-words.ts";

const begun = word(0);
const go = word(1);
const done = word(2);
const result = word(3);
const goFirst = word(5);

/** Numbers of threads go from 1 to 15, and so do those of processes. */
const highestNumber = 15;

/** Ends with its argument for a status. */
function* ends(user: User, status: number): Steps<number> {
    yield user.context.step();
    return status;
}

/** Begins, waits to be told, and ends. */
function* waits(user: User): Steps {
    yield* advance(user, begun);
    yield* awaitCount(user, go, 1);
    yield* advance(user, done);
}

/** Waits to be told before the others. */
function* waitsFirst(user: User): Steps {
    yield* awaitCount(user, goFirst, 1);
}

describe("texit", () => {
    it("of the first thread leaves the process, which ends with the last one's status", () => {
        const last: ThreadFunction = function* (user) {
            yield* awaitCount(user, go, 1);
            yield* user.msleep(settleMilliseconds);
            return 161;
        };
        const image = program(
            "first",
            (user) =>
                inChild(user, 161, function* (child) {
                    yield* startThread(child, last, 0, 0);
                    yield* advance(child, go);
                    yield* child.texit(5);
                }),
            { dataBytes, threads: [last] },
        );
        expect(failuresOf(image)).toEqual([]);
    });

    it("of the only thread is an exit", () => {
        const image = program("only", (user) => inChild(user, -7, (child) => child.texit(-7)));
        expect(failuresOf(image)).toEqual([]);
    });

    it("of all threads at once gives the process one of their statuses", () => {
        const image = program(
            "all",
            function* (user) {
                const child = yield* forkChild(user);
                if (child === 0) {
                    for (const index of [1, 2, 3, 4]) {
                        yield* startThread(user, ends, index, index);
                    }
                    yield* user.texit(5);
                }
                const { pid, status } = yield* user.waitpid(child);
                yield* user.check(pid, child, "waitpid");
                yield* user.assert(status >= 1 && status <= 5, `status ${status} is one of 1 to 5`);
            },
            { dataBytes, threads: [ends] },
        );
        expect(failuresOf(image)).toEqual([]);
    });

    it("is not the end of a kernel that counts one thread too many (canary)", () => {
        const makeKernel = (options: KernelOptions) => {
            const kernel = new Kernel(options);
            Object.defineProperty(kernel.init, "taskCount", { get: () => 2, set: () => {} });
            return kernel;
        };
        const image = program("forgotten", () => nothing());
        expect(failuresOf(image, fewSettings)).toEqual([]);
        expect(failuresOf(image, fewSettings, { makeKernel })).not.toEqual([]);
    });
});

function* nothing(): Steps {}

describe("a thread's number", () => {
    it("is its own, apart from its process's, which all its threads have", () => {
        const tells: ThreadFunction = function* (user) {
            yield user.store(result, yield* user.gettid());
            yield user.store(result + 4, yield* user.getpid());
            yield* advance(user, done);
        };
        const image = program(
            "numbers",
            function* (user) {
                // Two numbers of threads are taken, so that a child's differ from its pid.
                yield* startThread(user, waits, 0, 0);
                yield* startThread(user, waits, 0, 1);
                yield* inChild(user, 0, function* (child) {
                    const pid = yield* child.getpid();
                    yield* child.check(pid, 3, "pid of the second process");
                    yield* child.check(yield* child.gettid(), 5, "tid of the fifth thread");
                    const tid = yield* startThread(child, tells, 0, 5);
                    yield* awaitCount(child, done, 1);
                    yield* child.check(tid, 6, "tid that clone returns");
                    yield* child.check(yield child.load(result), tid, "its gettid");
                    yield* child.check(yield child.load(result + 4), pid, "its getpid");
                    yield* child.exit(0);
                });
                yield* advance(user, go);
                yield* awaitCount(user, done, 2);
            },
            { dataBytes, threads: [waits, tells] },
        );
        expect(failuresOf(image)).toEqual([]);
    });

    it("is the lowest that is free", () => {
        const image = program(
            "lowest",
            function* (user) {
                const tid = yield* startThread(user, waitsFirst, 0, 0);
                yield* user.check(tid, 3, "tid of the first thread that is made");
                yield* user.check(yield* startThread(user, waits, 0, 1), 4, "the next one");
                // The first ends, and its number is free.
                yield* advance(user, goFirst);
                yield* user.msleep(settleMilliseconds);
                yield* user.check(yield* startThread(user, waits, 0, 2), 3, "the one after that");
                yield* user.check(yield* startThread(user, waits, 0, 3), 5, "the last");
                yield* advance(user, go);
                yield* awaitCount(user, done, 3);
            },
            { dataBytes, threads: [waitsFirst, waits] },
        );
        expect(failuresOf(image, someSettings)).toEqual([]);
    });

    it("is the lowest that is free: a process's is free when it was waited for", () => {
        const image = program("pids", function* (user) {
            const child = yield* forkChild(user);
            if (child === 0) {
                yield* user.exit(0);
            }
            yield* user.check(child, 3, "pid of the first child");
            yield* user.msleep(settleMilliseconds);
            const second = yield* forkChild(user);
            if (second === 0) {
                yield* user.exit(0);
            }
            yield* user.check(second, 4, "pid of a child when the first is a zombie");
            yield* reapChild(user, child);
            const third = yield* forkChild(user);
            if (third === 0) {
                yield* user.exit(0);
            }
            yield* user.check(third, 3, "pid of a child when the first was waited for");
        });
        expect(failuresOf(image, someSettings)).toEqual([]);
    });
});

describe("the table of threads", () => {
    it("is full with 15: E_AGAIN, until one has ended", () => {
        const image = program(
            "threads",
            function* (user) {
                // This one is 2; init is 1.
                for (let tid = 3; tid <= highestNumber; tid++) {
                    yield* user.check(yield* startThread(user, waits, 0, tid), tid, "clone");
                }
                yield* awaitCount(user, begun, highestNumber - 2);
                const more = yield* user.clone(waits, 0, user.heap + 5 * pageBytes);
                yield* user.check(more, ErrorCode.tryAgain, "clone when the table is full");
                yield* user.check(yield* user.fork(), ErrorCode.tryAgain, "fork, too");
                yield* advance(user, go);
                yield* awaitCount(user, done, highestNumber - 2);
                yield* user.msleep(settleMilliseconds);
                yield* user.check(yield* startThread(user, waits, 0, 3), 3, "clone, again");
                yield* awaitCount(user, done, highestNumber - 1);
            },
            { dataBytes, threads: [waits] },
        );
        expect(failuresOf(image, someSettings)).toEqual([]);
    });

    it("is full of numbers of processes, too, when zombies have them: E_AGAIN", () => {
        const image = program("zombies", function* (user) {
            for (let pid = 3; pid <= highestNumber; pid++) {
                const child = yield* forkChild(user);
                if (child === 0) {
                    yield* user.exit(pid);
                }
                yield* user.check(child, pid, "fork");
                yield* user.msleep(settleMilliseconds);
            }
            yield* user.check(yield* user.fork(), ErrorCode.tryAgain, "fork of one more");
            yield* reapChild(user, 7, 7);
            const child = yield* user.fork();
            if (child === 0) {
                yield* user.exit(0);
            }
            yield* user.check(child, 7, "fork when one was waited for");
            for (let count = 3; count <= highestNumber; count++) {
                yield* user.succeed((yield* user.waitpid(0)).pid, "waitpid");
            }
            yield* user.exit(0);
        });
        expect(failuresOf(image, someSettings)).toEqual([]);
    });

    it("has lost no number when fork finds one for the thread and none for the process", () => {
        // As above, and then all threads that there can be.
        const image = program(
            "halves",
            function* (user) {
                for (let pid = 3; pid <= highestNumber; pid++) {
                    if ((yield* forkChild(user)) === 0) {
                        yield* user.exit(0);
                    }
                    yield* user.msleep(settleMilliseconds);
                }
                for (let count = 0; count < highestNumber; count++) {
                    yield* user.check(yield* user.fork(), ErrorCode.tryAgain, "fork");
                }
                for (let tid = 3; tid <= highestNumber; tid++) {
                    yield* user.check(yield* startThread(user, waits, 0, tid), tid, "clone");
                }
                yield* user.exit(0);
            },
            { dataBytes, threads: [waits] },
        );
        expect(failuresOf(image, fewSettings)).toEqual([]);
    });
});

describe("threads share", () => {
    it("memory that one of them was given, and descriptors that one of them opened", () => {
        const maker: ThreadFunction = function* (user, page) {
            yield* user.check(yield* user.pageAlloc(page), 0, "page_alloc");
            yield user.store(page, 77);
            const [readEnd, writeEnd] = yield* user.pipe();
            yield user.store(result, readEnd);
            yield* user.writeText(writeEnd, "from a thread");
            yield* advance(user, done);
        };
        const image = program(
            "shares",
            function* (user) {
                const page = user.heap + 0x1_0000;
                yield* startThread(user, maker, page, 0);
                yield* awaitCount(user, done, 1);
                yield* user.check(yield user.load(page), 77, "word of the thread's page");
                const text = yield* user.readText(yield user.load(result), 100);
                yield* user.check(text, "from a thread", "read of the thread's pipe");
            },
            { dataBytes, threads: [maker] },
        );
        expect(failuresOf(image)).toEqual([]);
    });

    it("a sleep that is ended by a child of any of them", () => {
        const parent: ThreadFunction = function* (user) {
            yield* awaitCount(user, go, 1);
            yield* user.msleep(settleMilliseconds);
            if ((yield* forkChild(user)) === 0) {
                yield* user.exit(0);
            }
        };
        const image = program(
            "sleeps",
            function* (user) {
                yield* startThread(user, parent, 0, 0);
                yield* advance(user, go);
                yield* user.check(yield* user.msleep(forEver), ErrorCode.interrupted, "msleep");
                yield* user.succeed((yield* user.waitpid(0)).pid, "waitpid");
            },
            { dataBytes, threads: [parent] },
        );
        expect(failuresOf(image)).toEqual([]);
    });
});
