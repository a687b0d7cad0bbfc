/** The command line of `mkchickadeefs`. */
import { UserError } from "../base/user-error.ts";
import { type OptionSpec, optionHelp, scanOptions } from "./getopt.ts";
import { packageVersion } from "./package-folder.ts";

export const mkfsName = "mkchickadeefs";

/** What a command line asks for. */
export interface MkfsRequest {
    readonly blockCount: number | undefined;
    readonly inodeCount: number | undefined;
    readonly swapBlockCount: number | undefined;
    readonly journalBlockCount: number | undefined;
    readonly firstDataBlock: number | undefined;
    readonly bootSectorPath: string | undefined;
    /** `-` stands for standard output. */
    readonly outputPath: string;
    /** True for a random layout; the seed, if any, chooses another than the reference's. */
    readonly isRandom: boolean;
    readonly seed: number | undefined;
    /** The folder whose content is packed. */
    readonly folderPath: string | undefined;
    readonly isJson: boolean;
    readonly isReference: boolean;
    /** PATH or PATH:NAME. */
    readonly operands: readonly string[];
}

/** A command line that asks for help or the version, where nothing was wrong before. */
export interface HelpRequest {
    readonly help: string;
}

type NumberKey = "blocks" | "inodes" | "swap" | "journal" | "firstData" | "seed";
type TextKey = "bootSector" | "output" | "from";
type FlagKey = "random" | "json" | "reference";
type Key = NumberKey | TextKey | FlagKey | "help" | "version";

const table: readonly OptionSpec<Key>[] = [
    {
        key: "blocks",
        long: ["blocks"],
        short: "b",
        argument: "N",
        help: "allocate N blocks (default 1024)",
    },
    { key: "inodes", long: ["inodes"], short: "i", argument: "N", help: "allocate N inodes" },
    {
        key: "swap",
        long: ["swap"],
        short: "w",
        argument: "N",
        help: "allocate N blocks for swap space",
    },
    {
        key: "journal",
        long: ["journal"],
        short: "j",
        argument: "N",
        help: "allocate N blocks for journal",
    },
    {
        key: "firstData",
        long: ["first-data"],
        short: "f",
        argument: "B",
        help: "allocate first file sequentially starting at block B",
    },
    {
        key: "bootSector",
        long: ["bootsector"],
        short: "s",
        argument: "FILE",
        help: "read FILE into the boot sector",
    },
    {
        key: "random",
        long: ["randomize", "random"],
        short: "r",
        help: "scramble block order before writing",
    },
    {
        key: "seed",
        long: ["seed"],
        argument: "N",
        help: "scramble in another way for every N (implies --randomize)",
        extension: true,
    },
    {
        key: "from",
        long: ["from"],
        argument: "DIR",
        help: "pack the files and folders in DIR",
        extension: true,
    },
    {
        key: "output",
        long: ["output"],
        short: "o",
        argument: "IMAGE",
        help: "write output to IMAGE",
    },
    {
        key: "json",
        long: ["json"],
        help: "describe the image on standard output in JSON",
        extension: true,
    },
    {
        key: "reference",
        long: ["reference"],
        help: "do as the reference tool does, defects included",
        extension: true,
    },
    { key: "help", long: ["help"], help: "print this message and exit" },
    { key: "version", long: ["version"], help: "print the version and exit", extension: true },
];

/** The reference tool's own options; its help calls one of them by a name it does not know. */
const referenceTable: readonly OptionSpec<Key>[] = table
    .filter((row) => row.extension !== true || row.key === "reference")
    .map((row) => {
        switch (row.key) {
            case "random":
                return { ...row, long: ["random"], label: "--randomize" };
            case "reference":
                return { key: row.key, long: row.long, extension: true };
            default:
                return row;
        }
    });

const usage = `Usage: mkchickadeefs [OPTS] [-o IMAGE] FILE...
Create a ChickadeeFS image from the arguments.
`;

const notes = `
FILE goes under its own name, without a leading obj/p-, obj/, initfs/ or
diskfs/; FILE:NAME calls it NAME, which has no slash. FILE or IMAGE may be -,
for standard input and output. Without -b and -f, --from makes IMAGE large
enough for DIR and an eighth more.
`;

