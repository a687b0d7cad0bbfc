/** The numbers here were recorded from g++ 12.2 and its libstdc++ on x86-64. */
import { describe, expect, it } from "vitest";
import {
    DiscreteDistribution,
    MinimalStandardEngine,
    shuffle,
    uniformBelow,
} from "../../src/mkfs/reference-random.ts";

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

/** What the recording program summed a sequence up to. */
const digest = (numbers: readonly number[], start = 0) =>
    numbers.reduce((sum, number) => (Math.imul(sum, 31) + number) >>> 0, start);

function shuffled(count: number): { list: number[]; engine: MinimalStandardEngine } {
    const engine = new MinimalStandardEngine();
    const list = upTo(count);
    shuffle(engine, list, 0);
    return { list, engine };
}

describe("MinimalStandardEngine", () => {
    it("gives the numbers of std::default_random_engine", () => {
        const engine = new MinimalStandardEngine();
        expect(upTo(8).map(() => engine.next())).toEqual([
            16807, 282475249, 1622650073, 984943658, 1144108930, 470211272, 101027544, 1457850878,
        ]);
    });
});

describe("DiscreteDistribution", () => {
    it("draws the lengths of extents", () => {
        const engine = new MinimalStandardEngine();
        const distribution = new DiscreteDistribution([0, 3, 2, 1, 1, 1, 1]);
        const draws = upTo(60).map(() => distribution.draw(engine));
        expect(draws.join("")).toBe("121462121146234411426415221161212112621414345125522131246511");
    });

    it("draws the lengths of gaps", () => {
        const engine = new MinimalStandardEngine();
        const distribution = new DiscreteDistribution([13, 2, 1]);
        const draws = upTo(60).map(() => distribution.draw(engine));
        expect(draws.join("")).toBe("000010000001000000002001000010000000100000001001100000001100");
    });

    it("draws a million numbers that are all the recorded ones", () => {
        const engine = new MinimalStandardEngine();
        const distribution = new DiscreteDistribution([0, 3, 2, 1, 1, 1, 1]);
        const counts = [0, 0, 0, 0, 0, 0, 0];
        let sum = 0;
        for (let index = 0; index < 1_000_000; index++) {
            const draw = distribution.draw(engine);
            counts[draw]++;
            sum = (Math.imul(sum, 31) + draw) >>> 0;
        }
        expect(counts).toEqual([0, 332513, 222613, 111163, 111622, 110827, 111262]);
        expect(sum).toBe(621758133);
    });
});

describe("uniformBelow", () => {
    it("draws from ranges of every size", () => {
        const engine = new MinimalStandardEngine();
        const counts = [1, 2, 3, 7, 10, 1000, 65536, 1000000007, 2147483645];
        expect(counts.map((count) => uniformBelow(engine, count))).toEqual([
            0, 0, 2, 3, 5, 218, 3083, 728925438, 1458777922,
        ]);
    });
});

describe("shuffle", () => {
    it.each([
        [[], 16807],
        [[0], 16807],
        [[1, 0], 282475249],
        [[2, 0, 1], 282475249],
        [[2, 3, 1, 0], 1622650073],
        [[3, 0, 4, 2, 1], 1622650073],
        [[2, 3, 1, 4, 5, 0], 984943658],
        [[3, 0, 4, 6, 5, 1, 2], 984943658],
        [[2, 7, 1, 6, 5, 0, 4, 3], 1144108930],
        [[3, 0, 11, 10, 5, 9, 8, 6, 12, 1, 7, 4, 2], 101027544],
    ])("gives %j and leaves the engine before %i", (expected, next) => {
        const { list, engine } = shuffled(expected.length);
        expect(list).toEqual(expected);
        expect(engine.next()).toBe(next);
    });

    it("shuffles lists of 0 to 50 elements one after the other", () => {
        const engine = new MinimalStandardEngine();
        let sum = 0;
        for (let count = 0; count <= 50; count++) {
            const list = upTo(count);
            shuffle(engine, list, 0);
            sum = digest(list, sum);
        }
        expect(sum).toBe(1270208329);
        expect(engine.next()).toBe(67943788);
    });

    // From 46341 elements on, two choices no longer fit into one draw.
    it.each([
        [46339, 299353871, 1466798190],
        [46340, 1645606768, 1466798190],
        [46341, 469217210, 1163749657],
        [46342, 2090125963, 2006911970],
        [50000, 1336622728, 1978982629],
    ])("shuffles %i elements", (count, sum, next) => {
        const { list, engine } = shuffled(count);
        expect(digest(list)).toBe(sum);
        expect(engine.next()).toBe(next);
    });

    it("leaves what stands before the start, and shuffles the rest as a list of its own", () => {
        const engine = new MinimalStandardEngine();
        const list = upTo(9);
        shuffle(engine, list, 1);
        expect(list).toEqual([0, ...shuffled(8).list.map((element) => element + 1)]);
    });

    it("would show an engine that is off by one draw", () => {
        const engine = new MinimalStandardEngine();
        engine.next();
        const list = upTo(8);
        shuffle(engine, list, 0);
        expect(list).not.toEqual(shuffled(8).list);
    });
});
