/** Futexes against a model: queues of waiters, in the order in which they came. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FaultName } from "../../src/kernel/faults.ts";
import type { UserContext } from "../../src/kernel/interface/program-image.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import {
    call,
    dataStart,
    futexOp,
    runProgram,
    startThread,
    type ThreadBody,
    type UserSteps,
} from "../support/kernel-memory-programs.ts";

const seed = 44_001;
const threadCount = 5;

/** Where two shared pages are mapped twice; futexes are three of their words, by either address. */
const places = [0x4000_0000, 0x5000_0000];
const wordOffsets = [0, 4, 8188];

/** A word, and by which address it is meant. */
interface Futex {
    readonly word: number;
    readonly place: number;
}

type Step =
    | { readonly do: "wait"; readonly futex: Futex }
    | { readonly do: "wake"; readonly futex: Futex; readonly count: number }
    | {
          readonly do: "requeue";
          readonly futex: Futex;
          readonly count: number;
          readonly moveCount: number;
          readonly target: Futex;
      };

const anyFutex = fc.record({ word: fc.nat(2), place: fc.nat(1) });
const anyCount = fc.integer({ min: -1, max: 4 });
const anyStep: fc.Arbitrary<Step> = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant("wait"), futex: anyFutex }) },
    {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant("wake"), futex: anyFutex, count: anyCount }),
    },
    {
        weight: 2,
        arbitrary: fc.record({
            do: fc.constant("requeue"),
            futex: anyFutex,
            count: anyCount,
            moveCount: anyCount,
            target: anyFutex,
        }),
    },
);

const anySurroundings = fc.record({
    schedule: fc.constantFrom("round-robin:11", "random:8", "random:60", "pct:3:20000"),
    cpuCount: fc.constantFrom(1, 2, 4),
    seed: fc.nat(1000),
});

function addressOf({ word, place }: Futex): number {
    return places[place] + wordOffsets[word];
}

/** Lets other CPUs run, whatever the schedule, and other threads of this one. */
function* giveWay(user: UserContext): UserSteps {
    yield user.pause();
    yield user.systemCall(call.yield);
}

/** The queues of waiters, by word. */
class FutexModel {
    readonly #queues: number[][] = wordOffsets.map(() => []);

    get waiters(): readonly number[] {
        return this.#queues.flat();
    }

    wait(thread: number, { word }: Futex): void {
        this.#queues[word].push(thread);
    }

    /** Returns the threads that are woken. */
    wake({ word }: Futex, count: number): number[] {
        return this.#queues[word].splice(0, Math.max(0, count));
    }

    /** Returns how many are moved. */
    move(from: Futex, count: number, target: Futex): number {
        const moved = this.wake(from, count);
        this.#queues[target.word].push(...moved);
        return moved.length;
    }
}

interface Scenario {
    readonly steps: readonly Step[];
    readonly schedule: string;
    readonly cpuCount: number;
    readonly seed: number;
}

/** Runs the steps one after the other. Returns what was not as the model has it, at first. */
function disagreement(scenario: Scenario, faults: readonly FaultName[] = []): string | undefined {
    /** By thread: the address to wait at, and then the result. */
    const orders = new Array<number | undefined>(threadCount).fill(undefined);
    const results = new Array<number | undefined>(threadCount).fill(undefined);
    const model = new FutexModel();
    let found: string | undefined;

    const thread: ThreadBody = function* (user, index) {
        for (;;) {
            const address = orders[index];
            if (address === undefined) {
                yield* giveWay(user);
            } else {
                orders[index] = undefined;
                results[index] = yield user.systemCall(call.futex, address, futexOp.wait, 0);
            }
        }
    };

    const until = function* (user: UserContext, holds: () => boolean): UserSteps<boolean> {
        for (let turn = 0; turn < 3000 && !holds(); turn++) {
            yield* giveWay(user);
        }
        return holds();
    };

    /** Does a step. Returns its result, and the model's, and who must be awake now. */
    const doStep = function* (user: UserContext, step: Step, kernel: Kernel): UserSteps<string> {
        const address = addressOf(step.futex);
        if (step.do === "wait") {
            const index = results.indexOf(0);
            if (index >= 0) {
                results[index] = undefined;
                orders[index] = address;
                model.wait(index, step.futex);
            }
            const count = model.waiters.length;
            const arrived = yield* until(user, () => kernel.futexes.waiterCount === count);
            return arrived ? "" : `thread ${index} does not wait`;
        }
        const woken = model.wake(step.futex, step.count);
        let expected = woken.length;
        let result: number;
        if (step.do === "wake") {
            result = yield user.systemCall(call.futex, address, futexOp.wake, step.count);
        } else {
            const target = addressOf(step.target);
            expected += model.move(step.futex, step.moveCount, step.target);
            const { count, moveCount } = step;
            const op = futexOp.requeue;
            result = yield user.systemCall(call.futex, address, op, count, moveCount, target);
        }
        const areAwake = yield* until(user, () => woken.every((index) => results[index] === 0));
        const sleepers = model.waiters;
        const areAsleep = sleepers.every((index) => results[index] === undefined);
        return result === expected && areAwake && areAsleep
            ? ""
            : `${step.do}: ${result} and not ${expected}, threads ${results.join()}`;
    };

    const main: ThreadBody = function* (user, _argument, kernel) {
        const id = yield user.systemCall(call.shmget, 2 * 4096);
        for (const place of places) {
            yield user.systemCall(call.shmat, id, place);
        }
        for (let index = 0; index < threadCount; index++) {
            results[index] = 0;
            yield* startThread(user, 0, index, index);
        }
        for (const [number, step] of scenario.steps.entries()) {
            const difference = yield* doStep(user, step, kernel);
            if (difference !== "") {
                found = `step ${number}: ${difference}`;
                break;
            }
        }
        return 0;
    };

    const { schedule, cpuCount, seed: runSeed } = scenario;
    runProgram({ main, threads: [thread], schedule, cpuCount, seed: runSeed, faults });
    return found;
}

