/** Where tasks stood at the end of a run, by source lines; and who took which lock. */
import { describe, expect, it } from "vitest";
import type { SourceLine } from "../../src/crash/exploration/stack-lines.ts";
import { KernelRun, type KernelRunOptions } from "../../src/crash/kernel-run.ts";
import { kernelStacks } from "../../src/crash/kernel-stacks.ts";
import { SystemCall } from "../../src/kernel/interface/system-call.ts";
import { Kernel, type KernelOptions } from "../../src/kernel/kernel.ts";
import type { Steps } from "../../src/kernel/steps.ts";
import type { LockClass } from "../../src/kernel/sync/lock-class.ts";
import { SpinLock } from "../../src/kernel/sync/spin-lock.ts";
import type { Context } from "../../src/machine/cpu/context.ts";
import type { Program } from "../../src/machine/cpu/operation.ts";
import { program } from "../../src/programs/library/program.ts";

const options: KernelRunOptions = { command: ["testpipe"], seed: 1, cpuCount: 2 };

function stacksOf(given: Partial<KernelRunOptions>) {
    return kernelStacks((makeContext) => {
        const run = new KernelRun({ ...options, ...given, makeContext });
        run.finish();
        return run;
    });
}

const namesOf = (lines: readonly SourceLine[] = []) => lines.map((line) => line.functionName);

/** Takes two locks in one order, and next time in the other. */
class TwoOrders extends Kernel {
    #callCount = 0;

    override *systemCall(context: Context, number: number, values: readonly number[]): Program {
        if (number === SystemCall.getpid) {
            yield* this.#callCount++ === 0 ? this.forwards(context) : this.backwards(context);
        }
        return yield* super.systemCall(context, number, values);
    }

    *forwards(context: Context): Steps {
        yield* this.both(context, "console", "log");
    }

    *backwards(context: Context): Steps {
        yield* this.both(context, "log", "console");
    }

    *both(context: Context, one: LockClass, other: LockClass): Steps {
        const outer = new SpinLock(this.order, one);
        const inner = new SpinLock(this.order, other);
        const hadInterrupts = yield* outer.acquire(context);
        yield* inner.release(context, yield* inner.acquire(context));
        yield* outer.release(context, hadInterrupts);
    }
}

const twice = program("twice", function* (user) {
    yield* user.getpid();
    yield* user.getpid();
});

describe("the stacks of a run", () => {
    it("say where each task blocks, from the wait to the system call", () => {
        const { tasks } = stacksOf({ command: ["cat"] });
        expect([...tasks.keys()]).toEqual([1, 2]);
        expect(namesOf(tasks.get(1)).slice(0, 2)).toEqual(["waitUntil", "waitForChild"]);
        const chain = namesOf(tasks.get(2));
        expect([chain.at(0), chain.at(-1)]).toEqual(["waitUntil", "systemCall"]);
        for (const { file, line } of tasks.get(2) ?? []) {
            expect(file).toMatch(/^src\/kernel\/[\w/-]+\.ts$/);
            expect(line).toBeGreaterThan(0);
        }
    });

    it("say where the kernel gave up", () => {
        const { thrown, lockCycle } = stacksOf({
            command: ["testshm"],
            faults: ["fork-forgets-shared-reference"],
        });
        expect(namesOf(thrown).slice(0, 2)).toEqual(["kernelAssert", "#uncount"]);
        expect(namesOf(thrown).at(-1)).toBe("systemCall");
        expect(lockCycle).toEqual([]);
    });

    it("say of a cycle of locks who took them in each order", () => {
        const makeKernel = (kernelOptions: KernelOptions) => new TwoOrders(kernelOptions);
        const { lockCycle } = stacksOf({ command: ["twice"], programs: [twice], makeKernel });
        expect(lockCycle.map(({ held, taken }) => ({ held, taken }))).toEqual([
            { held: "log", taken: "console" },
            { held: "console", taken: "log" },
        ]);
        expect(lockCycle.map(({ lines }) => namesOf(lines).slice(0, 3))).toEqual([
            ["both", "backwards", "systemCall"],
            ["both", "forwards", "systemCall"],
        ]);
    });

    it("are those of the end, not of what came before (canary)", () => {
        const early = kernelStacks((makeContext) => {
            const run = new KernelRun({ ...options, command: ["cat"], makeContext });
            run.advance({ operations: 300 });
            return run;
        });
        expect(namesOf(early.tasks.get(1))[0]).not.toBe("waitUntil");
    });
});
