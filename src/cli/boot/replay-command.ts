/** The command line that does a run again. */
import { joinedWords } from "./command-words.ts";
import type { BootOptions } from "./register.ts";

/**
 * It names all that a run depends on, defaults too, but for the file that is read from standard
 * input: what was read there must be there again.
 */
export function replayCommand(imagePath: string | undefined, options: BootOptions): string {
    const { run, cpus, seed, schedule, keys, fault = [] } = options;
    return joinedWords([
        ...["chickadee", "boot"],
        ...(imagePath === undefined ? [] : [imagePath]),
        ...(run === undefined ? [] : ["--run", run]),
        ...["--cpus", `${cpus}`, "--seed", `${seed}`, "--schedule", schedule],
        ...number("--memory", options.memory),
        ...number("--limit", options.limit),
        ...number("--max-operations", options.maxOperations),
        ...number("--timer-jitter", options.timerJitter),
        ...number("--operation-time", options.operationTime),
        ...(keys === undefined ? [] : ["--keys", keys]),
        ...fault.flatMap((name) => ["--fault", name]),
    ]);
}

function number(option: string, value: number | undefined): readonly string[] {
    return value === undefined ? [] : [option, `${value}`];
}