describe("futexes", () => {
    const anyScenario = fc
        .tuple(fc.array(anyStep, { minLength: 4, maxLength: 24 }), anySurroundings)
        .map(([steps, surroundings]): Scenario => ({ steps, ...surroundings }));

    it("wake and move who the model does, in the order in which they came", () => {
        const property = fc.property(anyScenario, (scenario) => {
            expect(disagreement(scenario)).toBeUndefined();
        });
        fc.assert(property, { seed, numRuns: 60 });
    });

    it("do not when they are told apart by virtual address: the test sees that", () => {
        const steps: Step[] = [
            { do: "wait", futex: { word: 0, place: 0 } },
            { do: "wake", futex: { word: 0, place: 1 }, count: 1 },
        ];
        const scenario = { steps, schedule: "random:8", cpuCount: 2, seed: 1 };
        expect(disagreement(scenario)).toBeUndefined();
        expect(disagreement(scenario, ["futex-virtual-key"])).toBe(
            "step 1: wake: 0 and not 1, threads ,0,0,0,0",
        );
    });
});

/** What a thread of the second property does, on one of two words. */
interface Act {
    readonly do: "wait" | "wake" | "wakeByRequeue" | "move" | "change";
    readonly word: number;
    readonly count: number;
}

const anyAct: fc.Arbitrary<Act> = fc.record({
    do: fc.constantFrom("wait", "wait", "wake", "wakeByRequeue", "move", "change"),
    word: fc.nat(1),
    count: fc.integer({ min: 0, max: 3 }),
});

/** Threads act at once. Returns how many waits ended by a wakeup, and how many were woken. */
function countWakeups(
    acts: readonly (readonly Act[])[],
    surroundings: { schedule: string; cpuCount: number; seed: number },
): { readonly ended: number; readonly woken: number; readonly others: readonly number[] } {
    let ended = 0;
    let woken = 0;
    const others: number[] = [];
    const words = [dataStart, dataStart + 4];
    const add = (count: number) => {
        woken += count;
    };
    const thread: ThreadBody = function* (user, index) {
        for (const act of acts[index]) {
            const [address, target] = [words[act.word], words[1 - act.word]];
            const futex = (...rest: number[]) => user.systemCall(call.futex, address, ...rest);
            switch (act.do) {
                case "wait": {
                    const value = yield user.load(address, 4);
                    const result = yield futex(futexOp.waitTimeout, value, 10 + act.count);
                    if (result === 0) {
                        ended++;
                    } else {
                        others.push(result);
                    }
                    break;
                }
                case "wake":
                    add(yield futex(futexOp.wake, act.count));
                    break;
                case "wakeByRequeue":
                    add(yield futex(futexOp.requeue, act.count, 0, target));
                    break;
                case "move":
                    yield futex(futexOp.requeue, 0, act.count, target);
                    break;
                case "change":
                    yield user.fetchAdd(address, 4, 1);
                    break;
            }
        }
        return 0;
    };
    const main: ThreadBody = function* (user) {
        for (let index = 0; index < acts.length; index++) {
            yield* startThread(user, 0, index, index);
        }
        return yield user.systemCall(call.texit, 0);
    };
    runProgram({ main, threads: [thread], ...surroundings });
    return { ended, woken, others };
}

describe("wakeups", () => {
    it("are as many as the waits that they end, when threads wait, wake and move at once", () => {
        const anyActs = fc.array(fc.array(anyAct, { minLength: 2, maxLength: 8 }), {
            minLength: 2,
            maxLength: 5,
        });
        const property = fc.property(anyActs, anySurroundings, (acts, surroundings) => {
            const { ended, woken, others } = countWakeups(acts, surroundings);
            expect(ended).toBe(woken);
            expect(others.every((result) => result === -11 || result === -62)).toBe(true);
        });
        fc.assert(property, { seed, numRuns: 60 });
    });

    it("are counted at all: some do end waits", () => {
        const wakes = new Array<Act>(8).fill({ do: "wake", word: 0, count: 1 });
        const acts: Act[][] = [[{ do: "wait", word: 0, count: 3 }], wakes];
        const seen = [0, 1, 2, 3, 4, 5, 6, 7].map((runSeed) =>
            countWakeups(acts, { schedule: "random:60", cpuCount: 2, seed: runSeed }),
        );
        expect(Math.max(...seen.map(({ ended }) => ended))).toBe(1);
    });
});
