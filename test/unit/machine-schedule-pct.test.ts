import { describe, expect, it } from "vitest";
import { RecordedChoices, SeededChoices } from "../../src/base/choices.ts";
import { StateFields } from "../../src/base/state.ts";
import type { Context } from "../../src/machine/cpu/context.ts";
import type { Program } from "../../src/machine/cpu/operation.ts";
import { PctSchedule } from "../../src/machine/schedule/pct.ts";
import { RandomSchedule } from "../../src/machine/schedule/random.ts";
import type { Schedule } from "../../src/machine/schedule/schedule.ts";
import { steps, TestMachine } from "../support/machine-cpus.ts";

/** Choices of the priorities that leave CPU 0 the highest, then 1, and so on. */
const inOrder = new Array<number>(16).fill(0);

/** A PCT schedule with points of change after so many operations. */
function pctWith(runLength: number, ...changesAfter: number[]): PctSchedule {
    const points = changesAfter.map((after) => runLength - after);
    const choices = new RecordedChoices([...inOrder, ...points]);
    return new PctSchedule(choices, changesAfter.length + 1, runLength);
}

/** What a schedule decides: the CPU and its operations. */
function decision(schedule: Schedule, runnable: number, retired: number): number[] {
    schedule.decide(runnable, retired);
    return [schedule.cpu, schedule.operations];
}

