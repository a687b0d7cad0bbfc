/** How the commands of `chickadee disk` and their groups are made. */
import { type Command, InvalidArgumentError } from "commander";

/** A command that has sub-commands only. */
export interface Group {
    /** All of its name, such as `disk trace`. */
    readonly path: string;
    /** Without a full stop: for its own help and, with a small letter, for its parent's. */
    readonly description: string;
    readonly example: string;
}

/** Adds a group, to which commands are to be added. */
export function addGroup(parent: Command, { path, description, example }: Group): Command {
    return parent
        .command(path.slice(path.lastIndexOf(" ") + 1))
        .summary(description[0].toLowerCase() + description.slice(1))
        .description(`${description}.`)
        .helpCommand(false)
        .addHelpText("after", `\nExample:\n  ${example}\n\n${exitStatusText}`)
        .showHelpAfterError(`Try "chickadee ${path} --help".`);
}

const exitStatusText =
    "Exit status: 0 fine; 1 a file is at fault; 2 wrong usage, or a file that\n" +
    "cannot be opened or written.";

/** A command of a group; `path` is all of its name, and `example` what the help ends in. */
export function addDiskCommand(
    parent: Command,
    path: string,
    description: string,
    example: string,
): Command {
    return parent
        .command(path.slice(path.lastIndexOf(" ") + 1))
        .description(description)
        .addHelpText("after", `\nExample:\n  ${example}`)
        .showHelpAfterError(`Try "chickadee ${path} --help".`);
}

/**
 * Adds an option that must be given. Commander's own way looks for it before it looks for options
 * that nobody knows, so that a mistyped one would be reported as missing.
 */
export function addRequired(command: Command, flags: string, description: string): Command {
    const option = command.createOption(flags, description);
    return command.addOption(option).hook("preAction", () => {
        if (command.getOptionValue(option.attributeName()) === undefined) {
            command.error(`error: required option '${flags}' not specified`);
        }
    });
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

/** Bytes by the letter that may stand behind a size. */
const unitBytes: Readonly<Record<string, number>> = {
    "": 1,
    k: 2 ** 10,
    K: 2 ** 10,
    M: 2 ** 20,
    G: 2 ** 30,
};

/** Reads an option's size in bytes, such as 4096, 64k or 1G. */
export function sizeInBytes(text: string): number {
    const [, digits = "", letter = ""] = /^(\d{1,16})([kKMG]?)$/.exec(text) ?? [];
    const sizeBytes = Number(digits) * unitBytes[letter];
    if (digits === "" || !Number.isSafeInteger(sizeBytes)) {
        throw new InvalidArgumentError("It should be a number of bytes, such as 4096, 64k or 1G.");
    }
    return sizeBytes;
}
