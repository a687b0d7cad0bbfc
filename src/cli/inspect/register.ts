/** How the sub-commands that look at one image register themselves. */
import type { Command } from "commander";
import { addSubCommand, type SubCommandContext } from "../sub-command.ts";
import { type CommonOptions, type Inspection, inspectImage } from "./inspection.ts";
import { chooseDisk, type DiskOptions } from "./replay.ts";

/** A sub-command whose first argument is an image, with the options that all of them take. */
export function addInspection(
    program: Command,
    name: string,
    description: string,
    example: string,
): Command {
    return addSubCommand(program, name, description, example)
        .argument("<IMAGE>", "the image, or - for standard input")
        .option("--json", "print one JSON document");
}

/** The option of the sub-commands that look at what a disk holds. */
export function addReplay(command: Command): Command {
    return command.option("--replay", "look at the disk as it is once its journal is replayed");
}

/** The options of the sub-commands that paint. */
export function addColour(command: Command): Command {
    return command
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

/** The same, on the disk that `--replay` chooses. */
export function runDiskInspection(
    context: SubCommandContext,
    imagePath: string,
    options: DiskOptions,
    action: (inspection: Inspection) => void,
): void {
    runInspection(context, imagePath, options, (inspection) => {
        chooseDisk(inspection, options);
        action(inspection);
    });
}
