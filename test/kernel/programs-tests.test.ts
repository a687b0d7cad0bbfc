/**
 * The programs that test the kernel: each passes under every schedule, and fails on a kernel with
 * the fault that it is to meet, which is how it is known that it tests anything.
 */
import { describe, expect, it } from "vitest";
import { KernelRun, type KernelRunOptions } from "../../src/crash/kernel-run.ts";
import { type FaultName, plantedFaults } from "../../src/kernel/faults.ts";
import { parseSchedule } from "../../src/machine/schedule/parse-schedule.ts";
import { allPrograms, bootFiles } from "../../src/programs/index.ts";

/** What each program leaves on the screen, on one CPU, where the order of lines is certain. */
const screens: Readonly<Record<string, readonly string[]>> = {
    allocexit: ["allocexit succeeded!"],
    nastyalloc: ["nastyalloc succeeded!"],
    testeintr: ["testeintr succeeded!"],
    testforksimple: [
        "",
        "testforksimple 2 [3] 2 [4] 2 succeeded!",
        "testforksimple 2 [0] 3 [5] 3 succeeded!",
        "testforksimple 2 [3] 2 [0] 4 succeeded!",
        "testforksimple 2 [0] 3 [0] 5 succeeded!",
    ],
    testfutex: [
        "T3 (P2): starting thread1a",
        "T4 (P2): thread1b, about to start sleeping",
        "T4 (P2): waking from sleep, setting value to 2",
        "thread1a waking up!!",
        "Basic test futex finished",
    ],
    testfutexshm: [
        "starting parent",
        "starting child",
        "child finished",
        "parent waking up!!",
        "parent finished",
    ],
    testgetusage: ["testgetusage succeeded!"],
    testhalt: [
        "0",
        "1",
        "2",
        "testhalt succeeds if you see 0-2 above and the machine halts after a second",
    ],
    testkalloc: ["testkalloc succeeded!"],
    testmemfs: ["testmemfs succeeded!"],
    testmsleep: [
        "1 [pid 2]",
        "2 [pid 3]",
        "3 [pid 4]",
        "4 [pid 6]",
        "5 [pid 5]",
        "6 [pid 7]",
        "7 [pid 8]",
        "8 [pid 9]",
        "You should see lines numbered 1-8 in order.",
        "testmsleep succeeded!",
    ],
    testpipe: ["testpipe succeeded!"],
    testppid: [
        "ppid tests without exit succeeded!",
        "ppid tests with exit succeeded!",
        "testppid succeeded!",
    ],
    testshm: ["Shared value : 15", "testshm successful"],
    testthread: [
        "T3 (P2): a thread",
        "T2 (P2): simple thread tests succeeded!",
        "T2 (P2): checking automated texit",
        "T2 (P2): checking that exit exits all threads",
        "T2 (P2): checking that implicit texit sets status",
        "testthread succeeded!",
    ],
    testvfs: ["0 1 2 3 4 5 6 7 8 9 10", "If you see 0-10 in sequence, testvfs succeeded."],
    testzombie: [
        ...[1, 2, 3, 4, 5, 6, 7, 8].flatMap((round) => [
            `making zombies, round ${round}...`,
            "zombies hopefully being reaped",
        ]),
        "testzombie succeeded!",
    ],
};

/** Lines by which the other programs end. */
const lastLines: Readonly<Record<string, string>> = {
    ktestwait: "ktestwait succeeded!",
    testrwaddr: "testrwaddr succeeded!",
    testwaitpid: "testwaitpid succeeded!",
};

const names = [...Object.keys(screens), ...Object.keys(lastLines)];
/** testrwaddr reads the keyboard. */
const keys = "a few\nanother few\n";

const passed = { kind: "passed", message: "the program and all orphans ended with status 0" };

function makeRun(name: string, cpuCount: number, schedule: string, seed: number): KernelRun {
    const options = { command: [name], cpuCount, schedule: parseSchedule(schedule), seed };
    return new KernelRun(name === "testrwaddr" ? { ...options, keys } : options);
}

/** All lines, those that scrolled away too. */
function linesOf({ machine }: KernelRun): readonly string[] {
    return [...machine.console.textSince(0).lines, ...machine.console.usedRows()];
}

