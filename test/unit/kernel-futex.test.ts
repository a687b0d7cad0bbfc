/** Futexes, as programs meet them; the kernel looks for leaks after each. */
import { describe, expect, it } from "vitest";
import type { FaultName } from "../../src/kernel/faults.ts";
import type { UserContext } from "../../src/kernel/interface/program-image.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import { KernelDeadlock } from "../../src/kernel/panic.ts";
import {
    call,
    dataStart,
    futexOp,
    type ProgramRunOptions,
    runProgram,
    startThread,
    type ThreadBody,
    type UserSteps,
} from "../support/kernel-memory-programs.ts";

const [tryAgain, badAddress, invalid, timeOut] = [-11, -14, -22, -62];
const word = dataStart;
const { wait, wake, waitTimeout, requeue } = futexOp;

function* futex(user: UserContext, ...values: readonly number[]): UserSteps<number> {
    return yield user.systemCall(call.futex, ...values);
}

/** Runs a program that writes results down, in order. */
function resultsOf(
    body: (user: UserContext, note: (value: number) => void, kernel: Kernel) => UserSteps,
    options: Omit<ProgramRunOptions, "main"> = {},
): number[] {
    const noted: number[] = [];
    runProgram({
        ...options,
        *main(user, _argument, kernel) {
            yield* body(user, (value) => noted.push(value), kernel);
            return 0;
        },
    });
    return noted;
}

/** Lets others run until so many threads wait. */
function* untilWaiting(user: UserContext, kernel: Kernel, count: number): UserSteps {
    while (kernel.futexes.waiterCount !== count) {
        yield user.systemCall(call.yield);
    }
}

/** A thread that waits while the word at its argument is 0, and has the result for its status. */
const waiter: ThreadBody = (user, address) => futex(user, address, wait, 0);

describe("a futex call", () => {
    it("is E_INVAL for a word that is not aligned, or an operation that there is not", () => {
        const seen = resultsOf(function* (user, note) {
            for (const operation of [wait, wake, waitTimeout, requeue]) {
                note(yield* futex(user, word + 2, operation, 0, 0, word));
            }
            note(yield* futex(user, word, requeue, 0, 0, word + 1));
            for (const operation of [0, 5, -1, Number.NaN, 2 ** 32]) {
                note(yield* futex(user, word, operation, 0));
            }
        });
        expect(seen).toEqual(new Array(10).fill(invalid));
    });

    it("is E_FAULT for a word that is not there, also as the target of REQUEUE", () => {
        const addresses = [0, 0x1000, 0x2f_effc, 0x30_0000, 2 ** 47, -(2 ** 47), 2 ** 64 - 4096];
        const seen = resultsOf(function* (user, note) {
            for (const address of addresses) {
                note(yield* futex(user, address, wait, 0));
                note(yield* futex(user, address, wake, 1));
                note(yield* futex(user, word, requeue, 1, 1, address));
            }
        });
        expect(seen).toEqual(new Array(3 * addresses.length).fill(badAddress));
    });

    it("needs the word's own four bytes only, and may read it from read-only memory", () => {
        const seen = resultsOf(function* (user, note) {
            // The last word of the stack's page, and of all memory: nothing is behind them.
            yield user.systemCall(call.pageAlloc, 2 ** 47 - 4096);
            for (const address of [0x30_0000 - 4, 2 ** 47 - 4, 0x10_0000]) {
                const value = yield user.load(address, 4);
                note(yield* futex(user, address, wait, value + 1));
                note(yield* futex(user, address, wake, 1));
                note(yield* futex(user, address, waitTimeout, value, 1));
            }
        });
        expect(seen).toEqual([0, 1, 2].flatMap(() => [tryAgain, 0, timeOut]));
    });

    it("has no futex in the screen, which is nobody's page", () => {
        const seen = resultsOf(function* (user, note) {
            note(yield* futex(user, 0xb_8000, waitTimeout, 0, 0));
        });
        expect(seen).toEqual([badAddress]);
    });

    it("compares by 32 bits, whatever the sign", () => {
        const seen = resultsOf(function* (user, note) {
            yield user.store(word, 4, 0xffff_fffe);
            for (const value of [-2, 0xffff_fffe, 2 ** 32 + 0xffff_fffe, -1, 0xfffe, Number.NaN]) {
                note(yield* futex(user, word, waitTimeout, value, 0));
            }
        });
        expect(seen).toEqual([timeOut, timeOut, timeOut, tryAgain, tryAgain, tryAgain]);
    });

    it("wakes none when none waits, or none is asked for", () => {
        const seen = resultsOf(
            function* (user, note, kernel) {
                yield* startThread(user, 0, word, 0);
                yield* untilWaiting(user, kernel, 1);
                for (const count of [0, -1, -(2 ** 31), Number.NaN]) {
                    note(yield* futex(user, word, wake, count));
                }
                note(yield* futex(user, word + 4, wake, 9));
                note(yield* futex(user, word, wake, 2 ** 31 - 1));
            },
            { threads: [waiter] },
        );
        expect(seen).toEqual([0, 0, 0, 0, 0, 1]);
    });
});

