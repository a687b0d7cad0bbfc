/**
 * Command lines read as `getopt_long` of the GNU C library reads them.
 *
 * The classic tools act on options in the order given, and the first problem wins, so scanning
 * is lazy: a caller may stop at any item. The rules, which scripts rely on:
 *
 * - `-b64`, `-b 64`, `--blocks=64`, `--blocks 64`, and clusters such as `-Vs`;
 * - a long name may be cut short as long as it stays unambiguous; a whole name always wins, and
 *   names of one and the same option never compete;
 * - operands may stand anywhere; a lone `-` is an operand; after `--` everything is.
 *
 * One table drives the scanner and the help text.
 */

/** One option: a row of a program's table, whose order messages and help follow. */
export interface OptionSpec<Key extends string = string> {
    /** What the scanner reports. Rows may share a key when they mean the same. */
    readonly key: Key;
    /** Names after `--`; several are spellings of the same option. */
    readonly long: readonly string[];
    /** The letter after `-`. */
    readonly short?: string;
    /** What help calls the argument; an option with this takes one, others refuse it. */
    readonly argument?: string;
    /** What the option does, in a phrase. Help leaves out a row without it. */
    readonly help?: string;
    /** What help shows in place of the names. */
    readonly label?: string;
    /**
     * True for an option that the reference tool lacks. A shortened name means an extension only
     * where it can mean nothing else, so that no abbreviation in an old script changes.
     */
    readonly extension?: true;
}

/** What a command line says next. Operands come after all options, in their order. */
export type ScannedItem<Key extends string> =
    | { readonly kind: "option"; readonly key: Key; readonly argument: string | undefined }
    | { readonly kind: "operand"; readonly value: string }
    | { readonly kind: "error"; readonly message: string };

/** Reads arguments off the command line's front. */
interface Cursor {
    /** The next argument, or undefined at the end. */
    next(): string | undefined;
}

/**
 * Scans `args`. Messages begin with `programName` and are the C library's, word for word; the
 * scan goes on after an error, as the C library's does.
 */
export function* scanOptions<Key extends string>(
    programName: string,
    table: readonly OptionSpec<Key>[],
    args: readonly string[],
): Generator<ScannedItem<Key>, void, undefined> {
    const operands: string[] = [];
    let position = 0;
    const cursor: Cursor = { next: () => args[position++] };
    for (let arg = cursor.next(); arg !== undefined; arg = cursor.next()) {
        if (arg === "--") {
            break;
        }
        if (arg.startsWith("--")) {
            yield scanLong(programName, table, arg, cursor);
        } else if (arg.startsWith("-") && arg !== "-") {
            yield* scanCluster(programName, table, arg, cursor);
        } else {
            operands.push(arg);
        }
    }
    for (const value of [...operands, ...args.slice(position)]) {
        yield { kind: "operand", value };
    }
}

/** `--name`, `--name=value` or `--name value`. */
function scanLong<Key extends string>(
    programName: string,
    table: readonly OptionSpec<Key>[],
    arg: string,
    cursor: Cursor,
): ScannedItem<Key> {
    const fail = (text: string): ScannedItem<Key> => ({
        kind: "error",
        message: `${programName}: ${text}`,
    });
    const equals = arg.indexOf("=");
    const typed = arg.slice(2, equals === -1 ? undefined : equals);
    const matches = longMatches(table, typed);
    if (matches.length === 0) {
        return fail(`unrecognized option '${arg}'`);
    }
    if (matches.length > 1) {
        const names = matches.map((match) => `'--${match.name}'`).join(" ");
        return fail(`option '${arg}' is ambiguous; possibilities: ${names}`);
    }
    const [{ name, spec }] = matches;
    const attached = equals === -1 ? undefined : arg.slice(equals + 1);
    if (spec.argument === undefined) {
        return attached === undefined
            ? { kind: "option", key: spec.key, argument: undefined }
            : fail(`option '--${name}' doesn't allow an argument`);
    }
    const argument = attached ?? cursor.next();
    return argument === undefined
        ? fail(`option '--${name}' requires an argument`)
        : { kind: "option", key: spec.key, argument };
}

interface LongMatch<Key extends string> {
    readonly name: string;
    readonly spec: OptionSpec<Key>;
}

/** The options that `typed` may mean: one when it is clear, several when it is ambiguous. */
function longMatches<Key extends string>(
    table: readonly OptionSpec<Key>[],
    typed: string,
): LongMatch<Key>[] {
    const candidates = table.flatMap((spec) => spec.long.map((name) => ({ name, spec })));
    const exact = candidates.find((candidate) => candidate.name === typed);
    if (exact !== undefined) {
        return [exact];
    }
    const abbreviated = candidates.filter((candidate) => candidate.name.startsWith(typed));
    const classic = abbreviated.filter((candidate) => candidate.spec.extension !== true);
    const matches = classic.length > 0 ? classic : abbreviated;
    // Later spellings of the first match's option do not make it ambiguous.
    return matches.filter((match, index) => index === 0 || match.spec.key !== matches[0].spec.key);
}

/** `-abc`: letters without an argument, up to one that takes the rest or the next argument. */
function* scanCluster<Key extends string>(
    programName: string,
    table: readonly OptionSpec<Key>[],
    arg: string,
    cursor: Cursor,
): Generator<ScannedItem<Key>, void, undefined> {
    const letters = [...arg.slice(1)];
    for (const [index, letter] of letters.entries()) {
        const spec = table.find((row) => row.short === letter);
        if (spec === undefined) {
            yield {
                kind: "error",
                message: `${programName}: invalid option -- '${letter}'`,
            };
            continue;
        }
        if (spec.argument === undefined) {
            yield { kind: "option", key: spec.key, argument: undefined };
            continue;
        }
        const attached = letters.slice(index + 1).join("");
        const argument = attached === "" ? cursor.next() : attached;
        yield argument === undefined
            ? {
                  kind: "error",
                  message: `${programName}: option requires an argument -- '${letter}'`,
              }
            : { kind: "option", key: spec.key, argument };
        return;
    }
}

/** Characters in a line of help. */
const helpWidth = 80;

/** The table as help shows it: names aligned with what they do. */
export function optionHelp(table: readonly OptionSpec[]): string {
    const rows = table.flatMap((spec) =>
        spec.help === undefined ? [] : [{ label: optionLabel(spec), help: spec.help }],
    );
    const width = Math.max(...rows.map((row) => row.label.length));
    const indent = " ".repeat(2 + width + 2);
    return rows
        .map(({ label, help }) => {
            const lines = linesOf(help, helpWidth - indent.length);
            return `  ${label.padEnd(width)}  ${lines.join(`\n${indent}`)}\n`;
        })
        .join("");
}

/** Text in lines of at most `width` characters, where no word is longer. */
function linesOf(text: string, width: number): string[] {
    const [first, ...rest] = text.split(" ");
    const lines: string[] = [];
    let line = first;
    for (const word of rest) {
        if (line.length + 1 + word.length > width) {
            lines.push(line);
            line = word;
        } else {
            line += ` ${word}`;
        }
    }
    return [...lines, line];
}

/** Every spelling of an option and its argument: `--blocks, -b N`. */
function optionLabel(spec: OptionSpec): string {
    if (spec.label !== undefined) {
        return spec.label;
    }
    const names = spec.long.map((name) => `--${name}`);
    if (spec.short !== undefined) {
        names.push(`-${spec.short}`);
    }
    return spec.argument === undefined ? names.join(", ") : `${names.join(", ")} ${spec.argument}`;
}
