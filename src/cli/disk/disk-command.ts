/** How the commands of `chickadee disk` and their groups are made. */
import { type Command, InvalidArgumentError } from "commander";

/** A command that has sub-commands only; `path` is all of its name. */
export function group(parent: Command, path: string, description: string): Command {
    return parent
        .command(path.slice(path.lastIndexOf(" ") + 1))
        .description(description)
        .helpCommand(false)
        .showHelpAfterError(`Try "chickadee ${path} --help".`);
}

/** A command of a group; `path` is all of its name, and `example` what the help ends in. */
export function addDiskCommand(
    parent: Command,
    path: string,
    description: string,
    example: string,
): Command {
    return group(parent, path, description).addHelpText("after", `\nExample:\n  ${example}`);
}

/** Reads an option's whole number; commander says which option is wrong. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER) {
    return (text: string): number => {
        const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
        if (!(number >= least && number <= most)) {
            const range =
                most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`;
            throw new InvalidArgumentError(`It should be a whole number, ${range}.`);
        }
        return number;
    };
}
