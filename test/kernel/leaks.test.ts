/**
 * Nothing is lost: whatever a program holds when it ends, and whichever allocation of a page fails.
 *
 * The judge is the kernel: when no process is left it compares pages, tasks, processes, open files,
 * segments, futex waiters and alarms with what there was before the first.
 */
import { describe, expect, it } from "vitest";
import { OpenFlag } from "../../src/kernel/interface/constants.ts";
import { ErrorCode } from "../../src/kernel/interface/error-code.ts";
import { Kernel, type KernelOptions } from "../../src/kernel/kernel.ts";
import { advance, awaitCount } from "../../src/programs/library/event-count.ts";
import { program } from "../../src/programs/library/program.ts";
import type { Steps } from "../../src/programs/library/steps.ts";
import { startThread } from "../../src/programs/library/threads.ts";
import { pageBytes, type User } from "../../src/programs/library/user.ts";
import { FailingMemory } from "../support/kernel-failing-memory.ts";
import { failuresOf, fewSettings, makeRun, someSettings } from "../support/kernel-settings.ts";
import { dataBytes, forEver, inChild, settleMilliseconds, word } from "../support/kernel-words.ts";

const done = word(0);
const farAway = 0x7000_0000_0000;
const one = { cpuCount: 2, schedule: "random", seed: 1 };
const passed = { kind: "passed", message: "the program and all orphans ended with status 0" };

/** The screen, open files, shared memory, pipes, threads and children: some of everything. */
function* holdEverything(user: User): Steps {
    yield* user.pageAlloc(user.heap + 40 * pageBytes);
    const segment = yield* user.shmget(3 * pageBytes);
    yield* user.shmat(segment, 0);
    yield* user.shmat(segment, 0);
    // Where it needs tables of its own, so that a fork can fail between two attachments.
    yield* user.shmat(segment, farAway);
    yield* user.open("README", OpenFlag.read);
    const file = yield* user.open("new", OpenFlag.write | OpenFlag.create);
    yield* user.writeText(file, "text");
    yield* user.pipe();
    yield* user.dup2(1, 20);
}

function* sleeper(user: User): Steps {
    yield* user.msleep(forEver);
}

/** Makes some of everything, in a child too; whatever fails, it goes on. */
const everything = program(
    "everything",
    function* (user) {
        yield* holdEverything(user);
        const stack = user.heap + 50 * pageBytes;
        if ((yield* user.pageAlloc(stack)) === 0) {
            yield* user.clone(sleeper, 0, stack + pageBytes);
        }
        const child = yield* user.fork();
        if (child === 0) {
            yield* holdEverything(user);
            if ((yield* user.fork()) === 0) {
                yield* user.msleep(30);
                yield* user.exit(0);
            }
            yield* user.execv("true", ["true"]);
            yield* user.exit(0);
        }
        if (child > 0) {
            yield* user.check((yield* user.waitpid(child)).pid, child, "waitpid");
        }
        yield* user.unlink("new");
    },
    { dataBytes, threads: [sleeper] },
);

describe("a program that ends with some of everything", () => {
    it("leaves nothing", () => {
        expect(failuresOf(everything)).toEqual([]);
    });

    it("is caught by a kernel that keeps a page of each process (canary)", () => {
        const makeKernel = (options: KernelOptions) => {
            const kernel = new Kernel(options);
            const release = kernel.pages.release.bind(kernel.pages);
            let count = 0;
            kernel.pages.release = function* (context, page) {
                count++;
                if (count !== 10) {
                    yield* release(context, page);
                }
            };
            return kernel;
        };
        const run = makeRun(everything, one, { makeKernel });
        expect(run.finish().message).toMatch(/^leak: pages were \d+, are \d+$/);
    });
});

/** A child with a thread that sleeps, for longer than the child is there. */
const sleepless = program(
    "sleepless",
    function* (user) {
        yield* inChild(user, 0, function* (child) {
            yield* startThread(child, sleeper, 0, 0);
            yield* child.msleep(settleMilliseconds);
            yield* child.exit(0);
        });
    },
    { dataBytes, threads: [sleeper] },
);

describe("a thread that is ended while it sleeps", () => {
    it("leaves no alarm", () => {
        expect(failuresOf(sleepless)).toEqual([]);
    });

    it("is caught by a kernel that leaves alarms armed (canary)", () => {
        const makeKernel = (options: KernelOptions) => {
            const kernel = new Kernel(options);
            kernel.wheel.disarm = function* (context) {
                yield context.step();
            };
            return kernel;
        };
        const run = makeRun(sleepless, one, { makeKernel });
        expect(run.finish()).toMatchObject({
            kind: "panic",
            message: "leak: alarms were 0, are 1",
        });
    });
});

