/** What a kernel's handlers can ask of the context that they run in, and do to it. */
import { describe, expect, it } from "vitest";
import { Context } from "../../src/machine/cpu/context.ts";
import type { EntryPoints } from "../../src/machine/cpu/entry-points.ts";
import type { Program } from "../../src/machine/cpu/operation.ts";
import {
    entryOf,
    identityTables,
    nothing,
    setEntry,
    steps,
    TestMachine,
} from "../support/machine-cpus.ts";

const userMode = { isUser: true, interruptsEnabled: true };

/** An address that is not canonical: a user pointer at which every access faults. */
const badPointer = 2 ** 47;

/** A handler for a call that ends a test: it sleeps, interrupts off. */
function* sleep(context: Context): Program {
    yield context.halt();
}

describe("a context", () => {
    it("tells whether interrupts are on, for the program on top", () => {
        const machine = new TestMachine();
        const seen: boolean[] = [];
        machine.start(
            function* (context) {
                seen.push(context.interruptsEnabled);
                yield context.enableInterrupts();
                seen.push(context.interruptsEnabled);
                yield context.systemCall(1);
                seen.push(context.interruptsEnabled);
                yield context.disableInterrupts();
                seen.push(context.interruptsEnabled);
            },
            {
                *systemCall(context) {
                    seen.push(context.interruptsEnabled);
                    yield context.step();
                },
            },
        );
        machine.runToEnd();
        expect(seen).toEqual([false, true, false, true, false]);
    });

    it("tells a handler whether it came from user mode, also before its first operation", () => {
        const machine = new TestMachine();
        const seen: string[] = [];
        const note = (context: Context, what: string): Program => {
            seen.push(`${what} ${context.cameFromUser} ${context.interruptsEnabled}`);
            return steps(context, 1);
        };
        machine.startUser(
            function* (context) {
                yield context.step();
                yield context.systemCall(1);
            },
            {
                // Not generators, so that they look at the context when the kernel is entered.
                interrupt: (context) => note(context, "interrupt"),
                exception: (context) => {
                    context.abandon(0);
                    return note(context, "exception");
                },
                *systemCall(context) {
                    yield* note(context, "call");
                    yield context.load(badPointer, 1);
                    yield context.halt();
                },
            },
        );
        machine.interrupts[0].request(50);
        machine.runToEnd();
        expect(seen).toEqual(["interrupt true false", "call true false", "exception false false"]);
    });

    it("that is on top of nothing came from no user", () => {
        const machine = new TestMachine();
        const seen: boolean[] = [];
        machine.start(function* (context) {
            seen.push(context.cameFromUser);
            yield context.step();
        });
        machine.runToEnd();
        expect(seen).toEqual([false]);
    });

    it("tells the index of its CPU, and has none when it is on none", () => {
        const machine = new TestMachine({ cpuCount: 2 });
        const seen: number[] = [];
        for (const cpu of [0, 1]) {
            machine.start(
                function* (context) {
                    seen.push(context.cpuIndex);
                    yield context.step();
                },
                {},
                cpu,
            );
        }
        machine.runToEnd();
        expect(seen).toEqual([0, 1]);
        expect(() => new Context("idle").cpuIndex).toThrow("context idle is on a CPU");
    });
});

