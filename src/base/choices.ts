/**
 * The `choose()` stream: the one place where anything is left to chance.
 *
 * Whatever is not determined by its inputs (which CPU runs next, how long a disk takes, which of
 * two writes lands) asks a stream to choose one of several options. A run is then a function of
 * its inputs and the list of choices; the list is its replay token.
 *
 * Option 0 is by convention the plainest one (go on, no delay, no fault): a list that ends early
 * goes on with zeros, and a failing list is shrunk by turning choices into zeros.
 */
import { assert } from "./assert.ts";
import { Random } from "./random.ts";
import type { StateFields, StateRecord } from "./state.ts";
import { UserError } from "./user-error.ts";

/** Chooses. */
export interface ChoiceStream {
    /** A number from 0 to `optionCount`-1; `optionCount` from 1 to 2^32. */
    choose(optionCount: number): number;
    /** What the choices to come depend on. */
    save(): StateRecord;
    load(state: StateFields): void;
}

/** Every option equally likely, by a seed. */
export class SeededChoices implements ChoiceStream {
    readonly #random: Random;

    /** @param seed an integer from 0 to 2^53-1. */
    constructor(seed: number) {
        this.#random = new Random(seed);
    }

    choose(optionCount: number): number {
        return this.#random.below(optionCount);
    }

    save(): StateRecord {
        return { version: 1, words: [...this.#random.state] };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        const [first, second, third, fourth] = state.integers("words", 4, 0, 2 ** 32 - 1);
        this.#random.state = [first, second, third, fourth];
    }
}

/** A list of choices, one after the other, and zeros after its end. */
export class RecordedChoices implements ChoiceStream {
    readonly #choices: readonly number[];
    #position = 0;

    constructor(choices: readonly number[]) {
        this.#choices = choices;
    }

    /**
     * The next choice of the list. One that the question does not offer, as happens after a list
     * was shrunk, is taken modulo the number of options.
     */
    choose(optionCount: number): number {
        assert(optionCount >= 1, "a choice has options");
        const choice = this.#choices[this.#position] ?? 0;
        this.#position++;
        return choice % optionCount;
    }

    save(): StateRecord {
        return { version: 1, position: this.#position };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#position = state.integer("position", 0, Number.MAX_SAFE_INTEGER);
    }
}

/** Another stream's choices, written down as they are made. */
export class ChoiceRecorder implements ChoiceStream {
    readonly #source: ChoiceStream;
    readonly choices: number[] = [];

    constructor(source: ChoiceStream) {
        this.#source = source;
    }

    choose(optionCount: number): number {
        const choice = this.#source.choose(optionCount);
        this.choices.push(choice);
        return choice;
    }

    save(): StateRecord {
        return { version: 1, source: this.#source.save(), choices: [...this.choices] };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#source.load(state.record("source"));
        // One by one: a list of a long run has more elements than a call can have arguments.
        this.choices.length = 0;
        for (const choice of state.numbers("choices")) {
            this.choices.push(choice);
        }
    }
}

/** Choices are below this, for a question has at most 2^32 options. */
const choiceLimit = 2 ** 32;
/** Digits of an item's last place; the letters before it count the rest in 26s. */
const lastDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
/** Zeros that are worth a run, and the most that one stands for. */
const shortestRun = 3;
const longestRun = shortestRun + lastDigits.length - 1;

/**
 * A list of choices as text: the replay token. Lists that choose the same have the same text.
 *
 * A choice is a last digit from `0` to `z` (0 to 35), and before it, where it is larger, capitals
 * that count the 36s as the columns of a spreadsheet are counted: `A0` is 36, `Z0` 936, `AA0` 972.
 * `.` and a digit stand for 3 to 38 zeros. Zeros at the end mean nothing and are left out; a list
 * of nothing but them is `0`. The text grows and shrinks with the list by a bounded factor.
 *
 * @param choices whole numbers from 0 to 2^32-1.
 */
export function encodeChoices(choices: readonly number[]): string {
    let text = "";
    let zeros = 0;
    for (const choice of choices) {
        assert(
            Number.isInteger(choice) && choice >= 0 && choice < choiceLimit,
            "a choice is a whole number below 2^32",
        );
        if (choice === 0) {
            zeros++;
        } else {
            text += encodeZeros(zeros) + encodeChoice(choice);
            zeros = 0;
        }
    }
    return text === "" ? "0" : text;
}

function encodeZeros(count: number): string {
    const runs = Math.floor(count / longestRun);
    const rest = count - runs * longestRun;
    const longRuns = `.${lastDigits[longestRun - shortestRun]}`.repeat(runs);
    return (
        longRuns + (rest < shortestRun ? "0".repeat(rest) : `.${lastDigits[rest - shortestRun]}`)
    );
}

function encodeChoice(choice: number): string {
    let letters = "";
    // Places of 26 without a zero: from 1 for A to 26 for Z.
    for (let left = Math.floor(choice / 36); left > 0; left = Math.floor((left - 1) / 26)) {
        letters = String.fromCharCode(0x41 + ((left - 1) % 26)) + letters;
    }
    return letters + lastDigits[choice % 36];
}

/** The choices that a text of `encodeChoices` stands for. Throws `UserError` for any other. */
export function decodeChoices(text: string): number[] {
    const choices: number[] = [];
    let at = 0;
    while (at < text.length) {
        const item = /^(?:(\.)|([A-Z]{0,7}))([0-9a-z])/.exec(text.slice(at, at + 8));
        const digit = lastDigits.indexOf(item?.[3] ?? "");
        const choice = countLetters(item?.[2] ?? "") * 36 + digit;
        if (item === null || choice >= choiceLimit) {
            throw new UserError(`not a list of choices: character ${at + 1} begins none`, 2);
        }
        if (item[1] === ".") {
            choices.push(...new Array<number>(shortestRun + digit).fill(0));
        } else {
            choices.push(choice);
        }
        at += item[0].length;
    }
    while (choices.at(-1) === 0) {
        choices.pop();
    }
    if (encodeChoices(choices) !== text) {
        throw new UserError("not a list of choices: it is not written the shortest way", 2);
    }
    return choices;
}

/** `A` to `Z` are 1 to 26, `AA` is 27. */
function countLetters(letters: string): number {
    let count = 0;
    for (const letter of letters) {
        count = 26 * count + letter.charCodeAt(0) - 0x40;
    }
    return count;
}
