/** What a command line of `chickadee explore` asks for, looked at before anything is started. */
import { printable, utf8Encode } from "../../base/byte-string.ts";
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
    checkSchedule(options);
    return {
        command: programOf(run),
        cpuCount: options.cpus,
        limitNs: limit === undefined ? defaultLimitNs : limit * 1e9,
        faults: faultsOf(options.fault),
        keys: keys === undefined ? undefined : readKeys(host, keys),
        ...(memory !== undefined && { memoryBytes: memory * mebibyte }),
    };
}

/** Of the schedules that there are, only those that draw are another one in each run. */
function checkSchedule({ schedule, seed }: ExploreOptions): void {
    const [kind = ""] = schedule.split(":", 1);
    if (kind === "pct" || kind === "random") {
        scheduleOf(schedule, seed);
        return;
    }
    const searches = "explore searches by pct:DEPTH[:LENGTH] or random[:OPERATIONS]";
    if (/^(round-robin|preempt|replay)$/.test(kind)) {
        throw usageError(`--schedule: ${searches}, not by ${kind}, which is the same in each run`);
    }
    const name = printable(utf8Encode(kind.length > 40 ? `${kind.slice(0, 40)}...` : kind));
    const [, depth] = /^pct-?(\d{1,2})$/.exec(kind) ?? [];
    const meant = depth === undefined ? "" : `; did you mean pct:${depth}?`;
    throw usageError(`--schedule: no schedule is named "${name}"${meant}; ${searches}`);
}

function usageError(message: string): UserError {
    return new UserError(message, ExitCode.usage);
}
