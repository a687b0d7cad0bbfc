import { describe, expect, it } from "vitest";
import { SeededChoices } from "../../src/base/choices.ts";
import { StateFields } from "../../src/base/state.ts";
import type { Context } from "../../src/machine/cpu/context.ts";
import type { Program } from "../../src/machine/cpu/operation.ts";
import { FromMark, fromMark } from "../../src/machine/schedule/from-mark.ts";
import { parseSchedule } from "../../src/machine/schedule/parse-schedule.ts";
import { PreemptionFinder } from "../../src/machine/schedule/preemption-finder.ts";
import { PreemptionSchedule, parsePreemptions } from "../../src/machine/schedule/preemptions.ts";
import type { Schedule } from "../../src/machine/schedule/schedule.ts";
import { TestMachine } from "../support/machine-cpus.ts";

/** What a schedule decides: the CPU and its operations. */
function decision(schedule: Schedule, runnable: number, retired: number): number[] {
    schedule.decide(runnable, retired);
    return [schedule.cpu, schedule.operations];
}

const preempt = (points: string) => new PreemptionSchedule(parsePreemptions(points));

describe("the plain policy", () => {
    it("lets a CPU go on until it sleeps, and then the next one", () => {
        const schedule = preempt("");
        expect(decision(schedule, 0b011, 0)).toEqual([0, 50_000]);
        expect(schedule.woken()).toBe(false);
        expect(decision(schedule, 0b110, 100)).toEqual([1, 50_000]);
        expect(decision(schedule, 0b101, 100)).toEqual([2, 50_000]);
        expect(decision(schedule, 0b011, 100)).toEqual([0, 50_000]);
    });

    it("gives the turn to the next CPU at PAUSE, which may be the same", () => {
        const schedule = preempt("");
        schedule.decide(0b011, 0);
        expect(schedule.paused()).toBe(true);
        expect(decision(schedule, 0b011, 5)).toEqual([1, 50_000]);
        schedule.paused();
        expect(decision(schedule, 0b010, 5)).toEqual([1, 50_000]);
    });

    it("ends a turn of 50,000 operations, also one that is cut into pieces", () => {
        const schedule = preempt("");
        schedule.decide(0b11, 0);
        expect(decision(schedule, 0b11, 49_000)).toEqual([0, 1000]);
        expect(decision(schedule, 0b11, 1000)).toEqual([1, 50_000]);
    });
});

describe("preemptions", () => {
    it("come after their operations of all CPUs, and are told with the CPU's own count", () => {
        const schedule = preempt("1@10.0@14");
        expect(decision(schedule, 0b11, 0)).toEqual([0, 10]);
        expect(decision(schedule, 0b11, 10)).toEqual([1, 4]);
        expect(decision(schedule, 0b11, 4)).toEqual([0, 50_000]);
        expect(schedule.taken).toEqual([
            { after: 10, cpu: 1, from: 0, fromOperations: 10 },
            { after: 14, cpu: 0, from: 1, fromOperations: 4 },
        ]);
    });

    it("keep a CPU going where it would have given way", () => {
        const schedule = preempt("0@3");
        schedule.decide(0b11, 0);
        schedule.paused();
        expect(decision(schedule, 0b11, 3)).toEqual([0, 50_000]);
        expect(schedule.taken).toEqual([{ after: 3, cpu: 0, from: 0, fromOperations: 3 }]);
    });

    it("are passed over where their CPU cannot run, and counted", () => {
        const schedule = preempt("3@2.1@5");
        schedule.decide(0b11, 0);
        expect(decision(schedule, 0b11, 2)).toEqual([0, 3]);
        expect([schedule.divergences, schedule.taken]).toEqual([1, []]);
        expect(decision(schedule, 0b11, 3)).toEqual([1, 50_000]);
        expect(schedule.divergences).toBe(1);
    });

    it("that change nothing are not told", () => {
        const schedule = preempt("0@2.1@4");
        schedule.decide(0b11, 0);
        schedule.decide(0b11, 2);
        expect(decision(schedule, 0b10, 2)).toEqual([1, 50_000]);
        expect([schedule.divergences, schedule.taken]).toEqual([0, []]);
    });

    it("go on from a saved state as they would have", () => {
        const schedule = preempt("1@10.0@14.1@20");
        schedule.decide(0b11, 0);
        schedule.decide(0b11, 10);
        const saved = schedule.save();
        schedule.decide(0b11, 4);
        schedule.paused();
        schedule.decide(0b11, 2);
        schedule.load(new StateFields(saved, "test"));
        expect(schedule.save()).toEqual(saved);
        expect(schedule.taken).toEqual([{ after: 10, cpu: 1, from: 0, fromOperations: 10 }]);
        expect(decision(schedule, 0b11, 4)).toEqual([0, 6]);
        schedule.reset();
        expect(decision(schedule, 0b11, 0)).toEqual([0, 10]);
    });
});

