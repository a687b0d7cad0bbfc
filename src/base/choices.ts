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
        const [first, second, third, fourth] = state.numbers("words", 4);
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
        this.#position = state.number("position");
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
        this.choices.splice(0, Number.POSITIVE_INFINITY, ...state.numbers("choices"));
    }
}
