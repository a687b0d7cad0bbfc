import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
    decodeState,
    encodeState,
    StateFields,
    type StateRecord,
    type StateValue,
} from "../../src/base/state.ts";
import { UserError } from "../../src/base/user-error.ts";

const seed = 33_008;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytes = (...parts: (string | number[])[]) =>
    Buffer.concat(parts.map((part) => Buffer.from(part as string)));

const anyText = fc.string({ unit: "grapheme", maxLength: 8 });
const anyNumber = fc.oneof(
    fc.double({ noNaN: true }).map((number) => (number === 0 ? 0 : number)),
    fc.integer(),
);
const { value: anyValue } = fc.letrec<{ value: StateValue }>((tie) => ({
    value: fc.oneof(
        { depthSize: "small" },
        anyNumber,
        fc.boolean(),
        anyText,
        fc.uint8Array({ maxLength: 8 }),
        fc.array(tie("value"), { maxLength: 5 }),
        fc
            .array(fc.tuple(fc.oneof(anyText, fc.constant("__proto__")), tie("value")), {
                maxLength: 5,
            })
            .map((entries): StateRecord => Object.fromEntries(entries)),
    ),
}));

/** The same state, its records' fields put in the other way around. */
function turnedAround(value: StateValue): StateValue {
    if (typeof value !== "object" || value instanceof Uint8Array) {
        return value;
    }
    if (Array.isArray(value)) {
        return value.map(turnedAround);
    }
    const entries = Object.entries(value as StateRecord).reverse();
    return Object.fromEntries(entries.map(([name, field]) => [name, turnedAround(field)]));
}

describe("the encoding of a state", () => {
    it("is the one that the head of its file gives", () => {
        const state = { b: new Uint8Array([7]), a: [1, true, "\u00e9"], version: 1 };
        const one = [0, 0, 0, 0, 0, 0, 0xf0, 0x3f];
        expect(hex(encodeState(state))).toBe(
            hex(
                bytes(
                    ["r".charCodeAt(0), 3, 0, 0, 0],
                    [1, 0, 0, 0],
                    "al",
                    [3, 0, 0, 0],
                    "n",
                    one,
                    "Tt",
                    [2, 0, 0, 0, 0xc3, 0xa9],
                    [1, 0, 0, 0],
                    "bb",
                    [1, 0, 0, 0, 7],
                    [7, 0, 0, 0],
                    "versionn",
                    one,
                ),
            ),
        );
    });

    it("gives the state back, and is the same whatever the order of fields", () => {
        fc.assert(
            fc.property(anyValue, (value) => {
                const encoded = encodeState(value);
                expect(decodeState(encoded)).toEqual(value);
                expect(hex(encodeState(turnedAround(value)))).toBe(hex(encoded));
            }),
            { seed, numRuns: 300 },
        );
    });

    it("differs for states that differ", () => {
        fc.assert(tellsApart(encodeState), { seed, numRuns: 500 });
        const alike: StateValue[] = [[], {}, "", new Uint8Array(0), 0, false, [[]], [{}], "0"];
        const encodings = alike.map((value) => hex(encodeState(value)));
        expect(new Set(encodings).size).toBe(alike.length);
    });

    it("is told from one that keeps the order of fields (canary)", () => {
        const careless = (value: StateValue) => Buffer.from(JSON.stringify(value));
        expect(fc.check(tellsApart(careless), { seed, numRuns: 500 }).failed).toBe(true);
    });

    it("takes -0 for 0, and keeps infinity", () => {
        expect(hex(encodeState(-0))).toBe(hex(encodeState(0)));
        expect(decodeState(encodeState([Number.POSITIVE_INFINITY]))).toEqual([
            Number.POSITIVE_INFINITY,
        ]);
    });

    it("is asked for only of what a state holds", () => {
        let deep: StateValue = 1;
        for (let depth = 0; depth < 33; depth++) {
            deep = [deep];
        }
        expect(() => encodeState(Number.NaN)).toThrow("a state holds numbers");
        expect(() => encodeState({ "\ud800": 1 })).toThrow("a state's texts are Unicode");
        expect(() => encodeState(deep)).toThrow("a state nests no deeper than its decoder follows");
    });

    it("holds a field that is named as objects' own inner one", () => {
        const state = JSON.parse('{"__proto__": {"version": 1}}') as StateRecord;
        const decoded = decodeState(encodeState(state));
        expect(Object.keys(decoded)).toEqual(["__proto__"]);
        expect("version" in Object(decoded)).toBe(false);
    });
});

/** States are equal exactly when their encodings are. */
function tellsApart(encode: (value: StateValue) => Uint8Array) {
    return fc.property(anyValue, anyValue, (one, other) => {
        const areEqual = isEqual(one, other);
        expect(hex(encode(one)) === hex(encode(other))).toBe(areEqual);
        expect(hex(encode(turnedAround(one)))).toBe(hex(encode(one)));
    });
}

