import { describe, expect, it } from "vitest";
import { hexDump } from "../../src/report/hex-dump.ts";
import { jsonDocument, nameFields } from "../../src/report/json.ts";
import { counted, namedRange, rangeText } from "../../src/report/size.ts";
import { table } from "../../src/report/table.ts";

describe("a table", () => {
    it("makes every column as wide as its widest text, in characters", () => {
        expect(
            table([["a", "1", "x"], ["bird\u{1f426}", "1000", ""], ["cc"]], { alignRight: [1] }),
        ).toEqual(["a         1  x", "bird\u{1f426}  1000", "cc"]);
    });

    it("separates columns as it is told, and is empty without rows", () => {
        expect(table([["a", "b"]], { separator: "|" })).toEqual(["a|b"]);
        expect(table([])).toEqual([]);
    });
});

describe("numbers with nouns", () => {
    it("have the plural that they need", () => {
        expect([0, 1, 2].map((count) => counted(count, "block"))).toEqual([
            "0 blocks",
            "1 block",
            "2 blocks",
        ]);
        expect(counted(2, "directory", "directories")).toBe("2 directories");
    });

    it("show a run by its ends", () => {
        expect(namedRange("file block", 5, 1)).toBe("file block 5");
        expect(namedRange("file block", 5, 3)).toBe("file blocks 5-7");
        expect(rangeText(5, 1)).toBe("5");
        expect(rangeText(5, 3)).toBe("5-7");
        expect(rangeText(0xffffffff, 2)).toBe("4294967295-4294967296");
    });
});

describe("a JSON document", () => {
    it("keeps the order of its keys and writes 64-bit numbers as text", () => {
        expect(jsonDocument({ b: 1, a: 0xfbbfbb003ee9beefn })).toBe(
            '{\n  "b": 1,\n  "a": "0xfbbfbb003ee9beef"\n}\n',
        );
    });

    it("holds no character that a terminal acts on", () => {
        const text = jsonDocument("\x1b[31m\x7f\x9b\u2028\n");
        expect(text).toBe('"\\u001b[31m\\u007f\\u009b\\u2028\\n"\n');
        expect(JSON.parse(text)).toBe("\x1b[31m\x7f\x9b\u2028\n");
    });

    it("shows a name as text, and as bytes too where it is not UTF-8", () => {
        expect(nameFields("name", "caf\xc3\xa9")).toEqual({ name: "café" });
        expect(nameFields("path", "/a\xff\\\n")).toEqual({
            path: "/a\\xff\\x5c\\x0a",
            pathBytes: "2f61ff5c0a",
        });
    });
});

describe("a hex dump", () => {
    it("shows 16 bytes a line, their characters, and the length", () => {
        const bytes = Uint8Array.from({ length: 20 }, (_, index) => 0x3a + index * 5);
        expect(hexDump(bytes)).toEqual([
            "00000000  3a 3f 44 49 4e 53 58 5d  62 67 6c 71 76 7b 80 85  |:?DINSX]bglqv{..|",
            "00000010  8a 8f 94 99                                       |....|",
            "00000014",
        ]);
    });

    it("tells a run of equal lines once", () => {
        const bytes = new Uint8Array(80);
        bytes[64] = 0xff;
        const zeros = "00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|";
        expect(hexDump(bytes)).toEqual([
            `00000000  ${zeros}`,
            "*",
            "00000040  ff 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|",
            "00000050",
        ]);
        expect(hexDump(new Uint8Array(0))).toEqual(["00000000"]);
    });
});