describe("a wait with a time limit", () => {
    it("ends with E_TIME at the tick after its time is over, and not before", () => {
        const ticks = resultsOf(function* (user, note) {
            for (const milliseconds of [0, -5, 1, 10, 95, 250]) {
                yield user.systemCall(call.msleep, 1);
                const before = yield* now(user);
                const result = yield* futex(user, word, waitTimeout, 0, milliseconds);
                note(result === timeOut ? (yield* now(user)) - before : result);
            }
        });
        expect(ticks).toEqual([0, 0, 1, 1, 10, 25]);
    });

    it("ends with 0 when it is woken in time, and leaves no alarm", () => {
        const limited: ThreadBody = (user) => futex(user, word, waitTimeout, 0, 2_000_000_000);
        const seen = resultsOf(
            function* (user, note, kernel) {
                yield* startThread(user, 0, 0, 0);
                yield* untilWaiting(user, kernel, 1);
                note(yield* futex(user, word, wake, 1));
                while (kernel.wheel.armedCount > 0) {
                    yield user.systemCall(call.yield);
                }
            },
            { threads: [limited] },
        );
        expect(seen).toEqual([1]);
    });

    function* now(user: UserContext): UserSteps<number> {
        yield user.systemCall(call.getusage, dataStart + 128);
        return yield user.load(dataStart + 128, 4);
    }
});

describe("a word that is mapped twice", () => {
    /** A thread waits at one address, the other is woken. Returns how many were. */
    const meet = (faults: readonly FaultName[]) =>
        resultsOf(
            function* (user, note, kernel) {
                const id = yield user.systemCall(call.shmget, 0);
                const first = yield user.systemCall(call.shmat, id, 0);
                const second = yield user.systemCall(call.shmat, id, 0);
                yield* startThread(user, 0, first + 8, 0);
                yield* untilWaiting(user, kernel, 1);
                note(yield* futex(user, second + 8, wake, 1));
            },
            { threads: [waiter], faults },
        );

    it("is one futex", () => {
        expect(meet([])).toEqual([1]);
    });

    it("is two when the key is the virtual address: the test sees that", () => {
        expect(meet(["futex-virtual-key"])).toEqual([0]);
    });
});

