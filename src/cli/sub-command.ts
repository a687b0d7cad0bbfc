/** What a sub-command of `chickadee` needs in order to register itself. */
import type { Command } from "commander";
import type { Invocation } from "./run.ts";

export interface SubCommandContext {
    readonly invocation: Invocation;
    /** Says what the process's exit status will be. */
    finish(status: number): void;
}

/** Adds a sub-command to the program. */
export type RegisterSubCommand = (program: Command, context: SubCommandContext) => void;

/** A sub-command with its description, and an example at the end of its help. */
export function addSubCommand(
    program: Command,
    name: string,
    description: string,
    example: string,
): Command {
    return program
        .command(name)
        .description(description)
        .addHelpText("after", `\nExample:\n  ${example}`)
        .showHelpAfterError(`Try "chickadee ${name} --help".`);
}
