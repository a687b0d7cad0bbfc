/**
 * A run: the reference kernel on a machine, from power-on to its end, and how it ended.
 *
 * Everything that boots the kernel does it by this: the command line, the search for failing
 * schedules, campaigns, tests and measurements. A run is a function of its options.
 */

import { InvariantError } from "../base/assert.ts";
import type { ByteReader } from "../base/byte-store.ts";
import { SeededChoices } from "../base/choices.ts";
import type { FaultName } from "../kernel/faults.ts";
import { errorName } from "../kernel/interface/error-code.ts";
import type { ProgramImage } from "../kernel/interface/program-image.ts";
import { Kernel, type KernelOptions } from "../kernel/kernel.ts";
import { KernelDeadlock, KernelPanic, ProgramFailure } from "../kernel/panic.ts";
import { NoFirstProgram } from "../kernel/processes/init.ts";
import type { Context } from "../machine/cpu/context.ts";
import type { CpuTiming } from "../machine/cpu/timing.ts";
import { Machine } from "../machine/machine.ts";
import type { RunLimits, StopReason } from "../machine/schedule/interleaver.ts";
import type { ScheduleFactory } from "../machine/schedule/parse-schedule.ts";
import { allPrograms, bootFiles, programFiles } from "../programs/index.ts";

export interface KernelRunOptions {
    /** What process 2 runs: a program's name, and its arguments. */
    readonly command: readonly string[];
    /** Of the machine's devices; the schedule has chances of its own, by the same seed. */
    readonly seed: number;
    readonly cpuCount?: number;
    readonly schedule?: ScheduleFactory;
    readonly memoryBytes?: number;
    readonly faults?: readonly FaultName[];
    readonly recordsSchedule?: boolean;
    /** Keys that are typed when the program begins, as text. */
    readonly keys?: string;
    /** Whether somebody may type more; if not, who waits for a key in vain is deadlocked. */
    readonly keyboardIsOpen?: boolean;
    /** By how much timer interrupts may be late, by chance. */
    readonly timerJitterNs?: number;
    /** How long operations take; the slower they are, the more ticks come between them. */
    readonly cpuTiming?: CpuTiming;
    /** Virtual time after which a run that has not ended is given up. */
    readonly limitNs?: number;
    readonly makeContext?: (name: string) => Context;
    readonly disk?: ByteReader;
    /** Programs beside those of src/programs, each in a file of its name. */
    readonly programs?: readonly ProgramImage[];
    /** Makes the kernel, for who wants another than the reference kernel as it is. */
    readonly makeKernel?: (options: KernelOptions) => Kernel;
}

/** How a run ended; `message` is for people, and the same for the same failure. */
export interface Outcome {
    readonly kind: /** All processes ended, the first and orphans with status 0. */
        | "passed"
        /** A program ended with another status, or its own checks failed. */
        | "failed"
        /** The kernel broke one of its invariants. */
        | "panic"
        | "deadlock"
        /** It was still running when its time was over. */
        | "time limit";
    readonly message: string;
    /** What was thrown, if something was; its stack is for people. */
    readonly error?: Error;
}

/** Chickadee's 2 MiB. */
const defaultKernelMemoryBytes = 2 * 2 ** 20;
/** Longer than any program of ours takes: two minutes. */
export const defaultLimitNs = 120_000_000_000;
/** So that a schedule and the devices do not draw the same numbers. */
const scheduleSeedOffset = 2 ** 40;

export class KernelRun {
    readonly machine: Machine;
    readonly kernel: Kernel;
    readonly #limitNs: number;
    #outcome: Outcome | undefined;
    #startOperations: number | undefined;

