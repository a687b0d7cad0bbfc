import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SeededChoices } from "../../src/base/choices.ts";
import type { Context } from "../../src/machine/cpu/context.ts";
import type { Program } from "../../src/machine/cpu/operation.ts";
import type { StopReason } from "../../src/machine/schedule/interleaver.ts";
import { Interleaver, type RunLimits } from "../../src/machine/schedule/interleaver.ts";
import { parseSchedule } from "../../src/machine/schedule/parse-schedule.ts";
import type { Preemption } from "../../src/machine/schedule/plain-policy.ts";
import { PreemptionFinder } from "../../src/machine/schedule/preemption-finder.ts";
import {
    formatPreemptions,
    PreemptionSchedule,
    parsePreemptions,
} from "../../src/machine/schedule/preemptions.ts";
import { type CpuRun, formatRuns, parseRuns } from "../../src/machine/schedule/recorded.ts";
import type { Schedule } from "../../src/machine/schedule/schedule.ts";
import { registerBase, TestMachine } from "../support/machine-cpus.ts";

const seed = 33_005;

/** What a program does next; addresses are few, so that CPUs meet. */
type Step =
    | { readonly kind: "load" | "store" | "add"; readonly at: number; readonly size: 1 | 2 | 4 }
    | { readonly kind: "pause" | "halt" | "sti" | "cli" }
    /** Interrupts a CPU at once, or after a time. */
    | { readonly kind: "interrupt"; readonly cpu: number }
    | { readonly kind: "alarm"; readonly afterNs: number };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
    {
        weight: 8,
        arbitrary: fc.record({
            kind: fc.constantFrom("load", "store", "add"),
            at: fc.nat(15),
            size: fc.constantFrom<1 | 2 | 4>(1, 2, 4),
        }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("pause", "halt", "sti", "cli") }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("interrupt"), cpu: fc.nat(3) }) },
    {
        weight: 1,
        arbitrary: fc.record({
            kind: fc.constant("alarm"),
            afterNs: fc.integer({ min: 0, max: 2000 }),
        }),
    },
);

const anyScenario = fc.record({
    programs: fc.array(fc.array(anyStep, { maxLength: 60 }), { minLength: 1, maxLength: 4 }),
    schedule: fc.constantFrom(
        "round-robin:1",
        "round-robin:7",
        "random:5",
        "random:40",
        "pct:1:300",
        "pct:4:300",
    ),
    seed: fc.nat(1000),
});
type Scenario = typeof anyScenario extends fc.Arbitrary<infer T> ? T : never;

/** A machine that will do a scenario, and everything that can be seen of it. */
class ScenarioRun {
    readonly machine: TestMachine;
    /** Every operation, with the CPU, the time and the result. */
    readonly log: string[] = [];

    /** @param given its name, or a schedule. */
    constructor(scenario: Scenario, given: string | Schedule, twin?: typeof Interleaver) {
        const cpuCount = scenario.programs.length;
        const schedule =
            typeof given === "string"
                ? parseSchedule(given)(new SeededChoices(scenario.seed))
                : given;
        this.machine = new TestMachine({ cpuCount, schedule, twin: twin ?? Interleaver });
        const { machine } = this;
        const alarm = machine.clock.alarm("test", () => {
            for (const interrupts of machine.interrupts) {
                interrupts.request(32);
            }
        });
        machine.device.onWrite = (offset, value) => {
            if (offset === 0) {
                machine.interrupts[value % cpuCount].request(33);
            } else {
                alarm.set(machine.clock.nowNs + value);
            }
        };
        for (const [cpu, steps] of scenario.programs.entries()) {
            const interrupt = (context: Context, vector: number) => this.#handle(context, vector);
            machine.start((context) => this.#do(context, steps), { interrupt }, cpu);
        }
    }

    /** Runs to the end, or for as long as any sensible scenario takes. */
    finish(): StopReason {
        return this.machine.interleaver.run({ operations: 5000 });
    }

    get outcome() {
        const { machine, log } = this;
        return {
            log,
            memory: [...machine.memory.bytes.subarray(0x8000, 0x8040)],
            retired: machine.cpus.map(({ retired }) => retired),
            activity: machine.cpus.map(({ activity }) => activity),
            nowNs: machine.clock.nowNs,
            accesses: machine.device.accesses,
            runs: machine.recorder.runs,
        };
    }

    *#do(context: Context, steps: readonly Step[]): Program {
        for (const step of steps) {
            this.#note(context, step.kind, yield this.#ask(context, step));
        }
    }

