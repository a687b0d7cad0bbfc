/** execv: what stays, what goes, and that a call that fails leaves all as it was. */
import { describe, expect, it } from "vitest";
import { OpenFlag } from "../../src/kernel/interface/constants.ts";
import { ErrorCode } from "../../src/kernel/interface/error-code.ts";
import { Kernel, type KernelOptions } from "../../src/kernel/kernel.ts";
import { forkChild, reapChild } from "../../src/programs/library/children.ts";
import { advance, awaitCount } from "../../src/programs/library/event-count.ts";
import { program } from "../../src/programs/library/program.ts";
import type { Steps } from "../../src/programs/library/steps.ts";
import { startThread } from "../../src/programs/library/threads.ts";
import type { User } from "../../src/programs/library/user.ts";
import { failuresOf, fewSettings, makeRun } from "../support/kernel-settings.ts";
import { dataBytes, forEver, inChild, word } from "../support/kernel-words.ts";

const begun = word(0);
const go = word(1);
const done = word(2);

function* waits(user: User): Steps {
    yield* advance(user, begun);
    yield* user.msleep(forEver);
}

function* waitsToBeTold(user: User): Steps {
    yield* awaitCount(user, go, 1);
    yield* advance(user, done);
}

describe("execv", () => {
    it("gives the program its arguments, and keeps pid, descriptors and children", () => {
        const image = program(
            "stages",
            function* (user) {
                const argv = yield* user.argv();
                if (argv.length === 1) {
                    const child = yield* forkChild(user);
                    if (child === 0) {
                        yield* user.exit(8);
                    }
                    const file = yield* user.open("emerson.txt", OpenFlag.read);
                    yield* user.check(yield* user.lseek(file, 3, 0), 3, "lseek");
                    const segment = yield* user.shmget(0);
                    yield* user.shmat(segment, 0x5000_0000);
                    yield user.store(word(0), 99);
                    const pid = yield* user.getpid();
                    yield* user.execv("stages", ["stages", `${pid}`, `${child}`, "", "last one"]);
                    yield* user.fail("execv returned");
                }
                const [name, pid, child, empty, last] = argv;
                yield* user.check([name, empty, last].join("|"), "stages||last one", "argv");
                yield* user.check(`${yield* user.getpid()}`, pid, "getpid");
                yield* user.check(yield* user.lseek(3, 0, 1), 3, "offset of the open file");
                yield* user.check(yield user.load(word(0)), 0, "a global");
                const gone = yield* user.write(1, 0x5000_0000, 4);
                yield* user.check(gone, ErrorCode.badAddress, "write from memory that was shared");
                yield* reapChild(user, Number(child), 8);
            },
            { dataBytes },
        );
        expect(failuresOf(image)).toEqual([]);
    });

    it("fails with E_AGAIN while there are other threads, and goes on when they have ended", () => {
        const image = program(
            "several",
            function* (user) {
                yield* inChild(user, 0, function* (child) {
                    yield* startThread(child, waitsToBeTold, 0, 0);
                    yield* startThread(child, waitsToBeTold, 0, 1);
                    const result = yield* child.execv("true", ["true"]);
                    yield* child.check(result, ErrorCode.tryAgain, "execv with three threads");
                    yield* advance(child, go);
                    yield* awaitCount(child, done, 2);
                    // They are about to end; it may be tried until they have.
                    for (;;) {
                        const later = yield* child.execv("true", ["true"]);
                        yield* child.check(later, ErrorCode.tryAgain, "execv");
                        yield* child.msleep(10);
                    }
                });
            },
            { dataBytes, threads: [waitsToBeTold] },
        );
        expect(failuresOf(image)).toEqual([]);
    });

    it("by several threads at once fails for all, and exit ends them", () => {
        const image = program(
            "many",
            function* (user) {
                yield* inChild(user, 7, function* (child) {
                    for (const index of [0, 1, 2]) {
                        yield* startThread(child, executes, 0, index);
                    }
                    yield* startThread(child, waits, 0, 3);
                    yield* awaitCount(child, begun, 1);
                    yield* awaitCount(child, done, 3);
                    yield* child.exit(7);
                });
            },
            { dataBytes, threads: [executes, waits] },
        );
        expect(failuresOf(image)).toEqual([]);
    });

    it("leaves all as it was when it fails", () => {
        const image = program(
            "fails",
            function* (user) {
                yield user.store(word(0), 42);
                const long = "x".repeat(64);
                const cases: readonly [path: string, argv: readonly string[], error: number][] = [
                    ["nosuch", ["nosuch"], ErrorCode.noEntry],
                    ["", [], ErrorCode.noEntry],
                    ["README", ["README"], ErrorCode.notExecutable],
                    [long, [long], ErrorCode.nameTooLong],
                    ["true", ["true", long], ErrorCode.tooLong],
                    ["true", new Array<string>(40).fill("y".repeat(63)), ErrorCode.tooLong],
                ];
                for (const [path, argv, error] of cases) {
                    const result = yield* user.execv(path, argv);
                    yield* user.check(result, error, `execv of ${path}`);
                }
                const path = yield* user.localString("true");
                for (const [pathAddress, argvAddress, count, error] of [
                    [0, 0, 0, ErrorCode.badAddress],
                    [path, 8, 1, ErrorCode.badAddress],
                    [path, 2 ** 47 - 4, 1, ErrorCode.badAddress],
                    [path, 2 ** 52, 1, ErrorCode.badAddress],
                    [path, -8, 1, ErrorCode.badAddress],
                    [path, 0, -1, ErrorCode.tooLong],
                    [path, 0, 2 ** 31 - 1, ErrorCode.tooLong],
                ]) {
                    const result = yield user.call(14, pathAddress, argvAddress, count);
                    yield* user.check(result, error, `execv of ${argvAddress}, ${count}`);
                }
                yield* user.check(yield user.load(word(0)), 42, "a global");
                yield* user.check(yield user.call(14, path, 0, 0), 0, "execv without arguments");
            },
            { dataBytes },
        );
        expect(failuresOf(image)).toEqual([]);
    });

    it("is caught when it keeps the old memory (canary)", () => {
        const image = program("keeps", (user) => user.execv("true", ["true"]));
        const makeKernel = (options: KernelOptions) => {
            const kernel = new Kernel(options);
            const release = kernel.sharedMemory.releaseAll.bind(kernel.sharedMemory);
            kernel.sharedMemory.releaseAll = function* (context, pid, addressSpace) {
                yield* release(context, pid, addressSpace);
                // Somebody counts a use of its page and never lets go.
                const page = yield* addressSpace.translate(context, 0x10_0000, "read");
                yield* kernel.pages.addReference(context, page);
            };
            return kernel;
        };
        expect(failuresOf(image, fewSettings)).toEqual([]);
        const run = makeRun(image, fewSettings[0], { makeKernel });
        expect(run.finish().message).toMatch(/^leak: pages were \d+, are \d+$/);
    });
});

function* executes(user: User): Steps {
    const result = yield* user.execv("true", ["true"]);
    yield* user.check(result, ErrorCode.tryAgain, "execv of one of several threads");
    yield* advance(user, done);
}
