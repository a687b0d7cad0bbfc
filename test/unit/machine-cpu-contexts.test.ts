import { describe, expect, it } from "vitest";
import { Context, load64 } from "../../src/machine/cpu/context.ts";
import type { EntryPoints } from "../../src/machine/cpu/entry-points.ts";
import { InterruptGate } from "../../src/machine/cpu/interrupt-gate.ts";
import type { Program } from "../../src/machine/cpu/operation.ts";
import {
    entryOf,
    identityTables,
    nothing,
    registerBase,
    setEntry,
    steps,
    TestInterrupts,
    TestMachine,
} from "../support/machine-cpus.ts";

/** An interrupt handler that writes down when it began, in operations retired before it. */
function notingHandler(log: string[]): Pick<EntryPoints, "interrupt"> {
    return {
        *interrupt(context, vector) {
            log.push(`vector ${vector} after ${log.length}`);
            yield context.step();
        },
    };
}

describe("a system call", () => {
    it("runs the kernel's program, whose return is its result; and calls nest", () => {
        const order: string[] = [];
        const machine = new TestMachine();
        machine.startUser(
            function* (context): Program {
                order.push(`got ${yield context.systemCall(3)}`);
                yield context.systemCall(-1);
            },
            {
                *systemCall(context, number) {
                    order.push(`call ${number}`);
                    if (number < 0) {
                        yield context.halt();
                    }
                    const inner = number === 0 ? 0 : yield context.systemCall(number - 1);
                    return inner + 10;
                },
            },
        );
        machine.runToEnd();
        expect(order).toEqual(["call 3", "call 2", "call 1", "call 0", "got 40", "call -1"]);
    });

    it("keeps the caller's 64-bit result, whatever the kernel loads", () => {
        const machine = new TestMachine();
        const seen: bigint[] = [];
        machine.memory.view.setBigUint64(0x8000, 1n, true);
        machine.memory.view.setBigUint64(0x8008, 2n, true);
        machine.start(
            function* (context) {
                yield context.load64(0x8000);
                yield context.systemCall(1);
                seen.push(context.wide);
            },
            {
                *systemCall(context) {
                    seen.push(yield* load64(context, 0x8008));
                },
            },
        );
        machine.runToEnd();
        expect(seen).toEqual([2n, 1n]);
    });

    it("gives 0 when the kernel's program returns nothing", () => {
        const results: number[] = [];
        const machine = new TestMachine();
        machine.start(function* (context) {
            results.push(yield context.systemCall(1));
        });
        machine.runToEnd();
        expect(results).toEqual([0]);
    });
});