describe("when an allocation of a page fails", () => {
    it("nothing is lost, whichever it is, and the program is told", () => {
        const outcomes = new Map<number, string>();
        let failing = 0;
        let memory: FailingMemory;
        do {
            failing++;
            memory = new FailingMemory(failing);
            const { makeKernel } = memory;
            const outcome = makeRun(everything, { ...one, seed: failing }, { makeKernel }).finish();
            if (outcome.kind !== "passed") {
                outcomes.set(failing, outcome.message);
            }
        } while (memory.hasFailed);
        expect(Object.fromEntries(outcomes)).toEqual({});
        // Four processes with their tables, pages, stacks, and segments.
        expect(failing).toBeGreaterThan(40);
    });

    it("the call that needed it returns E_NOMEM, and works when done again", () => {
        const images = {
            page_alloc: oneCall((user) => user.pageAlloc(user.heap + 40 * pageBytes), 0),
            fork: oneCall(forkAndWait, 0),
            pipe: oneCall(function* (user) {
                const [readEnd] = yield* user.pipe();
                return readEnd;
            }, 3),
            shmget: oneCall((user) => user.shmget(2 * pageBytes), 1),
            clone: program(
                "call",
                function* (user) {
                    const stack = user.heap;
                    let result: number = ErrorCode.noMemory;
                    yield* retry(user, () => user.pageAlloc(stack));
                    result = yield* retry(user, () => user.clone(ends, 0, stack + pageBytes));
                    yield* user.assert(result > 2, `clone returns a tid: ${result}`);
                    yield* awaitCount(user, done, 1);
                },
                { dataBytes, threads: [ends] },
            ),
            execv: program("call", function* (user) {
                yield* retry(user, () => user.execv("true", ["true"]));
                yield* user.fail("execv returned");
            }),
        };
        for (const [name, image] of Object.entries(images)) {
            let failing = 0;
            let memory: FailingMemory;
            do {
                failing++;
                memory = new FailingMemory(failing);
                const outcome = makeRun(image, one, { makeKernel: memory.makeKernel }).finish();
                expect({ name, failing, ...outcome }).toEqual({ name, failing, ...passed });
            } while (memory.hasFailed);
            expect({ name, hasFailed: failing > 1 }).toEqual({ name, hasFailed: true });
        }
    });
});

function* ends(user: User): Steps {
    yield* advance(user, done);
}

function* forkAndWait(user: User): Steps<number> {
    const child = yield* user.fork();
    if (child === 0) {
        yield* user.exit(0);
    }
    if (child < 0) {
        return child;
    }
    yield* user.check((yield* user.waitpid(child)).pid, child, "waitpid");
    return 0;
}

/** Does something until it does not fail for want of memory. */
function* retry(user: User, what: () => Steps<number>): Steps<number> {
    let result = yield* what();
    // A second time is enough: one allocation fails.
    if (result === ErrorCode.noMemory) {
        result = yield* what();
    }
    yield* user.check(Math.min(0, result), 0, "the second time");
    return result;
}

function oneCall(what: (user: User) => Steps<number>, expected: number) {
    return program("call", function* (user) {
        yield* user.check(yield* retry(user, () => what(user)), expected, "the call");
    });
}

describe("memory that is all used", () => {
    /** Pages of 1.25 MiB, most of which is the kernel's. */
    const memoryBytes = 20 * 2 ** 16;

    /** Takes all pages that there are; in a child too. */
    const eater = program(
        "eater",
        function* (user) {
            for (let round = 0; round < 3; round++) {
                const child = yield* user.fork();
                if (child === 0) {
                    let pageCount = 0;
                    let result = 0;
                    while (result === 0) {
                        result = yield* user.pageAlloc(user.heap + pageCount * pageBytes);
                        pageCount++;
                    }
                    yield* user.check(result, ErrorCode.noMemory, "page_alloc when all is used");
                    yield* user.check(yield* user.fork(), ErrorCode.noMemory, "fork");
                    const [readEnd] = yield* user.pipe();
                    yield* user.check(readEnd, ErrorCode.noMemory, "pipe");
                    yield* user.check(yield* user.shmget(0), ErrorCode.noMemory, "shmget");
                    yield* user.check(yield* user.execv("true", []), ErrorCode.noMemory, "execv");
                    yield* user.exit(pageCount);
                }
                const { pid, status } = yield* user.waitpid(0);
                yield* user.check(pid, child, "waitpid");
                // The same in each round: what the one before had is back.
                const first = yield user.load(word(1));
                yield* user.check(round === 0 ? status : first, status, "pages that there are");
                yield user.store(word(1), status);
            }
        },
        { dataBytes },
    );

    it("is E_NOMEM for everything, and all of it is back afterwards", () => {
        expect(failuresOf(eater, someSettings.slice(0, 10), { memoryBytes })).toEqual([]);
    });

    it("is not all back when fork forgets who shares a page (canary)", () => {
        const faults = ["fork-forgets-shared-reference"] as const;
        expect(failuresOf(everything, fewSettings, { faults })).not.toEqual([]);
    });
});
