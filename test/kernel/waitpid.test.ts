/** waitpid, msleep and getppid: who learns what of whose end. */
import { describe, expect, it } from "vitest";
import { ErrorCode } from "../../src/kernel/interface/error-code.ts";
import { Kernel, type KernelOptions } from "../../src/kernel/kernel.ts";
import { expectNoChild, forkChild, reapChild } from "../../src/programs/library/children.ts";
import { advance, awaitCount } from "../../src/programs/library/event-count.ts";
import { program } from "../../src/programs/library/program.ts";
import type { Steps } from "../../src/programs/library/steps.ts";
import { startThread } from "../../src/programs/library/threads.ts";
import type { ThreadFunction, User } from "../../src/programs/library/user.ts";
import { failuresOf, fewSettings, makeRun } from "../support/kernel-settings.ts";
import { dataBytes, forEver, settleMilliseconds, word } from "../support/kernel-words.ts";

const done = word(0);
const results = word(1);

/** A child that sleeps, and then ends. */
function* sleepingChild(user: User, milliseconds: number, status: number): Steps<number> {
    const child = yield* forkChild(user);
    if (child === 0) {
        yield* user.msleep(milliseconds);
        yield* user.exit(status);
    }
    return child;
}

describe("waitpid", () => {
    it("gives each child's pid and status, once, and then E_CHILD", () => {
        const image = program("each", function* (user) {
            const children = [];
            for (const status of [0, 3, -1]) {
                children.push(yield* sleepingChild(user, 10, status));
            }
            yield* reapChild(user, children[1], 3);
            const again = yield* user.waitpid(children[1]);
            yield* user.check(again.pid, ErrorCode.noChild, "waitpid of one that was waited for");
            yield* reapChild(user, children[2], -1);
            yield* reapChild(user, children[0], 0);
            yield* expectNoChild(user);
            yield* user.exit(0);
        });
        expect(failuresOf(image)).toEqual([]);
    });

    it("returns E_AGAIN with W_NOHANG while the child runs", () => {
        const image = program("nohang", function* (user) {
            yield* user.check((yield* user.waitpidNoHang(0)).pid, ErrorCode.noChild, "no child");
            const child = yield* sleepingChild(user, 50, 9);
            yield* user.check((yield* user.waitpidNoHang(0)).pid, ErrorCode.tryAgain, "any");
            yield* user.check((yield* user.waitpidNoHang(child)).pid, ErrorCode.tryAgain, "it");
            yield* user.check((yield* user.waitpidNoHang(99)).pid, ErrorCode.noChild, "another");
            yield* user.check(yield* user.msleep(forEver), ErrorCode.interrupted, "msleep");
            const ended = yield* user.waitpidNoHang(0);
            yield* user.check(ended.pid, child, "waitpid when it has ended");
            yield* user.check(ended.status, 9, "its status");
        });
        expect(failuresOf(image)).toEqual([]);
    });

    it("knows children only: not itself, init, a grandchild, or nobody", () => {
        const image = program("whose", function* (user) {
            const child = yield* forkChild(user);
            if (child === 0) {
                const grandchild = yield* sleepingChild(user, 30, 0);
                yield* user.check(grandchild, 4, "pid of the grandchild");
                yield* reapChild(user, grandchild);
                yield* user.exit(0);
            }
            yield* user.msleep(settleMilliseconds);
            for (const pid of [1, 2, 4, 5, 15, 16, 1000, -1, -4]) {
                const { pid: found } = yield* user.waitpid(pid);
                yield* user.check(found, ErrorCode.noChild, `waitpid of ${pid}`);
            }
            yield* reapChild(user, child);
        });
        expect(failuresOf(image)).toEqual([]);
    });

    it("leaves the child to be waited for when there is no room for its status", () => {
        const image = program("room", function* (user) {
            const child = yield* sleepingChild(user, 0, 5);
            for (const address of [0x1000, 0x10_0000, 2 ** 46, -4096]) {
                const result = yield* user.waitpidAt(child, address, 0);
                yield* user.check(result, ErrorCode.badAddress, `waitpid to ${address}`);
            }
            yield* reapChild(user, child, 5);
            const other = yield* sleepingChild(user, 0, 6);
            yield* user.check(yield* user.waitpidAt(other, 0, 0), other, "waitpid to nowhere");
            yield* expectNoChild(user);
        });
        expect(failuresOf(image)).toEqual([]);
    });

    it("returns the pid of a child that was reaped, also when there is no room any more", () => {
        const segmentAddress = 0x5000_0000;
        const detaches: ThreadFunction = function* (user) {
            yield* user.msleep(settleMilliseconds);
            yield* user.check(yield* user.shmdt(segmentAddress), 0, "shmdt");
            yield* advance(user, done);
        };
        const image = program(
            "lost",
            function* (user) {
                const segment = yield* user.succeed(yield* user.shmget(0), "shmget");
                const at = yield* user.shmat(segment, segmentAddress);
                yield* user.check(at, segmentAddress, "shmat");
                const child = yield* sleepingChild(user, 5 * settleMilliseconds, 5);
                yield* startThread(user, detaches, 0, 0);
                const result = yield* user.waitpidAt(child, segmentAddress, 0);
                if (result === ErrorCode.badAddress) {
                    // It was late, and the room gone when it asked.
                    yield* reapChild(user, child, 5);
                } else {
                    yield* user.check(result, child, "waitpid");
                }
                yield* expectNoChild(user);
                yield* awaitCount(user, done, 1);
            },
            { dataBytes, threads: [detaches] },
        );
        expect(failuresOf(image)).toEqual([]);
    });

    it("of one child by two threads gives it to one, and E_CHILD to the other", () => {
        expect(failuresOf(twoWait((child) => [child, child], 1))).toEqual([]);
        expect(failuresOf(twoWait((child) => [child, 0], 1))).toEqual([]);
    });

    it("of any child by two threads gives each one of two", () => {
        expect(failuresOf(twoWait(() => [0, 0], 2))).toEqual([]);
    });

    it("hangs when the end of a child wakes nobody (canary)", () => {
        const makeKernel = (options: KernelOptions) => {
            const kernel = new Kernel(options);
            kernel.init.childEvents.wakeAll = nothing;
            return kernel;
        };
        const image = twoWait(() => [0, 0], 2);
        expect(failuresOf(image, fewSettings, { makeKernel })).not.toEqual([]);
    });
});