describe("an exception", () => {
    it("tells vector, error code and CR2, and the operation is done again afterwards", () => {
        const machine = new TestMachine();
        const table = identityTables(machine.memory);
        setEntry(machine.memory, entryOf(0x20000), 0n);
        const faults: number[][] = [];
        const results: (number | bigint)[] = [];
        machine.memory.view.setBigUint64(0x20008, 0x1111_2222_3333_4444n, true);
        machine.start(
            function* (context) {
                yield context.loadPageTable(table);
                yield context.store64(0x20000, 7n);
                results.push(yield context.compareExchange(0x20000, 4, 7, 9));
                results.push(yield* load64(context, 0x20008));
            },
            {
                *exception(context, vector, errorCode, faultAddress) {
                    faults.push([vector, errorCode, faultAddress]);
                    // The handler's own operations use the context's operands.
                    yield context.compareExchange64(0x8000, 1n, 2n);
                    yield context.store64(entryOf(0x20000), 0x20007n);
                    return 99;
                },
            },
        );
        machine.runToEnd();
        expect(faults).toEqual([[14, 2, 0x20000]]);
        expect(results).toEqual([7, 0x1111_2222_3333_4444n]);
        expect(machine.memory.view.getUint32(0x20000, true)).toBe(9);
    });

    it("has the operation done again once, in whatever bursts the program goes on", () => {
        const machine = new TestMachine();
        const table = identityTables(machine.memory);
        setEntry(machine.memory, entryOf(0x20000), 0n);
        const results: number[] = [];
        machine.start(
            function* (context) {
                yield context.loadPageTable(table);
                results.push(yield context.fetchAdd(0x20000, 4, 5));
                results.push(yield context.pause());
                results.push(yield context.fetchAdd(0x20000, 4, 1));
                results.push(yield context.pause());
                results.push(yield context.load(0x20000, 4));
            },
            {
                *exception(context) {
                    yield context.store64(entryOf(0x20000), 0x20007n);
                },
            },
        );
        machine.runToEnd();
        expect(results).toEqual([0, 0, 5, 0, 6]);
    });

    it("may be interrupted before the operation is done again", () => {
        const machine = new TestMachine();
        const table = identityTables(machine.memory);
        setEntry(machine.memory, entryOf(0x20000), 0n);
        const order: string[] = [];
        machine.start(
            function* (context) {
                yield context.loadPageTable(table);
                yield context.enableInterrupts();
                order.push(`add ${yield context.fetchAdd(0x20000, 4, 5)}`);
            },
            {
                *exception(context) {
                    order.push("exception");
                    machine.interrupts[0].request(40);
                    yield context.store64(entryOf(0x20000), 0x20007n);
                },
                *interrupt(context, vector) {
                    order.push(`interrupt ${vector}`);
                    yield context.store(0x20000, 4, 37);
                },
            },
        );
        machine.runToEnd();
        expect(order).toEqual(["exception", "interrupt 40", "add 37"]);
    });

    it("in handlers of exceptions without end stops the CPU: a triple fault", () => {
        const machine = new TestMachine({ cpuCount: 2 });
        let depth = 0;
        machine.start(
            function* (context) {
                yield context.load(2 ** 47, 1);
            },
            {
                *exception(context) {
                    depth++;
                    yield context.load(2 ** 47, 1);
                },
            },
        );
        expect(machine.runToEnd()).toBe("triple fault");
        expect(machine.tripleFaults).toEqual([0]);
        expect(depth).toBe(63);
        expect(machine.cpus[0].activity).toBe("off");
        expect(machine.cpus[0].context).toBe(undefined);
        expect(machine.runToEnd()).toBe("triple fault");
        expect(depth).toBe(63);
    });
});

describe("an interrupt", () => {
    it("comes between two operations, and leaves their results alone", () => {
        const machine = new TestMachine();
        const alarm = machine.clock.alarm("test", () => machine.interrupts[0].request(50));
        const sums: (number | bigint)[] = [];
        machine.memory.bytes.set([1, 2, 3, 4, 5, 6, 7, 8], 0x8000);
        machine.start(
            function* (context) {
                yield context.enableInterrupts();
                for (let turn = 0; turn < 40; turn++) {
                    sums.push(yield context.load(0x8000, 2));
                    sums.push(yield* load64(context, 0x8000));
                }
            },
            {
                *interrupt(context) {
                    yield context.store(0x9000, 2, 0xeeee);
                    yield context.fetchAdd64(0x9000, 1n);
                    yield context.load(0x9000, 1);
                },
            },
        );
        for (let next = 15; machine.cpus[0].activity !== "off"; next += 75) {
            alarm.set(next);
            machine.interleaver.run({ untilNs: next + 1 });
        }
        expect(machine.memory.view.getUint16(0x9000, true)).toBeGreaterThan(0xeeee);
        const turn = [0x0201, 0x0807_0605_0403_0201n];
        expect(sums).toEqual(Array.from({ length: 40 }, () => turn).flat());
    });

    it("comes with interrupts off, so that another waits until the first handler returns", () => {
        const machine = new TestMachine();
        const order: string[] = [];
        machine.start(
            function* (context) {
                machine.interrupts[0].request(60);
                machine.interrupts[0].request(50);
                yield context.enableInterrupts();
                yield context.step();
                order.push("after");
                yield context.step();
            },
            {
                *interrupt(context, vector) {
                    order.push(`${vector} begins`);
                    yield context.step();
                    order.push(`${vector} ends`);
                },
            },
        );
        machine.runToEnd();
        expect(order).toEqual(["50 begins", "50 ends", "60 begins", "60 ends", "after"]);
    });

    it("nests when a handler enables interrupts", () => {
        const machine = new TestMachine();
        const order: string[] = [];
        machine.start(
            function* (context) {
                machine.interrupts[0].request(50);
                yield context.enableInterrupts();
                yield context.step();
            },
            {
                *interrupt(context, vector) {
                    order.push(`${vector} begins`);
                    if (vector === 50) {
                        machine.interrupts[0].request(60);
                        yield context.enableInterrupts();
                        yield context.step();
                    }
                    yield context.step();
                    order.push(`${vector} ends`);
                },
            },
        );
        machine.runToEnd();
        expect(order).toEqual(["50 begins", "60 begins", "60 ends", "50 ends"]);
    });

    it("waits after STI for exactly one operation, and for none when interrupts were on", () => {
        const machine = new TestMachine();
        const order: string[] = [];
        machine.start(function* (context) {
            machine.interrupts[0].request(50);
            yield context.step();
            order.push("STI");
            yield context.enableInterrupts();
            order.push("one");
            yield context.step();
            order.push("two");
            yield context.step();
            machine.interrupts[0].request(51);
            yield context.enableInterrupts();
            order.push("three");
            yield context.step();
        }, notingHandler(order));
        machine.runToEnd();
        // After "STI", the operation that follows "one" is done before the handler runs.
        expect(order).toEqual([
            "STI",
            "one",
            "vector 50 after 2",
            "two",
            "vector 51 after 4",
            "three",
        ]);
    });

    it("is not taken between STI and CLI", () => {
        const machine = new TestMachine();
        const order: string[] = [];
        machine.start(function* (context) {
            machine.interrupts[0].request(50);
            yield context.enableInterrupts();
            yield context.disableInterrupts();
            yield context.step();
            order.push("end");
        }, notingHandler(order));
        machine.runToEnd();
        expect(order).toEqual(["end"]);
        expect(machine.interrupts[0].pendingVector).toBe(50);
    });

    it("is told from one that STI lets in at once (canary)", () => {
        expect(takenAfterSti(InterruptGate)).toEqual([-1, 50]);
        expect(takenAfterSti(ShadowlessGate)).toEqual([50, -1]);
    });

    it("that a device requests within the operation is taken before the next one", () => {
        const machine = new TestMachine();
        const order: string[] = [];
        machine.device.onWrite = () => machine.interrupts[0].request(33);
        machine.start(function* (context) {
            yield context.enableInterrupts();
            yield context.step();
            yield context.store(registerBase, 4, 1);
            order.push("after");
        }, notingHandler(order));
        machine.runToEnd();
        expect(order).toEqual(["vector 33 after 0", "after"]);
    });
});

