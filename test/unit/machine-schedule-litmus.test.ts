/**
 * Litmus tests: small programs whose outcomes tell memory models apart.
 *
 * Memory here is sequentially consistent: every operation is done before any other begins. Real
 * x86 processors have store buffers (TSO), so that a load may pass an earlier store; the machine
 * has none, which is a known gap: a race that needs one is not found. The first test states it.
 */
import { describe, expect, it } from "vitest";
import { SeededChoices } from "../../src/base/choices.ts";
import type { Program } from "../../src/machine/cpu/operation.ts";
import { RandomSchedule } from "../../src/machine/schedule/random.ts";
import { TestMachine } from "../support/machine-cpus.ts";

const x = 0x8000;
const y = 0x9000;

/** An operation of a thread: a store, or a load, whose result is part of the outcome. */
type Step = { readonly store: number; readonly value: number } | { readonly load: number };

const store = (address: number, value = 1): Step => ({ store: address, value });
const load = (address: number): Step => ({ load: address });

/** All outcomes over many schedules: what the loads of each thread gave. */
function outcomes(...threads: Step[][]): string[] {
    const found = new Set<string>();
    for (let seed = 0; seed < 400; seed++) {
        const schedule = new RandomSchedule(new SeededChoices(seed), 2);
        const machine = new TestMachine({ cpuCount: threads.length, schedule });
        const loaded = threads.map(() => "");
        for (const [cpu, thread] of threads.entries()) {
            machine.start(
                function* (context): Program {
                    for (const step of thread) {
                        if ("load" in step) {
                            loaded[cpu] += yield context.load(step.load, 4);
                        } else {
                            yield context.store(step.store, 4, step.value);
                        }
                    }
                },
                {},
                cpu,
            );
        }
        machine.runToEnd();
        found.add(loaded.filter((values) => values !== "").join(" "));
    }
    return [...found].sort();
}

describe("memory is sequentially consistent", () => {
    it("so that loads never pass stores before them, as they would by store buffers (SB)", () => {
        const found = outcomes([store(x), load(y)], [store(y), load(x)]);
        expect(found).toEqual(["0 1", "1 0", "1 1"]);
    });

    it("so that stores are seen in their order (MP)", () => {
        const found = outcomes([store(x), store(y)], [load(y), load(x)]);
        expect(found).toEqual(["00", "01", "11"]);
    });

    it("so that loads are done before the stores after them (LB)", () => {
        const found = outcomes([load(x), store(y)], [load(y), store(x)]);
        expect(found).toEqual(["0 0", "0 1", "1 0"]);
    });

    it("so that two readers agree on the order of two writers (IRIW)", () => {
        const found = outcomes([store(x)], [store(y)], [load(x), load(y)], [load(y), load(x)]);
        expect(found).not.toContain("10 10");
        expect(found.length).toBe(15);
    });

    it("so that one place never goes back (CoRR)", () => {
        const found = outcomes([store(x, 1), store(x, 2)], [load(x), load(x)]);
        expect(found).toEqual(["00", "01", "02", "11", "12", "22"]);
    });

    it("which the SB test would tell from a program with its operations swapped (canary)", () => {
        const found = outcomes([load(y), store(x)], [load(x), store(y)]);
        expect(found).toContain("0 0");
    });
});