function* nothing(): Steps {}

/** Two threads wait while children end; each child is one's, and who has none has E_CHILD. */
function twoWait(pidsFor: (child: number) => readonly number[], childCount: number) {
    const waiter: ThreadFunction = function* (user, index) {
        const pid = yield user.load(results + 4 * index);
        const ended = yield* user.waitpid(pid);
        yield user.store(results + 4 * index, ended.pid);
        yield* advance(user, done);
    };
    return program(
        "two",
        function* (user) {
            const children: number[] = [];
            for (let index = 0; index < childCount; index++) {
                children.push(yield* sleepingChild(user, 10, 0));
            }
            for (const [index, pid] of pidsFor(children[0]).entries()) {
                yield user.store(results + 4 * index, pid);
                yield* startThread(user, waiter, index, index);
            }
            yield* awaitCount(user, done, 2);
            const found = [yield* user.loadInt(results), yield* user.loadInt(results + 4)];
            const none = 2 - childCount;
            const expected = [...new Array<number>(none).fill(ErrorCode.noChild), ...children];
            const sorted = (pids: readonly number[]) => pids.toSorted((a, b) => a - b).join();
            yield* user.check(sorted(found), sorted(expected), "what the threads found");
            yield* expectNoChild(user);
        },
        { dataBytes, threads: [waiter] },
    );
}

