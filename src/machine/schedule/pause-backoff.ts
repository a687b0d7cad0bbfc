/**
 * How long a CPU that said PAUSE stands back, so that whoever it waits for can run.
 *
 * It stands back for a number of operations by chance, of others, and then has its turn again if it
 * still wants one; each time in a row for up to twice as many. So one that waits for a lock gets it
 * soon after it is free, and one that waits long costs little. When it has run for a while without
 * PAUSE, it starts small again.
 */
import type { ChoiceStream } from "../../base/choices.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import { type CpuSet, maxCpuCount } from "./schedule.ts";

/** Operations for which a CPU stands back, at the most: the first time, and after many. */
const shortestLimit = 16;
const longestLimit = 4096;
/** Operations without PAUSE after which it is another wait. */
const patience = 40;

export class PauseBackoff {
    readonly #choices: ChoiceStream;
    /** By CPU: the limit of the next time, */
    readonly #limits = new Array<number>(maxCpuCount).fill(shortestLimit);
    /** and the operation count until which it stands back. */
    readonly #until = new Array<number>(maxCpuCount).fill(0);

    constructor(choices: ChoiceStream) {
        this.#choices = choices;
    }

    /** A CPU said PAUSE after it ran for `onEnd` operations, when `now` were done in all. */
    paused(cpu: number, onEnd: number, now: number): void {
        const limit = onEnd > patience ? shortestLimit : this.#limits[cpu];
        this.#until[cpu] = now + 1 + this.#choices.choose(limit);
        this.#limits[cpu] = Math.min(2 * limit, longestLimit);
    }

    /** When a CPU no longer stands back, as a count of operations. */
    until(cpu: number): number {
        return this.#until[cpu];
    }

    /** Of CPUs that can run those that do not stand back; the one that is back first if all do. */
    eligible(runnable: CpuSet, now: number): CpuSet {
        let eligible = 0;
        let first = -1;
        for (let cpu = 0; cpu < maxCpuCount; cpu++) {
            if ((runnable & (1 << cpu)) !== 0) {
                eligible |= this.#until[cpu] <= now ? 1 << cpu : 0;
                first = first < 0 || this.#until[cpu] < this.#until[first] ? cpu : first;
            }
        }
        return eligible === 0 ? 1 << first : eligible;
    }

    reset(): void {
        this.#limits.fill(shortestLimit);
        this.#until.fill(0);
    }

    save(): StateRecord {
        return { version: 1, limits: [...this.#limits], until: [...this.#until] };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        const limits = state.integers("limits", maxCpuCount, shortestLimit, longestLimit);
        const until = state.integers("until", maxCpuCount, 0, Number.MAX_SAFE_INTEGER);
        for (let cpu = 0; cpu < maxCpuCount; cpu++) {
            this.#limits[cpu] = limits[cpu];
            this.#until[cpu] = until[cpu];
        }
    }
}
