/**
 * `chickadee boot`: its options and its help. What it does, and with it the machine, the kernel and
 * the programs, is loaded when it is asked for, so that other commands begin without them.
 */

import { wholeNumber } from "../disk/disk-command.ts";
import { addColour } from "../inspect/register.ts";
import type { RegisterSubCommand } from "../sub-command.ts";

/** What was given on the command line. */
export interface BootOptions {
    /** A program and its arguments, as one word of the shell. */
    readonly run?: string;
    readonly cpus: number;
    readonly seed: number;
    readonly schedule: string;
    /** MiB; undefined for as much as the kernel has by default. */
    readonly memory?: number;
    /** Seconds of virtual time. */
    readonly limit?: number;
    /** Operations since power-on after which it is stuck. */
    readonly maxOperations?: number;
    /** Microseconds. */
    readonly timerJitter?: number;
    /** Nanoseconds. */
    readonly operationTime?: number;
    readonly keys?: string;
    readonly live?: boolean;
    readonly log?: string;
    readonly trace?: string;
    readonly fault?: readonly string[];
    readonly listPrograms?: boolean;
    readonly json?: boolean;
    readonly color?: boolean;
}

const help = `
With a terminal and no program it is a live console; Ctrl-] leaves it. Without
a terminal, standard input is typed, line by line, whenever a program waits for
the keyboard, and then Ctrl-D; the console's text goes to standard output, the
verdict to standard error. With --run nothing is typed but what --keys gives.

Exit status: 0 the program and all orphans ended with status 0, or you left (of
a process that was waited for, who waited judges: a shell's last command is the
shell's status); 1 one did not, a program's own check failed, or time was over;
2 wrong usage, or a file that cannot be opened or written; 3 the kernel panicked
or deadlocked; 130 Ctrl-C.

Schedules: round-robin[:OPERATIONS], random[:OPERATIONS], pct:DEPTH[:LENGTH],
preempt:POINTS, replay:RUNS.

Examples:
  chickadee boot
  echo "ls | wc" | chickadee boot
  chickadee boot --run testfutex --cpus 4 --schedule random --seed 7
  chickadee boot --run "sh -c 'echo hello | wc'" --json
  chickadee boot --run cat --keys notes.txt --log kernel.log
  chickadee boot --run testshm --fault fork-forgets-shared-reference`;

export const registerBoot: RegisterSubCommand = (program, { invocation }) => {
    const seedLimit = 2 ** 32 - 1;
    const command = program
        .command("boot")
        .description("boot the reference kernel and run programs")
        .addHelpText("after", help)
        .showHelpAfterError('Try "chickadee boot --help".')
        .argument("[IMAGE]", "its disk, not written and not yet read by this kernel; - for stdin")
        .option("--run <COMMAND>", "run this program with its arguments, not the shell")
        .option("--cpus <N>", "CPUs of the machine, 1 to 16", wholeNumber(1, 16), 2)
        .option("--seed <S>", "what all chance is drawn from", wholeNumber(0, seedLimit), 1)
        .option("--schedule <NAME>", "which CPU runs when", "round-robin")
        .option("--memory <MIB>", "the machine's memory (default: 2)", wholeNumber(2, 1024))
        .option(
            "--limit <SECONDS>",
            "virtual time to end at (default: 120; live: none)",
            wholeNumber(1, 1_000_000),
        )
        .option("--max-operations <N>", "operations of all CPUs to end at", wholeNumber(1))
        .option(
            "--timer-jitter <US>",
            "microseconds that a tick may be late (default: 0)",
            wholeNumber(1, 1_000_000),
        )
        .option(
            "--operation-time <NS>",
            "nanoseconds of an operation (default: 10); slow CPUs get more ticks",
            wholeNumber(1, 1_000_000),
        )
        .option("--fault <NAME>", "plant a bug; more than once; list lists them", listed)
        .option("--keys <FILE>", "what is typed; - for standard input")
        .option("--live", "a live console although a program is given")
        .option("--log <FILE>", "write what the kernel logged")
        .option("--trace <FILE>", "write the disk's trace")
        .option("--list-programs", "list the programs, one a line")
        .option("--json", "print one JSON document");
    addColour(command).action((image: string | undefined, options: BootOptions) =>
        invocation.goOn(async () => {
            const { boot } = await import("./boot-command.ts");
            return await boot(invocation, image, options);
        }),
    );
};

/** Of an option that may be given more than once. */
export function listed(text: string, before: readonly string[] = []): readonly string[] {
    return [...before, text];
}
