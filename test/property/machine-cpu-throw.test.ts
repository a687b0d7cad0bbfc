import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Context } from "../../src/machine/cpu/context.ts";
import type { EntryPoints } from "../../src/machine/cpu/entry-points.ts";
import type { Program } from "../../src/machine/cpu/operation.ts";
import { Machine } from "../../src/machine/machine.ts";
import { parseSchedule } from "../../src/machine/schedule/parse-schedule.ts";
import { type CpuRun, formatRuns } from "../../src/machine/schedule/recorded.ts";

const seed = 33_017;
const cpuCount = 4;
const interruptCommand = 0xfee0_0300;

/**
 * CPUs that count in a variable of the kernel's own without a lock, and throw when they notice that
 * another one was there in between; the last of them in a handler, or in an entry point.
 */
class RacingKernel implements EntryPoints {
    #shared = 0;
    readonly #turns: number;
    readonly #place: "program" | "handler" | "entry point";

    constructor(turns: number, place: "program" | "handler" | "entry point") {
        this.#turns = turns;
        this.#place = place;
    }

    *start(context: Context, vector: number): Program {
        if (vector < 0) {
            yield context.store(interruptCommand, 4, 0xc_4500); // INIT, all but self
            yield context.store(interruptCommand, 4, 0xc_4604); // start-up
        }
        for (let turn = 0; ; turn++) {
            const seen = ++this.#shared;
            yield turn % 7 === 3 ? context.pause() : context.step();
            if (this.#shared !== seen && turn > this.#turns) {
                if (this.#place === "program") {
                    throw new Error(`CPU ${context.cpuIndex}: ${seen} became ${this.#shared}`);
                }
                yield context.systemCall(seen);
            }
        }
    }

    systemCall(context: Context, number: number): Program {
        const race = new Error(`CPU ${context.cpuIndex}: ${number} became ${this.#shared}`);
        if (this.#place === "entry point") {
            throw race;
        }
        return (function* () {
            yield context.step();
            throw race;
        })();
    }

    *exception(): Program {}
    *interrupt(): Program {}
}

/** Runs until the kernel throws; what it threw, and where everything stood then. */
function fallOf(scenario: Scenario, schedule: string) {
    const machine = new Machine({
        choices: scenario.seed,
        cpuCount,
        memoryBytes: 2 ** 20,
        schedule: parseSchedule(schedule),
        recordsSchedule: true,
    });
    machine.powerOn(new RacingKernel(scenario.turns, scenario.place));
    let end: string;
    try {
        end = machine.run({ operations: 20_000 });
    } catch (error) {
        end = error instanceof Error ? `threw: ${error.message}` : "threw";
    }
    const retired = machine.cpus.map((cpu) => cpu.retired);
    return { end, retired, nowNs: machine.clock.nowNs, runs: [...machine.scheduleRuns] };
}

const anyScenario = fc.record({
    seed: fc.nat(1000),
    turns: fc.nat(80),
    place: fc.constantFrom("program", "handler", "entry point"),
    schedule: fc.constantFrom("round-robin", "round-robin:7", "random:9", "pct:4:500"),
});
type Scenario = typeof anyScenario extends fc.Arbitrary<infer T> ? T : never;

function replayFallsThere(change: (runs: readonly CpuRun[]) => readonly CpuRun[]) {
    return fc.property(anyScenario, (scenario) => {
        const original = fallOf(scenario, scenario.schedule);
        const text = formatRuns(change(original.runs));
        expect(fallOf(scenario, `replay:${text}`)).toEqual(original);
    });
}

describe("a kernel that throws", () => {
    it("does so under each schedule that lets CPUs meet", () => {
        const falls = (["round-robin:7", "random:9", "pct:4:500"] as const).map((schedule) => {
            const scenario = { seed: 1, turns: 40, place: "program", schedule } as const;
            return fallOf(scenario, schedule).end.replace(/\d+/g, "N");
        });
        expect(falls).toEqual(Array(3).fill("threw: CPU N: N became N"));
    });

    it("throws at the same operation when its recorded schedule is played back", () => {
        fc.assert(
            replayFallsThere((runs) => runs),
            { seed, numRuns: 150 },
        );
    });

    it("is told from one whose last burst was lost (canary)", () => {
        const { failed } = fc.check(
            replayFallsThere((runs) => runs.slice(0, -1)),
            { seed, numRuns: 150 },
        );
        expect(failed).toBe(true);
    });
});
