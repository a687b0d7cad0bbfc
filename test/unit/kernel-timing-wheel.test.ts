import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Steps } from "../../src/kernel/steps.ts";
import { Task } from "../../src/kernel/tasks/task.ts";
import { TimingWheel } from "../../src/kernel/tasks/timing-wheel.ts";
import type { Context } from "../../src/machine/cpu/context.ts";
import { runTasks } from "../support/kernel-tasks-rig.ts";

const one = { cpuCount: 1, schedule: "round-robin", seed: 1 };
const passed = { kind: "passed", message: "the program and all orphans ended with status 0" };

/** What is done to a wheel: an alarm so many ticks from now, one taken back, or ticks. */
type Action =
    | { readonly arm: number; readonly inTicks: number }
    | { readonly disarm: number }
    | { readonly ticks: number };

/** Does it to a wheel and to a sorted list. Returns where they differ. */
function differences(
    actions: readonly Action[],
    make: (wheel: TimingWheel) => TimingWheel,
): string[] {
    const found: string[] = [];
    const outcome = runTasks(one, ({ kernel }) => [
        function* (_kernel, { context, process, cpu, page }) {
            const wheel = make(new TimingWheel(kernel.order));
            const tasks = Array.from(
                { length: 6 },
                (_, tid) => new Task({ tid, process, context, cpu, page }, 0),
            );
            yield* compare(context, wheel, tasks, actions, found);
        },
    ]);
    expect(outcome).toEqual(passed);
    return found;
}

function* compare(
    context: Context,
    wheel: TimingWheel,
    tasks: readonly Task[],
    actions: readonly Action[],
    found: string[],
): Steps {
    /** Ticks by tid. */
    const alarms = new Map<number, number>();
    let ticks = 0;
    for (const action of actions) {
        if ("arm" in action && !alarms.has(action.arm)) {
            yield* wheel.arm(context, tasks[action.arm], ticks + action.inTicks);
            // What is past is the next tick.
            alarms.set(action.arm, ticks + Math.max(1, action.inTicks));
        } else if ("disarm" in action) {
            yield* wheel.disarm(context, tasks[action.disarm]);
            alarms.delete(action.disarm);
        } else if ("ticks" in action) {
            for (let count = 0; count < action.ticks; count++) {
                ticks++;
                const rung = (yield* wheel.tick(context)).map(({ tid }) => tid).sort();
                const due = [...alarms].filter(([, tick]) => tick === ticks).map(([tid]) => tid);
                for (const tid of due) {
                    alarms.delete(tid);
                }
                if (rung.join() !== due.sort().join()) {
                    found.push(`tick ${ticks}: ${rung.join()} rang, and ${due.join()} were due`);
                }
            }
        }
        if (wheel.armedCount !== alarms.size || wheel.ticks !== ticks) {
            found.push(`at ${ticks}: ${alarms.size} alarms, and it says ${wheel.armedCount}`);
        }
    }
}

const anAction: fc.Arbitrary<Action> = fc.oneof(
    fc.record({ arm: fc.nat(5), inTicks: fc.oneof(fc.integer({ min: -2, max: 5 }), fc.nat(200)) }),
    fc.record({ disarm: fc.nat(5) }),
    fc.record({ ticks: fc.oneof(fc.nat(3), fc.nat(130)) }),
);

function agrees(make: (wheel: TimingWheel) => TimingWheel) {
    return fc.property(fc.array(anAction, { maxLength: 25 }), (actions) => {
        expect(differences(actions, make)).toEqual([]);
    });
}

describe("the timing wheel", () => {
    it("rings what a sorted list would, at each tick", () => {
        fc.assert(
            agrees((wheel) => wheel),
            { seed: 7, numRuns: 60 },
        );
    });

    it("rings at its tick, not when the wheel comes around before it", () => {
        const actions = [{ arm: 0, inTicks: 64 * 3 }, { ticks: 64 * 3 - 1 }, { ticks: 1 }];
        expect(differences(actions, (wheel) => wheel)).toEqual([]);
    });

    it("would not if it forgot which turn an alarm is for (canary)", () => {
        const broken = (wheel: TimingWheel): TimingWheel => {
            const arm = wheel.arm.bind(wheel);
            wheel.arm = (context, task, tick) => arm(context, task, wheel.ticks + (tick % 64));
            return wheel;
        };
        expect(fc.check(agrees(broken), { seed: 7, numRuns: 60 }).failed).toBe(true);
    });

    it("would not if it kept what was taken back (canary)", () => {
        const broken = (wheel: TimingWheel): TimingWheel => {
            wheel.disarm = function* (context) {
                yield context.step();
            };
            return wheel;
        };
        expect(fc.check(agrees(broken), { seed: 7, numRuns: 60 }).failed).toBe(true);
    });
});
