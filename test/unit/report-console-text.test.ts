import { describe, expect, it } from "vitest";
import { consoleRowText } from "../../src/report/console-text.ts";

/** A row of text in runs of one attribute. */
function row(...runs: [text: string, attribute: number][]): string {
    const text = runs.map(([part]) => part).join("");
    const cells = runs.flatMap(([part, attribute]) =>
        [...part].map((character) => (attribute << 8) | character.charCodeAt(0)),
    );
    return consoleRowText(text, Uint16Array.from(cells));
}

describe("a console row", () => {
    it("is plain text when it is gray on black", () => {
        expect(row(["Hello, world", 0x07], ["     ", 0x00])).toBe("Hello, world");
        expect(row(["   ", 0x07])).toBe("");
        expect(row(["typed", 0x03], ["   ", 0x03])).toBe("\x1b[36;49mtyped\x1b[m");
    });

    it("has the terminal's numbers for the screen's colors", () => {
        expect(row(["b", 0x01], ["g", 0x02], ["r", 0x04])).toBe(
            "\x1b[34;49mb\x1b[32;49mg\x1b[31;49mr\x1b[m",
        );
        expect(row(["cyan", 0x03], ["white", 0x0f])).toBe("\x1b[36;49mcyan\x1b[97;49mwhite\x1b[m");
    });

    it("shows Chickadee's success in green and its errors on red", () => {
        expect(row(["ok", 0x0a])).toBe("\x1b[92;49mok\x1b[m");
        expect(row(["PANIC", 0xcf], [" at", 0x07])).toBe("\x1b[97;101mPANIC\x1b[m at");
    });

    it("changes colors once for a run of cells, and keeps colored spaces", () => {
        expect(row(["a", 0x07], ["bc  ", 0x1e], ["  ", 0x07])).toBe("a\x1b[93;44mbc  \x1b[m");
    });

    it("catches its canary: an order of colors in which red and blue are swapped", () => {
        expect(row(["x", 0x01])).not.toBe("\x1b[31;49mx\x1b[m");
    });
});
