/**
 * `chickadee explore`: its options and its help. What it does is loaded when it is asked for, as
 * with `chickadee boot`.
 */
import { listed } from "../boot/register.ts";
import { wholeNumber } from "../disk/disk-command.ts";
import { addColour } from "../inspect/register.ts";
import type { RegisterSubCommand } from "../sub-command.ts";

/** What was given on the command line. */
export interface ExploreOptions {
    /** A program and its arguments, as one word of the shell. */
    readonly run?: string;
    readonly schedule: string;
    readonly runs: number;
    readonly first: number;
    readonly seed: number;
    readonly cpus: number;
    /** MiB; undefined for as much as the kernel has by default. */
    readonly memory?: number;
    /** Seconds of virtual time. */
    readonly limit?: number;
    readonly keys?: string;
    readonly fault?: readonly string[];
    readonly jobs?: number;
    /** False with `--no-shrink`. */
    readonly shrink: boolean;
    readonly json?: boolean;
    readonly color?: boolean;
}

const help = `
Runs the program again and again, each time under another schedule, until a run
fails. That one is shrunk to the fewest preemptions with which it still fails,
and told: who ran when, which source lines race, and which commands do it again.

Run 0 is always done, without preemption: what fails there needs no schedule to
fail. After it come runs 1, 2 and so on. With --first N they begin at run N: so
does a search go on that was interrupted. pct:3 finds each race that takes up to
two preemptions with a chance that can be stated; use random for programs that
wait a lot, pct:2 for the simplest races. The result is the same for any number
of jobs; only the time that it takes is not.

Exit status: 0 no run failed; 1 one did; 2 wrong usage, or a file that cannot be
opened; 130 Ctrl-C, and then it says how to go on.

Examples:
  chickadee explore --run testfutex
  chickadee explore --run testfutex --fault futex-check-before-lock
  chickadee explore --run "sh -c 'echo hello | wc'" --cpus 4 --schedule random
  chickadee explore --run testpipe --runs 100000 --jobs 8 --json > found.json`;

/** More than the campaigns need to find what is planted, in at least 95 of 100. */
const defaultRunCount = 2500;
/** As `maxRunCount` of the search, which is loaded later. */
const maxRuns = 2 ** 21;

export const registerExplore: RegisterSubCommand = (program, { invocation }) => {
    const command = program
        .command("explore")
        .description("search for a schedule under which a program fails")
        .addHelpText("after", help)
        .showHelpAfterError('Try "chickadee explore --help".')
        .option("--run <COMMAND>", "the program, with its arguments")
        .option("--schedule <NAME>", "pct:DEPTH[:LENGTH], random[:OPERATIONS]", "pct:3")
        .option("--runs <N>", "runs at the most", wholeNumber(1, maxRuns), defaultRunCount)
        .option("--first <N>", "after run 0, go on with run N", wholeNumber(1, maxRuns), 1)
        .option("--seed <S>", "which runs", wholeNumber(0, 2 ** 32 - 1), 1)
        .option("--cpus <N>", "CPUs of the machine, 1 to 16", wholeNumber(1, 16), 2)
        .option("--memory <MIB>", "the machine's memory (default: 2)", wholeNumber(2, 1024))
        .option(
            "--limit <SECONDS>",
            "virtual time of a run (default: 120)",
            wholeNumber(1, 1_000_000),
        )
        .option("--fault <NAME>", "plant a bug; more than once; list lists them", listed)
        .option("--keys <FILE>", "what is typed; - for standard input")
        .option(
            "--jobs <N>",
            "threads, at most one for each core (the default)",
            wholeNumber(1, 64),
        )
        .option("--no-shrink", "only say which run failed")
        .option("--json", "print one JSON document");
    addColour(command).action((options: ExploreOptions) =>
        invocation.goOn(async () => {
            const { explore } = await import("./explore-command.ts");
            return await explore(invocation, options);
        }),
    );
};
