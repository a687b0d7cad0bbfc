import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
    ChoiceRecorder,
    type ChoiceStream,
    decodeChoices,
    encodeChoices,
    RecordedChoices,
    SeededChoices,
} from "../../src/base/choices.ts";
import { StateFields } from "../../src/base/state.ts";
import { UserError } from "../../src/base/user-error.ts";

const seed = 33_007;

const anyOptionCounts = fc.array(fc.integer({ min: 1, max: 2 ** 32 }), { maxLength: 60 });

/** Lists as runs have them: many zeros, small numbers, now and then a large one. */
const anyChoices = fc
    .array(
        fc.oneof(
            { weight: 3, arbitrary: fc.nat(40).map((count) => new Array<number>(count).fill(0)) },
            { weight: 5, arbitrary: fc.nat(40).map((choice) => [choice]) },
            { weight: 1, arbitrary: fc.integer({ min: 0, max: 2 ** 32 - 1 }).map((one) => [one]) },
        ),
        { maxLength: 30 },
    )
    .map((parts) => parts.flat());

function withoutLastZeros(choices: readonly number[]): number[] {
    const end = choices.findLastIndex((choice) => choice !== 0) + 1;
    return choices.slice(0, end);
}

const choose = (choices: ChoiceStream, counts: readonly number[]) =>
    counts.map((count) => choices.choose(count));

