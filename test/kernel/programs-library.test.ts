/** The library that programs are written with: checks and their messages, locals, text, locks. */
import { describe, expect, it } from "vitest";
import { KernelRun } from "../../src/crash/kernel-run.ts";
import { UserAddress } from "../../src/kernel/interface/constants.ts";
import type { ProgramImage } from "../../src/kernel/interface/program-image.ts";
import { parseSchedule } from "../../src/machine/schedule/parse-schedule.ts";
import { advance, awaitCount } from "../../src/programs/library/event-count.ts";
import { Mutex } from "../../src/programs/library/mutex.ts";
import { type MainFunction, program } from "../../src/programs/library/program.ts";
import { Random } from "../../src/programs/library/random.ts";
import type { Steps } from "../../src/programs/library/steps.ts";
import { startThread } from "../../src/programs/library/threads.ts";
import type { User } from "../../src/programs/library/user.ts";

const passed = { kind: "passed", message: "the program and all orphans ended with status 0" };
const panicked = {
    kind: "failed",
    message: "PANIC: process 2 (probe) called sys_panic()",
};

function runProgram(image: ProgramImage, schedule = "round-robin", seed = 1): KernelRun {
    const { name } = image;
    const options = { command: [name, "an", "argument"], programs: [image], seed };
    return new KernelRun({ ...options, schedule: parseSchedule(schedule) });
}

function runMain(main: MainFunction) {
    const run = runProgram(program("probe", main));
    const { kind, message } = run.finish();
    return { outcome: { kind, message }, rows: run.machine.console.usedRows() };
}

describe("a check", () => {
    it.each([
        ["a number", (user: User) => user.check(3, 4, "sum"), "sum: expected 4, got 3"],
        [
            "an error",
            (user: User) => user.check(-32, 4, "write"),
            "write: expected 4, got -32 (E_PIPE)",
        ],
        [
            "an error that has no name",
            (user: User) => user.check(-99, -14, "write"),
            "write: expected -14 (E_FAULT), got -99 (error -99)",
        ],
        [
            "a text",
            (user: User) => user.check("a\n", "b", "read"),
            'read: expected "b", got "a\\n"',
        ],
        ["an assertion", (user: User) => user.assert(false, "it is so"), "not so: it is so"],
        ["a call", (user: User) => user.succeed(-12, "fork"), "fork: -12 (E_NOMEM)"],
    ] as const)("of %s that fails says what, and ends the run as failed", (_, fails, message) => {
        const { outcome, rows } = runMain(function* (user) {
            yield* fails(user);
            yield* user.print("it went on\n");
        });
        expect([outcome, rows]).toEqual([panicked, [`probe: ${message}`]]);
    });

    it("says it on the last row of the screen when standard error is closed", () => {
        const { outcome, rows } = runMain(function* (user) {
            yield* user.close(2);
            yield* user.check(1, 2, "one");
        });
        expect([outcome, rows.length, rows.at(-1)]).toEqual([
            panicked,
            25,
            "probe: one: expected 2, got 1",
        ]);
    });

    it("that holds says nothing", () => {
        const { outcome, rows } = runMain(function* (user) {
            yield* user.check(2, 2, "two");
            yield* user.assert(true, "it is so");
            yield* user.check(yield* user.succeed(7, "call"), 7, "result");
        });
        expect([outcome, rows]).toEqual([passed, []]);
    });
});

