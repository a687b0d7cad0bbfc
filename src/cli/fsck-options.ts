/** The options of `chickadeefsck`: the table, and what a command line makes of it. */

import { UserError } from "../base/user-error.ts";
import { type FindingCode, type Severity, severities } from "../fsck/finding.ts";
import { type OptionSpec, optionHelp, scanOptions } from "./getopt.ts";

export const fsckName = "chickadeefsck";

/** Exit status of usage errors and of images that cannot be opened. */
export const fsckFailureExitCode = 2;

export interface FsckOptions {
    verbose: boolean;
    saveJournal: boolean;
    ignoreJournal: boolean;
    extract: string | undefined;
    muted: Set<FindingCode>;
    /** Undefined: as the terminal and the environment have it. */
    color: boolean | undefined;
    reference: boolean;
    strict: boolean;
    json: boolean;
    /** The code to explain, or `list` for all. */
    explain: string | undefined;
    repair: boolean;
    dryRun: boolean;
    /** The undo file to restore the image from. */
    undo: string | undefined;
    /** The mildest severity that makes the exit status 1. */
    failOn: Severity;
    help: boolean;
    version: boolean;
    image: string | undefined;
}

/** Rows in the order of the help text. */
const table: readonly OptionSpec<string>[] = [
    { key: "verbose", long: ["verbose"], short: "V", help: "say what IMAGE holds" },
    {
        key: "save",
        long: ["save", "save-journal"],
        short: "s",
        label: "--save-journal, --save, -s",
        help: "replay the journal into IMAGE, then clear it",
    },
    { key: "no-journal", long: ["no-journal"], help: "check IMAGE without replaying its journal" },
    {
        key: "extract",
        long: ["extract"],
        short: "e",
        argument: "FILE",
        help: "print FILE's content on standard output, findings on standard error",
    },
    {
        key: "warn",
        long: ["warn"],
        short: "W",
        argument: "[no-]KIND",
        label: "-W[no-]KIND",
        help: "warn, or not, of extra-extents, holes, leaks",
    },
    { key: "color", long: ["color"], help: "colour the words error: and warning:" },
    { key: "no-color", long: ["no-color"], help: "do not" },
    {
        key: "reference",
        long: ["reference"],
        extension: true,
        help: "judge as the C++ tool does, with its known defects",
    },
    {
        key: "strict",
        long: ["strict"],
        extension: true,
        help: "report also what is useless or unusual; each line ends in its [code]",
    },
    {
        key: "json",
        long: ["json"],
        extension: true,
        help: "print all that was found, but for what -W mutes, as one JSON document",
    },
    {
        key: "explain",
        long: ["explain"],
        argument: "CODE",
        extension: true,
        help: "say what a finding's CODE means and exit; 'list' for all codes",
    },
    {
        key: "repair",
        long: ["repair"],
        extension: true,
        help: "repair IMAGE where there is one safe answer; keeps IMAGE.undo",
    },
    {
        key: "dry-run",
        long: ["dry-run"],
        extension: true,
        help: "with --repair: say what it would do, and write nothing",
    },
    {
        key: "undo",
        long: ["undo"],
        argument: "FILE",
        extension: true,
        help: "take back the repair of IMAGE that kept FILE",
    },
    {
        key: "fail-on",
        long: ["fail-on"],
        argument: "SEVERITY",
        extension: true,
        help: "exit with 1 from SEVERITY on: error (the default), warning or note",
    },
    { key: "help", long: ["help"], help: "print this message and exit" },
    { key: "version", long: ["version"], extension: true, help: "print the version and exit" },
];

const usageLine = `Usage: ${fsckName} [-V] [-s | --no-journal] [-e FILE] [IMAGE]`;

/** What `-W` can switch. */
const warningKinds: Readonly<Record<string, readonly FindingCode[]>> = {
    extra: ["extent-beyond-size"],
    "extra-extents": ["extent-beyond-size"],
    holes: ["file-hole"],
    leaks: ["block-leaked"],
};

export function fsckHelp(): string {
    return `${usageLine}
       ${fsckName} --repair [--dry-run] IMAGE
       ${fsckName} --undo FILE IMAGE
       ${fsckName} --explain CODE
Check the chkfs IMAGE (or standard input) and say what is wrong with it.

${optionHelp(table)}
The exit status is 0 when no error was found, 1 when one was, 2 when IMAGE could
not be opened, and 141 when nobody reads the output. Warnings and notes do not
matter, unless --fail-on says so.
`;
}

function usageError(problem: string): UserError {
    return new UserError(
        `${problem}\n${usageLine}\nTry '${fsckName} --help' for what they mean.`,
        fsckFailureExitCode,
    );
}