function isEqual(one: StateValue, other: StateValue): boolean {
    try {
        expect(one).toStrictEqual(other);
        return true;
    } catch {
        return false;
    }
}

/** Bytes that are no state, and what is said of them. */
const broken: [string, Uint8Array, string][] = [
    ["nothing", bytes(), "it is cut short, at byte 0"],
    ["an unknown kind", bytes("x"), "a value has an unknown kind, at byte 1"],
    ["half a number", bytes("n", [1, 2, 3]), "it is cut short, at byte 1"],
    [
        "NaN",
        bytes("n", [0, 0, 0, 0, 0, 0, 0xf8, 0x7f]),
        "a number is none that a state holds, at byte 9",
    ],
    [
        "-0",
        bytes("n", [0, 0, 0, 0, 0, 0, 0, 0x80]),
        "a number is none that a state holds, at byte 9",
    ],
    ["a text that is cut", bytes("t", [4, 0, 0, 0], "abc"), "it is cut short, at byte 5"],
    ["a text of other bytes", bytes("t", [1, 0, 0, 0, 0xff]), "a text is not UTF-8, at byte 6"],
    ["a list of too many", bytes("l", [255, 255, 255, 255], "TT"), "it is cut short, at byte 5"],
    ["a list of fewer", bytes("l", [2, 0, 0, 0], "TFT"), "bytes follow its end, at byte 7"],
    [
        "a record out of order",
        bytes("r", [2, 0, 0, 0], [1, 0, 0, 0], "bT", [1, 0, 0, 0], "aT"),
        "its fields are not in order, at byte 16",
    ],
    [
        "a record with a field twice",
        bytes("r", [2, 0, 0, 0], [1, 0, 0, 0], "aT", [1, 0, 0, 0], "aT"),
        "its fields are not in order, at byte 16",
    ],
    [
        "lists without end",
        bytes(...new Array<string | number[]>(200).fill([0x6c, 1, 0, 0, 0])),
        "it nests too deeply, at byte 165",
    ],
];

describe("bytes that are no state", () => {
    it.each(broken)("are refused in words: %s", (_, encoded, problem) => {
        expect(() => decodeState(encoded)).toThrow(new UserError(`not a saved state: ${problem}`));
    });

    it("are refused or the one encoding of a state, whatever they are", () => {
        const damaged = fc.tuple(anyValue, fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
            const encoded = encodeState(value);
            encoded[at % encoded.length] = byte;
            return encoded;
        });
        fc.assert(
            fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 40 })), (encoded) => {
                let value: StateValue = 0;
                try {
                    value = decodeState(encoded);
                } catch (error) {
                    expect(error).toBeInstanceOf(UserError);
                    return;
                }
                expect(hex(encodeState(value))).toBe(hex(encoded));
            }),
            { seed, numRuns: 2000 },
        );
    });
});

describe("a saved state's fields", () => {
    const fields = new StateFields(
        { version: 2, list: [1, 2], one: { version: 1 }, many: [{ a: 1 }], raw: new Uint8Array(2) },
        "machine.disk",
    );

    it("are what they are asked for as", () => {
        expect(fields.numbers("list", 2)).toEqual([1, 2]);
        expect(fields.integers("list", 2, 1, 2)).toEqual([1, 2]);
        expect(fields.integer("version", 2, 2)).toBe(2);
        expect(fields.record("one").number("version")).toBe(1);
        expect(fields.records("many").map((one) => one.number("a"))).toEqual([1]);
        expect([...fields.bytes("raw", 2)]).toEqual([0, 0]);
        expect([fields.has("raw"), fields.has("toString")]).toEqual([true, false]);
    });

    it.each<[string, () => unknown, string]>([
        [
            "another version",
            () => fields.expectVersion(1),
            "saved state of machine.disk has version 2; this program knows version 1",
        ],
        [
            "a number that is missing",
            () => fields.number("count"),
            "saved state of machine.disk: field count is not a number",
        ],
        [
            "a method that all objects have",
            () => fields.text("toString"),
            "saved state of machine.disk: field toString is not a text",
        ],
        [
            "a list of another length",
            () => fields.numbers("list", 3),
            "saved state of machine.disk: field list is not 3 numbers",
        ],
        [
            "a number out of range",
            () => fields.integer("version", 0, 1),
            "saved state of machine.disk: field version is not a whole number from 0 to 1",
        ],
        [
            "a field within a record of a list",
            () => fields.records("many")[0].boolean("a"),
            "saved state of machine.disk.many[0]: field a is not true or false",
        ],
    ])("are refused in words: %s", (_, ask, problem) => {
        expect(ask).toThrow(new UserError(problem));
    });
});