describe("an operation that a handler abandons", () => {
    it("gives the handler's result in place of its own: a bad user pointer is E_FAULT", () => {
        const machine = new TestMachine();
        const results: number[] = [];
        const faults: string[] = [];
        machine.startUser(
            function* (context) {
                results.push(yield context.systemCall(1, badPointer));
                results.push(yield context.systemCall(1, 0x8000));
                yield context.systemCall(0);
            },
            {
                *systemCall(context, number, [pointer]) {
                    if (number === 0) {
                        yield* sleep(context);
                    }
                    const value = yield context.load(pointer, 4);
                    return value < 0 ? value : value + 1;
                },
                *exception(context, vector) {
                    faults.push(`fault ${vector}, from user mode: ${context.cameFromUser}`);
                    yield context.store(0x8000, 4, 41);
                    context.abandon(-14);
                },
            },
        );
        machine.runToEnd();
        expect(results).toEqual([-14, 42]);
        expect(faults).toEqual(["fault 13, from user mode: false"]);
    });

    it("leaves the last 64-bit result as it was", () => {
        const machine = new TestMachine();
        const seen: (number | bigint)[] = [];
        machine.memory.view.setBigUint64(0x8000, 7n, true);
        machine.start(
            function* (context) {
                seen.push(yield context.load64(0x8000), context.wide);
                seen.push(yield context.load64(badPointer), context.wide);
            },
            {
                *exception(context) {
                    yield context.load64(0x9000);
                    context.abandon(-14);
                },
            },
        );
        machine.runToEnd();
        expect(seen).toEqual([0, 7n, -14, 7n]);
    });

    it("must be one that faulted, and its handler must be on top", () => {
        const outsideHandler = new TestMachine();
        outsideHandler.start(function* (context) {
            context.abandon(-14);
            yield context.step();
        });
        const message = "context cpu0 start abandons an operation in the handler of its fault";
        expect(() => outsideHandler.runToEnd()).toThrow(message);

        const twice = new TestMachine();
        twice.start(
            function* (context) {
                yield context.load(badPointer, 1);
            },
            {
                *exception(context) {
                    yield context.step();
                    context.abandon(-14);
                    context.abandon(-14);
                },
            },
        );
        expect(() => twice.runToEnd()).toThrow(message);
    });
});

describe("a program that the kernel replaces", () => {
    it("is gone when the system call returns, and the new one begins, as by execv", () => {
        const machine = new TestMachine();
        const order: string[] = [];
        const handlers: Partial<EntryPoints> = {
            *systemCall(context, number) {
                if (number === 0) {
                    yield* sleep(context);
                }
                const next = (function* (): Program {
                    order.push(`new program, 64 bits ${context.wide}`);
                    yield context.step();
                    order.push(`new program calls, ${context.interruptsEnabled}`);
                    yield context.systemCall(0);
                })();
                context.replace(next, userMode);
                order.push("still in the call");
                yield context.load64(0x8000);
                return 99;
            },
        };
        machine.memory.bytes[0x8000] = 1;
        machine.startUser(function* (context) {
            yield context.load64(0x8000);
            order.push("old program");
            yield context.systemCall(1);
            order.push("never");
        }, handlers);
        machine.runToEnd();
        expect(order).toEqual([
            "old program",
            "still in the call",
            "new program, 64 bits 0",
            "new program calls, true",
        ]);
    });

    it("is not the one on top", () => {
        const context = new Context("task");
        context.start(nothing(context), userMode);
        expect(() => context.replace(nothing(context), userMode)).toThrow(
            "context task is replaced from within the kernel",
        );
    });
});

describe("an exception that is no page fault", () => {
    it("has no address: a user program that runs off its end is an invalid opcode", () => {
        const machine = new TestMachine();
        const table = identityTables(machine.memory);
        setEntry(machine.memory, entryOf(0x2_0000), 0n);
        const faults: number[][] = [];
        const user = new Context("user");
        const program = function* (context: Context): Program {
            yield context.load(0x2_0000, 1);
            yield context.load(badPointer, 1);
            yield context.halt();
        };
        user.start(program(user), userMode);
        machine.start(
            function* (context) {
                yield context.loadPageTable(table);
                yield context.switchTo(user);
            },
            {
                *exception(context, ...told) {
                    faults.push(told);
                    if (told[0] === 6) {
                        yield* sleep(context);
                    }
                    context.abandon(-1);
                },
            },
        );
        machine.runToEnd();
        expect(faults).toEqual([
            [14, 4, 0x2_0000],
            [13, 0, 0],
            [13, 0, 0],
            [6, 0, 0],
        ]);
        expect(machine.cpus[0].faultAddress).toBe(0x2_0000);
    });
});
