import { describe, expect, it } from "vitest";
import { wrappedTable, wrappedText } from "../../src/report/wrapped-table.ts";

const rows = [
    ["a", "1", "one two three four five six"],
    ["bb", "22", "seven"],
];

describe("a sentence on a narrow terminal", () => {
    it("is broken at spaces, and further lines are indented", () => {
        expect(wrappedText("one two three four", 10, 2)).toBe("one two\n  three\n  four");
    });

    it("stays as it is where there is room, or no end of it", () => {
        expect(wrappedText("one two", 7, 2, 7)).toBe("one two");
        expect(wrappedText("one two", Number.POSITIVE_INFINITY, 2)).toBe("one two");
    });

    it("keeps a word whole that is longer than a line", () => {
        expect(wrappedText("a seventeen-letter b", 6)).toBe("a\nseventeen-letter\nb");
    });

    it("counts characters, not UTF-16 units", () => {
        expect(wrappedText("\u{1f424}\u{1f424} \u{1f424}", 4)).toBe("\u{1f424}\u{1f424} \u{1f424}");
    });
});

describe("a table on a narrow terminal", () => {
    it("is an ordinary one where it fits", () => {
        expect(wrappedTable(rows, 35, { alignRight: [1] })).toEqual([
            "a    1  one two three four five six",
            "bb  22  seven",
        ]);
    });

    it("wraps its last column under itself", () => {
        expect(wrappedTable(rows, 26, { alignRight: [1] })).toEqual([
            "a    1  one two three four\n        five six",
            "bb  22  seven",
        ]);
    });

    it("gives the last column lines of its own where nothing is left beside the others", () => {
        const wide = [["x".repeat(20), "one two three four"]];
        expect(wrappedTable(wide, 24)).toEqual([
            `${"x".repeat(20)}\n        one two three\n        four`,
        ]);
    });

    it("never loses a word, and keeps to the width where words let it", () => {
        for (let width = 30; width < 60; width++) {
            const lines = wrappedTable(rows, width).join("\n");
            expect(lines.replace(/\s+/g, " ")).toBe(rows.map((row) => row.join(" ")).join(" "));
            expect(lines.split("\n").filter((line) => line.length > width)).toEqual([]);
        }
    });
});
