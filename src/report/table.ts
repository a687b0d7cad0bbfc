/** Columns of text, as wide as they need to be. */

export interface TableOptions {
    /** Columns whose text stands at the right; the others stand at the left. */
    readonly alignRight?: readonly number[];
    /** What stands between two columns; two spaces where left out. */
    readonly separator?: string;
}

/**
 * The lines of a table, without line ends and without spaces behind the last column. A row may be
 * shorter than others. Characters count as one column each.
 */
export function table(rows: readonly (readonly string[])[], options: TableOptions = {}): string[] {
    const { alignRight = [], separator = "  " } = options;
    const widths: number[] = [];
    for (const row of rows) {
        for (const [column, text] of row.entries()) {
            widths[column] = Math.max(widths[column] ?? 0, lengthOf(text));
        }
    }
    return rows.map((row) =>
        row
            .map((text, column) => {
                const padding = " ".repeat(widths[column] - lengthOf(text));
                return alignRight.includes(column) ? padding + text : text + padding;
            })
            .join(separator)
            .trimEnd(),
    );
}

/** Characters, not UTF-16 units. */
function lengthOf(text: string): number {
    return [...text].length;
}