/** A gate that forgets STI's shadow. */
class ShadowlessGate extends InterruptGate {
    override castShadow(): void {}
}

/** What a gate lets in before and after the operation that follows STI, with vector 50 pending. */
function takenAfterSti(Gate: typeof InterruptGate): number[] {
    const interrupts = new TestInterrupts();
    interrupts.request(50);
    const gate = new Gate(interrupts);
    const context = new Context("test");
    context.start(nothing(context), { isUser: false, interruptsEnabled: true });
    const [frame] = context.frames;
    gate.castShadow();
    const before = gate.take(frame);
    gate.liftShadow();
    return [before, gate.take(frame)];
}

describe("HLT", () => {
    it("sleeps until an interrupt comes, while time leaps to the alarm that brings it", () => {
        const machine = new TestMachine();
        const alarm = machine.clock.alarm("test", () => machine.interrupts[0].request(50));
        const order: string[] = [];
        machine.start(function* (context) {
            alarm.set(1_000_000);
            yield context.enableInterrupts();
            yield context.halt();
            order.push(`awake at ${machine.clock.nowNs}`);
        }, notingHandler(order));
        machine.runToEnd();
        // The handler's step and its return have taken 20 ns.
        expect(order).toEqual(["vector 50 after 0", "awake at 1000020"]);
        expect(machine.cpus[0].retired).toBe(5);
    });

    it("with interrupts off sleeps on, but for a non-maskable one", () => {
        const machine = new TestMachine();
        const order: string[] = [];
        machine.start(function* (context) {
            yield context.halt();
            order.push("awake");
        }, notingHandler(order));
        machine.interrupts[0].request(50);
        expect(machine.runToEnd()).toBe("asleep forever");
        expect(order).toEqual([]);
        machine.interrupts[0].nmiPending = true;
        machine.runToEnd();
        expect(order).toEqual(["vector 2 after 0", "awake"]);
    });

    it.each([true, false])("after STI loses no interrupt, both as one operation: %s", (asOne) => {
        for (let atNs = 0; atNs <= 60; atNs += 5) {
            const machine = new TestMachine();
            const alarm = machine.clock.alarm("test", () => machine.interrupts[0].request(50));
            const order: string[] = [];
            machine.start(
                function* (context) {
                    alarm.set(atNs);
                    yield context.step();
                    if (asOne) {
                        yield context.enableInterruptsAndHalt();
                    } else {
                        yield context.enableInterrupts();
                        yield context.halt();
                    }
                    order.push("awake");
                },
                {
                    *interrupt(context) {
                        order.push("interrupt");
                        yield context.step();
                    },
                },
            );
            machine.runToEnd();
            expect([atNs, order]).toEqual([atNs, ["interrupt", "awake"]]);
        }
    });
});

