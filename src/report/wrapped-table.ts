/** Tables and sentences on a terminal that may be narrow. */
import { type TableOptions, table } from "./table.ts";

/** The fewest characters in which a last column is worth reading. */
const minLastWidth = 16;

/** Where the last column stands when nothing is left beside the others. */
const ownLineIndent = 8;

/**
 * Text in lines of at most `width` characters, broken at spaces; a longer word has a line of its
 * own. Lines after the first are indented by `indent` spaces.
 *
 * @param firstWidth how much of the first line is free; as much as of the others where left out
 */
export function wrappedText(
    text: string,
    width: number,
    indent = 0,
    firstWidth = width - indent,
): string {
    const lines: string[] = [];
    let line = "";
    for (const word of text.split(" ")) {
        const free = lines.length === 0 ? firstWidth : width - indent;
        const longer = line === "" ? word : `${line} ${word}`;
        if (line !== "" && [...longer].length > free) {
            lines.push(line);
            line = word;
        } else {
            line = longer;
        }
    }
    return [...lines, line].join(`\n${" ".repeat(indent)}`);
}

/**
 * The rows of a table as `table` gives them, but where one is wider than `width` the last column
 * is wrapped: a row has line ends in it then, and each further line begins where the column does.
 * All rows should be of the same length.
 */
export function wrappedTable(
    rows: readonly (readonly string[])[],
    width: number,
    options: TableOptions = {},
): string[] {
    const lines = table(rows, options);
    if (lines.every((line) => [...line].length <= width)) {
        return lines;
    }
    const heads = table(
        rows.map((row) => [...row.slice(0, -1), "|"]),
        options,
    );
    const start = [...(heads[0] ?? "")].length - 1;
    return lines.map((line, index) => {
        if ([...line].length <= width) {
            return line;
        }
        const head = heads[index].slice(0, -1);
        const last = rows[index].at(-1) ?? "";
        return width - start >= minLastWidth
            ? head + wrappedText(last, width, start, width - start)
            : `${head.trimEnd()}\n${" ".repeat(ownLineIndent)}` +
                  wrappedText(last, width, ownLineIndent);
    });
}
