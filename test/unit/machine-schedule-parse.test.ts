import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SeededChoices } from "../../src/base/choices.ts";
import { StateFields } from "../../src/base/state.ts";
import { UserError } from "../../src/base/user-error.ts";
import { parseSchedule } from "../../src/machine/schedule/parse-schedule.ts";
import {
    formatRuns,
    parseRuns,
    RecordedSchedule,
    ScheduleRecorder,
} from "../../src/machine/schedule/recorded.ts";

const nameOf = (text: string) => parseSchedule(text)(new SeededChoices(1)).name;

/** What is wrong with a name. */
function problemOf(text: string): string {
    try {
        parseSchedule(text);
    } catch (error) {
        expect(error).toBeInstanceOf(UserError);
        expect((error as UserError).exitCode).toBe(2);
        return (error as UserError).message;
    }
    return "none";
}

describe("a schedule's name", () => {
    it.each([
        ["round-robin", "round-robin"],
        ["round-robin:100", "round-robin"],
        ["round-robin:7", "round-robin:7"],
        ["random", "random"],
        ["random:40", "random"],
        ["random:80", "random:80"],
        ["pct:3", "pct:3"],
        ["pct:3:100000", "pct:3"],
        ["pct:3:200000", "pct:3:200000"],
        ["pct:1:4294967296", "pct:1:4294967296"],
        ["preempt:", "preempt:"],
        ["preempt", "preempt:"],
        ["preempt:1@0", "preempt:1@0"],
        ["preempt:1@1234.0@1300", "preempt:1@1234.0@1300"],
        ["replay:0x120.1x7", "replay:0x120.1x7"],
        ["replay:15x1", "replay:15x1"],
        ["replay:", "replay:"],
        ["replay", "replay:"],
    ])("%s makes the schedule %s", (text, name) => {
        expect(nameOf(text)).toBe(name);
        expect(nameOf(name)).toBe(name);
    });

    it.each([
        [
            "",
            'no schedule is named ""; there are round-robin[:OPERATIONS], ' +
                "random[:OPERATIONS], pct:DEPTH[:LENGTH], preempt:POINTS and replay:RUNS",
        ],
        [
            "fair:3",
            'no schedule is named "fair"; there are round-robin[:OPERATIONS], ' +
                "random[:OPERATIONS], pct:DEPTH[:LENGTH], preempt:POINTS and replay:RUNS",
        ],
        ["pct", "pct: the depth is a number from 1 to 100: it is missing"],
        ["pct:", 'pct: the depth is a number from 1 to 100: not ""'],
        ["pct:0", 'pct: the depth is a number from 1 to 100: not "0"'],
        ["pct:101", 'pct: the depth is a number from 1 to 100: not "101"'],
        [
            "pct:3:-1",
            "pct: the length of the run in operations is a number from 1 to 4294967296: " +
                'not "-1"',
        ],
        ["pct:3:4:5", "pct has a depth and a length and no more, as pct:3:100000"],
        [
            "round-robin:x",
            'round-robin: the operations of a turn is a number from 1 to 1000000000: not "x"',
        ],
        [
            "random:01",
            'random: the most operations of a burst is a number from 1 to 1000000000: not "01"',
        ],
        [
            "preempt:16@3",
            'not a preemption: "16@3" is not a CPU (0 to 15), "@" and a number of operations',
        ],
        [
            "preempt:1@3.",
            'not a preemption: "" is not a CPU (0 to 15), "@" and a number of operations',
        ],
        ["preempt:1@30.0@30", "preemptions come one after the other, each after more operations"],
        [
            "replay:0x1.16x1",
            'not a recorded schedule: "16x1" is not a CPU (0 to 15), "x" and a number ' +
                "of operations",
        ],
        [
            "replay:0x0",
            'not a recorded schedule: "0x0" is not a CPU (0 to 15), "x" and a number ' +
                "of operations",
        ],
        [
            `replay:${"9".repeat(90)}`,
            `not a recorded schedule: "${"9".repeat(40)}" is not a CPU (0 to 15), "x" and ` +
                "a number of operations",
        ],
    ])("%j is refused in words", (text, problem) => {
        expect(problemOf(text)).toBe(problem);
    });

    it("of any kind makes a schedule or a message, whatever it is", () => {
        const anyName = fc.tuple(
            fc.constantFrom("pct:", "random:", "preempt:", "replay:", "round-robin:", ""),
            fc.string({ maxLength: 12, unit: fc.constantFrom(..."0123456789x@.:-e ") }),
        );
        fc.assert(
            fc.property(anyName, ([kind, rest]) => {
                const problem = problemOf(kind + rest);
                if (problem === "none") {
                    expect(nameOf(nameOf(kind + rest))).toBe(nameOf(kind + rest));
                }
            }),
            { seed: 33_003, numRuns: 500 },
        );
    });
});

describe("a recording", () => {
    const anyRuns = fc.array(
        fc.record({
            cpu: fc.integer({ min: 0, max: 15 }),
            operations: fc.integer({ min: 1, max: 999_999_999_999_999 }),
        }),
    );

    it("is the same after it was written and read", () => {
        fc.assert(
            fc.property(anyRuns, (runs) => {
                expect(parseRuns(formatRuns(runs))).toEqual(runs);
            }),
            { seed: 33_004 },
        );
    });

    it("joins what a CPU did on end", () => {
        const recorder = new ScheduleRecorder();
        for (const [cpu, operations] of [
            [0, 3],
            [0, 4],
            [1, 1],
            [0, 2],
        ]) {
            recorder.retired(cpu, operations);
        }
        expect(formatRuns(recorder.runs)).toBe("0x7.1x1.0x2");
    });

    it("counts where it asks for a CPU that cannot run, and takes the next one", () => {
        const schedule = new RecordedSchedule(parseRuns("0x5.3x2.1x4"));
        const decisions = [0b0001, 0b0011, 0b0011, 0b0111, 0b0111].map((runnable) => {
            schedule.decide(runnable);
            return [schedule.cpu, schedule.operations];
        });
        expect(decisions).toEqual([
            [0, 5],
            [0, 2],
            [1, 4],
            [2, 100],
            [0, 100],
        ]);
        expect(schedule.divergences).toBe(1);
        const again = new RecordedSchedule(parseRuns("0x5.3x2.1x4"));
        again.load(new StateFields(schedule.save(), "test"));
        again.decide(0b0111);
        expect([again.cpu, again.operations, again.divergences]).toEqual([1, 100, 1]);
    });
});
