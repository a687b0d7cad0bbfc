/** What a command line of `chickadee boot` asks for, looked at before anything is started. */
import { UserError } from "../../base/user-error.ts";
import { scheduleOf } from "../../crash/exploration/explore.ts";
import { defaultLimitNs, type KernelRunOptions } from "../../crash/kernel-run.ts";
import { type FaultName, plantedFaults } from "../../kernel/faults.ts";
import { defaultCpuTiming } from "../../machine/cpu/timing.ts";
import { allPrograms, bootFiles } from "../../programs/index.ts";
import { shown } from "../disk/trace-input.ts";
import { ExitCode } from "../inspect/inspection.ts";
import type { Invocation } from "../run.ts";
import { commandWords } from "./command-words.ts";
import { nearNamesText } from "./near-names.ts";
import type { BootOptions } from "./register.ts";

const standardInput = "-";
const shell = ["sh"];
const mebibyte = 2 ** 20;

export interface BootPlan {
    readonly isLive: boolean;
    /** Where keys come from that are typed by themselves: a path, or `-`. */
    readonly keysPath: string | undefined;
    /** All of a run but its disk. */
    readonly run: KernelRunOptions & { readonly command: readonly string[] };
}

/** Throws `UserError`, exit status 2, for what cannot be had. */
export function planOf(
    invocation: Invocation,
    imagePath: string | undefined,
    options: BootOptions,
): BootPlan {
    const { memory, seed, timerJitter, operationTime: operationNs } = options;
    const isLive = wantsLive(invocation, options);
    const keysPath = isLive ? undefined : keysPathOf(invocation, imagePath, options);
    for (const name of ["log", "trace"] as const) {
        if (options[name] === "-") {
            throw usageError(`--${name} -: standard output has the console's text; give a file`);
        }
    }
    if (isLive && options.maxOperations !== undefined) {
        throw usageError("--max-operations: a live console ends when you leave it");
    }
    if (options.trace !== undefined && imagePath === undefined) {
        throw usageError("--trace: without an image there is no disk to be traced");
    }
    return {
        isLive,
        keysPath,
        run: {
            command: options.run === undefined ? shell : programOf(options.run),
            seed,
            cpuCount: options.cpus,
            schedule: scheduleOf(options.schedule, seed),
            faults: faultsOf(options.fault),
            keyboardIsOpen: isLive || keysPath !== undefined,
            limitNs: limitNsOf(options, isLive),
            ...(memory !== undefined && { memoryBytes: memory * mebibyte }),
            ...(timerJitter !== undefined && { timerJitterNs: 1000 * timerJitter }),
            ...(operationNs !== undefined && { cpuTiming: { ...defaultCpuTiming, operationNs } }),
        },
    };
}

function wantsLive({ host }: Invocation, { live, run, json, keys }: BootOptions): boolean {
    const isTerminal = host.stdin.isTerminal && host.stdout.isTerminal;
    if (live !== true) {
        return isTerminal && run === undefined && json !== true && keys === undefined;
    }
    const other = json === true ? "--json" : keys === undefined ? undefined : "--keys";
    if (other !== undefined) {
        throw usageError(`--live and ${other} do not go together`);
    }
    if (!isTerminal) {
        throw usageError("--live: standard input and output must be a terminal");
    }
    return true;
}

/** The shell reads standard input, as shells do; a program that is run reads what it is given. */
function keysPathOf(
    { host }: Invocation,
    imagePath: string | undefined,
    { run, keys }: BootOptions,
): string | undefined {
    const path = keys ?? (run === undefined ? standardInput : undefined);
    if (path !== standardInput) {
        return path;
    }
    if (imagePath === standardInput) {
        throw usageError("standard input is the disk, so it cannot be typed; give --keys FILE");
    }
    if (host.stdin.isTerminal) {
        throw usageError(
            "a live console is for a terminal without --json; give --run PROGRAM or --keys FILE",
        );
    }
    return path;
}

/** What the first process runs, by the option `--run`. Throws `UserError` for no program. */
export function programOf(run: string): readonly string[] {
    const words = commandWords(run, "--run");
    const [name] = words;
    if (name === undefined) {
        throw usageError("--run: no program is named");
    }
    const names = allPrograms.map((program) => program.name);
    if (!names.includes(name) && !bootFiles.has(name)) {
        throw usageError(
            `--run: there is no program "${shown(name)}"${nearNamesText(name, names)}; ` +
                "--list-programs lists them",
        );
    }
    return words;
}

/** The bugs that are planted, by `--fault`. Throws `UserError` for one that there is not. */
export function faultsOf(texts: readonly string[] = []): readonly FaultName[] {
    return texts.map(faultOf);
}

function faultOf(text: string): FaultName {
    const names = plantedFaults.map(({ name }) => name);
    const fault = names.find((name) => name === text);
    if (fault === undefined) {
        throw usageError(
            `--fault: there is no fault "${shown(text)}"${nearNamesText(text, names)}; ` +
                "--fault list lists them",
        );
    }
    return fault;
}

/** A person at a live console says when it is over. */
function limitNsOf({ limit }: BootOptions, isLive: boolean): number {
    const otherwise = isLive ? Number.POSITIVE_INFINITY : defaultLimitNs;
    return limit === undefined ? otherwise : limit * 1e9;
}

function usageError(message: string): UserError {
    return new UserError(message, ExitCode.usage);
}
