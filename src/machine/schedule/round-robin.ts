/** Every runnable CPU in turn, each for the same number of operations. */
import { assert } from "../../base/assert.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import { type CpuSet, nextOf, type Schedule } from "./schedule.ts";

/** Operations of a turn, unless told otherwise: few enough that CPUs meet inside critical code. */
export const defaultTurn = 100;

export class RoundRobin implements Schedule {
    readonly name: string;
    readonly operations: number;
    cpu = 0;
    #next = 0;

    /** @param operations of a turn, at least 1. */
    constructor(operations = defaultTurn) {
        assert(operations >= 1, "a turn has operations");
        this.operations = operations;
        this.name = operations === defaultTurn ? "round-robin" : `round-robin:${operations}`;
    }

    decide(runnable: CpuSet): void {
        this.cpu = nextOf(runnable, this.#next);
        this.#next = this.cpu + 1;
    }

    paused(): boolean {
        return true;
    }

    woken(): boolean {
        return false;
    }

    reset(): void {
        this.cpu = 0;
        this.#next = 0;
    }

    save(): StateRecord {
        return { version: 1, next: this.#next };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#next = state.integer("next", 0, 32);
    }
}