    *#handle(context: Context, vector: number): Program {
        this.#note(context, `vector ${vector}`, yield context.fetchAdd(0x8020, 4, vector));
    }

    #ask(context: Context, step: Step): number {
        switch (step.kind) {
            case "load":
                return context.load(0x8000 + step.at, step.size);
            case "store":
                return context.store(0x8000 + step.at, step.size, this.log.length);
            case "add":
                return context.fetchAdd(0x8000 + step.at, step.size, 1);
            case "pause":
                return context.pause();
            case "halt":
                return context.enableInterruptsAndHalt();
            case "sti":
                return context.enableInterrupts();
            case "cli":
                return context.disableInterrupts();
            case "interrupt":
                return context.store(registerBase, 4, step.cpu);
            default:
                return context.store(registerBase + 4, 4, step.afterNs);
        }
    }

    #note(context: Context, what: string, result: number): void {
        const { nowNs } = this.machine.clock;
        this.log.push(`${context.cpu?.name} ${what} ${result}`);
        // Time within a burst is brought up to date only where something can see it.
        if (what === "interrupt" || what === "alarm") {
            this.log.push(`at ${nowNs}`);
        }
    }
}

/** Limits of the pieces that a run is cut into. */
const anyCuts = fc.array(
    fc.oneof(
        fc.record({ operations: fc.nat(20) }),
        fc.record({ furtherNs: fc.integer({ min: 0, max: 1500 }) }),
    ),
    { maxLength: 60 },
);

function cutsDoNotShow(twin: typeof Interleaver) {
    return fc.property(anyScenario, anyCuts, (scenario, cuts) => {
        const whole = new ScenarioRun(scenario, scenario.schedule);
        const cut = new ScenarioRun(scenario, scenario.schedule, twin);
        expect(whole.finish()).toBe("asleep forever");
        for (const piece of cuts) {
            const { clock, interleaver } = cut.machine;
            // A time limit after the end would let time pass on.
            const limits: RunLimits =
                "furtherNs" in piece
                    ? {
                          untilNs: Math.min(
                              clock.nowNs + piece.furtherNs,
                              whole.machine.clock.nowNs,
                          ),
                      }
                    : piece;
            interleaver.run(limits);
        }
        expect(cut.finish()).toBe("asleep forever");
        expect(cut.outcome).toEqual(whole.outcome);
    });
}

/** An interleaver that loses the rest of a decision when a run is cut there. */
class ForgetfulInterleaver extends Interleaver {
    override run(limits: RunLimits): StopReason {
        const reason = super.run(limits);
        this.reset();
        return reason;
    }
}

/** A recording with one operation taken from the first run and given to the next. */
function shifted(runs: readonly CpuRun[]): CpuRun[] {
    const at = runs.findIndex(({ operations }) => operations > 1);
    return runs.map(({ cpu, operations }, index) => {
        const change = index === at ? -1 : index === at + 1 ? 1 : 0;
        return { cpu, operations: operations + (at < 0 ? 0 : change) };
    });
}

function replayIsTheRun(change: (runs: readonly CpuRun[]) => readonly CpuRun[]) {
    return fc.property(anyScenario, (scenario) => {
        const original = new ScenarioRun(scenario, scenario.schedule);
        expect(original.finish()).toBe("asleep forever");
        const text = formatRuns(change(original.machine.recorder.runs));
        const replay = new ScenarioRun(scenario, `replay:${text}`);
        expect(replay.finish()).toBe("asleep forever");
        expect(replay.outcome).toEqual(original.outcome);
        expect(replay.outcome.runs).toEqual(parseRuns(text));
    });
}

