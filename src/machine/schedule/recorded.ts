/**
 * A schedule that was recorded, and the recorder.
 *
 * A recording is a list of runs: this CPU, so many operations. Played back on a machine that
 * starts the same it gives the same run, operation by operation, whatever schedule made it; with a
 * few entries changed it is another legal schedule, which is how a failing one is made shorter.
 */
import type { StateFields, StateRecord } from "../../base/state.ts";
import { UserError } from "../../base/user-error.ts";
import { type CpuSet, maxCpuCount, nextOf, type Schedule } from "./schedule.ts";

/** Operations that one CPU retires on end. */
export interface CpuRun {
    readonly cpu: number;
    readonly operations: number;
}

/** Operations a turn, after the end of a recording. */
const turnAfterEnd = 100;

/** Plays a recording back; after its end CPUs take turns. */
export class RecordedSchedule implements Schedule {
    readonly beginsAtPowerOn = true;
    readonly #runs: readonly CpuRun[];
    #position = 0;
    cpu = 0;
    operations = 1;
    /** Runs that asked for a CPU that could not run: the machine is not the recorded one. */
    divergences = 0;

    constructor(runs: readonly CpuRun[]) {
        this.#runs = runs;
    }

    get name(): string {
        return `replay:${formatRuns(this.#runs)}`;
    }

    decide(runnable: CpuSet): void {
        const run = this.#runs[this.#position];
        this.#position++;
        if (run === undefined) {
            this.cpu = nextOf(runnable, this.cpu + 1);
            this.operations = turnAfterEnd;
            return;
        }
        const canRun = (runnable & (1 << run.cpu)) !== 0;
        this.divergences += canRun ? 0 : 1;
        this.cpu = canRun ? run.cpu : nextOf(runnable, run.cpu);
        this.operations = run.operations;
    }

    paused(): boolean {
        return false;
    }

    woken(): boolean {
        return false;
    }

    reset(): void {
        this.#position = 0;
        this.cpu = 0;
        this.divergences = 0;
    }

    save(): StateRecord {
        const { cpu, divergences } = this;
        return { version: 1, position: this.#position, cpu, divergences };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#position = state.integer("position", 0, Number.MAX_SAFE_INTEGER);
        this.cpu = state.integer("cpu", 0, 31);
        this.divergences = state.integer("divergences", 0, Number.MAX_SAFE_INTEGER);
    }
}

/** Writes down what CPUs did. */
export class ScheduleRecorder {
    #runs: { cpu: number; operations: number }[] = [];

    get runs(): readonly CpuRun[] {
        return this.#runs;
    }

    /** CPU `cpu` retired operations, at least one. */
    retired(cpu: number, operations: number): void {
        const last = this.#runs.at(-1);
        if (last?.cpu === cpu) {
            last.operations += operations;
        } else {
            this.#runs.push({ cpu, operations });
        }
    }

    /** What was written down so far, for `rewind`. */
    mark(): readonly CpuRun[] {
        return this.#runs.map((run) => ({ ...run }));
    }

    /** Forgets what is not in `mark`. */
    rewind(mark: readonly CpuRun[]): void {
        this.#runs = mark.map((run) => ({ ...run }));
    }
}

/** Runs as text: `0x120.1x7` is 120 operations of CPU 0, then 7 of CPU 1. */
export function formatRuns(runs: readonly CpuRun[]): string {
    return runs.map(({ cpu, operations }) => `${cpu}x${operations}`).join(".");
}

/** Runs from text, of which an empty one has none. Throws `UserError` for text that is none. */
export function parseRuns(text: string): CpuRun[] {
    if (text === "") {
        return [];
    }
    return text.split(".").map((part) => {
        const match = /^(0|[1-9]\d?)x([1-9]\d{0,14})$/.exec(part);
        if (match === null || Number(match[1]) >= maxCpuCount) {
            throw new UserError(
                `not a recorded schedule: "${part.slice(0, 40)}" is not a CPU (0 to 15), "x" and ` +
                    "a number of operations",
                2,
            );
        }
        return { cpu: Number(match[1]), operations: Number(match[2]) };
    });
}