describe("a non-maskable interrupt", () => {
    it("comes with interrupts off, but not inside another until a handler returns", () => {
        const machine = new TestMachine();
        const order: string[] = [];
        machine.start(
            function* (context) {
                machine.interrupts[0].nmiPending = true;
                yield context.step();
                yield context.pause();
                order.push("after");
            },
            {
                *interrupt(context, vector) {
                    order.push(`${vector} begins`);
                    if (order.length < 3) {
                        machine.interrupts[0].nmiPending = true;
                    }
                    yield context.pause();
                    order.push(`${vector} ends`);
                },
            },
        );
        machine.runToEnd();
        expect(order).toEqual(["2 begins", "2 ends", "2 begins", "2 ends", "after"]);
    });

    it("comes before a vector", () => {
        const interrupts = new TestInterrupts();
        interrupts.request(50);
        interrupts.nmiPending = true;
        const context = new Context("test");
        context.start(nothing(context), { isUser: false, interruptsEnabled: true });
        const gate = new InterruptGate(interrupts);
        expect([1, 2, 3].map(() => gate.take(context.frames[0]))).toEqual([2, 50, -1]);
    });
});

describe("a switch of contexts", () => {
    it("goes on where the other context was, on any CPU, with its result and its flags", () => {
        const machine = new TestMachine({ cpuCount: 2 });
        const order: string[] = [];
        const task = new Context("task");
        const mains: Context[] = [];
        task.start(
            (function* (): Program {
                for (let turn = 0; turn < 2; turn++) {
                    order.push(`task on ${task.cpu?.name}`);
                    const value = yield task.load(0x8000, 1);
                    order.push(`task loaded ${value}`);
                    yield task.switchTo(mains[turn]);
                }
            })(),
            { isUser: false, interruptsEnabled: true },
        );
        machine.memory.bytes[0x8000] = 5;
        const main = (cpu: number) =>
            function* (context: Context): Program {
                mains[cpu] = context;
                while ((yield context.load(0x9000, 1)) !== cpu) {
                    yield context.pause();
                }
                yield context.switchTo(task);
                order.push(`main ${cpu} again`);
                yield context.store(0x9000, 1, cpu + 1);
            };
        machine.start(main(0), {}, 0);
        machine.start(main(1), {}, 1);
        machine.runToEnd();
        expect(order).toEqual([
            "task on cpu0",
            "task loaded 5",
            "main 0 again",
            "task on cpu1",
            "task loaded 5",
            "main 1 again",
        ]);
        expect(machine.cpus.map(({ activity }) => activity)).toEqual(["off", "off"]);
        expect(task.cpu).toBe(undefined);
    });

    it("within a system call leaves the call open until the context is switched to again", () => {
        const machine = new TestMachine();
        const order: string[] = [];
        const user = new Context("user");
        const idle = new Context("idle");
        user.start(
            (function* (): Program {
                order.push(`call gave ${yield user.systemCall(1)}`);
                yield user.systemCall(2);
            })(),
            { isUser: true, interruptsEnabled: true },
        );
        idle.start(
            (function* (): Program {
                order.push("idle");
                yield idle.switchTo(user);
            })(),
            { isUser: false, interruptsEnabled: false },
        );
        machine.start(
            function* (context) {
                yield context.switchTo(user);
            },
            {
                *systemCall(context, number) {
                    if (number === 2) {
                        yield context.halt();
                    }
                    yield context.switchTo(idle);
                    return 42;
                },
            },
        );
        machine.runToEnd();
        expect(order).toEqual(["idle", "call gave 42"]);
    });

    it("to a context that is on a CPU is a defect of the kernel", () => {
        const machine = new TestMachine({ cpuCount: 2 });
        const mains: Context[] = [];
        const main = (target: number) =>
            function* (context: Context): Program {
                mains.push(context);
                yield* steps(context, 200);
                yield context.switchTo(mains[target]);
            };
        machine.start(main(1), {}, 0);
        machine.start(main(0), {}, 1);
        expect(() => machine.interleaver.run({ operations: 1000 })).toThrow(
            "context cpu1 start is on one CPU at most",
        );
    });
});