describe("the test programs", () => {
    it.each(Object.entries(screens))("%s says what it has found", (name, lines) => {
        const run = makeRun(name, 1, "round-robin", 1);
        expect([run.finish(), linesOf(run)]).toEqual([passed, lines]);
    });

    it.each(Object.entries(lastLines))("%s ends by saying that it succeeded", (name, line) => {
        const run = makeRun(name, 2, "round-robin", 1);
        expect([run.finish(), linesOf(run).at(-1)]).toEqual([passed, line]);
    });

    it.each(names)("%s passes on 1, 2, 4 and 8 CPUs under schedules by chance", (name) => {
        const outcomes = [1, 2, 4, 8].flatMap((cpuCount) =>
            ["random", "pct:3:10000"].map((schedule) =>
                makeRun(name, cpuCount, schedule, cpuCount).finish(),
            ),
        );
        expect(outcomes).toEqual(outcomes.map(() => passed));
    });

    it.each(["allocexit", "nastyalloc", "testkalloc"])("%s passes with little memory", (name) => {
        // The files take what they take; beyond them there are a few dozen pages above 1 MiB.
        const { imageEnd } = new KernelRun({ command: [name], seed: 1 }).kernel.files;
        const memoryBytes = Math.ceil((imageEnd + 2 ** 13) / 2 ** 16) * 2 ** 16;
        const run = new KernelRun({ command: [name], seed: 1, memoryBytes });
        expect(run.finish()).toEqual(passed);
    });

    it("testmutex loses counts on two CPUs without the mutex, and none with it", () => {
        const run = makeRun("testmutex", 2, "round-robin", 1);
        expect(run.finish()).toEqual(passed);
        const [without = "", withMutex, last] = linesOf(run);
        expect(without).toMatch(/^Sum result! [0-9]+$/);
        expect(Number(without.slice("Sum result! ".length))).toBeLessThan(400_000);
        expect([withMutex, last]).toEqual(["Sum result! 400000", "testmutex done!"]);
    });

    it("testppid asks to be the first program, when another one runs it", () => {
        const run = new KernelRun({ command: ["sh", "-c", "testppid || echo no"], seed: 1 });
        expect([run.finish(), linesOf(run)]).toEqual([
            passed,
            ["testppid: it must be the first program, for its parent is to be init", "no"],
        ]);
    });
});

describe("the test programs on kernels with a planted fault", () => {
    /** How the kernel or the program notices, whatever the numbers. */
    const symptoms: Readonly<Record<FaultName, RegExp>> = {
        "futex-check-before-lock": /^deadlock: every task waits\n.*\n.*testfutex\) waits for futex/,
        "wait-check-before-enqueue": /^deadlock: every task waits\n.*\n.*testpipe\) waits for/,
        "exit-frees-running-task": /^the stack page of T\d+ \(P\d+, testthread\) was overwritten/,
        "futex-virtual-key": /^deadlock: every task waits\n.*\n.*testfutexshm\) waits for futex/,
        "fork-forgets-shared-reference": /shared segment \d+ is let go of as often as/,
    };
    const maxSeed = 300;

    it.each(plantedFaults)("$foundBy meets $name", ({ name, foundBy }) => {
        const options = { command: [foundBy], faults: [name], schedule: parseSchedule("random") };
        expect(firstFailure(options)).toMatch(symptoms[name]);
    });

    /** The message of the first seed's run that does not pass. */
    function firstFailure(options: Omit<KernelRunOptions, "seed">): string | undefined {
        for (let seed = 1; seed <= maxSeed; seed++) {
            const { kind, message } = new KernelRun({ ...options, seed }).finish();
            if (kind !== "passed") {
                return message;
            }
        }
        return undefined;
    }
});

describe("the list of programs", () => {
    it("is sorted by name, without duplicates", () => {
        const sorted = [...new Set(allPrograms.map(({ name }) => name))].sort();
        expect(allPrograms.map(({ name }) => name)).toEqual(sorted);
    });

    it("has a file for each program, which names it, and texts", () => {
        const texts = new Map([...bootFiles].map(([name, bytes]) => [name, latin1(bytes)]));
        for (const { name } of allPrograms) {
            expect(texts.get(name)).toBe(`#!program ${name}\n`);
        }
        expect(texts.get("emerson.txt")).toHaveLength(130);
        expect(bootFiles.size).toBe(allPrograms.length + 3);
    });

    function latin1(bytes: Uint8Array): string {
        return String.fromCharCode(...bytes);
    }
});

describe("programs of two machines in one process", () => {
    it("know nothing of each other: runs by turns end as each does alone", () => {
        const alone = ["testthread", "testpipe"].map((name) =>
            summary(name, (run) => run.finish()),
        );
        const runs = ["testthread", "testpipe"].map((name) => makeRun(name, 2, "random", 7));
        while (runs.some((run) => run.advance({ operations: 1000 }) === undefined)) {
            // Both go on, by turns.
        }
        expect(runs.map((run) => [run.operations, linesOf(run)])).toEqual(alone);
    });

    function summary(name: string, finish: (run: KernelRun) => unknown) {
        const run = makeRun(name, 2, "random", 7);
        finish(run);
        return [run.operations, linesOf(run)];
    }
});