describe("an orphan", () => {
    it("is init's child, which learns its end; also when it had ended already", () => {
        const image = program("orphans", function* (user) {
            yield* user.check(yield* user.getppid(), 1, "getppid of the first process");
            const child = yield* forkChild(user);
            if (child === 0) {
                // One has ended, and is never waited for; the other goes on.
                yield* sleepingChild(user, 0, 0);
                yield* user.msleep(settleMilliseconds);
                const [fromChild, toParent] = yield* user.pipe();
                if ((yield* forkChild(user)) === 0) {
                    yield* user.check(yield* user.getppid(), 3, "getppid");
                    yield* user.writeText(toParent, "x");
                    yield* user.msleep(settleMilliseconds);
                    yield* user.check(yield* user.getppid(), 1, "getppid of an orphan");
                    yield* user.exit(0);
                }
                yield* user.check(yield* user.readText(fromChild, 1), "x", "read");
                yield* user.exit(0);
            }
            yield* user.check(child, 3, "fork");
            yield* reapChild(user, child);
            yield* expectNoChild(user);
            yield* user.msleep(5 * settleMilliseconds);
        });
        expect(failuresOf(image)).toEqual([]);
        const run = makeRun(image, { cpuCount: 2, schedule: "round-robin", seed: 1 });
        run.finish();
        expect(run.kernel.endedProcesses).toEqual([
            { pid: 4, name: "orphans", status: 0, isFirst: false },
            { pid: 5, name: "orphans", status: 0, isFirst: false },
            { pid: 2, name: "orphans", status: 0, isFirst: true },
        ]);
    });

    it("makes the run fail when it ends badly after the first program", () => {
        const image = program("bad", function* (user) {
            yield* sleepingChild(user, 50, 4);
        });
        const run = makeRun(image, { cpuCount: 2, schedule: "round-robin", seed: 1 });
        expect(run.finish()).toEqual({
            kind: "failed",
            message: "process 3 (bad) ended with status 4",
        });
    });
});

describe("msleep", () => {
    it("ends with 0 after its time, which is whole ticks of 10 ms, and not before", () => {
        const image = program("ticks", function* (user) {
            for (const [milliseconds, tickCount] of [
                [0, 0],
                [1, 1],
                [10, 1],
                [11, 2],
                [100, 10],
                [640, 64],
                [650, 65],
            ]) {
                const before = (yield* user.getusage()).ticks;
                yield* user.check(yield* user.msleep(milliseconds), 0, "msleep");
                const slept = (yield* user.getusage()).ticks - before;
                const isSo = slept === tickCount || slept === tickCount + 1;
                yield* user.assert(isSo, `msleep(${milliseconds}) is ${slept} ticks`);
            }
        });
        expect(failuresOf(image)).toEqual([]);
    });

    it("ends with E_INTR when a child ends meanwhile, not for one that had ended before", () => {
        const image = program("children", function* (user) {
            const first = yield* sleepingChild(user, 0, 0);
            yield* user.check(yield* user.msleep(1000), ErrorCode.interrupted, "msleep");
            yield* user.check(yield* user.msleep(30), 0, "msleep with a child that has ended");
            const second = yield* sleepingChild(user, 10, 0);
            yield* user.check(yield* user.msleep(1000), ErrorCode.interrupted, "msleep, again");
            yield* reapChild(user, first);
            yield* reapChild(user, second);
            yield* user.check(yield* user.msleep(30), 0, "msleep without children");
        });
        const isLate = ({ schedule }: { schedule: string }) => schedule.startsWith("pct");
        // Under pct the first child may end before the first msleep.
        const where = fewSettings.filter((setting) => !isLate(setting));
        expect(failuresOf(image, where)).toEqual([]);
    });

    it("is not ended by grandchildren, also when they become init's", () => {
        const image = program("grand", function* (user) {
            const child = yield* forkChild(user);
            if (child === 0) {
                yield* sleepingChild(user, 10, 0);
                yield* user.msleep(forEver);
                yield* user.msleep(50);
                yield* user.exit(0);
            }
            yield* user.check(yield* user.msleep(forEver), ErrorCode.interrupted, "msleep");
            const ended = yield* user.waitpidNoHang(child);
            yield* user.check(ended.pid, child, "waitpid when msleep was interrupted");
        });
        expect(failuresOf(image)).toEqual([]);
    });
});
