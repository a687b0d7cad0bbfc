/**
 * Calls at the wrong time: what a program asks of a kernel that has no room for it is an error, and
 * leaves the kernel as it was. `npm run fuzz -- --kernel` looks for more of the kind.
 */
import { describe, expect, it } from "vitest";
import type { KernelRun } from "../../src/crash/kernel-run.ts";
import { SystemCall } from "../../src/kernel/interface/system-call.ts";
import { Context, type ProgramMaker } from "../../src/machine/cpu/context.ts";
import { program } from "../../src/programs/library/program.ts";
import type { Steps } from "../../src/programs/library/steps.ts";
import type { User } from "../../src/programs/library/user.ts";
import { makeRun } from "../support/kernel-settings.ts";

const where = { cpuCount: 2, schedule: "round-robin", seed: 1 };
const passed = { kind: "passed", message: "the program and all orphans ended with status 0" };
const [again, noMemory] = [-11, -12];

/** Asks the kernel's test how far it is, until it has ended. */
function* untilTested(user: User): Steps {
    while ((yield user.call(SystemCall.ktest, 1)) !== 1000) {
        yield* user.msleep(10);
    }
}

function* sleeper(user: User): Steps {
    yield* user.msleep(100);
}

describe("ktest", () => {
    it("is E_AGAIN when there are too few numbers for its five tasks, and can be later", () => {
        const image = program(
            "crowd",
            function* (user) {
                // Numbers 1 to 15, of which init and this thread have one each.
                for (let thread = 0; thread < 9; thread++) {
                    yield* user.succeed(
                        yield* user.clone(sleeper, 0, user.registers.stackPointer - 512),
                        "clone",
                    );
                }
                yield* user.check(yield user.call(SystemCall.ktest, 1), again, "ktest");
                yield* user.msleep(200);
                yield* untilTested(user);
            },
            { threads: [sleeper] },
        );
        expect(makeRun(image, where).finish()).toEqual(passed);
    });

    it("is E_NOMEM when there are too few pages for its tasks, and can be later", () => {
        const image = program("hoard", function* (user) {
            let page = 0;
            let last = yield user.call(SystemCall.kalloc);
            while (last >= 0) {
                page = last;
                last = yield user.call(SystemCall.kalloc);
            }
            yield* user.check(yield user.call(SystemCall.kfree, page), 0, "kfree");
            yield* user.check(yield user.call(SystemCall.ktest, 1), noMemory, "ktest");
            yield* user.check(yield user.call(SystemCall.kfree, page - 1), 0, "kfree");
            for (let more = 2; more <= 5; more++) {
                yield* user.check(yield user.call(SystemCall.kfree, page - more), 0, "kfree");
            }
            yield* untilTested(user);
        });
        expect(makeRun(image, where).finish()).toEqual(passed);
    });
});

describe("fork", () => {
    /** A context that keeps few results. */
    class ForgetfulContext extends Context {
        override startUser(make: ProgramMaker): void {
            super.startUser(make, { interruptsEnabled: true, recordLimit: 10 });
        }
    }

    it("is E_NOMEM for a program that has done more than is recorded", () => {
        const image = program("long", function* (user) {
            for (let step = 0; step < 20; step++) {
                yield user.context.step();
            }
            yield* user.check(yield* user.fork(), noMemory, "fork");
        });
        const run: KernelRun = makeRun(image, where, {
            makeContext: (name) => new ForgetfulContext(name),
        });
        expect(run.finish()).toEqual(passed);
    });
});
