import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SourceRuns } from "../../src/disk/crash/source-runs.ts";

/** What is done to places: more at the end, or some get another source. */
type Step =
    | { readonly do: "append"; readonly count: number; readonly source: number }
    | { readonly do: "fill"; readonly from: number; readonly to: number; readonly source: number };

const source = fc.integer({ min: -2, max: 3 });
const steps: fc.Arbitrary<Step[]> = fc.array(
    fc.oneof(
        fc.record({ do: fc.constant("append" as const), count: fc.nat(5), source }),
        fc.record({ do: fc.constant("fill" as const), from: fc.nat(), to: fc.nat(), source }),
    ),
    { maxLength: 20 },
);

/** The same done to runs and to an array. */
function bothOf(work: readonly Step[], runs = new SourceRuns()): [SourceRuns, number[]] {
    const array: number[] = [];
    for (const step of work) {
        if (step.do === "append") {
            runs.append(step.count, step.source);
            array.push(...new Array<number>(step.count).fill(step.source));
        } else {
            const [from, to] = [step.from, step.to].map((at) => at % (array.length + 1));
            runs.fill(step.source, from, to);
            array.fill(step.source, from, to);
        }
    }
    return [runs, array];
}

/** How runs differ from an array between two places. */
function problem(runs: SourceRuns, array: readonly number[], from = 0, to = array.length) {
    const found = [...runs.runs(from, to)];
    const spread = found.flatMap(({ start, end, source: one }) =>
        new Array<number>(end - start).fill(one),
    );
    const isJoined = found.every(({ source: one }, index) => one !== found[index + 1]?.source);
    const isWhole = runs.length === array.length && (found[0]?.start ?? from) === from;
    return isJoined && isWhole && spread.join() === array.slice(from, to).join()
        ? undefined
        : `${JSON.stringify(found)} for ${array.slice(from, to)}`;
}

describe("runs of sources", () => {
    it("are what an array is to which the same was done, between any two places", () => {
        const property = fc.property(steps, fc.nat(), fc.nat(), (work, one, other) => {
            const [runs, array] = bothOf(work);
            const [from = 0, to = 0] = [one, other]
                .map((at) => at % (array.length + 1))
                .sort((a, b) => a - b);
            expect(problem(runs, array)).toBeUndefined();
            expect(problem(runs, array, from, to)).toBeUndefined();
            expect(array.map((_, place) => runs.at(place))).toEqual(array);
            const isUniform = new Set(array.slice(from, to)).size === 1;
            expect(runs.uniform(from, to)).toBe(isUniform ? array[from] : undefined);
        });
        fc.assert(property, { seed: 1, numRuns: 1000 });
    });

    it("are equal when all places are, whatever the steps that led there", () => {
        const property = fc.property(steps, steps, (first, second) => {
            const [one, oneArray] = bothOf(first);
            const [other, otherArray] = bothOf(second);
            expect(one.equals(other)).toBe(oneArray.join() === otherArray.join());
            const again = new SourceRuns();
            for (const each of oneArray) {
                again.append(1, each);
            }
            expect(one.equals(again)).toBe(true);
        });
        fc.assert(property, { seed: 2, numRuns: 1000 });
    });

    it("take no more room for a terabyte of sectors than for one", () => {
        const runs = new SourceRuns();
        runs.append(2 ** 31, -1);
        runs.fill(7, 2 ** 30, 2 ** 30 + 8);
        expect([...runs.runs()]).toEqual([
            { start: 0, end: 2 ** 30, source: -1 },
            { start: 2 ** 30, end: 2 ** 30 + 8, source: 7 },
            { start: 2 ** 30 + 8, end: 2 ** 31, source: -1 },
        ]);
    });

    it("would be found out if a fill went one place too far (canary)", () => {
        class Sloppy extends SourceRuns {
            override fill(one: number, start: number, end: number): void {
                super.fill(one, start, Math.min(end + 1, this.length));
            }
        }
        const property = fc.property(steps, (work) => {
            const [runs, array] = bothOf(work, new Sloppy());
            return problem(runs, array) === undefined;
        });
        expect(fc.check(property, { seed: 3, numRuns: 200 }).failed).toBe(true);
    });
});
