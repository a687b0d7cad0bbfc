import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvariantError } from "../../src/base/assert.ts";
import {
    byteStringOf,
    bytesOf,
    printable,
    utf8Decode,
    utf8Encode,
} from "../../src/base/byte-string.ts";

const anyBytes = fc.uint8Array({ maxLength: 40 });
const anyText = fc.string({ unit: "binary", maxLength: 20 });

/** The bytes that a printable text stands for: what a reader can work out from it. */
function readBack(shown: string): string {
    return shown
        .split(/(\\x[0-9a-f]{2})/)
        .map((part) =>
            part.startsWith("\\x")
                ? String.fromCharCode(Number.parseInt(part.slice(2), 16))
                : Buffer.from(part, "utf8").toString("latin1"),
        )
        .join("");
}

/** Characters that move a cursor, end a line, change the direction of text, or start an escape. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not appear
const drivesTerminal = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/** Whether `show` keeps both promises of `printable` for some bytes. */
function showsSafely(show: (bytes: string) => string, bytes: string): boolean {
    const shown = show(bytes);
    return !drivesTerminal.test(shown) && readBack(shown) === bytes;
}

describe("a byte string", () => {
    it("keeps every byte", () => {
        fc.assert(
            fc.property(anyBytes, (bytes) => {
                const text = byteStringOf(bytes);
                expect(text).toBe(Buffer.from(bytes).toString("latin1"));
                expect(bytesOf(text)).toEqual(bytes);
            }),
            { seed: 1 },
        );
    });

    it("of a million bytes is made without a deep stack", () => {
        const bytes = new Uint8Array(1_000_000).map((_, at) => at * 7);
        const back = bytesOf(byteStringOf(bytes));
        expect(Buffer.compare(back, bytes)).toBe(0);
    });

    it("can be of a part of the bytes", () => {
        expect(byteStringOf(Uint8Array.of(65, 66, 67, 68), 1, 3)).toBe("BC");
    });

    it("never holds a character that is no byte", () => {
        expect(() => bytesOf("\u0100")).toThrow(
            new InvariantError("a byte string holds bytes only"),
        );
    });
});

describe("UTF-8", () => {
    it("is encoded as Node encodes it, lone surrogates as U+FFFD", () => {
        fc.assert(
            fc.property(anyText, (text) => {
                expect(utf8Encode(text)).toBe(Buffer.from(text, "utf8").toString("latin1"));
            }),
            { seed: 1 },
        );
        expect(utf8Encode("a\ud800b")).toBe("a\u00ef\u00bf\u00bdb");
    });

    it("is decoded where it is valid and nowhere else", () => {
        const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
        const expected = (bytes: Uint8Array) => {
            try {
                return strict.decode(bytes);
            } catch {
                return undefined;
            }
        };
        const mixed = fc.oneof(
            anyBytes,
            anyText.map((text) => new Uint8Array(Buffer.from(text, "utf8"))),
        );
        fc.assert(
            fc.property(mixed, (bytes) => {
                expect(utf8Decode(byteStringOf(bytes))).toBe(expected(bytes));
            }),
            { seed: 1, numRuns: 1000 },
        );
    });

    it.each([
        ["a percent sign", "100%", "100%"],
        ["an escape that a URL would mean", "%41", "%41"],
        ["an overlong slash", "\u00c0\u00af", undefined],
        ["an encoded surrogate", "\u00ed\u00a0\u0080", undefined],
        ["a lone continuation byte", "\u0080", undefined],
        ["a sequence cut short", "\u00e2\u0082", undefined],
        ["more than U+10FFFF", "\u00f4\u0090\u0080\u0080", undefined],
        ["a byte order mark", "\u00ef\u00bb\u00bfx", "\ufeffx"],
    ])("of %s is decoded as the standard says", (_, bytes, expected) => {
        expect(utf8Decode(bytes)).toBe(expected);
    });
});

describe("printable text", () => {
    it.each([
        ["a plain name", "haiku.txt", "haiku.txt"],
        ["letters of another script", utf8Encode("Blåmeise 山雀 🐦"), "Blåmeise 山雀 🐦"],
        ["an escape sequence", "\u001b[2J", "\\x1b[2J"],
        ["a newline, a tab and a NUL", "a\n\t\0", "a\\x0a\\x09\\x00"],
        ["DEL", "\u007f", "\\x7f"],
        ["a C1 control in UTF-8, byte by byte", "\u00c2\u009b2J", "\\xc2\\x9b2J"],
        ["a C1 control that is not UTF-8", "\u009b2J", "\\x9b2J"],
        ["a text that runs backwards", utf8Encode("a\u202eb"), "a\\xe2\\x80\\xaeb"],
        ["a line separator", utf8Encode("\u2028"), "\\xe2\\x80\\xa8"],
        ["a backslash", "\\x41", "\\x5cx41"],
        ["bytes that are not UTF-8", "caf\u00e9 \\", "caf\\xe9 \\x5c"],
    ])("shows %s", (_, bytes, expected) => {
        expect(printable(bytes)).toBe(expected);
    });

    it("never drives a terminal and can always be read back, whatever the bytes", () => {
        const texts = fc.oneof(
            anyBytes.map((b) => byteStringOf(b)),
            anyText.map(utf8Encode),
        );
        fc.assert(
            fc.property(texts, (bytes) => {
                expect(showsSafely(printable, bytes)).toBe(true);
            }),
            { seed: 1, numRuns: 1000 },
        );
        for (let code = 0; code < 0x3000; code++) {
            expect(showsSafely(printable, utf8Encode(String.fromCodePoint(code)))).toBe(true);
        }
    });

    it("is told from text that only drops what is below a space (canary)", () => {
        const twin = (bytes: string) => bytes.replace(/[^ -\u00ff]/g, "");
        expect(showsSafely(twin, "\u009b2J")).toBe(false);
        expect(showsSafely(twin, "\n")).toBe(false);
    });
});