describe("a program", () => {
    it("has its arguments, and ends with what main returns", () => {
        const { outcome, rows } = runMain(function* (user) {
            yield* user.print(`${(yield* user.argv()).join("|")}\n`);
            return 5;
        });
        expect([outcome, rows]).toEqual([
            { kind: "failed", message: "process 2 (probe) ended with status 5" },
            ["probe|an|argument"],
        ]);
    });

    it("has locals on its stack, and text of any length in its memory", () => {
        const { outcome } = runMain(function* (user) {
            const top = user.stackPointer;
            const word = yield* user.localWord(-2);
            yield* user.check(yield* user.loadInt(word), -2, "word");
            yield* user.check(yield user.load(word), 2 ** 32 - 2, "unsigned word");
            for (const text of ["", "a", "abc", "abcd", "abcde", "\x80\xff\x01\x7f!"]) {
                const address = yield* user.localString(text);
                yield* user.check(yield* user.loadString(address), text, "string");
                yield* user.check(yield* user.loadBytes(address, text.length), text, "bytes");
            }
            const isBelow = user.stackPointer < top && user.stackPointer % 8 === 0;
            yield* user.assert(isBelow, "the stack grows down");
        });
        expect(outcome).toEqual(passed);
    });

    it("writes into the screen's cells by itself", () => {
        const { rows } = runMain(function* (user) {
            yield* user.consolePrint(2, 3, "there");
        });
        expect(rows).toEqual(["", "", "   there"]);
    });

    it("has random numbers that depend on the seed alone", () => {
        const draw = (seed: number) => {
            const random = new Random(seed);
            return Array.from({ length: 1000 }, () => random.below(10));
        };
        expect(draw(2)).toEqual(draw(2));
        expect(draw(2)).not.toEqual(draw(3));
        expect(new Set(draw(2)).size).toBe(10);
    });
});

/** Globals of the programs below, a word each. */
const sum = UserAddress.data;
const lockWord = UserAddress.data + 4;
const done = UserAddress.data + 8;
const incrementCount = 15;

/** What the threads below need of a mutex. */
interface Lock {
    lock(): Steps;
    unlock(): Steps;
}

/** Three threads add to a sum under a lock; the sum is checked. */
function countingProgram(makeLock: (user: User) => Lock): ProgramImage {
    function* counter(user: User): Steps {
        const lock = makeLock(user);
        for (let count = 0; count < incrementCount; count++) {
            yield* lock.lock();
            const old = yield user.load(sum);
            yield user.store(sum, old + 1);
            yield* lock.unlock();
        }
        yield* advance(user, done);
    }
    function* main(user: User): Steps {
        for (let index = 0; index < 3; index++) {
            yield* startThread(user, counter, 0, index);
        }
        yield* awaitCount(user, done, 3);
        yield* user.check(yield user.load(sum), 3 * incrementCount, "sum");
    }
    return program("probe", main, { dataBytes: 12, threads: [counter] });
}

/** Takes the word with 1 after it slept, so that who else sleeps is forgotten. */
class ForgetfulMutex extends Mutex {
    readonly #user: User;

    constructor(user: User) {
        super(user, lockWord);
        this.#user = user;
    }

    override *lock(): Steps {
        while ((yield this.#user.context.compareExchange(lockWord, 4, 0, 1)) !== 0) {
            yield this.#user.context.compareExchange(lockWord, 4, 1, 2);
            yield* this.#user.futexWait(lockWord, 2);
        }
    }
}

const noLock: Lock = { *lock() {}, *unlock() {} };

describe("the mutex", () => {
    const seeds = Array.from({ length: 25 }, (_, index) => index + 1);

    /** How the runs of a program end, each way once. */
    function endings(image: ProgramImage): readonly string[] {
        const kinds = ["random", "random:3"].flatMap((schedule) =>
            seeds.map((seed) => runProgram(image, schedule, seed).finish().kind),
        );
        return [...new Set(kinds)].sort();
    }

    it("loses no count and leaves nobody asleep", () => {
        expect(endings(countingProgram((user) => new Mutex(user, lockWord)))).toEqual(["passed"]);
    });

    it("would be caught if it forgot who sleeps", () => {
        const image = countingProgram((user) => new ForgetfulMutex(user));
        expect(endings(image)).toEqual(["deadlock", "passed"]);
    });

    it("would be caught if it did nothing", () => {
        expect(endings(countingProgram(() => noLock))).toContain("failed");
    });
});
