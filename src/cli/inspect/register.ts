/** How the sub-commands that look at one image register themselves. */
import type { Command } from "commander";
import { addSubCommand, type SubCommandContext } from "../sub-command.ts";
import { type CommonOptions, type Inspection, inspectImage } from "./inspection.ts";

/** A sub-command whose first argument is an image, with the options that all of them take. */
export function addInspection(
    program: Command,
    name: string,
    description: string,
    example: string,
): Command {
    return addSubCommand(program, name, description, example)
        .argument("<IMAGE>", "the image, or - for standard input")
        .option("--json", "print one JSON document")
        .option("--color", "use colour although this is no terminal")
        .option("--no-color", "use no colour");
}

/** Runs an inspection and hands its exit status on. */
export function runInspection(
    { invocation, finish }: SubCommandContext,
    imagePath: string,
    options: CommonOptions,
    action: (inspection: Inspection) => void,
): void {
    finish(inspectImage(invocation, imagePath, options, action));
}
