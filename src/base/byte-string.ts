/**
 * Byte strings: text whose every character is one byte (U+0000 to U+00FF).
 *
 * Names on a disk are bytes in no particular encoding. Kept as byte strings they compare, sort
 * and print exactly as the bytes do, and reach the terminal unchanged; UTF-8 is decoded only
 * where a person or JSON needs it.
 */
import { assert } from "./assert.ts";

/** A string with characters U+0000 to U+00FF only, each standing for one byte. */
export type ByteString = string;

/** The byte string of `bytes[start, end)`. */
export function byteStringOf(bytes: Uint8Array, start = 0, end = bytes.length): ByteString {
    let text = "";
    for (let at = start; at < end; at += 4096) {
        text += String.fromCharCode(...bytes.subarray(at, Math.min(at + 4096, end)));
    }
    return text;
}

/** The bytes of a byte string. */
export function bytesOf(text: ByteString): Uint8Array {
    const bytes = new Uint8Array(text.length);
    for (let index = 0; index < text.length; index++) {
        const code = text.charCodeAt(index);
        assert(code <= 0xff, "a byte string holds bytes only");
        bytes[index] = code;
    }
    return bytes;
}

/** The UTF-8 encoding of ordinary text, as a byte string. Lone surrogates become U+FFFD. */
export function utf8Encode(text: string): ByteString {
    // encodeURIComponent is the one UTF-8 encoder of the language itself: no DOM, no Node. Only
    // what is not ASCII goes through it, for it takes many times the space.
    return text
        .toWellFormed()
        .replace(/[\u0080-\u{10ffff}]+/gu, (run) =>
            encodeURIComponent(run).replace(/%(..)/g, (_, hex: string) =>
                String.fromCharCode(Number.parseInt(hex, 16)),
            ),
        );
}

/** Ordinary text of a byte string that is valid UTF-8, or undefined when it is not. */
export function utf8Decode(bytes: ByteString): string | undefined {
    try {
        return decodeURIComponent(
            bytes.replace(/[%\u0080-\u00ff]/g, (byte) => `%${hexByte(byte)}`),
        );
    } catch {
        return undefined;
    }
}

/**
 * A byte string as text that is safe to show: UTF-8 where it is valid, and `\xNN` for each byte
 * of control characters, line separators, bidirectional controls, backslashes and of whatever is
 * not UTF-8, so that no name can drive a terminal and no two names look the same by escaping.
 */
export function printable(bytes: ByteString): string {
    const text = utf8Decode(bytes);
    if (text === undefined) {
        return bytes.replace(/[^ -[\]-~]/g, escaped);
    }
    return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\\]/gu, (character) =>
        escaped(utf8Encode(character)),
    );
}

function escaped(bytes: ByteString): string {
    return [...bytes].map((byte) => `\\x${hexByte(byte)}`).join("");
}

function hexByte(byte: string): string {
    return byte.charCodeAt(0).toString(16).padStart(2, "0");
}
