import { describe, expect, it } from "vitest";
import { explore, type FailingRun, scheduleOf } from "../../src/crash/exploration/explore.ts";
import { farthest } from "../../src/crash/exploration/farthest.ts";
import { runSeed } from "../../src/crash/exploration/run-seeds.ts";
import { type ShrunkFailure, shrink } from "../../src/crash/exploration/shrink.ts";
import { isSameFailure, type Subject } from "../../src/crash/exploration/subject.ts";
import { parseSchedule } from "../../src/machine/schedule/parse-schedule.ts";
import { harmless, hopeless, plantedRaces, RaceSubject } from "../support/planted-races.ts";

const raceOptions = { rounds: 3, noise: 40 };
type RaceName = keyof typeof plantedRaces;
const subjectOf = (name: RaceName) => new RaceSubject(() => plantedRaces[name](raceOptions));

function found(subject: Subject, schedule: string, seed = 1): FailingRun {
    const run = explore({ subject, schedule, seed, runs: 2500 }).found;
    expect(run).toBeDefined();
    return run as FailingRun;
}

function shrunk(subject: Subject, run: FailingRun): ShrunkFailure {
    const { seed, maxOperations } = run;
    const small = shrink({ subject, seed, schedule: parseSchedule(run.schedule), maxOperations });
    expect(small).toBeDefined();
    return small as ShrunkFailure;
}

describe("an exploration", () => {
    it("does all its runs on a subject that never fails (canary)", () => {
        const subject = new RaceSubject(() => harmless(raceOptions));
        const { runsDone, found: none } = explore({
            subject,
            schedule: "pct:3",
            seed: 1,
            runs: 60,
        });
        expect([runsDone, subject.runCount, none]).toEqual([60, 60, undefined]);
    });

    it("ends with the plain run on one that fails always (canary)", () => {
        const subject = new RaceSubject(() => hopeless(raceOptions));
        expect(explore({ subject, schedule: "pct:3", seed: 1, runs: 60 }).found).toEqual({
            run: 0,
            seed: runSeed(1, 0),
            schedule: "preempt:",
            maxOperations: undefined,
            failure: { kind: "panic", message: "wrong whatever the schedule" },
        });
    });

    it("gives PCT the length of the plain run, unless it has one", () => {
        const subject = subjectOf("use after free");
        const { length } = explore({ subject, schedule: "pct:2", seed: 1, runs: 1 });
        expect(length).toBeGreaterThan(480);
        expect(found(subject, "pct:2").schedule).toBe(`pct:2:${length}`);
        expect(found(subject, "pct:2:700").schedule).toBe("pct:2:700");
    });

    it.each([2, 3, 5])("finds the same run when %i workers share the runs out", (workers) => {
        const subject = subjectOf("lost update");
        const alone = found(subject, "pct:2", 7);
        const runs = Array.from({ length: workers }, (_, worker) => {
            const search = { subject, schedule: "pct:2", seed: 7, runs: 2500 };
            return explore({ ...search, firstRun: 1 + worker, stride: workers }).found;
        });
        const lowest = runs.reduce((one, other) =>
            (other?.run ?? Number.POSITIVE_INFINITY) < (one?.run ?? Number.POSITIVE_INFINITY)
                ? other
                : one,
        );
        expect(lowest).toEqual(alone);
    });

    it("goes no further than the failing run that another worker found", () => {
        const subject = new RaceSubject(() => harmless(raceOptions));
        const done: number[] = [];
        const onProgress = ({ run }: { run: number }) => done.push(run);
        let limit = Number.POSITIVE_INFINITY;
        const runLimit = () => {
            limit = done.length === 3 ? 10 : limit;
            return limit;
        };
        const search = { subject, schedule: "random", seed: 1, runs: 100, runLimit, onProgress };
        explore({ ...search, firstRun: 2, stride: 3 });
        expect(done).toEqual([0, 2, 5, 8]);
    });

    it("gives neighbouring runs and seeds seeds of their own", () => {
        const seeds = [1, 2, 3].flatMap((seed) =>
            Array.from({ length: 300 }, (_, run) => runSeed(seed, run)),
        );
        expect(new Set(seeds).size).toBe(900);
        expect(Math.max(...seeds)).toBeLessThan(2 ** 32);
    });

    it("leaves the machine's choices as they are, whatever the schedule draws", () => {
        const seen: number[] = [];
        const subject: Subject = {
            run({ seed, schedule, ...rest }) {
                return new RaceSubject(() => harmless(raceOptions)).run({
                    ...rest,
                    seed,
                    schedule: (choices) => {
                        const made = schedule(choices);
                        made.decide(0b11, 0);
                        seen.push(choices.choose(2 ** 30));
                        made.reset();
                        return made;
                    },
                });
            },
        };
        for (const name of ["random", "pct:5:100", "preempt:", "round-robin"]) {
            subject.run({ seed: 5, schedule: scheduleOf(name, 5) });
        }
        expect(new Set(seen).size).toBe(1);
    });
});