/** The preemptions of a scenario's run, which goes as it would without looking for them. */
function preemptionsOf(scenario: Scenario) {
    const choices = new SeededChoices(scenario.seed);
    const finder = new PreemptionFinder(parseSchedule(scenario.schedule)(choices));
    const found = new ScenarioRun(scenario, finder);
    expect(found.finish()).toBe("asleep forever");
    return { outcome: found.outcome, points: finder.taken };
}

function preemptionsAreTheRun(change: (points: readonly Preemption[]) => readonly Preemption[]) {
    return fc.property(anyScenario, (scenario) => {
        const original = new ScenarioRun(scenario, scenario.schedule);
        original.finish();
        const { outcome, points } = preemptionsOf(scenario);
        expect(outcome).toEqual(original.outcome);
        const text = formatPreemptions(change(points));
        const schedule = new PreemptionSchedule(parsePreemptions(text));
        const again = new ScenarioRun(scenario, schedule);
        again.finish();
        expect(again.outcome).toEqual(original.outcome);
        expect(schedule.taken).toEqual(points);
        expect(schedule.divergences).toBe(0);
    });
}

describe("a run of several CPUs", () => {
    it("is the same however it is cut into pieces by limits of operations and of time", () => {
        fc.assert(cutsDoNotShow(Interleaver), { seed, numRuns: 250 });
    });

    it("is told from one that loses the rest of a burst at a cut (canary)", () => {
        expect(fc.check(cutsDoNotShow(ForgetfulInterleaver), { seed, numRuns: 250 }).failed).toBe(
            true,
        );
    });

    it("is the same when its recorded schedule is played back, whatever schedule made it", () => {
        fc.assert(
            replayIsTheRun((runs) => runs),
            { seed, numRuns: 250 },
        );
    });

    it("is told from a replay that switches one operation too early (canary)", () => {
        expect(fc.check(replayIsTheRun(shifted), { seed, numRuns: 250 }).failed).toBe(true);
    });

    it("is the same under its preemptions, whatever schedule made it", () => {
        fc.assert(
            preemptionsAreTheRun((points) => points),
            { seed, numRuns: 250 },
        );
    });

    it("is told from one without its first preemption (canary)", () => {
        const { failed } = fc.check(
            preemptionsAreTheRun((points) => points.slice(1)),
            { seed, numRuns: 250 },
        );
        expect(failed).toBe(true);
    });

    it("is another run without any one of its preemptions: none is too many", () => {
        fc.assert(
            fc.property(anyScenario, fc.nat(), (scenario, which) => {
                const { outcome, points } = preemptionsOf(scenario);
                fc.pre(points.length > 0);
                const without = points.filter((_, index) => index !== which % points.length);
                const other = new ScenarioRun(scenario, new PreemptionSchedule(without));
                other.finish();
                expect(other.outcome.runs).not.toEqual(outcome.runs);
            }),
            { seed, numRuns: 150 },
        );
    });

    it("goes to its end under any preemptions, also those of CPUs that cannot run", () => {
        const anyPoints = fc.uniqueArray(fc.record({ after: fc.nat(300), cpu: fc.nat(15) }), {
            selector: ({ after }) => after,
            maxLength: 30,
        });
        fc.assert(
            fc.property(anyScenario, anyPoints, (scenario, points) => {
                const inOrder = points.toSorted((one, other) => one.after - other.after);
                const schedule = new PreemptionSchedule(inOrder);
                const run = new ScenarioRun(scenario, schedule);
                expect(run.finish()).toBe("asleep forever");
                expect(schedule.taken.length + schedule.divergences).toBeLessThanOrEqual(
                    points.length,
                );
            }),
            { seed, numRuns: 150 },
        );
    });

    it("is a function of programs, schedule and seed", () => {
        fc.assert(
            fc.property(anyScenario, (scenario) => {
                const runs = [0, 1].map(() => new ScenarioRun(scenario, scenario.schedule));
                expect(runs.map((run) => run.finish())[1]).toBe("asleep forever");
                expect(runs[0].outcome).toEqual(runs[1].outcome);
            }),
            { seed, numRuns: 50 },
        );
    });
});
