/** Forks of user programs: a second generator that is fed what the first one got. */
import { describe, expect, it } from "vitest";
import { Context, load64, type ProgramMaker } from "../../src/machine/cpu/context.ts";
import type { EntryPoints } from "../../src/machine/cpu/entry-points.ts";
import type { Operation, Program } from "../../src/machine/cpu/operation.ts";
import {
    entryOf,
    identityTables,
    nothing,
    setEntry,
    TestMachine,
} from "../support/machine-cpus.ts";

type Steps<Result = void> = Generator<Operation, Result, number>;

const call = { fork: 1, report: 2, exit: 3, exec: 4, load: 5 };

/** Why a run stops that has come to its end. */
const ended = "asleep forever";

interface RunOptions {
    readonly interruptsEnabled?: boolean;
    readonly recordLimit?: number;
    readonly table?: number;
    /** Operations after which the machine stops; at every seventh stop an interrupt comes. */
    readonly burst?: number;
    readonly interrupt?: EntryPoints["interrupt"];
}

/**
 * A kernel that forks and reports: contexts run one after the other, each until it exits. Children
 * are numbered from 1, and `report` writes down who said what.
 */
class ForkKernel {
    readonly machine = new TestMachine();
    readonly reports: string[] = [];
    readonly contexts: Context[] = [];
    readonly faults: string[] = [];
    /** What `exec` starts. */
    next: ProgramMaker = exits;

    /** Runs a program, and all of its forks, to the end; `more` is how, where it matters. */
    run(make: ProgramMaker, more: RunOptions = {}): this {
        const { table, burst = 1_000_000, interrupt = nothing, ...mode } = more;
        const { machine } = this;
        const first = new Context("0");
        first.startUser(make, { interruptsEnabled: true, ...mode });
        this.contexts.push(first);
        machine.start(
            function* (context) {
                if (table !== undefined) {
                    yield context.loadPageTable(table);
                }
                yield context.switchTo(first);
            },
            {
                systemCall: (context, number, given) => this.#systemCall(context, number, given),
                exception: (context, ...fault) => this.#exception(context, ...fault),
                interrupt,
            },
        );
        for (let count = 1; machine.interleaver.run({ operations: burst }) !== ended; count++) {
            if (count % 7 === 0 && machine.interrupts[0].pendingVector < 0) {
                machine.interrupts[0].request(50);
            }
        }
        return this;
    }

    *#exception(context: Context, vector: number, code: number, address: number): Program {
        this.faults.push(`${context.name}: ${vector} ${code} ${address}`);
        if (address === 0x2_0000) {
            yield context.store64(entryOf(address), 0x2_0007n);
        } else {
            context.abandon(-14);
        }
        return 0;
    }

    *#systemCall(context: Context, number: number, given: readonly number[]): Program {
        switch (number) {
            case call.fork:
                // The kernel's own 64-bit results are not the program's.
                yield context.fetchAdd64(0x9000, 3n);
                return this.#fork(context);
            case call.report:
                this.reports.push(`${context.name}: ${given.join(" ")}`);
                return given[0];
            case call.exec:
                context.replaceUser(this.next);
                return 0;
            case call.load:
                return yield context.load(given[0], 4);
            default:
                return yield* this.#exit(context);
        }
    }

    #fork(context: Context): number {
        const child = new Context(`${this.contexts.length}`);
        child.startFork(context, 0);
        this.contexts.push(child);
        return this.contexts.length - 1;
    }

    *#exit(context: Context): Steps<number> {
        const next = this.contexts[this.contexts.indexOf(context) + 1];
        if (next === undefined) {
            yield context.halt();
        }
        yield context.switchTo(next);
        return 0;
    }
}

function* exits(context: Context): Program {
    yield context.systemCall(call.exit);
}

