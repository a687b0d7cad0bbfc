/**
 * What is explored: a deterministic system that can be run again and again, each time under
 * another schedule.
 *
 * A run is a function of its request. The seed decides all that the machine leaves to chance but
 * the interleaving (latencies, the order of completions, where ticks fall); the schedule decides
 * that, and draws from nothing of the seed's. So one of the two can be exchanged with all else
 * equal, which is what shrinking a failure does.
 */
import type { ChoiceStream } from "../../base/choices.ts";
import type { Context } from "../../machine/cpu/context.ts";
import type { Machine } from "../../machine/machine.ts";
import type { CpuRun } from "../../machine/schedule/recorded.ts";
import type { Schedule } from "../../machine/schedule/schedule.ts";

/** Makes the schedule of a run, as `MachineOptions.schedule`. */
export type MakeSchedule = (choices: ChoiceStream) => Schedule;

/** Watches a run's operations. It changes nothing of the run. */
export interface RunObserver {
    /** Makes every context of the run, of CPUs and of the kernel's tasks. */
    makeContext(name: string): Context;
    /** The machine that will run, before it is switched on. */
    attach(machine: Machine): void;
}

export interface RunRequest {
    /** Of the machine's choices. */
    readonly seed: number;
    /** Goes to the machine as it is; it begins where the subject sets its mark. */
    readonly schedule: MakeSchedule;
    /** Asks for `RunOutcome.runs`. */
    readonly recordsSchedule?: boolean;
    readonly observer?: RunObserver;
    /** Operations since power-on after which a run that has not ended has failed: it is stuck. */
    readonly maxOperations?: number;
}

export interface RunFailure {
    /** What kind it is, in a word: `panic`, `deadlock`, `leak`, `wrong result`. */
    readonly kind: string;
    readonly message: string;
}

export interface RunOutcome {
    /** What went wrong, if anything did. */
    readonly failure?: RunFailure | undefined;
    /** Operations since the mark: `Machine.operationsSinceMark`. */
    readonly operations: number;
    /** Of a run that failed by what its program says: what it said last, in lines. */
    readonly console?: readonly string[];
    /** Which CPU ran when since power-on, where that was asked for. */
    readonly runs?: readonly CpuRun[];
    /** Equal when memory, devices and disk are, whatever the schedule: `worldHash`. */
    stateHash(): string;
}

export interface Subject {
    run(request: RunRequest): RunOutcome;
}

/** Whether two failures are the same but for numbers, as of times, addresses and CPUs. */
export function isSameFailure(one: RunFailure | undefined, other: RunFailure | undefined): boolean {
    if (one === undefined || other === undefined) {
        return one === other;
    }
    return one.kind === other.kind && withoutNumbers(one.message) === withoutNumbers(other.message);
}

function withoutNumbers(message: string): string {
    return message.replace(/0x[0-9a-f]+|\d+/gi, "#");
}
