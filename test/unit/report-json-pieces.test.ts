import { describe, expect, it } from "vitest";
import { jsonDocument } from "../../src/report/json.ts";
import { jsonPieces } from "../../src/report/json-pieces.ts";

const text = (document: object) => [...jsonPieces(document)].join("");

describe("a document in pieces", () => {
    it.each<[object]>([
        [{}],
        [[]],
        [{ a: 1, b: [], c: {}, d: [1, "two", null, false], e: [{ f: [[]] }, {}] }],
    ])("is the same as in one: %j", (document) => {
        expect(text(document)).toBe(jsonDocument(document));
    });

    it("takes an iterator for a list, and asks it for no more than is read", () => {
        let askedCount = 0;
        function* endless() {
            for (;;) {
                yield `L1:+w${askedCount++}`;
            }
        }
        let read = "";
        for (const piece of jsonPieces({ states: endless() })) {
            read += piece;
            if (read.length > 40) {
                break;
            }
        }
        expect(read).toBe('{\n  "states": [\n    "L1:+w0",\n    "L1:+w1"');
        expect(askedCount).toBe(2);
    });

    it("has an empty list for an iterator that gives nothing", () => {
        expect(text({ states: [].values() })).toBe('{\n  "states": []\n}\n');
    });
});