/** Reads a command line. Throws `UserError` when it makes no sense. */
export function parseFsckOptions(args: readonly string[]): FsckOptions {
    const options: FsckOptions = {
        verbose: false,
        saveJournal: false,
        ignoreJournal: false,
        extract: undefined,
        muted: new Set(),
        color: undefined,
        reference: false,
        strict: false,
        json: false,
        explain: undefined,
        repair: false,
        dryRun: false,
        undo: undefined,
        failOn: "error",
        help: false,
        version: false,
        image: undefined,
    };
    for (const item of scanOptions(fsckName, table, args)) {
        if (item.kind === "error") {
            throw usageError(item.message);
        }
        if (item.kind === "operand") {
            if (options.image !== undefined) {
                throw usageError(`${fsckName}: more than one image: ${item.value}`);
            }
            options.image = item.value;
            continue;
        }
        applyOption(options, item.key, item.argument ?? "");
        if (options.help || options.version) {
            return options;
        }
    }
    if (options.explain !== undefined) {
        if (options.image !== undefined) {
            throw usageError(`${fsckName}: only one code can be explained`);
        }
        return options;
    }
    if (options.saveJournal && options.ignoreJournal) {
        throw usageError(`${fsckName}: --save-journal and --no-journal exclude each other`);
    }
    if (options.strict && options.reference) {
        throw usageError(`${fsckName}: --strict and --reference exclude each other`);
    }
    if (options.json && options.extract !== undefined) {
        throw usageError(`${fsckName}: --json and --extract exclude each other`);
    }
    checkRepairOptions(options);
    return options;
}

/** A repair checks soundly, replays the journal itself, and changes nothing else. */
function checkRepairOptions(options: FsckOptions): void {
    const { repair, undo, dryRun } = options;
    if (dryRun && !repair) {
        throw usageError(`${fsckName}: --dry-run is for --repair`);
    }
    if (!repair && undo === undefined) {
        return;
    }
    const rivals = {
        "--undo": repair && undo !== undefined,
        "--save-journal": options.saveJournal,
        "--no-journal": options.ignoreJournal,
        "--extract": options.extract !== undefined,
        "--reference": options.reference,
        // A repair can say in JSON what it did, and be strict with what it left.
        "--json": options.json && !repair,
        "--strict": options.strict && !repair,
        "--fail-on": options.failOn !== "error" && !repair,
    };
    for (const [rival, isGiven] of Object.entries(rivals)) {
        if (isGiven) {
            const option = repair ? "--repair" : "--undo";
            throw usageError(`${fsckName}: ${option} and ${rival} exclude each other`);
        }
    }
}

function applyOption(options: FsckOptions, key: string, argument: string): void {
    switch (key) {
        case "verbose":
            options.verbose = true;
            break;
        case "save":
            options.saveJournal = true;
            break;
        case "no-journal":
            options.ignoreJournal = true;
            break;
        case "extract":
            if (options.extract !== undefined) {
                throw usageError(`${fsckName}: only one file can be extracted`);
            }
            options.extract = argument;
            break;
        case "warn":
            applyWarning(options, argument);
            break;
        case "color":
            options.color = true;
            break;
        case "no-color":
            options.color = false;
            break;
        case "reference":
            options.reference = true;
            break;
        case "strict":
            options.strict = true;
            break;
        case "json":
            options.json = true;
            break;
        case "explain":
            if (options.explain !== undefined) {
                throw usageError(`${fsckName}: only one code can be explained`);
            }
            options.explain = argument;
            break;
        case "repair":
            options.repair = true;
            break;
        case "dry-run":
            options.dryRun = true;
            break;
        case "undo":
            options.undo = argument;
            break;
        case "fail-on":
            options.failOn = parseSeverity(argument);
            break;
        case "help":
            options.help = true;
            break;
        case "version":
            options.version = true;
            break;
    }
}

function parseSeverity(argument: string): Severity {
    const severity = severities.find((candidate) => candidate === argument);
    if (severity === undefined) {
        const known = severities.join(", ");
        throw usageError(`${fsckName}: unknown severity '${argument}' (known are ${known})`);
    }
    return severity;
}

function applyWarning(options: FsckOptions, argument: string): void {
    const isMuted = argument.startsWith("no-");
    const kind = isMuted ? argument.slice(3) : argument;
    if (!Object.hasOwn(warningKinds, kind)) {
        const known = Object.keys(warningKinds).join(", ");
        throw usageError(`${fsckName}: unknown warning '${kind}' (known are ${known})`);
    }
    for (const code of warningKinds[kind]) {
        if (isMuted) {
            options.muted.add(code);
        } else {
            options.muted.delete(code);
        }
    }
}
