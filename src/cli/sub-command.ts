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

/**
 * Adds `help`, which goes down from `parent` by as many names as it is given. Unlike commander's
 * own it does not take an unknown command for none.
 */
export function addHelp(parent: Command): void {
    parent
        .command("help")
        .argument("[command...]")
        .description("print the help of a command")
        .helpOption(false)
        .action((names: readonly string[]) => {
            let command = parent;
            for (const name of names) {
                const next = command.commands.find((one) => one.name() === name);
                if (next === undefined) {
                    return command.error(`error: unknown command '${name}'`);
                }
                command = next;
            }
            command.outputHelp();
        });
}