describe("a stream of choices", () => {
    it("by a seed is the same for the same seed, and offers every option", () => {
        fc.assert(
            fc.property(fc.nat(), anyOptionCounts, (streamSeed, counts) => {
                const chosen = choose(new SeededChoices(streamSeed), counts);
                expect(choose(new SeededChoices(streamSeed), counts)).toEqual(chosen);
                expect(chosen.every((choice, index) => choice < counts[index])).toBe(true);
            }),
            { seed },
        );
        const options = choose(new SeededChoices(1), new Array<number>(200).fill(6));
        expect([...new Set(options)].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    });

    it("that was recorded chooses the same again, and zeros after its end", () => {
        fc.assert(
            fc.property(fc.nat(), anyOptionCounts, (streamSeed, counts) => {
                const recorder = new ChoiceRecorder(new SeededChoices(streamSeed));
                const chosen = choose(recorder, counts);
                expect(recorder.choices).toEqual(chosen);
                const again = new RecordedChoices(recorder.choices);
                expect(choose(again, counts)).toEqual(chosen);
                expect(choose(again, [5, 1, 2 ** 32])).toEqual([0, 0, 0]);
            }),
            { seed },
        );
    });

    it("of a list that was shrunk takes what is not offered by its remainder", () => {
        expect(choose(new RecordedChoices([7, 7, 7]), [3, 8, 1])).toEqual([1, 7, 0]);
    });

    it("wants options", () => {
        expect(() => new RecordedChoices([]).choose(0)).toThrow("a choice has options");
        expect(() => new SeededChoices(1).choose(0)).toThrow("a choice has options");
    });

    it.each([
        ["by a seed", () => new SeededChoices(3)],
        ["recorded", () => new RecordedChoices([4, 3, 2, 1, 0, 4, 3, 2, 1])],
        ["being recorded", () => new ChoiceRecorder(new SeededChoices(3))],
    ])("%s goes on from a saved state as it would have", (_, make) => {
        const stream: ChoiceStream = make();
        const counts = [5, 5, 5, 5];
        choose(stream, counts);
        const saved = stream.save();
        const next = choose(stream, counts);
        const other: ChoiceStream = make();
        other.load(new StateFields(saved, "choices"));
        expect(other.save()).toEqual(saved);
        expect(choose(other, counts)).toEqual(next);
    });

    it("being recorded takes back a list of any length", () => {
        const choices = new Array<number>(300_000).fill(1);
        const recorder = new ChoiceRecorder(new RecordedChoices(choices));
        choose(recorder, new Array<number>(300_000).fill(2));
        const other = new ChoiceRecorder(new RecordedChoices(choices));
        other.load(new StateFields(recorder.save(), "choices"));
        expect(other.choices.length).toBe(300_000);
    });
});

describe("a list of choices as text", () => {
    it.each([
        [[], "0"],
        [[0, 0, 0], "0"],
        [[1], "1"],
        [[35], "z"],
        [[36], "A0"],
        [[971], "Zz"],
        [[972], "AA0"],
        [[2 ** 32 - 1], "JAAXDG3"],
        [[0, 0, 5], "005"],
        [[0, 0, 0, 5], ".05"],
        [[...new Array<number>(38).fill(0), 5, 0], ".z5"],
        [[...new Array<number>(39).fill(0), 5], ".z05"],
        [[1, ...new Array<number>(80).fill(0), 5], "1.z.z.15"],
    ])("%j is %s", (choices, text) => {
        expect(encodeChoices(choices)).toBe(text);
        expect(decodeChoices(text)).toEqual(withoutLastZeros(choices));
    });

    it("is the same list when it is read, but for zeros at its end", () => {
        fc.assert(roundTrips(encodeChoices), { seed, numRuns: 500 });
    });

    it("is told from one that forgets how long its runs of zeros are (canary)", () => {
        const forgetful = (choices: readonly number[]) =>
            encodeChoices(choices).replaceAll(/\.[0-9a-z]/g, ".0");
        expect(fc.check(roundTrips(forgetful), { seed, numRuns: 500 }).failed).toBe(true);
    });

    it("is made of letters, digits and dots, and takes a bounded part of the list", () => {
        fc.assert(
            fc.property(anyChoices, (choices) => {
                const text = encodeChoices(choices);
                expect(text).toMatch(/^[0-9A-Za-z.]+$/);
                expect(text.length).toBeLessThanOrEqual(7 * choices.length + 1);
                expect(choices.length - text.length * 19).toBeLessThanOrEqual(trailing(choices));
            }),
            { seed },
        );
    });

    it.each([
        ["", "not a list of choices: it is not written the shortest way"],
        ["00", "not a list of choices: it is not written the shortest way"],
        ["10", "not a list of choices: it is not written the shortest way"],
        ["0001", "not a list of choices: it is not written the shortest way"],
        [".0.01", "not a list of choices: it is not written the shortest way"],
        [".0", "not a list of choices: it is not written the shortest way"],
        ["1-2", "not a list of choices: character 2 begins none"],
        ["1A", "not a list of choices: character 2 begins none"],
        ["1.", "not a list of choices: character 2 begins none"],
        ["..5", "not a list of choices: character 1 begins none"],
        [".A5", "not a list of choices: character 1 begins none"],
        ["JAAXDG4", "not a list of choices: character 1 begins none"],
        ["AAAAAAAA0", "not a list of choices: character 1 begins none"],
        ["1\u00e9", "not a list of choices: character 2 begins none"],
    ])("%j is refused in words", (text, problem) => {
        expect(() => decodeChoices(text)).toThrow(new UserError(problem, 2));
    });

    it("is read or refused, and has one way of being written, whatever it is", () => {
        const anyText = fc.string({ unit: fc.constantFrom(..."0019azAZ.."), maxLength: 12 });
        fc.assert(
            fc.property(fc.oneof(anyText, fc.string()), (text) => {
                let choices: number[] = [];
                try {
                    choices = decodeChoices(text);
                } catch (error) {
                    expect(error).toBeInstanceOf(UserError);
                    return;
                }
                expect(encodeChoices(choices)).toBe(text);
            }),
            { seed, numRuns: 2000 },
        );
    });

    it("is asked for only of choices", () => {
        for (const wrong of [-1, 0.5, 2 ** 32, Number.NaN]) {
            expect(() => encodeChoices([wrong])).toThrow("a choice is a whole number below 2^32");
        }
    });
});

function trailing(choices: readonly number[]): number {
    return choices.length - withoutLastZeros(choices).length;
}

function roundTrips(encode: (choices: readonly number[]) => string) {
    return fc.property(anyChoices, (choices) => {
        expect(decodeChoices(encode(choices))).toEqual(withoutLastZeros(choices));
    });
}