/** The numbers, texts and flags seen so far. */
interface Seen {
    readonly numbers: Map<NumberKey, number>;
    readonly texts: Map<TextKey, string>;
    readonly flags: Set<FlagKey>;
    readonly operands: string[];
}

/** Reads a command line. Throws `UserError` for the first thing that is wrong with it. */
export function parseMkfsArgs(args: readonly string[]): MkfsRequest | HelpRequest {
    const isReference = [...scanOptions(mkfsName, table, args)].some(
        (item) => item.kind === "option" && item.key === "reference",
    );
    const rows = isReference ? referenceTable : table;
    const seen: Seen = { numbers: new Map(), texts: new Map(), flags: new Set(), operands: [] };
    for (const item of scanOptions(mkfsName, rows, args)) {
        switch (item.kind) {
            case "error":
                throw new UserError(`${item.message}\nunknown argument`);
            case "operand":
                seen.operands.push(item.value);
                break;
            case "option":
                if (item.key === "help") {
                    return { help: `${usage}\n${optionHelp(rows)}${isReference ? "" : notes}` };
                }
                if (item.key === "version") {
                    return { help: `${mkfsName} ${packageVersion()}\n` };
                }
                noteOption(seen, item.key, item.argument ?? "", isReference);
        }
    }
    return requestOf(seen);
}

function noteOption(
    seen: Seen,
    key: NumberKey | TextKey | FlagKey,
    argument: string,
    isReference: boolean,
): void {
    switch (key) {
        case "blocks":
        case "inodes":
        case "swap":
        case "journal":
        case "firstData":
        case "seed": {
            const value = parseNumber(argument);
            const { low, high } = numberRange(key, isReference);
            if (seen.numbers.has(key) || !(value >= low && value <= high)) {
                throw badArgument(key);
            }
            seen.numbers.set(key, value);
            break;
        }
        case "bootSector":
        case "output":
        case "from":
            if (seen.texts.has(key)) {
                throw badArgument(key);
            }
            seen.texts.set(key, argument);
            break;
        default:
            seen.flags.add(key);
    }
}

function numberRange(key: NumberKey, isReference: boolean): { low: number; high: number } {
    if (key === "seed") {
        return { low: 0, high: Number.MAX_SAFE_INTEGER };
    }
    // No journal is a journal of no blocks; the reference tool will not hear of it.
    return { low: key === "journal" && !isReference ? 0 : 1, high: 0x7fff_ffff };
}

/** A number as `strtoul` of C reads it: decimal, 0x hexadecimal, 0 octal. NaN if it is none. */
function parseNumber(text: string): number {
    if (/^0[0-7]+$/.test(text)) {
        return Number.parseInt(text, 8);
    }
    return /^(0|[1-9][0-9]*|0[xX][0-9a-fA-F]+)$/.test(text) ? Number(text) : Number.NaN;
}

function badArgument(key: NumberKey | TextKey): UserError {
    const row = table.find((candidate) => candidate.key === key);
    const name = row?.short === undefined ? `--${row?.long[0]}` : `-${row.short}`;
    return new UserError(`bad \`${name}\` argument`);
}

function requestOf({ numbers, texts, flags, operands }: Seen): MkfsRequest {
    const request: MkfsRequest = {
        blockCount: numbers.get("blocks"),
        inodeCount: numbers.get("inodes"),
        swapBlockCount: numbers.get("swap"),
        journalBlockCount: numbers.get("journal"),
        firstDataBlock: numbers.get("firstData"),
        bootSectorPath: texts.get("bootSector"),
        outputPath: texts.get("output") ?? "-",
        isRandom: flags.has("random") || numbers.has("seed"),
        seed: numbers.get("seed"),
        folderPath: texts.get("from"),
        isJson: flags.has("json"),
        isReference: flags.has("reference"),
        operands,
    };
    if (request.isJson && request.outputPath === "-") {
        throw new UserError(
            "--json needs an image file: standard output cannot take both; choose one with -o",
        );
    }
    return request;
}

/** Whether the image is to be as large as its content wants: a folder, where nothing rules it. */
export function isSizedToContent({ folderPath, blockCount, firstDataBlock }: MkfsRequest): boolean {
    return folderPath !== undefined && blockCount === undefined && firstDataBlock === undefined;
}
