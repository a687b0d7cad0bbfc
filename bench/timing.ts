/** How long processes take and how much memory, fairly: in turn, and by the median. */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { median } from "./measurement.ts";

/** A command: the program and its arguments. */
export type Command = readonly string[];

export const node = process.execPath;

/** Runs a command to its end. Throws where it fails, for a failure is no result. */
export function run([program, ...args]: Command): SpawnSyncReturns<string> {
    const result = spawnSync(program, args, { encoding: "utf8" });
    if (result.status !== 0) {
        throw new Error(`${program} ${args.join(" ")}: ${result.stderr}`);
    }
    return result;
}

/** Milliseconds that an action takes. */
function elapsedMs(action: () => void): number {
    const start = process.hrtime.bigint();
    action();
    return Number(process.hrtime.bigint() - start) / 1e6;
}

/**
 * Does each action once a round and gives the milliseconds of each, round by round: what else the
 * machine does burdens the actions of a round alike, so that they compare best among themselves.
 * One round before the first does not count.
 */
export function inTurn(actions: readonly (() => void)[], roundCount: number): number[][] {
    return Array.from({ length: roundCount + 1 }, () => actions.map(elapsedMs)).slice(1);
}

/** Code that makes a Node process say at its end how many KiB of memory it had at most. */
const reporter =
    "data:text/javascript,process.on('exit',()=>" +
    "process.stderr.write('KiB '+process.resourceUsage().maxRSS))";

/** The most memory that `node ARGS` takes, in MiB: the median of some runs. */
export function peakMiB(args: readonly string[], rounds = 5): number {
    const samples = Array.from({ length: rounds }, () => {
        const { stderr } = run([node, "--import", reporter, ...args]);
        return Number(/KiB (\d+)$/.exec(stderr)?.[1]) / 1024;
    });
    return median(samples);
}