/** A CPU that works, sets the mark with an operation that ends a burst, and works on. */
function machineWithMark(schedule: Schedule, before: number, isMarked = true) {
    const machine = new TestMachine({ cpuCount: 2, schedule });
    const log: number[] = [];
    const work = (cpu: number) =>
        function* (context: Context): Program {
            for (let done = 0; ; done++) {
                log.push(cpu);
                if (done === before && cpu === 0 && isMarked) {
                    machine.interleaver.beginSchedule();
                    yield context.disableInterrupts();
                } else {
                    yield context.step();
                }
            }
        };
    machine.start(work(0), {}, 0);
    machine.start(work(1), {}, 1);
    return { machine, log };
}

describe("a schedule from the mark", () => {
    it("leaves the CPUs to the plain policy before it, and counts from there", () => {
        const schedule = new FromMark(preempt("1@2.0@5"));
        const { machine, log } = machineWithMark(schedule, 7);
        machine.interleaver.run({ operations: 16 });
        expect(log.join("")).toBe("0000000000111000");
        expect(machine.interleaver.operationsSinceMark).toBe(8);
    });

    it("never begins where there is no mark", () => {
        const schedule = fromMark(parseSchedule("random:3"))(new SeededChoices(1));
        const { machine, log } = machineWithMark(schedule, 7, false);
        machine.interleaver.run({ operations: 60 });
        expect(log).toEqual(new Array(60).fill(0));
        expect(machine.interleaver.operationsSinceMark).toBe(60);
    });

    it("plays a recording back from power-on, for that is where it begins", () => {
        const schedule = fromMark(parseSchedule("replay:0x2.1x3.0x9"))(new SeededChoices(1));
        const { machine, log } = machineWithMark(schedule, 4);
        machine.interleaver.run({ operations: 14 });
        expect(log.join("")).toBe("00111000000000");
    });

    it("can be set between two runs, too", () => {
        const { machine, log } = machineWithMark(new FromMark(preempt("1@1")), 1000);
        machine.interleaver.run({ operations: 3 });
        machine.interleaver.beginSchedule();
        machine.interleaver.run({ operations: 3 });
        expect(log.join("")).toBe("000011");
    });

    it("is saved with the mark, and loaded", () => {
        const { machine, log } = machineWithMark(new FromMark(preempt("1@2.0@5")), 3);
        machine.interleaver.run({ operations: 5 });
        const saved = machine.fieldsOf(machine.interleaver.save());
        machine.interleaver.run({ operations: 6 });
        machine.interleaver.load(saved);
        log.length = 0;
        machine.interleaver.run({ operations: 5 });
        expect(log.join("")).toBe("01110");
        machine.interleaver.reset();
        expect(machine.interleaver.save()).not.toHaveProperty("operationsAtMark");
    });
});

describe("the finder of preemptions", () => {
    it("counts from the mark also in a recording from power-on", () => {
        const recording = parseSchedule("replay:0x6.1x3.0x9")(new SeededChoices(1));
        const finder = new PreemptionFinder(recording);
        const { machine, log } = machineWithMark(finder, 3);
        machine.interleaver.run({ operations: 14 });
        expect(log.join("")).toBe("00000011100000");
        expect(finder.taken).toEqual([
            { after: 2, cpu: 1, from: 0, fromOperations: 2 },
            { after: 5, cpu: 0, from: 1, fromOperations: 3 },
        ]);
        const again = machineWithMark(new FromMark(preempt("1@2.0@5")), 3);
        again.machine.interleaver.run({ operations: 14 });
        expect(again.log).toEqual(log);
    });
});
