import { describe, expect, it } from "vitest";
import type { Context } from "../../src/machine/cpu/context.ts";
import type { Program } from "../../src/machine/cpu/operation.ts";
import { RoundRobin } from "../../src/machine/schedule/round-robin.ts";
import type { CpuSet, Schedule } from "../../src/machine/schedule/schedule.ts";
import { registerBase, steps, TestMachine } from "../support/machine-cpus.ts";

/** Steps without end, written down as the CPU's number. */
function busy(log: number[], cpu: number) {
    return function* (context: Context): Program {
        for (;;) {
            log.push(cpu);
            yield context.step();
        }
    };
}

/** CPUs that are busy, in turns of so many operations; and their steps, in order. */
function busyMachine(cpuCount: number, turn: number) {
    const machine = new TestMachine({ cpuCount, schedule: new RoundRobin(turn) });
    const log: number[] = [];
    for (let cpu = 0; cpu < cpuCount; cpu++) {
        machine.start(busy(log, cpu), {}, cpu);
    }
    return { machine, log };
}

describe("the interleaver", () => {
    it("gives CPUs their turns", () => {
        const { machine, log } = busyMachine(3, 2);
        expect(machine.interleaver.run({ operations: 9 })).toBe("operation limit");
        expect(log).toEqual([0, 0, 1, 1, 2, 2, 0, 0, 1]);
        expect(machine.recorder.runs).toEqual([
            { cpu: 0, operations: 2 },
            { cpu: 1, operations: 2 },
            { cpu: 2, operations: 2 },
            { cpu: 0, operations: 2 },
            { cpu: 1, operations: 1 },
        ]);
    });

    it("stops after exactly as many operations as it may, and goes on with the turn", () => {
        const { machine, log } = busyMachine(2, 3);
        for (const operations of [1, 1, 2, 5, 1]) {
            const before = log.length;
            expect(machine.interleaver.run({ operations })).toBe("operation limit");
            expect(log.length).toBe(before + operations);
        }
        expect(log).toEqual([0, 0, 0, 1, 1, 1, 0, 0, 0, 1]);
        expect(machine.interleaver.run({ operations: 0 })).toBe("operation limit");
        expect(log.length).toBe(10);
    });

    it("begins no operation at or after a time limit", () => {
        const { machine, log } = busyMachine(1, 100);
        expect(machine.interleaver.run({ untilNs: 30 })).toBe("time limit");
        expect([log.length, machine.clock.nowNs]).toEqual([3, 30]);
        expect(machine.interleaver.run({ untilNs: 31 })).toBe("time limit");
        expect([log.length, machine.clock.nowNs]).toEqual([4, 40]);
        expect(machine.interleaver.run({ untilNs: 40 })).toBe("time limit");
        expect(log.length).toBe(4);
    });

    it("rings alarms at their instants, between operations", () => {
        const { machine, log } = busyMachine(1, 100);
        const rung: number[][] = [];
        const alarm = machine.clock.alarm("test", () => {
            rung.push([machine.clock.nowNs, log.length]);
            if (rung.length < 3) {
                alarm.set(machine.clock.nowNs + 7);
            }
        });
        alarm.set(25);
        machine.interleaver.run({ operations: 10 });
        // The third operation begins at 20 and ends at 30; what rings meanwhile finds it done.
        expect(rung).toEqual([
            [25, 3],
            [32, 4],
            [39, 4],
        ]);
        expect(machine.clock.nowNs).toBe(100);
    });

    it("rings what is due before anything else, as after a device was touched from outside", () => {
        const { machine, log } = busyMachine(1, 100);
        machine.interleaver.run({ operations: 1 });
        const rung: number[] = [];
        machine.clock.alarm("test", () => rung.push(log.length)).set(0);
        machine.interleaver.run({ operations: 1 });
        expect(rung).toEqual([1]);
    });

    it("leaps to the next alarm when all CPUs sleep, and to a time limit before that", () => {
        const machine = new TestMachine();
        const alarm = machine.clock.alarm("test", () => machine.interrupts[0].request(50));
        machine.start(function* (context) {
            alarm.set(5_000_000);
            yield context.enableInterruptsAndHalt();
            yield context.step();
        });
        expect(machine.interleaver.run({ untilNs: 1000 })).toBe("time limit");
        expect(machine.clock.nowNs).toBe(1000);
        expect(machine.cpus[0].retired).toBe(1);
        expect(machine.interleaver.run({})).toBe("asleep forever");
        // After the leap: the handler's return, the step and the program's return.
        expect(machine.clock.nowNs).toBe(5_000_030);
    });

    it("says when all CPUs sleep and no alarm is set, at the time when that came to be", () => {
        const machine = new TestMachine({ cpuCount: 2 });
        machine.start(function* (context) {
            yield* steps(context, 5);
            yield context.halt();
        });
        expect(machine.interleaver.run({})).toBe("asleep forever");
        expect(machine.clock.nowNs).toBe(60);
        expect(machine.interleaver.run({ untilNs: 100 })).toBe("time limit");
    });

    it("says so too when a timer rings on and on and wakes nobody", () => {
        const machine = new TestMachine();
        let rings = 0;
        const alarm = machine.clock.alarm("timer", () => {
            rings++;
            alarm.set(machine.clock.nowNs + 1000);
        });
        alarm.set(1000);
        machine.start(function* (context) {
            yield context.halt();
        });
        expect(machine.interleaver.run({ operations: 2 })).toBe("asleep forever");
        expect(rings).toBe(1_000_000);
        machine.interrupts[0].nmiPending = true;
        expect(machine.interleaver.run({ operations: 1 })).toBe("operation limit");
    });

    /** A machine on which a store to a register calls `onWrite`, with a word after it. */
    function storing(onWrite: (machine: TestMachine) => void) {
        const machine = new TestMachine({ cpuCount: 2 });
        const log: string[] = [];
        machine.device.onWrite = () => onWrite(machine);
        machine.start(function* (context) {
            yield context.step();
            yield context.store(registerBase, 4, 1);
            log.push("after");
            yield context.step();
        });
        return { machine, log };
    }

    it("stops with the operation that asked for it, and goes on when it is run again", () => {
        const { machine, log } = storing(({ interleaver }) => interleaver.stop());
        expect(machine.interleaver.run({})).toBe("stopped");
        expect([log, machine.clock.nowNs]).toEqual([[], 20]);
        expect(machine.interleaver.run({ operations: 1 })).toBe("operation limit");
        expect(log).toEqual(["after"]);
    });

    it("stops at once when it was asked before it ran", () => {
        const { machine } = storing(() => {});
        machine.interleaver.stop();
        expect(machine.interleaver.run({})).toBe("stopped");
        expect(machine.clock.nowNs).toBe(0);
        expect(machine.interleaver.run({ operations: 1 })).toBe("operation limit");
    });

    it.each(["powered off", "reset", "triple fault"] as const)(
        "ends for good with the operation that ended it, also when it is loaded: %s",
        (reason) => {
            const { machine, log } = storing(({ interleaver }) => interleaver.end(reason));
            expect(machine.interleaver.run({})).toBe(reason);
            machine.interleaver.end("reset");
            expect(machine.interleaver.run({})).toBe(reason);
            expect([log, machine.clock.nowNs]).toEqual([[], 20]);
            const ended = machine.fieldsOf(machine.interleaver.save());
            machine.interleaver.reset();
            expect(machine.interleaver.run({ operations: 1 })).toBe("operation limit");
            machine.interleaver.load(ended);
            expect(machine.interleaver.run({})).toBe(reason);
            expect(log).toEqual(["after"]);
        },
    );

    it("ends for good when a program throws, with what it did until then written down", () => {
        const machine = new TestMachine({ cpuCount: 1 });
        machine.start(function* (context) {
            yield context.step();
            yield context.step();
            throw new Error("panic");
        });
        expect(() => machine.interleaver.run({})).toThrow("panic");
        // The throw counts as an operation.
        expect(machine.recorder.runs).toEqual([{ cpu: 0, operations: 3 }]);
        expect(machine.interleaver.run({})).toBe("program threw");
    });

    it("sleeps the same whether it is cut or not", () => {
        const machine = new TestMachine({ cpuCount: 1 });
        machine.start(function* (context) {
            yield context.halt();
        });
        const twin = new TestMachine({ cpuCount: 1 });
        twin.start(function* (context) {
            yield context.halt();
        });
        machine.interleaver.run({ untilNs: 5000 });
        twin.interleaver.run({ untilNs: 3000 });
        twin.interleaver.run({ untilNs: 5000 });
        expect(twin.interleaver.save()).toEqual(machine.interleaver.save());
    });

    it("refuses what was saved under another schedule", () => {
        const machine = new TestMachine({ cpuCount: 1 });
        const saved = { ...machine.interleaver.save(), scheduleName: "pct:3" };
        expect(() => machine.interleaver.load(machine.fieldsOf(saved))).toThrow(
            "saved state of machine: its schedule is pct:3, not round-robin",
        );
    });

    it("says which CPU runs, to devices", () => {
        const machine = new TestMachine({ cpuCount: 3 });
        const who: number[] = [];
        machine.device.onWrite = () => who.push(machine.interleaver.runningCpu.index);
        for (const cpu of [0, 1, 2]) {
            machine.start(
                function* (context) {
                    yield context.store(registerBase, 1, cpu);
                },
                {},
                cpu,
            );
        }
        machine.runToEnd();
        expect(who).toEqual([0, 1, 2]);
    });

    it("drops the rest of a turn at PAUSE", () => {
        const machine = new TestMachine({ cpuCount: 2, schedule: new RoundRobin(10) });
        const log: number[] = [];
        machine.start(function* (context): Program {
            for (;;) {
                log.push(0);
                yield context.pause();
            }
        });
        machine.start(busy(log, 1), {}, 1);
        machine.interleaver.run({ operations: 13 });
        expect(log).toEqual([0, ...new Array(10).fill(1), 0, 1]);
    });

    it("asks a schedule of a CPU that was woken, which may drop the rest", () => {
        const asked: [CpuSet, number][] = [];
        class LastFirst extends RoundRobin implements Schedule {
            override decide(runnable: CpuSet, retired = 0): void {
                asked.push([runnable, retired]);
                this.cpu = 31 - Math.clz32(runnable);
            }
            override woken(): boolean {
                return true;
            }
        }
        const machine = new TestMachine({ cpuCount: 2, schedule: new LastFirst(100) });
        const log: number[] = [];
        machine.device.onWrite = () => machine.interrupts[1].request(50);
        machine.start(function* (context) {
            yield* steps(context, 3);
            yield context.store(registerBase, 4, 1);
            log.push(0);
            yield context.step();
        });
        machine.start(
            function* (context) {
                yield context.enableInterruptsAndHalt();
                log.push(1);
                yield context.step();
            },
            {},
            1,
        );
        machine.runToEnd();
        expect(log).toEqual([1, 0]);
        expect(asked).toEqual([
            [3, 0],
            [1, 1],
            [3, 4],
            [1, 3],
        ]);
    });

    it("saves its place within a turn", () => {
        const { machine, log } = busyMachine(2, 3);
        machine.interleaver.run({ operations: 4 });
        const saved = machine.interleaver.save();
        expect(saved).toEqual({
            version: 1,
            left: 2,
            done: 1,
            runningCpu: 1,
            runnableBefore: 3,
            leaps: 0,
            ended: "",
            scheduleName: "round-robin:3",
            schedule: { version: 1, next: 2 },
        });
        machine.interleaver.run({ operations: 4 });
        machine.interleaver.load(machine.fieldsOf(saved));
        log.length = 0;
        machine.interleaver.run({ operations: 5 });
        expect(log).toEqual([1, 1, 0, 0, 0]);
        machine.interleaver.reset();
        expect(machine.interleaver.save()).toMatchObject({ left: 0, done: 0, runningCpu: 0 });
        const wrong = { ...saved, runningCpu: 2 };
        expect(() => machine.interleaver.load(machine.fieldsOf(wrong))).toThrow(
            "saved state of test: field runningCpu is not a whole number from 0 to 1",
        );
    });
});
