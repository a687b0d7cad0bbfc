/**
 * Planted faults: each is met by its program under some schedule, and what met it meets it again,
 * by the seed and by the recorded schedule. Without the fault the same run passes.
 */
import { describe, expect, it } from "vitest";
import { KernelRun, type KernelRunOptions } from "../../src/crash/kernel-run.ts";
import { type FaultName, plantedFaults } from "../../src/kernel/faults.ts";
import { parseSchedule } from "../../src/machine/schedule/parse-schedule.ts";
import { formatRuns } from "../../src/machine/schedule/recorded.ts";

const seedCount = 300;
const passed = { kind: "passed", message: "the program and all orphans ended with status 0" };

function runOf(
    program: string,
    faults: readonly FaultName[],
    seed: number,
    more: Partial<KernelRunOptions> = {},
): KernelRun {
    return new KernelRun({
        command: [program],
        seed,
        faults,
        schedule: parseSchedule("random"),
        recordsSchedule: true,
        ...more,
    });
}

/** Kind and message. */
function ending(run: KernelRun) {
    const { kind, message } = run.finish();
    return { kind, message };
}

describe("a planted fault", () => {
    it.each(plantedFaults)("is met by $foundBy: $name", ({ name, foundBy }) => {
        const seeds = Array.from({ length: seedCount }, (_, index) => index + 1);
        const seed = seeds.find((one) => runOf(foundBy, [name], one).finish().kind !== "passed");
        expect(seed).toBeDefined();
        if (seed === undefined) {
            return;
        }
        const run = runOf(foundBy, [name], seed);
        const met = ending(run);
        expect(["deadlock", "panic", "failed"]).toContain(met.kind);
        expect(ending(runOf(foundBy, [name], seed))).toEqual(met);
        const schedule = parseSchedule(`replay:${formatRuns(run.machine.scheduleRuns)}`);
        expect(ending(runOf(foundBy, [name], seed, { schedule }))).toEqual(met);
        // The same seed on the kernel as it should be.
        expect(ending(runOf(foundBy, [], seed))).toEqual(passed);
    });

    it("is not met by a program that does not come near it (canary)", () => {
        for (const { name } of plantedFaults) {
            expect(ending(runOf("true", [name], 1))).toEqual(passed);
        }
    });
});