describe("a CPU", () => {
    it("waits until it is started, once; and is off when its first program returns", () => {
        const machine = new TestMachine();
        const [cpu] = machine.cpus;
        expect([cpu.activity, cpu.isRunnable]).toEqual(["waiting", false]);
        const vectors: number[] = [];
        const entryPoints: EntryPoints = {
            *start(context, vector) {
                vectors.push(vector);
                yield context.step();
            },
            systemCall: nothing,
            exception: nothing,
            interrupt: nothing,
        };
        cpu.startUp(0x20, entryPoints);
        cpu.startUp(0x21, entryPoints);
        expect([cpu.activity, cpu.isRunnable]).toEqual(["running", true]);
        machine.runToEnd();
        expect([cpu.activity, cpu.isRunnable]).toEqual(["off", false]);
        cpu.startUp(0x22, entryPoints);
        expect(machine.runToEnd()).toBe("asleep forever");
        expect(vectors).toEqual([0x20]);
    });

    it("is parked by INIT, paging off, and can be started again", () => {
        const machine = new TestMachine();
        const [cpu] = machine.cpus;
        const table = identityTables(machine.memory);
        machine.start(
            function* (context) {
                yield context.loadPageTable(table);
                yield context.store(registerBase - 2 ** 32, 1, 1);
            },
            {
                *exception(context) {
                    machine.cpus[0].init();
                    yield context.step();
                },
            },
        );
        machine.runToEnd();
        expect([cpu.activity, cpu.context, cpu.pageTable]).toEqual(["waiting", undefined, -1]);
        let isStarted = false;
        machine.start(function* (context) {
            yield context.step();
            isStarted = true;
        });
        machine.runToEnd();
        expect(isStarted).toBe(true);
    });

    it("that INIT parks within its own operation does nothing more", () => {
        const machine = new TestMachine();
        const order: string[] = [];
        machine.device.onWrite = () => machine.cpus[0].init();
        machine.start(function* (context) {
            order.push("before");
            yield context.store(registerBase, 4, 1);
            order.push("after");
        });
        expect(machine.runToEnd()).toBe("asleep forever");
        expect(order).toEqual(["before"]);
        expect(machine.cpus[0].retired).toBe(1);
    });

    it("whose handlers ask for nothing makes time pass all the same", () => {
        const machine = new TestMachine();
        machine.interrupts[0].acknowledge = () => 50;
        machine.interrupts[0].request(50);
        machine.start(
            function* (context) {
                yield context.enableInterrupts();
                yield context.step();
            },
            { interrupt: nothing },
        );
        expect(machine.interleaver.run({ operations: 1000 })).toBe("operation limit");
        expect(machine.clock.nowNs).toBe(10_000);
    });

    it("saves all but its programs, and takes what was saved", () => {
        const machine = new TestMachine();
        const table = identityTables(machine.memory);
        machine.start(function* (context) {
            yield context.loadPageTable(table);
            yield context.load(0x8000, 4);
            yield context.enableInterrupts();
        });
        machine.interleaver.run({ operations: 3 });
        const saved = machine.cpus[0].save();
        expect(saved).toMatchObject({
            version: 1,
            activity: "running",
            retired: 3,
            gate: { version: 1, shadow: true, nmiBlocked: false },
            memoryPort: { version: 1, pageTable: 0x10000, faultAddress: 0 },
        });
        const other = new TestMachine();
        other.cpus[0].load(other.fieldsOf(saved));
        expect(other.cpus[0].save()).toEqual(saved);
        // It has no program, and so does nothing.
        expect(other.runToEnd()).toBe("asleep forever");
        expect(() => other.cpus[0].load(other.fieldsOf({ ...saved, activity: "idle" }))).toThrow(
            'saved state of cpu0: no CPU does "idle"',
        );
    });
});
