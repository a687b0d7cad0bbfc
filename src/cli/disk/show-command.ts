/** What the commands have in common that list what is in a file, from its beginning. */
import type { Command } from "commander";
import type { CommonOptions, Inspection } from "../inspect/inspection.ts";
import { addColour, runInspection } from "../inspect/register.ts";
import type { SubCommandContext } from "../sub-command.ts";
import { wholeNumber } from "./disk-command.ts";

export interface ShowOptions extends CommonOptions {
    /** The most that is listed, 1 or more. */
    readonly limit: number;
}

/** What is listed where nobody says how many. */
const defaultLimit = 1000;

/**
 * Completes a command that has its own arguments and options: adds those of `ShowOptions`.
 *
 * @param noun what is listed, such as `entries`
 */
export function addShow<Options extends ShowOptions>(
    command: Command,
    noun: string,
    context: SubCommandContext,
    show: (inspection: Inspection, options: Options) => void,
): void {
    command
        .option("--limit <N>", `show at most N ${noun}`, wholeNumber(1), defaultLimit)
        .option("--json", "print one JSON document");
    addColour(command).action((path: string, options: Options) =>
        runInspection(context, path, options, (inspection) => show(inspection, options)),
    );
}