    constructor(options: KernelRunOptions) {
        const { seed, schedule, cpuCount = 2 } = options;
        const memoryBytes = options.memoryBytes ?? defaultKernelMemoryBytes;
        this.#limitNs = options.limitNs ?? defaultLimitNs;
        const [path = ""] = options.command;
        const { makeContext, programs = [] } = options;
        const makeKernel = options.makeKernel ?? ((kernelOptions) => new Kernel(kernelOptions));
        this.kernel = makeKernel({
            cpuCount,
            memoryBytes,
            programs: [...allPrograms, ...programs],
            files: new Map([...bootFiles, ...programFiles(programs)]),
            command: { path, argv: options.command },
            faults: new Set(options.faults),
            mayHearFromOutside: () => {
                const { keyboard } = this.machine.keyboard;
                const isTyping = keyboard.waitingEvents > 0 || keyboard.hasByte;
                return isTyping || (options.keyboardIsOpen ?? false);
            },
            onProgramStart: () => {
                this.machine.keyboard.keyboard.type(options.keys ?? "");
                this.#startOperations = this.operations;
                this.machine.beginSchedule();
            },
            ...(makeContext === undefined ? {} : { makeContext }),
        });
        const scheduleChoices = new SeededChoices(seed + scheduleSeedOffset);
        this.machine = new Machine({
            cpuCount,
            memoryBytes,
            choices: seed,
            recordsSchedule: options.recordsSchedule ?? false,
            timerJitterNs: options.timerJitterNs ?? 0,
            ...(options.cpuTiming === undefined ? {} : { cpuTiming: options.cpuTiming }),
            ...(schedule === undefined ? {} : { schedule: () => schedule(scheduleChoices) }),
            ...(options.disk === undefined ? {} : { disk: options.disk }),
            ...(makeContext === undefined ? {} : { makeContext }),
        });
        this.machine.powerOn(this.kernel);
        this.kernel.files.install(this.machine.memory);
    }

    /** How it ended, if it has. */
    get outcome(): Outcome | undefined {
        return this.#outcome;
    }

    /** Operations of all CPUs since power-on. */
    get operations(): number {
        return this.machine.cpus.reduce((sum, cpu) => sum + cpu.retired, 0);
    }

    /** Operations since the first program was about to begin; 0 before that. */
    get programOperations(): number {
        return this.#startOperations === undefined ? 0 : this.operations - this.#startOperations;
    }

    /** Goes on to the end. */
    finish(): Outcome {
        for (;;) {
            const outcome = this.advance();
            if (outcome !== undefined) {
                return outcome;
            }
        }
    }

    /** Goes on for a while. Returns the outcome when it has ended. */
    advance(limits: RunLimits = {}): Outcome | undefined {
        if (this.#outcome !== undefined) {
            return this.#outcome;
        }
        const untilNs = Math.min(limits.untilNs ?? this.#limitNs, this.#limitNs);
        try {
            const reason = this.machine.run({ ...limits, untilNs });
            this.#outcome = this.#outcomeOf(reason);
        } catch (error) {
            this.#outcome = outcomeOfError(error);
        }
        return this.#outcome;
    }

    #outcomeOf(reason: StopReason): Outcome | undefined {
        switch (reason) {
            case "powered off":
                return this.#outcomeOfPrograms();
            case "operation limit":
            case "stopped":
                return undefined;
            case "time limit": {
                const isOver = this.machine.clock.nowNs >= this.#limitNs;
                const seconds = this.#limitNs / 1e9;
                const message = `still running after ${seconds} s of virtual time`;
                return isOver ? { kind: "time limit", message } : undefined;
            }
            default:
                return { kind: "panic", message: `the machine ended: ${reason}` };
        }
    }

    /** It was switched off: by init, which checked that nothing was lost, or by a program. */
    #outcomeOfPrograms(): Outcome {
        const failed = this.kernel.endedProcesses.find(({ status }) => status !== 0);
        if (failed === undefined) {
            return { kind: "passed", message: "the program and all orphans ended with status 0" };
        }
        const { pid, name, status } = failed;
        const message = `process ${pid} (${name}) ended with status ${status}`;
        return { kind: "failed", message };
    }
}

function outcomeOfError(error: unknown): Outcome {
    if (error instanceof ProgramFailure) {
        return { kind: "failed", message: error.message, error };
    }
    if (error instanceof NoFirstProgram) {
        return { kind: "failed", message: `${error.message}: ${errorName(error.code)}`, error };
    }
    if (error instanceof KernelDeadlock) {
        return { kind: "deadlock", message: error.message, error };
    }
    if (error instanceof KernelPanic || error instanceof InvariantError) {
        return { kind: "panic", message: error.message, error };
    }
    throw error;
}