describe("a failure", () => {
    it("is the same as another but for numbers", () => {
        const one = { kind: "panic", message: "page 0x7f of T3 is used twice" };
        expect(isSameFailure(one, { ...one, message: "page 0x1c of T12 is used twice" })).toBe(
            true,
        );
        expect(isSameFailure(one, { ...one, message: "page 0x7f of T3 is lost" })).toBe(false);
        expect(isSameFailure(one, { ...one, kind: "leak" })).toBe(false);
        expect(isSameFailure(one, undefined)).toBe(false);
        expect(isSameFailure(undefined, undefined)).toBe(true);
    });
});

describe("how far something holds", () => {
    it.each([0, 1, 2, 3, 7, 8, 100, 4095])("is found to be %i", (last) => {
        let asked = 0;
        const holds = (by: number) => {
            asked++;
            return by <= last;
        };
        expect(farthest(5000, holds)).toBe(last);
        expect(asked).toBeLessThan(30);
        expect(farthest(last, () => true)).toBe(last);
    });
});

describe("a shrunk failure", () => {
    const cases: [RaceName, string, number][] = [
        ["lost update", "random", 1],
        ["lost update", "pct:2", 1],
        ["lost wakeup", "random:9", 1],
        ["lost wakeup", "pct:3", 1],
        ["lost wakeup, sleeper second", "random", 2],
        ["use after free", "random", 1],
        ["use after free", "pct:2", 1],
        ["torn phases", "random:30", 2],
    ];

    it.each(cases)("%s by %s has %i preemptions", (name, schedule, count) => {
        const subject = subjectOf(name);
        const run = found(subject, schedule);
        const small = shrunk(subject, run);
        expect(small.points.length).toBe(count);
        expect(isSameFailure(small.failure, run.failure)).toBe(true);
        expect(small.runs).toBeLessThanOrEqual(2000);
    });

    it("fails 100 times of 100 by its name and its seed, with one state at the end", () => {
        const subject = subjectOf("lost wakeup");
        const { seed, schedule, failure } = shrunk(subject, found(subject, "random"));
        const outcomes = Array.from({ length: 100 }, () =>
            subject.run({ seed, schedule: scheduleOf(schedule, seed) }),
        );
        expect(outcomes.map((outcome) => outcome.failure)).toEqual(new Array(100).fill(failure));
        expect(new Set(outcomes.slice(0, 5).map((outcome) => outcome.stateHash())).size).toBe(1);
    });

    it("is the same each time", () => {
        const subject = subjectOf("lost update");
        const run = found(subject, "random");
        expect(shrunk(subject, run)).toEqual(shrunk(subject, run));
    });

    it("stands as late as it can: one operation later nothing fails", () => {
        const subject = subjectOf("use after free");
        const { seed, points } = shrunk(subject, found(subject, "random"));
        const [{ after, cpu }] = points;
        const outcomeAt = (at: number) =>
            subject.run({ seed, schedule: scheduleOf(`preempt:${cpu}@${at}`, seed) }).failure;
        expect(outcomeAt(after)).toBeDefined();
        expect(outcomeAt(after + 1)).toBeUndefined();
    });

    it("of a run that needs no preemption has none", () => {
        const subject = new RaceSubject(() => hopeless(raceOptions));
        const small = shrink({ subject, seed: 1, schedule: parseSchedule("random") });
        expect(small).toMatchObject({ points: [], schedule: "preempt:" });
    });

    it("is none when the run does not fail (canary)", () => {
        const subject = new RaceSubject(() => harmless(raceOptions));
        const schedule = parseSchedule("random");
        expect(shrink({ subject, seed: 1, schedule })).toBeUndefined();
    });

    it("takes no more runs than it may, and still fails", () => {
        const subject = subjectOf("lost wakeup");
        const run = found(subject, "random");
        const schedule = parseSchedule(run.schedule);
        const small = shrink({ subject, seed: run.seed, schedule, maxRuns: 9 });
        expect(small?.runs).toBeLessThanOrEqual(9);
        const again = scheduleOf(small?.schedule ?? "", run.seed);
        expect(subject.run({ seed: run.seed, schedule: again }).failure).toEqual(run.failure);
    });

    it("can be had of a recording from power-on", () => {
        const subject = subjectOf("lost update");
        const { seed, schedule } = found(subject, "random");
        const made = scheduleOf(schedule, seed);
        const { runs = [] } = subject.run({ seed, schedule: made, recordsSchedule: true });
        const text = runs.map(({ cpu, operations }) => `${cpu}x${operations}`).join(".");
        const small = shrink({ subject, seed, schedule: parseSchedule(`replay:${text}`) });
        const direct = shrink({ subject, seed, schedule: parseSchedule(schedule) });
        expect(small).toEqual(direct);
    });
});
