/** The example kernel of docs/MACHINE.md: the interface's own proof. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ChoiceRecorder, RecordedChoices, SeededChoices } from "../../src/base/choices.ts";
import type { Machine, MachineOptions } from "../../src/machine/machine.ts";
import { parseSchedule } from "../../src/machine/schedule/parse-schedule.ts";
import { formatRuns } from "../../src/machine/schedule/recorded.ts";
import { ExampleKernel } from "../support/example-kernel.ts";
import { makeMachine, schedules, traceDigest, worldDigest } from "../support/machine-runs.ts";

const seeds = Array.from({ length: 100 }, (_, seed) => seed);
const source = new URL("../support/example-kernel.ts", import.meta.url);

/** Boots the example kernel on a machine of its own, to its end. */
function boot(schedule: string, seed: number, more: Partial<MachineOptions> = {}) {
    const problems: string[] = [];
    const machine = makeMachine(
        { kernel: "example", schedule, seed },
        {
            recordsSchedule: true,
            onNotice: ({ device, message }) => problems.push(`${device}: ${message}`),
            ...more,
        },
    );
    const kernel = new ExampleKernel();
    machine.powerOn(kernel);
    const reason = machine.run({ untilNs: 1_000_000_000 });
    problems.push(...machine.protocolFindings.map(({ message }) => message));
    return { machine, kernel, reason, problems };
}

/** What must be true of every run, whatever the schedule and however long the disk takes. */
function outcome({ kernel, reason, problems }: ReturnType<typeof boot>) {
    const { rightWords, ticks } = kernel;
    return { reason, rightWords, hasTicked: ticks.map((count) => count >= 2), problems };
}

/** What a replay must come to. */
function ending(machine: Machine) {
    return { world: worldDigest(machine), trace: traceDigest(machine.diskTrace()) };
}

const right = {
    reason: "powered off",
    rightWords: 1024,
    hasTicked: [true, true],
    problems: [] as string[],
};

describe("the example kernel", () => {
    it("has less than 150 lines, as its documentation says", () => {
        expect(readFileSync(source, "utf8").split("\n").length - 1).toBeLessThan(150);
        const manual = readFileSync(new URL("../../docs/MACHINE.md", import.meta.url), "utf8");
        expect(manual).toContain("in less than 150 lines");
    });

    for (const schedule of schedules) {
        it(`gets every word back under 100 ${schedule} schedules, and does nothing wrong`, () => {
            for (const seed of seeds) {
                expect({ seed, ...outcome(boot(schedule, seed)) }).toEqual({ seed, ...right });
            }
        });

        it(`ends in the same state when a recorded ${schedule} schedule is played back`, () => {
            for (const seed of seeds.slice(0, 30)) {
                // The schedule has choices of its own, so that the disk makes the same ones again.
                const original = boot(schedule, seed, {
                    schedule: () => parseSchedule(schedule)(new SeededChoices(seed + 1000)),
                });
                const runs = formatRuns(original.machine.scheduleRuns);
                const replay = boot(`replay:${runs}`, seed);
                expect(formatRuns(replay.machine.scheduleRuns)).toBe(runs);
                expect(ending(replay.machine)).toEqual(ending(original.machine));
            }
        });

        it(`ends in the same state when the choices of a ${schedule} run are made again`, () => {
            for (const seed of seeds.slice(0, 30)) {
                const choices = new ChoiceRecorder(new SeededChoices(seed));
                const original = boot(schedule, seed, { choices });
                const replay = boot(schedule, seed, {
                    choices: new RecordedChoices(choices.choices),
                });
                expect(ending(replay.machine)).toEqual(ending(original.machine));
            }
        });
    }

    it("takes other ways through the machine under other seeds", () => {
        const ends = seeds.map((seed) => boot("random", seed).machine.stateHash());
        expect(new Set(ends).size).toBe(seeds.length);
        const runs = seeds.map((seed) => formatRuns(boot("random", seed).machine.scheduleRuns));
        expect(new Set(runs).size).toBeGreaterThan(seeds.length / 4);
    });

    it("notices a disk that turns a bit of what it reads (canary)", () => {
        const run = boot("random", 1, {
            diskFaults: [{ on: "read", effect: "corrupt read", times: "always" }],
        });
        expect(outcome(run)).toEqual({ ...right, rightWords: 1023 });
    });

    it("ends elsewhere when one run of a recording is a step longer (canary)", () => {
        const original = boot("random", 3);
        const longer = original.machine.scheduleRuns.map((run, index) =>
            index === 2 ? { ...run, operations: run.operations + 1 } : run,
        );
        const replay = boot(`replay:${formatRuns(longer)}`, 3);
        expect(worldDigest(replay.machine)).not.toBe(worldDigest(original.machine));
    });
});
