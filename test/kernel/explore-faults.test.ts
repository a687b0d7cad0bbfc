/**
 * A slice of `npm run campaign -- --faults`: every planted fault is found within few runs, in all
 * of a few searches, and what is found is small, replays, and names lines of the kernel.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { foundCount, hunt, huntsOf, medianRuns } from "../../campaign/fault-hunts.ts";
import { explore } from "../../src/crash/exploration/explore.ts";
import { type Interleaving, tellInterleaving } from "../../src/crash/exploration/interleaving.ts";
import { KernelSubject } from "../../src/crash/exploration/kernel-subject.ts";
import { shrink } from "../../src/crash/exploration/shrink.ts";
import { isSameFailure } from "../../src/crash/exploration/subject.ts";
import { plantedFaults } from "../../src/kernel/faults.ts";
import { fromMark } from "../../src/machine/schedule/from-mark.ts";
import { parseSchedule } from "../../src/machine/schedule/parse-schedule.ts";

const names = plantedFaults.map(({ name }) => name);
const plan = {
    faults: names,
    schedules: ["pct:2", "pct:3"],
    cpuCount: 2,
    campaignCount: 5,
    firstSeed: 1000,
    runs: 2500,
};

function subjectOf(fault: (typeof names)[number]): KernelSubject {
    const program = plantedFaults.find(({ name }) => name === fault)?.foundBy ?? "";
    return new KernelSubject({ command: [program], faults: [fault], cpuCount: 2 });
}

/** Finds a fault, makes it small and tells it. */
function found(fault: (typeof names)[number], seed: number) {
    const subject = subjectOf(fault);
    const { found: run } = explore({ subject, schedule: "pct:3", seed, runs: 2500 });
    const { maxOperations } = run ?? {};
    const shrunk = shrink({
        subject,
        seed: run?.seed ?? 0,
        schedule: parseSchedule(run?.schedule ?? ""),
        maxOperations,
    });
    const { points = [], schedule = "" } = shrunk ?? {};
    const told = tellInterleaving({ subject, seed: run?.seed ?? 0, points, maxOperations });
    return { subject, run, points, schedule, told };
}

/** The source text of the innermost line of a part of a race that is not the lock's. */
function textAt(told: Interleaving, part: "done" | "meanwhile" | "next"): string {
    const lines = told.races.at(-1)?.[part]?.lines ?? [];
    const line = lines.find(({ file }) => !file.endsWith("/spin-lock.ts"));
    expect(line?.file).toMatch(/^src\/kernel\//);
    const source = readFileSync(new URL(`../../${line?.file}`, import.meta.url), "utf8");
    return source.split("\n")[(line?.line ?? 1) - 1].trim();
}

describe("a planted fault", () => {
    it.each(huntsOf(plan))("$fault is found by $schedule in every search", (one) => {
        const result = hunt(plan, one);
        expect(foundCount(result)).toBe(5);
        expect(medianRuns(result)).toBeLessThanOrEqual(250);
    });

    it.each(names)("%s shrinks to three preemptions at the most, and replays", (fault) => {
        const { subject, run, points, schedule, told } = found(fault, 3);
        expect(points.length).toBeLessThanOrEqual(3);
        expect(told.races.length).toBe(points.length);
        const again = () =>
            subject.run({ seed: run?.seed ?? 0, schedule: fromMark(parseSchedule(schedule)) });
        const first = again();
        expect(isSameFailure(first.failure, run?.failure)).toBe(true);
        for (let time = 1; time < 20; time++) {
            const { failure, operations } = again();
            expect({ failure, operations }).toEqual({
                failure: first.failure,
                operations: first.operations,
            });
        }
        expect(again().stateHash()).toBe(first.stateHash());
    });

    it("of the futex's value names the look and the enqueue, between which the wake comes", () => {
        const { told } = found("futex-check-before-lock", 3);
        expect(textAt(told, "done")).toMatch(/load|read/i);
        expect(textAt(told, "next")).toMatch(/yield/);
        expect(
            told.races.at(-1)?.meanwhile?.lines.map(({ functionName }) => functionName),
        ).toContain("wake");
    });

    it("is none that is found without being planted (canary)", () => {
        for (const program of new Set(plantedFaults.map(({ foundBy }) => foundBy))) {
            const subject = new KernelSubject({ command: [program], cpuCount: 2 });
            const search = explore({ subject, schedule: "pct:3", seed: 1, runs: 60 });
            expect({ program, found: search.found }).toEqual({ program, found: undefined });
        }
    });
});