describe("PCT", () => {
    it("runs the highest CPU that can run", () => {
        const schedule = pctWith(1000);
        expect(decision(schedule, 0b111, 0)).toEqual([0, 50_000]);
        expect(decision(schedule, 0b110, 3)).toEqual([1, 50_000]);
        expect(decision(schedule, 0b111, 3)).toEqual([0, 50_000]);
        expect(schedule.woken()).toBe(true);
    });

    it("gives each order of CPUs by its choices", () => {
        const orders = new Set<string>();
        for (let seed = 0; seed < 200; seed++) {
            const schedule = new PctSchedule(new SeededChoices(seed), 1);
            const order: number[] = [];
            for (let left = 0b111; left !== 0; left &= ~(1 << schedule.cpu)) {
                schedule.decide(left, 0);
                order.push(schedule.cpu);
            }
            orders.add(order.join(""));
        }
        expect([...orders].sort()).toEqual(["012", "021", "102", "120", "201", "210"]);
    });

    it("draws anew for a run that begins anew, as after a crash", () => {
        const choices = new RecordedChoices([...inOrder, 990, ...inOrder, 993]);
        const schedule = new PctSchedule(choices, 2, 1000);
        expect(decision(schedule, 0b11, 0)).toEqual([0, 10]);
        expect(decision(schedule, 0b11, 10)).toEqual([1, 50_000]);
        schedule.reset();
        expect(decision(schedule, 0b11, 0)).toEqual([0, 7]);
        expect(decision(schedule, 0b11, 7)).toEqual([1, 50_000]);
    });

    it("lowers the CPU that runs at a point of change", () => {
        const schedule = pctWith(1000, 10);
        expect(decision(schedule, 0b11, 0)).toEqual([0, 10]);
        expect(decision(schedule, 0b11, 10)).toEqual([1, 50_000]);
        expect(decision(schedule, 0b01, 5)).toEqual([0, 50_000]);
    });

    it("gives a point its own priority: who falls later may fall less deep", () => {
        // The first point drawn is the higher one, and lies behind the second.
        const schedule = pctWith(1000, 20, 10);
        expect(decision(schedule, 0b11, 0)).toEqual([0, 10]);
        expect(decision(schedule, 0b11, 10)).toEqual([1, 10]);
        expect(decision(schedule, 0b11, 10)).toEqual([1, 49_990]);
        const deeper = pctWith(1000, 10, 20);
        decision(deeper, 0b11, 0);
        decision(deeper, 0b11, 10);
        expect(decision(deeper, 0b11, 10)).toEqual([0, 50_000]);
    });

    it("by plain choices changes nothing before the end of the run", () => {
        const schedule = new PctSchedule(new RecordedChoices([]), 4, 300);
        expect(decision(schedule, 0b11, 0)).toEqual([0, 300]);
    });

    /** A PCT schedule of CPUs in order, in which who pauses stands back as the choices say. */
    function pausing(...standsBack: number[]): PctSchedule {
        return new PctSchedule(new RecordedChoices([...inOrder, ...standsBack]), 1, 1000);
    }

    it("lets a CPU that says PAUSE stand back, and then gives it its turn again", () => {
        const schedule = pausing(9);
        schedule.decide(0b11, 0);
        expect(schedule.paused()).toBe(true);
        // Of the ten operations for which it stands back seven are left after the other's three.
        expect(decision(schedule, 0b11, 1)).toEqual([1, 10]);
        expect(decision(schedule, 0b11, 3)).toEqual([1, 7]);
        expect(decision(schedule, 0b11, 7)).toEqual([0, 50_000]);
    });

    it("gives the turn to who is back first when all stand back", () => {
        const schedule = pausing(9, 4);
        schedule.decide(0b11, 0);
        schedule.paused();
        expect(decision(schedule, 0b11, 1)).toEqual([1, 10]);
        schedule.paused();
        expect(decision(schedule, 0b11, 1)[0]).toBe(1);
        expect(decision(schedule, 0b01, 1)[0]).toBe(0);
    });

    it("has a CPU stand back longer each time in a row, and starts anew after other work", () => {
        const longest: number[] = [];
        const choices = new SeededChoices(1);
        const choose = (optionCount: number) => {
            longest.push(optionCount);
            return 0;
        };
        const schedule = new PctSchedule(Object.assign(choices, { choose }), 1, 1000);
        schedule.decide(0b1, 0);
        longest.length = 0;
        for (const retired of [3, 3, 3, 41, 3]) {
            schedule.paused();
            schedule.decide(0b1, retired);
        }
        expect(longest).toEqual([16, 32, 64, 16, 32]);
    });

    it("lowers a CPU at a point of change also when the other one stood back before", () => {
        const points = [1000 - 20];
        const choices = new RecordedChoices([...inOrder, ...points, 0]);
        const schedule = new PctSchedule(choices, 2, 1000);
        schedule.decide(0b11, 0);
        schedule.paused();
        expect(decision(schedule, 0b11, 1)).toEqual([1, 1]);
        expect(decision(schedule, 0b11, 1)).toEqual([0, 18]);
        expect(decision(schedule, 0b11, 18)).toEqual([1, 50_000]);
    });

    it("drops a CPU that runs very long, also when its bursts are cut short", () => {
        const schedule = pctWith(100);
        schedule.decide(0b11, 0);
        expect(decision(schedule, 0b11, 49_990)).toEqual([0, 10]);
        expect(decision(schedule, 0b11, 10)).toEqual([1, 50_000]);
    });

    it("is named by its depth, and its length where that is not the usual", () => {
        expect(new PctSchedule(new RecordedChoices([]), 3).name).toBe("pct:3");
        expect(new PctSchedule(new RecordedChoices([]), 3, 100_000).name).toBe("pct:3");
        expect(new PctSchedule(new RecordedChoices([]), 2, 77).name).toBe("pct:2:77");
    });

    it("goes on from a saved state as it would have", () => {
        const [choices, choicesAgain] = [new SeededChoices(5), new SeededChoices(6)];
        const schedule = new PctSchedule(choices, 5, 100);
        const again = new PctSchedule(choicesAgain, 5, 100);
        const decide = (one: PctSchedule) =>
            Array.from({ length: 30 }, (_, turn) => {
                if (turn % 7 === 6) {
                    one.paused();
                }
                return decision(one, 0b1111, 3);
            });
        decide(schedule);
        again.load(new StateFields(schedule.save(), "test"));
        choicesAgain.load(new StateFields(choices.save(), "test"));
        expect(again.save()).toEqual(schedule.save());
        expect(decide(again)).toEqual(decide(schedule));
    });
});

