/** Campaigns: how surely an exploration finds a planted race within its runs. */
import { describe, expect, it } from "vitest";
import { explore } from "../../src/crash/exploration/explore.ts";
import { shrink } from "../../src/crash/exploration/shrink.ts";
import { parseSchedule } from "../../src/machine/schedule/parse-schedule.ts";
import { harmless, plantedRaces, RaceSubject } from "../support/planted-races.ts";

const campaigns = 100;
const runs = 2500;
const raceOptions = { rounds: 3, noise: 20 };

/** How many campaigns find something; each has a seed of its own. */
function countFound(subject: RaceSubject, schedule: string, count = campaigns): number {
    const found = Array.from({ length: count }, (_, seed) =>
        explore({ subject, schedule, seed, runs }),
    );
    return found.filter((one) => one.found !== undefined).length;
}

describe("an exploration of 2,500 runs", () => {
    const cases = [
        ["lost update", "pct:2"],
        ["lost wakeup", "pct:3"],
        ["use after free", "pct:3"],
    ] as const;

    it.each(cases)("finds a %s by %s in 95 of 100 campaigns", (name, schedule) => {
        const subject = new RaceSubject(() => plantedRaces[name](raceOptions));
        expect(countFound(subject, schedule)).toBeGreaterThanOrEqual(95);
    });

    it("finds one of two preemptions by random bursts in 19 of 20 campaigns", () => {
        const subject = new RaceSubject(() => plantedRaces["torn phases"](raceOptions));
        expect(countFound(subject, "random:20", 20)).toBeGreaterThanOrEqual(19);
    });

    it("finds nothing where nothing is (canary)", () => {
        const subject = new RaceSubject(() => harmless(raceOptions));
        const done = [1, 2, 3].map((seed) =>
            explore({ subject, schedule: "pct:3", seed, runs: 300 }),
        );
        expect(done.map(({ found }) => found)).toEqual([undefined, undefined, undefined]);
    });

    it("shrinks what it finds to three preemptions at the most, and mostly to one or two", () => {
        const counts: number[] = [];
        for (const name of ["lost update", "lost wakeup", "use after free"] as const) {
            const subject = new RaceSubject(() => plantedRaces[name](raceOptions));
            for (let seed = 0; seed < 10; seed++) {
                const { found } = explore({ subject, schedule: "random", seed, runs });
                const schedule = parseSchedule(found?.schedule ?? "");
                const small = shrink({ subject, seed: found?.seed ?? 0, schedule });
                counts.push(small?.points.length ?? Number.POSITIVE_INFINITY);
            }
        }
        expect(Math.max(...counts)).toBeLessThanOrEqual(3);
        expect(counts.filter((count) => count === 1).length).toBeGreaterThanOrEqual(25);
    });
});
