/**
 * The planted faults, as an exploration finds them: with few preemptions, again and again, and with
 * the lines that race.
 */
import { describe, expect, it } from "vitest";
import { explore, scheduleOf } from "../../src/crash/exploration/explore.ts";
import { type Race, tellInterleaving } from "../../src/crash/exploration/interleaving.ts";
import { KernelSubject } from "../../src/crash/exploration/kernel-subject.ts";
import { shrink } from "../../src/crash/exploration/shrink.ts";
import { type FaultName, plantedFaults } from "../../src/kernel/faults.ts";
import { parseSchedule } from "../../src/machine/schedule/parse-schedule.ts";

/** The file and function of a line, without its number, for each side of a race. */
interface Sides {
    /** Among the calls of what the preempted CPU had done, or was about to do. */
    readonly preempted: string;
    /** Among those of what the other CPU did meanwhile. */
    readonly other: string;
}

/** Where the faults that need a preemption are planted, and what they meet there. */
const races: Partial<Record<FaultName, Sides>> = {
    "futex-check-before-lock": {
        preempted: "futex/futex.ts (#acquireAndCompare)",
        other: "futex/futex.ts (wake)",
    },
    "wait-check-before-enqueue": {
        preempted: "sync/wait-queue.ts (waitUntil)",
        other: "sync/wait-queue.ts (wakeAll)",
    },
    "exit-frees-running-task": {
        preempted: "tasks/scheduler.ts (exit)",
        other: "memory/page-allocator.ts (allocate)",
    },
};

function callsOf(shown: Race["done"]): string[] {
    const { lines = [] } = shown ?? {};
    return lines.map(({ file, functionName }) => {
        return `${file.replace("src/kernel/", "")} (${functionName})`;
    });
}

describe.each(plantedFaults)("the fault $name", ({ name, foundBy }) => {
    const subject = new KernelSubject({ command: [foundBy], cpuCount: 2, faults: [name] });
    const { found } = explore({ subject, schedule: "pct:2", seed: 1, runs: 2500 });
    const { seed = 0, schedule = "", maxOperations } = found ?? {};
    const small = shrink({ subject, seed, schedule: parseSchedule(schedule), maxOperations });
    const points = small?.points ?? [];

    it("is found, and shrunk to three preemptions at the most", () => {
        expect(found).toBeDefined();
        expect(points.length).toBeLessThanOrEqual(3);
        expect(points.length > 0).toBe(name in races);
    });

    it("fails again 100 times of 100 by its seed and its schedule's name", () => {
        const failures = Array.from(
            { length: 100 },
            () => subject.run({ seed, schedule: scheduleOf(small?.schedule ?? "", seed) }).failure,
        );
        expect(failures).toEqual(new Array(100).fill(small?.failure));
    });

    it("is told by the lines that race, where it takes a preemption", () => {
        const told = tellInterleaving({ subject, seed, points, maxOperations });
        expect(told.failure).toEqual(small?.failure);
        const sides = races[name];
        const race = told.races.at(-1);
        expect(race === undefined).toBe(sides === undefined);
        if (sides !== undefined && race !== undefined) {
            expect([...callsOf(race.done), ...callsOf(race.next)]).toContain(sides.preempted);
            expect(callsOf(race.meanwhile)).toContain(sides.other);
        }
    });
});