describe("a thread that waits", () => {
    it("keeps its word's page when the program gives it up, and the new one is another", () => {
        const limited: ThreadBody = (user, address) => futex(user, address, waitTimeout, 0, 30);
        const place = 0x4000_0000;
        const seen = resultsOf(
            function* (user, note, kernel) {
                yield user.systemCall(call.pageAlloc, place);
                yield* startThread(user, 0, place, 0);
                yield* untilWaiting(user, kernel, 1);
                note(yield user.systemCall(call.pageAlloc, place));
                // Were the first page free, this would be it, and its words the same futexes.
                yield user.systemCall(call.pageAlloc, place + 4096);
                note(yield* futex(user, place, wake, 1));
                note(yield* futex(user, place + 4096, wake, 1));
                note(kernel.futexes.waiterCount);
                yield user.systemCall(call.msleep, 60);
                note(kernel.futexes.waiterCount);
            },
            { threads: [limited] },
        );
        expect(seen).toEqual([0, 0, 0, 1, 0]);
    });

    it("ends with its process, wherever it waits", () => {
        for (const schedule of ["round-robin:5", "random:9", "pct:3:4000"]) {
            for (let seed = 0; seed < 10; seed++) {
                const { status, kernel } = runProgram({
                    cpuCount: 4,
                    schedule,
                    seed,
                    threads: [waiter],
                    *main(user) {
                        for (let thread = 0; thread < 5; thread++) {
                            yield* startThread(user, 0, word + 4 * (thread % 2), thread);
                        }
                        yield* futex(user, word, requeue, 1, 1, word + 4);
                        return 7;
                    },
                });
                expect(status).toBe(7);
                expect(kernel.futexes.waiterCount).toBe(0);
            }
        }
    });

    it("for ever is named in the report of the deadlock", () => {
        const main: ThreadBody = function* (user) {
            yield user.store(word, 4, 17);
            return yield* futex(user, word, wait, 17);
        };
        const message =
            "deadlock: every task waits\n" +
            "  T1 (P1, init) waits for a child\n" +
            "  T2 (P2, test) waits for futex 0x101000 (value 17)";
        const run = () => runProgram({ main });
        expect(run).toThrow(message);
        expect(run).toThrow(KernelDeadlock);
    });
});

describe("threads that are moved", () => {
    /** In order: who came back from its wait. */
    const woken: number[] = [];
    const [here, there] = [dataStart, dataStart + 2 * 4096];
    /** Waits at one word or the other, by its argument. */
    const thread: ThreadBody = function* (user, argument) {
        yield* futex(user, argument < 10 ? here : there, wait, 0);
        woken.push(argument);
        return 0;
    };

    function* untilWoken(user: UserContext, count: number): UserSteps {
        while (woken.length < count) {
            yield user.systemCall(call.yield);
        }
    }

    it("queue behind those who wait already, also in another page, and are woken there", () => {
        woken.length = 0;
        const results = resultsOf(
            function* (user, note, kernel) {
                for (const [count, argument] of [1, 2, 3, 11].entries()) {
                    yield* startThread(user, 0, argument, count);
                    yield* untilWaiting(user, kernel, count + 1);
                }
                note(yield* futex(user, here, requeue, 1, 1, there));
                yield* untilWoken(user, 1);
                for (const [count, address] of [there, there, here].entries()) {
                    note(yield* futex(user, address, wake, 1));
                    yield* untilWoken(user, count + 2);
                }
                note(yield* futex(user, there, wake, 9));
            },
            { threads: [thread] },
        );
        expect(results).toEqual([2, 1, 1, 1, 0]);
        expect(woken).toEqual([1, 11, 2, 3]);
    });
});

describe("a thread that changes a word and wakes", () => {
    /** Sleeps while the word is 0. */
    const sleeper: ThreadBody = function* (user) {
        while ((yield user.load(word, 4)) === 0) {
            yield* futex(user, word, wait, 0);
        }
        return 0;
    };
    const main: ThreadBody = function* (user) {
        yield* startThread(user, 0, 0, 0);
        // About as long as the other thread takes to come to its call.
        for (let count = 0; count < 40; count++) {
            yield user.step();
        }
        yield user.store(word, 4, 1);
        yield* futex(user, word, wake, 1);
        yield user.systemCall(call.texit, 0);
        return 0;
    };
    /** Runs that deadlock, of so many. */
    const countDeadlocks = (schedule: string, runs: number, faults: readonly FaultName[] = []) => {
        let deadlocks = 0;
        for (let seed = 0; seed < runs; seed++) {
            try {
                runProgram({ main, threads: [sleeper], schedule, seed, faults });
            } catch (error) {
                if (!(error instanceof KernelDeadlock)) {
                    throw error;
                }
                deadlocks++;
            }
        }
        return deadlocks;
    };

    it.each(["random:4", "random:40", "pct:2:3000", "pct:3:3000"])(
        "is never missed under %s",
        (schedule) => {
            expect(countDeadlocks(schedule, 50)).toBe(0);
        },
    );

    it("is missed when the word is looked at before the lock is taken: the test sees that", () => {
        const faults = ["futex-check-before-lock"] as const;
        expect(countDeadlocks("random:40", 100, faults)).toBeGreaterThan(0);
    });
});
