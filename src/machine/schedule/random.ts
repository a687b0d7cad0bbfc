/**
 * A CPU by chance, for a number of operations by chance, from one to a limit.
 *
 * Finds races whose window is met often; each burst is as likely to end between any two of the
 * next operations.
 */
import { assert } from "../../base/assert.ts";
import type { ChoiceStream } from "../../base/choices.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import { type CpuSet, countOf, memberOf, type Schedule } from "./schedule.ts";

/** The most operations of a burst, unless told otherwise. */
export const defaultLongestBurst = 40;

export class RandomSchedule implements Schedule {
    readonly name: string;
    readonly #choices: ChoiceStream;
    readonly #longestBurst: number;
    cpu = 0;
    operations = 1;

    /** @param longestBurst in operations, at least 1. */
    constructor(choices: ChoiceStream, longestBurst = defaultLongestBurst) {
        assert(longestBurst >= 1, "a burst has operations");
        this.#choices = choices;
        this.#longestBurst = longestBurst;
        this.name = longestBurst === defaultLongestBurst ? "random" : `random:${longestBurst}`;
    }

    decide(runnable: CpuSet): void {
        const count = countOf(runnable);
        // With one CPU there is nothing to choose, and nothing to write down.
        if (count === 1) {
            this.cpu = memberOf(runnable, 0);
            this.operations = this.#longestBurst;
            return;
        }
        this.cpu = memberOf(runnable, this.#choices.choose(count));
        this.operations = 1 + this.#choices.choose(this.#longestBurst);
    }

    paused(): boolean {
        return true;
    }

    woken(): boolean {
        return false;
    }

    reset(): void {}

    save(): StateRecord {
        return { version: 1 };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
    }
}
