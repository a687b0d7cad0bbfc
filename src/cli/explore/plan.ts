/** What a command line of `chickadee explore` asks for, looked at before anything is started. */
import { UserError } from "../../base/user-error.ts";
import { scheduleOf } from "../../crash/exploration/explore.ts";
import { defaultLimitNs } from "../../crash/kernel-run.ts";
import type { Host } from "../../host/host.ts";
import { readKeys } from "../boot/boot-files.ts";
import { faultsOf, programOf } from "../boot/plan.ts";
import { ExitCode } from "../inspect/inspection.ts";
import type { ExploreOptions } from "./register.ts";
import type { Target } from "./target.ts";

const mebibyte = 2 ** 20;

/** Throws `UserError`, exit status 2, for what cannot be had. */
export function targetOf(host: Host, options: ExploreOptions): Target {
    const { run, first, runs, memory, limit, keys } = options;
    if (run === undefined) {
        throw usageError('--run is missing: which program? For example --run "testfutex"');
    }
    if (first > 1 && first >= runs) {
        throw usageError(`--first ${first}: with --runs ${runs} the last run is ${runs - 1}`);
    }
    if (keys === "-" && host.stdin.isTerminal) {
        throw usageError("--keys -: standard input is a terminal; give a file");
    }
    scheduleOf(options.schedule, options.seed);
    return {
        command: programOf(run),
        cpuCount: options.cpus,
        limitNs: limit === undefined ? defaultLimitNs : limit * 1e9,
        faults: faultsOf(options.fault),
        keys: keys === undefined ? undefined : readKeys(host, keys),
        ...(memory !== undefined && { memoryBytes: memory * mebibyte }),
    };
}

function usageError(message: string): UserError {
    return new UserError(message, ExitCode.usage);
}
