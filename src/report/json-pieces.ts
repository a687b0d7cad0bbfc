/** JSON documents that are longer than there is memory. */

/**
 * The text of a document in pieces, with a line end: the same as `jsonDocument` gives, except that
 * a value may be an iterator, which is printed as a list and gone through as the pieces are taken.
 * Other values must be plain: no text in them is to be escaped for a terminal.
 */
export function* jsonPieces(document: object): Generator<string> {
    yield* pieces(document, "\n");
    yield "\n";
}

/** @param newline a line end and the indentation of the value's own line */
function* pieces(value: unknown, newline: string): Generator<string> {
    if (typeof value !== "object" || value === null) {
        yield JSON.stringify(value);
        return;
    }
    const isList = Symbol.iterator in value;
    const parts = isList ? (value as Iterable<unknown>) : Object.entries(value);
    const [open, close] = isList ? "[]" : "{}";
    let isEmpty = true;
    for (const part of parts) {
        yield `${isEmpty ? open : ","}${newline}  `;
        isEmpty = false;
        if (isList) {
            yield* pieces(part, `${newline}  `);
        } else {
            const [key, field] = part as [string, unknown];
            yield `${JSON.stringify(key)}: `;
            yield* pieces(field, `${newline}  `);
        }
    }
    yield isEmpty ? `${open}${close}` : `${newline}${close}`;
}
