/** fork: a process of the calling thread, with what the parent had at that instant. */
import { describe, expect, it } from "vitest";
import { OpenFlag } from "../../src/kernel/interface/constants.ts";
import { ErrorCode } from "../../src/kernel/interface/error-code.ts";
import { Kernel, type KernelOptions } from "../../src/kernel/kernel.ts";
import { directMap } from "../../src/kernel/memory/direct-map.ts";
import { forkChild, reapAllChildren, reapChild } from "../../src/programs/library/children.ts";
import { advance, awaitCount } from "../../src/programs/library/event-count.ts";
import { program } from "../../src/programs/library/program.ts";
import type { Steps } from "../../src/programs/library/steps.ts";
import { startThread } from "../../src/programs/library/threads.ts";
import { pageBytes, type User } from "../../src/programs/library/user.ts";
import { failuresOf, fewSettings, slowCpus, someSettings } from "../support/kernel-settings.ts";
import { dataBytes, forEver, inChild, settleMilliseconds, word } from "../support/kernel-words.ts";

const begun = word(0);
const done = word(1);
const counter = word(2);
/** Of the 15 that there are init has one, and the program another. */
const freePids = 13;
/** The first page that is not the program's globals. */
const heap = word(0) + pageBytes;

function* sleeps(user: User): Steps {
    yield* advance(user, begun);
    yield* user.msleep(forEver);
}

function* forks(user: User, status: number): Steps {
    const child = yield* forkChild(user);
    if (child === 0) {
        yield* user.exit(status);
    }
    yield* reapChild(user, child, status);
    yield* advance(user, done);
}

/** Adds one to two words that are to be equal, for ever; a PAUSE lets others run under pct. */
function* counts(user: User): Steps {
    yield* advance(user, begun);
    for (;;) {
        yield user.context.fetchAdd(counter, 4, 1);
        yield user.context.pause();
    }
}

/** Makes children, which end at once, until there can be no more. Returns how many. */
function* forkUntilAgain(user: User): Steps<number> {
    for (let count = 0; ; count++) {
        const child = yield* user.fork();
        if (child === 0) {
            yield* user.exit(0);
        }
        if (child < 0) {
            yield* user.check(child, ErrorCode.tryAgain, "fork when numbers are used up");
            return count;
        }
    }
}

/** Sleeps until children that are about to end have long ended. */
function* settle(user: User): Steps {
    let result = yield* user.msleep(settleMilliseconds);
    while (result === ErrorCode.interrupted) {
        result = yield* user.msleep(settleMilliseconds);
    }
}

const apart = program(
    "apart",
    function* (user) {
        yield* user.check(yield* user.pageAlloc(heap), 0, "page_alloc");
        yield user.store(heap, 10);
        const child = yield* forkChild(user);
        yield* user.check(yield user.load(heap), 10, "word that the parent wrote before");
        yield user.store(heap, child === 0 ? 20 : 30);
        yield* user.yieldCpu();
        yield* user.check(yield user.load(heap), child === 0 ? 20 : 30, "word");
        if (child === 0) {
            yield* user.exit(1);
        }
        yield* reapChild(user, child, 1);
        yield* user.check(yield user.load(heap), 30, "word when the child has ended");
    },
    { dataBytes },
);

