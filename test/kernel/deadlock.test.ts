/** When nothing can happen any more the kernel says who waits for what; and only then. */
import { describe, expect, it } from "vitest";
import { forkChild } from "../../src/programs/library/children.ts";
import { program } from "../../src/programs/library/program.ts";
import type { Steps } from "../../src/programs/library/steps.ts";
import { startThread } from "../../src/programs/library/threads.ts";
import type { User } from "../../src/programs/library/user.ts";
import { makeRun, settings } from "../support/kernel-settings.ts";
import { dataBytes, word } from "../support/kernel-words.ts";

const one = { cpuCount: 2, schedule: "round-robin", seed: 1 };
const passed = { kind: "passed", message: "the program and all orphans ended with status 0" };
/** Words that are 0, and that nobody ever writes. */
const left = word(0);
const right = word(1);

function* waits(user: User, address: number): Steps {
    yield* user.futexWait(address, 0);
}

const embrace = program(
    "embrace",
    function* (user) {
        yield* startThread(user, waits, left, 0);
        yield* waits(user, right);
    },
    { dataBytes, threads: [waits] },
);

/** Waits in `seconds` steps, and then for ever. */
function lingers(seconds: number) {
    return program("lingers", function* (user) {
        yield* user.msleep(1000 * seconds);
        yield* user.readText(0, 10);
    });
}

describe("tasks that wait for each other", () => {
    it.each(settings([1, 2, 4], 3))(
        "are reported, whatever the schedule: $cpuCount CPUs, $schedule, seed $seed",
        (where) => {
            const { kind, message } = makeRun(embrace, where).finish();
            expect({ kind, message }).toEqual({
                kind: "deadlock",
                message: [
                    "deadlock: every task waits",
                    "  T1 (P1, init) waits for a child",
                    "  T2 (P2, embrace) waits for futex 0x101004 (value 0)",
                    "  T3 (P2, embrace) waits for futex 0x101000 (value 0)",
                ].join("\n"),
            });
        },
    );

    it("are reported with what they wait for: pipes, children, the keyboard", () => {
        const image = program("knot", function* (user) {
            const [emptyEnd] = yield* user.pipe();
            const [, fullEnd] = yield* user.pipe();
            // All have all ends, so that nobody finds one closed.
            const reader = yield* forkChild(user);
            if (reader === 0) {
                yield* user.readText(emptyEnd, 1);
            }
            const writer = yield* forkChild(user);
            if (writer === 0) {
                yield* user.writeText(fullEnd, "x".repeat(513));
            }
            yield* user.readText(0, 1);
        });
        expect(makeRun(image, one).finish().message).toBe(
            [
                "deadlock: every task waits",
                "  T1 (P1, init) waits for a child",
                "  T2 (P2, knot) waits for a line from the keyboard",
                "  T3 (P3, knot) waits for pipe 1 to be written",
                "  T4 (P4, knot) waits for pipe 2 to be read",
            ].join("\n"),
        );
    });

    it("are not reported as long as one of them waits for a time", () => {
        const image = program(
            "late",
            function* (user) {
                yield* startThread(user, waits, left, 0);
                yield* user.check(yield* user.msleep(60_000), 0, "msleep");
                yield* user.check(yield* user.futexWake(left, 1), 1, "futex WAKE");
                yield* user.msleep(20);
            },
            { dataBytes, threads: [waits] },
        );
        expect(makeRun(image, one).finish()).toEqual(passed);
    });
});

describe("a task that waits for a key", () => {
    it("is not a deadlock while keys may come", () => {
        const run = makeRun(lingers(0), one, { keyboardIsOpen: true });
        expect(run.advance({ untilNs: 30_000_000_000 })).toBeUndefined();
        run.machine.keyboard.keyboard.type("\n");
        expect(run.finish()).toEqual(passed);
    });

    it("is not a deadlock while keys that were typed are on their way", () => {
        expect(makeRun(lingers(0), one, { keys: "a line\n" }).finish()).toEqual(passed);
        expect(makeRun(lingers(3), one, { keys: "a line\n" }).finish()).toEqual(passed);
    });

    it("is one when nobody is there to type", () => {
        const { kind, message } = makeRun(lingers(1), one).finish();
        expect({ kind, message }).toEqual({
            kind: "deadlock",
            message: [
                "deadlock: every task waits",
                "  T1 (P1, init) waits for a child",
                "  T2 (P2, lingers) waits for a line from the keyboard",
            ].join("\n"),
        });
    });

    it("is one, too, when the line that was typed has no end (canary)", () => {
        expect(makeRun(lingers(0), one, { keys: "no line" }).finish().kind).toBe("deadlock");
    });
});

describe("a program that runs for ever", () => {
    it("is no deadlock, and is given up when its time is over", () => {
        const image = program("spins", function* (user) {
            for (;;) {
                yield user.context.pause();
            }
        });
        expect(makeRun(image, one, { limitNs: 50_000_000 }).finish()).toEqual({
            kind: "time limit",
            message: "still running after 0.05 s of virtual time",
        });
    });
});
