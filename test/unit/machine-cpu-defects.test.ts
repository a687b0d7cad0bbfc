/** Programs with defects of their own: what the CPU says of them, and where it stands then. */
import { describe, expect, it } from "vitest";
import { Context } from "../../src/machine/cpu/context.ts";
import type { Operation, Program } from "../../src/machine/cpu/operation.ts";
import { nothing, registerBase, steps, TestMachine } from "../support/machine-cpus.ts";

/** What running a machine throws. */
function thrownBy(machine: TestMachine): string {
    try {
        return `no error: ${machine.runToEnd()}`;
    } catch (error) {
        return error instanceof Error ? error.message : "no error";
    }
}

describe("a program that throws", () => {
    it("has done its operations, the one in which it throws among them", () => {
        const machine = new TestMachine();
        machine.start(function* (context) {
            yield context.store(0x8000, 4, 1);
            yield context.step();
            yield context.pause();
            throw new Error("panic");
        });
        expect(thrownBy(machine)).toBe("panic");
        expect(machine.cpus[0].retired).toBe(4);
        expect(machine.clock.nowNs).toBe(430);
        expect(machine.recorder.runs).toEqual([{ cpu: 0, operations: 4 }]);
    });

    it("rings the alarms that its operations came to", () => {
        const machine = new TestMachine();
        const rings: number[] = [];
        const alarm = machine.clock.alarm("test", () => rings.push(machine.clock.nowNs));
        alarm.set(15);
        machine.start(function* (context) {
            yield context.step();
            throw new Error("panic");
        });
        expect(thrownBy(machine)).toBe("panic");
        expect(rings).toEqual([15]);
        expect(machine.clock.nowNs).toBe(20);
    });

    it("may be the one that a device's register stopped in", () => {
        const machine = new TestMachine();
        machine.device.onWrite = () => {
            throw new Error("a broken device");
        };
        machine.start(function* (context) {
            yield context.step();
            yield context.store(registerBase, 4, 1);
        });
        expect(thrownBy(machine)).toBe("a broken device");
        expect([machine.cpus[0].retired, machine.clock.nowNs]).toEqual([2, 20]);
    });

    const entries: [string, (context: Context) => Program][] = [
        ["interrupt", (context) => steps(context, 3)],
        ["systemCall", (context) => callOnce(context)],
        ["exception", (context) => loadOnce(context)],
    ];
    function* callOnce(context: Context): Program {
        yield context.systemCall(1);
    }
    function* loadOnce(context: Context): Program {
        yield context.load(2 ** 47, 1);
    }
    it.each(entries)(
        "may be none yet: an entry point, %s, throws in the first operation",
        (name) => {
            const machine = new TestMachine();
            const program = entries.find(([entry]) => entry === name)?.[1] ?? nothing;
            machine.startUser(program, {
                [name]: () => {
                    throw new Error(`no ${name}`);
                },
            });
            machine.interleaver.run({ operations: 1 });
            if (name === "interrupt") {
                machine.interrupts[0].request(50);
            }
            expect(thrownBy(machine)).toBe(`no ${name}`);
            expect(machine.cpus[0].retired).toBe(name === "interrupt" ? 2 : 3);
        },
    );
});

/**
 * What comes of a program that yields an operation which it asked of another context. Told that
 * its own was asked, the CPU cannot know.
 */
function askOfAnother(isForged: boolean): { error: string; stored: number[] } {
    const machine = new TestMachine();
    const other = new Context("other");
    machine.start(function* (context) {
        yield context.store(0x8000, 4, 1);
        const operation = other.store(0x8004, 4, 2);
        if (isForged) {
            context.asked = operation;
        }
        context.value = 77;
        yield operation;
    });
    const error = thrownBy(machine);
    return {
        error,
        stored: [...new Uint32Array(machine.memory.bytes.slice(0x8000, 0x8008).buffer)],
    };
}

const foreign =
    "the program of context cpu0 start yields what it asked that context for: " +
    "this was asked of another, or of none";