describe("fork", () => {
    it("copies memory: what either writes afterwards is its own", () => {
        expect(failuresOf(apart)).toEqual([]);
    });

    it("is caught when a page of the child is not what the parent's was (canary)", () => {
        const makeKernel = (options: KernelOptions) => {
            const kernel = new Kernel(options);
            const inherit = kernel.sharedMemory.inherit.bind(kernel.sharedMemory);
            kernel.sharedMemory.inherit = function* (context, parent, pid, addressSpace) {
                const page = yield* addressSpace.translate(context, heap, "write");
                yield context.store(directMap(page), 4, 0);
                return yield* inherit(context, parent, pid, addressSpace);
            };
            return kernel;
        };
        expect(failuresOf(apart, fewSettings, { makeKernel })).not.toEqual([]);
    });

    it("has the calling thread only: the child ends when that does", () => {
        const image = program(
            "single",
            function* (user) {
                yield* startThread(user, sleeps, 0, 0);
                yield* startThread(user, sleeps, 0, 1);
                yield* awaitCount(user, begun, 2);
                yield* inChild(user, 9, (child) => child.texit(9));
            },
            { dataBytes, threads: [sleeps] },
        );
        expect(failuresOf(image)).toEqual([]);
    });

    it("by threads at the same time gives each a child of its own", () => {
        const image = program(
            "same",
            function* (user) {
                for (const index of [1, 2, 3]) {
                    yield* startThread(user, forks, index, index);
                }
                yield* forks(user, 4);
                yield* awaitCount(user, done, 4);
            },
            { dataBytes, threads: [forks] },
        );
        expect(failuresOf(image)).toEqual([]);
    });

    it("while another thread writes gives each page as it was at one instant", () => {
        const image = program(
            "writes",
            function* (user) {
                yield* startThread(user, counts, 0, 0);
                yield* awaitCount(user, begun, 1);
                for (let round = 0; round < 3; round++) {
                    const child = yield* forkChild(user);
                    if (child === 0) {
                        const before = yield user.load(counter);
                        yield* user.yieldCpu();
                        yield* user.check(yield user.load(counter), before, "the child's count");
                        yield* user.exit(0);
                    }
                    yield* reapChild(user, child);
                }
            },
            { dataBytes, threads: [counts] },
        );
        expect(failuresOf(image, someSettings, slowCpus)).toEqual([]);
    });

    it("shares open files, with their offsets, and pipes, which end with the last end", () => {
        const image = program("files", function* (user) {
            const file = yield* user.open("emerson.txt", OpenFlag.read);
            const [readEnd, writeEnd] = yield* user.pipe();
            const child = yield* forkChild(user);
            if (child === 0) {
                yield* user.close(readEnd);
                yield* user.check(yield* user.lseek(file, 10, 0), 10, "lseek");
                yield* user.writeText(writeEnd, "x");
                yield* user.exit(0);
            }
            yield* user.close(writeEnd);
            yield* user.check(yield* user.readText(readEnd, 2), "x", "read");
            yield* user.check(yield* user.lseek(file, 0, 1), 10, "offset of the shared file");
            yield* user.check(yield* user.readText(readEnd, 2), "", "read at the end");
            yield* reapChild(user, child);
        });
        expect(failuresOf(image)).toEqual([]);
    });

    it("of a fork of a fork goes on: 8 processes of 3 forks, each counted once", () => {
        const image = program("doubles", function* (user) {
            const segment = yield* user.succeed(yield* user.shmget(0), "shmget");
            const shared = yield* user.succeed(yield* user.shmat(segment, 0), "shmat");
            const first = yield* user.getpid();
            for (let round = 0; round < 3; round++) {
                yield* forkChild(user);
            }
            yield user.context.fetchAdd(shared, 4, 1);
            yield* reapAllChildren(user);
            if ((yield* user.getpid()) === first) {
                yield* user.check(yield user.load(shared), 8, "processes");
            }
        });
        expect(failuresOf(image)).toEqual([]);
    });
});

describe("the number of a process that has ended", () => {
    it("is taken until it is waited for: fork is E_AGAIN, and takes nothing else", () => {
        const image = program("zombies", function* (user) {
            for (let round = 0; round < 2; round++) {
                yield* user.check(yield* forkUntilAgain(user), freePids, "children");
                // All of them end, and give back their tids, of which fork takes one at first.
                yield* settle(user);
                yield* user.check(yield* user.fork(), ErrorCode.tryAgain, "fork");
                yield* reapAllChildren(user);
            }
        });
        expect(failuresOf(image)).toEqual([]);
    });

    it("is free again when its parent ends without waiting: init does it at once", () => {
        const image = program("careless", function* (user) {
            const parent = yield* forkChild(user);
            if (parent === 0) {
                if ((yield* forkChild(user)) > 0) {
                    yield* settle(user);
                }
                yield* user.exit(0);
            }
            yield* reapChild(user, parent);
            yield* settle(user);
            yield* user.check(yield* forkUntilAgain(user), freePids, "children");
            yield* reapAllChildren(user);
        });
        expect(failuresOf(image)).toEqual([]);
    });
});
