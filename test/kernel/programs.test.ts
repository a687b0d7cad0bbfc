/**
 * The kernel's test programs on 1, 2 and 4 CPUs, under schedules in turns, by chance and by PCT.
 *
 * What they say is checked in programs-tests.test.ts; campaigns go on with more seeds.
 */
import { describe, expect, it } from "vitest";
import { KernelRun } from "../../src/crash/kernel-run.ts";
import { testPrograms } from "../../src/crash/test-programs.ts";
import { parseSchedule } from "../../src/machine/schedule/parse-schedule.ts";
import { type Setting, settings } from "../support/kernel-settings.ts";

/** Two seeds of each. */
const everywhere = settings([1, 2, 4], 2);
/** testmutex takes seconds. */
const slow: readonly Setting[] = [{ cpuCount: 2, schedule: "pct:3:100000", seed: 1 }];

/** Every run that does not pass, and how it ends. */
function failures(name: string, keys: string, where: readonly Setting[]): readonly string[] {
    return where.flatMap(({ cpuCount, schedule: text, seed }) => {
        const schedule = parseSchedule(text);
        const run = new KernelRun({ command: [name], keys, cpuCount, schedule, seed });
        const { kind, message } = run.finish();
        return kind === "passed" ? [] : [`${cpuCount} CPUs, ${text}, seed ${seed}: ${message}`];
    });
}

describe("each test program passes", () => {
    it.each(testPrograms)("$name", ({ name, keys = "" }) => {
        expect(failures(name, keys, name === "testmutex" ? slow : everywhere)).toEqual([]);
    });

    it("or fails: false does, everywhere (canary)", () => {
        const found = failures("false", "", everywhere);
        expect(found).toHaveLength(everywhere.length);
        expect(found[0]).toBe("1 CPUs, round-robin, seed 1: process 2 (false) ended with status 1");
    });
});
