import { describe, expect, it } from "vitest";
import { UserError } from "../../src/base/user-error.ts";
import { Machine } from "../../src/machine/machine.ts";
import { parseSchedule } from "../../src/machine/schedule/parse-schedule.ts";

function machineWith(schedule: string, cpuCount: number): Machine {
    const memoryBytes = 2 ** 20;
    return new Machine({ choices: 1, memoryBytes, cpuCount, schedule: parseSchedule(schedule) });
}

describe("a schedule that names a CPU", () => {
    it.each([
        ["replay:0x5.3x1.1x7", 2, "replay is for a machine with a CPU 3, and this one has 2 CPUs"],
        ["replay:1x5", 1, "replay is for a machine with a CPU 1, and this one has one CPU"],
        ["preempt:4@7", 4, "preempt is for a machine with a CPU 4, and this one has 4 CPUs"],
    ])("%s is refused by a machine with %i", (schedule, cpuCount, message) => {
        const error = new UserError(`the schedule ${message}`, 2);
        expect(() => machineWith(schedule, cpuCount)).toThrow(error);
    });

    it.each([
        ["replay:0x5.3x1.1x7", 4],
        ["replay:", 1],
        ["preempt:3@7", 4],
        ["round-robin:7", 1],
        ["pct:3", 2],
    ])("%s is taken by a machine with %i", (schedule, cpuCount) => {
        expect(machineWith(schedule, cpuCount).cpus.length).toBe(cpuCount);
    });
});
