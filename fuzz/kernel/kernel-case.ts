/**
 * Cases of hostile programs: each is a function of its token `kernel:SEED:INDEX`, made and run on a
 * kernel of its own.
 */
import { bytesOf } from "../../src/base/byte-string.ts";
import { crc32c } from "../../src/base/crc32c.ts";
import { Random } from "../../src/base/random.ts";
import { KernelRun, type Outcome } from "../../src/crash/kernel-run.ts";
import type { FaultName } from "../../src/kernel/faults.ts";
import { defaultCpuTiming } from "../../src/machine/cpu/timing.ts";
import type { Machine } from "../../src/machine/machine.ts";
import { fromMark } from "../../src/machine/schedule/from-mark.ts";
import { parseSchedule } from "../../src/machine/schedule/parse-schedule.ts";
import type { Action, Life } from "./action.ts";
import { firstArgumentCount, hostileProgram, programName } from "./hostile-program.ts";
import { KernelFailure } from "./kernel-failure.ts";
import { makeLife, makeScripts } from "./script-source.ts";
import { type CallCounts, WatchedKernel } from "./watched-kernel.ts";

export interface KernelToken {
    readonly seed: number;
    readonly index: number;
}

/** Where a case runs, and under which schedule. */
export interface Surroundings {
    /** Of the machine and of the schedule. */
    readonly seed: number;
    readonly cpuCount: number;
    /** As it is on a command line. */
    readonly schedule: string;
    /** Little, so that it runs out. */
    readonly memoryBytes: number;
    readonly timerJitterNs: number;
    /** The more, the more ticks come in few operations. */
    readonly operationNs: number;
    /** What is typed at the beginning. */
    readonly keys: string;
}

export interface KernelCase {
    readonly surroundings: Surroundings;
    readonly life: Life;
    readonly scripts: readonly (readonly Action[])[];
}

/** What a case came to beside its failure, if there was one. */
export interface CaseRun {
    readonly failure: KernelFailure | undefined;
    readonly operations: number;
    readonly counts: CallCounts;
}

/** Many more than a case takes that comes to an end. */
const maxOperations = 2_000_000;
/** Ten times as long as the sleeps of a case can take, one after the other. */
const limitNs = 60_000_000_000;

export function kernelTokenText({ seed, index }: KernelToken): string {
    return `kernel:${seed}:${index}`;
}

/** A token from its text, or undefined where it is none. */
export function parseKernelToken(text: string): KernelToken | undefined {
    const match = /^kernel:(\d{1,15}):(\d{1,15})$/.exec(text);
    return match === null ? undefined : { seed: Number(match[1]), index: Number(match[2]) };
}

/** The case that a token stands for. */
export function makeKernelCase(token: KernelToken): KernelCase {
    const text = bytesOf(kernelTokenText(token));
    const seed = (crc32c(text, 1) % 2 ** 21) * 2 ** 32 + crc32c(text);
    const random = new Random(seed);
    return {
        surroundings: makeSurroundings(random, crc32c(text)),
        life: makeLife(random),
        scripts: makeScripts(random),
    };
}

function makeSurroundings(random: Random, seed: number): Surroundings {
    return {
        seed,
        cpuCount: random.between(1, 4),
        schedule: random.pick([
            ...["random:1", "random:5", "random", "random:300", "round-robin:7"],
            ...["pct:1:5000", "pct:2:5000", "pct:3:20000", "pct:3:2000", "pct:6:20000"],
        ]),
        memoryBytes: 2 ** 20 + random.between(3, 16) * 2 ** 16,
        timerJitterNs: random.pick([0, 1000, 3_000_000]),
        operationNs: random.pick([10, 300, 3000]),
        keys: random.pick(["", "", "abc\ndef\n", "x\b\b\u0004y\n"]),
    };
}

/** What a case's kernel is not as it should be in; canaries are made so. */
export interface Defects {
    readonly faults?: readonly FaultName[];
    readonly sabotage?: Sabotage;
}

/** Does something to a kernel that it should not do, before it boots. */
export type Sabotage = (kernel: WatchedKernel) => void;

/** Runs a case from power-on to its end. */
export function runKernelCase(one: KernelCase, defects: Defects = {}): CaseRun {
    const { schedule, operationNs, ...surroundings } = one.surroundings;
    const counts: CallCounts = {};
    const run = new KernelRun({
        ...surroundings,
        command: [programName, ...new Array<string>(firstArgumentCount - 1).fill("first")],
        programs: [hostileProgram(one)],
        schedule: fromMark(parseSchedule(schedule)),
        cpuTiming: { ...defaultCpuTiming, operationNs },
        limitNs,
        faults: defects.faults ?? [],
        makeKernel: (options) => {
            const kernel = new WatchedKernel(options, counts);
            defects.sabotage?.(kernel);
            return kernel;
        },
    });
    let failure: KernelFailure | undefined;
    try {
        const outcome = run.advance({ operations: maxOperations });
        failure = failureOf(outcome) ?? noticeOf(run.machine);
    } catch (error) {
        failure = asKernelFailure(error);
    }
    return { failure, operations: run.operations, counts };
}

/** Programs may end as they like; that they end, and what the kernel says, is what counts. */
function failureOf(outcome: Outcome | undefined): KernelFailure | undefined {
    if (outcome === undefined) {
        return new KernelFailure("time limit", `no end after ${maxOperations} operations`);
    }
    const { kind, message, error } = outcome;
    switch (kind) {
        case "passed":
            return undefined;
        case "failed":
            return error === undefined ? undefined : asKernelFailure(error);
        default:
            return new KernelFailure(kind, message, { cause: error });
    }
}

/** What the kernel did that has no meaning to the machine; programs get at no device. */
function noticeOf({ notices }: Machine): KernelFailure | undefined {
    const [first] = notices;
    return first === undefined
        ? undefined
        : new KernelFailure("notice", `${first.device}: ${first.message}`);
}

function asKernelFailure(error: unknown): KernelFailure {
    if (error instanceof KernelFailure) {
        return error;
    }
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return new KernelFailure("throw", text, { cause: error });
}