describe("an operation that a program yields", () => {
    it("is asked of its own context, and is not carried out otherwise", () => {
        expect(askOfAnother(false)).toEqual({ error: foreign, stored: [1, 0] });
    });

    it("is told from one that was (canary)", () => {
        const { error, stored } = askOfAnother(true);
        // The operands are those that lay in the program's own context: another address.
        expect(error).toBe("no error: asleep forever");
        expect(stored).toEqual([77, 0]);
    });

    const wrong: [string, (context: Context) => Operation][] = [
        ["a code that nobody asked for", () => 0x14],
        ["nothing at all", () => Number.NaN],
        [
            "another than was asked for",
            (context) => {
                context.load(0x8000, 4);
                return context.asked + 0x10;
            },
        ],
    ];
    it.each(wrong)("is not %s", (_, operation) => {
        const machine = new TestMachine();
        machine.start(function* (context) {
            yield operation(context);
        });
        expect(thrownBy(machine)).toBe(foreign);
        expect(machine.cpus[0].retired).toBe(1);
    });

    it("is yielded before the program ends", () => {
        const machine = new TestMachine();
        machine.start(function* (context) {
            yield context.step();
            context.store(0x8000, 4, 1);
        });
        expect(thrownBy(machine)).toBe(
            "the program of context cpu0 start yields every operation that it asks for",
        );
    });
});

describe("an address that is no whole number", () => {
    const addresses = [8192.5, -0.5, 2 ** 40 + 0.25, Number.NaN, Number.POSITIVE_INFINITY];
    it.each(addresses)("is a defect, with its page remembered and without: %d", (address) => {
        for (const size of [1, 2, 4] as const) {
            for (const isRemembered of [false, true]) {
                const machine = new TestMachine();
                machine.start(function* (context) {
                    if (isRemembered) {
                        yield context.store(0x2000, 1, 7);
                        yield context.load(0x2000, 1);
                    }
                    yield size === 2
                        ? context.store(address, size, 1)
                        : context.load(address, size);
                });
                expect(thrownBy(machine)).toBe("a program accesses a whole address");
            }
        }
    });
});

describe("an interrupt controller's alarm", () => {
    it("that its acknowledge sets rings when it is due, though a burst has begun", () => {
        const machine = new TestMachine();
        const order: string[] = [];
        const alarm = machine.clock.alarm("test", () => order.push(`at ${machine.clock.nowNs}`));
        const [interrupts] = machine.interrupts;
        interrupts.acknowledge = () => {
            alarm.set(machine.clock.nowNs + 25);
            return interrupts.vectors.shift() ?? -1;
        };
        machine.startUser((context) => steps(context, 20), {
            *interrupt(context) {
                for (let done = 0; done < 5; done++) {
                    yield context.step();
                    order.push("operation");
                }
            },
        });
        machine.interleaver.run({ operations: 1 });
        interrupts.request(50);
        machine.interleaver.run({ operations: 6 });
        expect(order).toEqual([
            "operation",
            "operation",
            "at 35",
            "operation",
            "operation",
            "operation",
        ]);
    });

    it("that is due at once rings before the handler's first operation", () => {
        const machine = new TestMachine();
        const order: string[] = [];
        const alarm = machine.clock.alarm("test", () => {
            order.push("rings");
            machine.interrupts[0].nmiPending = true;
        });
        const [interrupts] = machine.interrupts;
        interrupts.acknowledge = () => {
            alarm.set(machine.clock.nowNs);
            return interrupts.vectors.shift() ?? -1;
        };
        machine.startUser((context) => steps(context, 20), {
            *interrupt(context, vector) {
                order.push(`vector ${vector}`);
                yield context.step();
            },
        });
        machine.interleaver.run({ operations: 1 });
        interrupts.request(50);
        machine.interleaver.run({ operations: 4 });
        expect(order).toEqual(["rings", "vector 2", "vector 50"]);
    });
});
