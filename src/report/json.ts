/**
 * JSON documents: the same bytes for the same facts, and safe to show on a terminal.
 *
 * Keys come in the order in which the document was put together. Names from a disk are bytes:
 * where they are UTF-8 they stand as text, otherwise with `\xNN` escapes and their bytes beside
 * them in hexadecimal.
 */
import { type ByteString, printable, utf8Decode } from "../base/byte-string.ts";

/** The text of a document, with a line end. 64-bit numbers become strings, as `0xNN`. */
export function jsonDocument(value: unknown): string {
    const text = JSON.stringify(value, plainValue, 2);
    // JSON lets these characters stand as they are, but terminals act on them.
    const safe = text.replace(/[\u007f-\u009f\u2028\u2029]/g, (character) => {
        return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
    });
    return `${safe}\n`;
}

function plainValue(_key: string, value: unknown): unknown {
    return typeof value === "bigint" ? `0x${value.toString(16)}` : value;
}

/**
 * A name or path as fields of a document: `key` with its text and, where that is not UTF-8,
 * `keyBytes` with its bytes in hexadecimal.
 */
export function nameFields(key: string, name: ByteString): Readonly<Record<string, string>> {
    const text = utf8Decode(name);
    return text === undefined
        ? { [key]: printable(name), [`${key}Bytes`]: hexOf(name) }
        : { [key]: text };
}

function hexOf(bytes: ByteString): string {
    let hex = "";
    for (let index = 0; index < bytes.length; index++) {
        hex += bytes.charCodeAt(index).toString(16).padStart(2, "0");
    }
    return hex;
}