describe("a fork", () => {
    it("goes on where its parent is, with what its parent knows and its own result", () => {
        const { reports } = new ForkKernel().run(function* (context): Program {
            yield context.store(0x8000, 4, 0xffff_fffe);
            let sum = 0;
            for (let turn = 0; turn < 5; turn++) {
                sum += yield context.fetchAdd(0x8000, 4, 1);
            }
            const pid = yield context.systemCall(call.fork);
            yield context.systemCall(call.report, pid, sum);
            yield context.systemCall(call.exit);
        });
        // Played back, the additions are not done again.
        const sum = 0xffff_fffe + 0xffff_ffff + 0 + 1 + 2;
        expect(reports).toEqual([`0: 1 ${sum}`, `1: 0 ${sum}`]);
    });

    it("inside of `yield*`, of a fork, and of a fork's fork, works by itself", () => {
        function* fork(context: Context, depth: number): Steps<number> {
            if (depth > 0) {
                return yield* fork(context, depth - 1);
            }
            return (yield context.systemCall(call.fork)) === 0 ? 1 : 0;
        }
        const { reports, contexts } = new ForkKernel().run(function* (context): Program {
            let path = 0;
            for (let turn = 0; turn < 3; turn++) {
                path = path * 2 + (yield* fork(context, turn));
            }
            yield context.systemCall(call.report, path);
            yield context.systemCall(call.exit);
        });
        expect(contexts.length).toBe(8);
        expect(reports.map((text) => text.split(" ")[1]).sort()).toEqual([..."01234567"]);
    });

    it("has 64-bit results, the last one of them too, and results of any number", () => {
        const values = [-1, 2 ** 23 - 1, 2 ** 23, 2 ** 24 - 1, 2 ** 32 + 5, 2 ** 52, -(2 ** 40), 0];
        const seen: (number | bigint)[][] = [];
        const kernel = new ForkKernel();
        kernel.machine.memory.view.setBigUint64(0x8000, 0xfedc_ba98_7654_3210n, true);
        kernel.run(function* (context): Program {
            const results: (number | bigint)[] = [yield* load64(context, 0x8000)];
            results.push(yield* load64(context, 0x8001));
            for (const value of values) {
                results.push(yield context.systemCall(call.report, value));
            }
            yield context.load64(0x8000);
            yield context.systemCall(call.fork);
            seen.push([...results, context.wide]);
            yield context.systemCall(call.exit);
        });
        const wide = 0xfedc_ba98_7654_3210n;
        const expected = [wide, 0x00fe_dcba_9876_5432n, ...values, wide];
        expect(seen).toEqual([expected, expected]);
    });

    it("keeps the interrupt flag of the parent's program, and only that program", () => {
        for (const isEnabled of [true, false]) {
            const { contexts } = new ForkKernel().run(
                function* (context): Program {
                    yield context.systemCall(call.fork);
                    yield context.systemCall(call.exit);
                },
                { interruptsEnabled: isEnabled },
            );
            const [parent, child] = contexts;
            expect(parent.frames.map(({ isUser }) => isUser)).toEqual([true, false]);
            expect(child.frames[0].interruptsEnabled).toBe(isEnabled);
        }
        const kernel = new ForkKernel();
        kernel.run(function* (context): Program {
            yield context.systemCall(call.fork);
            yield context.systemCall(call.exit);
        });
        const fresh = new Context("fresh");
        fresh.startFork(kernel.contexts[0], 7);
        expect(fresh.frames.length).toBe(1);
        expect([fresh.frames[0].isUser, fresh.frames[0].cause]).toEqual([true, "start"]);
    });

    it("has an operation that faulted once, and one that was abandoned as it was", () => {
        const kernel = new ForkKernel();
        const { memory } = kernel.machine;
        const table = identityTables(memory);
        setEntry(memory, entryOf(0x2_0000), 0n);
        memory.view.setUint32(0x2_0000, 42, true);
        kernel.run(
            function* (context): Program {
                const results = [yield context.load(0x2_0000, 4)];
                results.push(yield context.load(2 ** 47, 4));
                results.push(yield context.systemCall(call.load, 2 ** 47));
                results.push(yield context.load(0x2_0000, 4));
                yield context.systemCall(call.fork);
                yield context.systemCall(call.report, ...results);
                yield context.systemCall(call.exit);
            },
            { table },
        );
        expect(kernel.reports).toEqual(["0: 42 -14 -14 42", "1: 42 -14 -14 42"]);
        // Played back, nothing faults again.
        expect(kernel.faults).toEqual(["0: 14 4 131072", "0: 13 0 0", "0: 13 0 0"]);
    });

    it("of a program that execv began has nothing of the one before", () => {
        const kernel = new ForkKernel();
        kernel.next = function* (context): Program {
            yield context.step();
            const pid = yield context.systemCall(call.fork);
            yield context.systemCall(call.report, 100 + pid);
            yield context.systemCall(call.exit);
        };
        kernel.run(function* (context): Program {
            for (let turn = 0; turn < 10; turn++) {
                yield context.load(0x8000, 4);
            }
            yield context.systemCall(call.exec);
        });
        expect(kernel.reports).toEqual(["0: 101", "1: 100"]);
        expect(kernel.contexts[1].frames[0].record?.length).toBe(3);
    });

    it("while interrupts come, and in bursts of any length, is the same", () => {
        const make: ProgramMaker = function* (context) {
            let sum = 0;
            for (let turn = 0; turn < 300; turn++) {
                sum = (sum * 31 + (yield context.fetchAdd(0x8000, 4, turn))) % 1_000_003;
                if (turn % 100 === 50) {
                    yield context.systemCall(call.fork);
                }
            }
            yield context.systemCall(call.report, sum);
            yield context.systemCall(call.exit);
        };
        const run = (burst: number) => {
            let interruptCount = 0;
            const { reports } = new ForkKernel().run(make, {
                burst,
                *interrupt(context) {
                    interruptCount++;
                    yield context.fetchAdd64(0x9000, 1n);
                },
            });
            return { reports, interruptCount };
        };
        const { reports, interruptCount } = run(100_000);
        expect([reports.length, interruptCount]).toEqual([8, 0]);
        for (const burst of [1, 7]) {
            const cut = run(burst);
            expect(cut.reports).toEqual(reports);
            expect(cut.interruptCount).toBeGreaterThan(20);
        }
    });

    it("of many thousand operations has them all", () => {
        const { reports, contexts } = new ForkKernel().run(function* (context): Program {
            let sum = 0;
            for (let turn = 0; turn < 40_000; turn++) {
                sum += (yield context.fetchAdd(0x8000, 4, turn)) % 7;
            }
            const pid = yield context.systemCall(call.fork);
            const again = yield context.systemCall(call.fork);
            yield context.systemCall(call.report, sum, pid, again);
            yield context.systemCall(call.exit);
        });
        const sums = new Set(reports.map((text) => text.split(" ")[1]));
        expect([reports.length, sums.size]).toEqual([4, 1]);
        expect(contexts[3].frames[0].record?.length).toBe(40_003);
    });
});