/** Two CPUs that each add one by a load and a store, with steps before; whether one was lost. */
function losesUpdate(schedule: Schedule): boolean {
    const machine = new TestMachine({ cpuCount: 2, schedule });
    for (const cpu of [0, 1]) {
        machine.start(
            function* (context): Program {
                yield* steps(context, 3);
                const old = yield context.load(0x8000, 4);
                yield context.store(0x8000, 4, old + 1);
            },
            {},
            cpu,
        );
    }
    machine.runToEnd();
    return machine.memory.view.getUint32(0x8000, true) !== 2;
}

/** Operations of both: three steps, the load, the store and the return. */
const updateOperations = 12;

/** Three CPUs of two operations and a return each; in which order the six came. */
function orderOfSix(schedule: Schedule): string {
    const machine = new TestMachine({ cpuCount: 3, schedule });
    let order = "";
    for (const [cpu, name] of ["a", "b", "c"].entries()) {
        machine.start(
            function* (context: Context): Program {
                order += `${name}1 `;
                yield context.step();
                order += `${name}2 `;
                yield context.step();
            },
            {},
            cpu,
        );
    }
    machine.runToEnd();
    return order;
}

/** How many of the seeds from 0 on have it. */
function countSeeds(seedCount: number, has: (choices: SeededChoices) => boolean): number {
    let count = 0;
    for (let seed = 0; seed < seedCount; seed++) {
        count += has(new SeededChoices(seed)) ? 1 : 0;
    }
    return count;
}

describe("a schedule by chance", () => {
    it("finds a lost update with PCT of depth 2 as often as the paper promises", () => {
        const found = countSeeds(1200, (choices) =>
            losesUpdate(new PctSchedule(choices, 2, updateOperations)),
        );
        // 1/(n k^(d-1)) of 1200.
        expect(found).toBeGreaterThanOrEqual(1200 / (2 * updateOperations));
    });

    it("finds none with depth 1, which never preempts (canary)", () => {
        const found = countSeeds(300, (choices) =>
            losesUpdate(new PctSchedule(choices, 1, updateOperations)),
        );
        expect(found).toBe(0);
    });

    it("finds an order of depth 3 in which the first to fall comes back last", () => {
        const operations = 9;
        const order = "a1 b1 c1 c2 b2 a2 ";
        const found = countSeeds(3000, (choices) => {
            return orderOfSix(new PctSchedule(choices, 3, operations)) === order;
        });
        // One of six orders of priorities, and one place for each of the two points.
        expect(found).toBeGreaterThanOrEqual(3000 / (6 * operations ** 2));
    });

    it("finds a lost update with random bursts", () => {
        const found = countSeeds(200, (choices) => losesUpdate(new RandomSchedule(choices, 6)));
        expect(found).toBeGreaterThan(10);
    });
});

describe("random bursts", () => {
    it("choose among the CPUs that can run, and a length from one to the longest", () => {
        const schedule = new RandomSchedule(new RecordedChoices([1, 39, 0, 0]));
        expect(decision(schedule, 0b1010, 0)).toEqual([3, 40]);
        expect(decision(schedule, 0b1010, 0)).toEqual([1, 1]);
    });

    it("choose nothing where there is one CPU", () => {
        const choices = new RecordedChoices([1, 1]);
        const schedule = new RandomSchedule(choices, 7);
        expect(decision(schedule, 0b100, 0)).toEqual([2, 7]);
        expect(choices.save()).toEqual({ version: 1, position: 0 });
        expect([schedule.name, schedule.paused(), schedule.woken()]).toEqual([
            "random:7",
            true,
            false,
        ]);
    });
});