describe("a program that cannot be forked", () => {
    it("is one with more results than are recorded; `canFork` says so", () => {
        const seen: boolean[] = [];
        const make: ProgramMaker = function* (context) {
            for (let turn = 0; turn < 100; turn++) {
                yield context.step();
            }
            seen.push(context.canFork);
            yield context.step();
            seen.push(context.canFork);
            yield context.systemCall(call.fork);
        };
        expect(() => new ForkKernel().run(make, { recordLimit: 100 })).toThrow(
            "the program of context 1 was recorded from its beginning",
        );
        expect(seen).toEqual([true, false]);
    });

    it("is one that was started as it is, and one that is in no system call", () => {
        const plain = new Context("plain");
        plain.start(exits(plain), { isUser: true, interruptsEnabled: true });
        expect(plain.canFork).toBe(false);
        const message = "is forked in a system call of a recorded user program";
        expect(() => new Context("child").startFork(plain, 0)).toThrow(`context plain ${message}`);
        const idle = new Context("idle");
        expect(idle.canFork).toBe(false);
        idle.startUser(exits, { interruptsEnabled: true });
        expect(idle.canFork).toBe(true);
        expect(() => new Context("child").startFork(idle, 0)).toThrow(`context idle ${message}`);
        expect(() => idle.startUser(exits, { interruptsEnabled: true })).toThrow("started once");
    });

    it("is one that is no function of its results: its fork asks for something else", () => {
        let count = 0;
        const impure: ProgramMaker = function* (context) {
            yield context.step();
            count++;
            if (count > 1) {
                yield context.load(0x8000, 4);
            }
            yield context.systemCall(call.fork);
            yield context.systemCall(call.exit);
        };
        expect(() => new ForkKernel().run(impure)).toThrow(
            "the program of context 1 is not a function of its results: played back for a fork, " +
                "it asks for 0x14 as operation 1, where it had asked for 0xb8",
        );
    });

    it("is one that ends when it is played back", () => {
        let count = 0;
        const impure: ProgramMaker = function* (context) {
            count++;
            if (count === 1) {
                yield context.systemCall(call.fork);
                yield context.systemCall(call.exit);
            }
        };
        expect(() => new ForkKernel().run(impure)).toThrow(
            "it asks for 0xba as operation 0, where it had asked for 0xb8",
        );
    });
});
