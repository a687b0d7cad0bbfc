import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvariantError } from "../../src/base/assert.ts";
import { defineStruct, type Field, fieldSizeBytes } from "../../src/base/struct.ts";

type Scalar = "u8" | "u16" | "u32" | "i32" | "u64";

/** Bytes and signedness of each scalar, as the C types of the same names have them. */
const scalars: Record<Scalar, { size: number; signed: boolean }> = {
    u8: { size: 1, signed: false },
    u16: { size: 2, signed: false },
    u32: { size: 4, signed: false },
    i32: { size: 4, signed: true },
    u64: { size: 8, signed: false },
};
const scalarTypes = Object.keys(scalars) as Scalar[];

/** A struct of 16 bytes with one scalar somewhere in it. */
function withScalar(type: Scalar, offset: number) {
    return defineStruct("one", 16, { field: { offset, type, doc: "a scalar" } });
}

/** The little-endian bytes of an integer, by division. */
function littleEndian(value: bigint, size: number): number[] {
    const unsigned = BigInt.asUintN(size * 8, value);
    return Array.from({ length: size }, (_, at) => Number((unsigned >> BigInt(8 * at)) & 0xffn));
}

/** What a scalar takes: its lowest, its highest, and numbers that show the order of its bytes. */
function samples(type: Scalar): bigint[] {
    const { size, signed } = scalars[type];
    const bits = BigInt(size * 8);
    const low = signed ? -(1n << (bits - 1n)) : 0n;
    const high = (1n << (signed ? bits - 1n : bits)) - 1n;
    return [low, high, 0n, 1n, BigInt.asUintN(size * 8 - 1, 0x0102_0304_0506_0708n)];
}

/** A view with the one field that `withScalar` gives. */
interface OneField {
    field: number | bigint;
}

/** Problems of an accessor at `offset` that reads and writes inside a slice of a larger buffer. */
function accessorProblems(
    at: (bytes: Uint8Array) => OneField,
    type: Scalar,
    offset: number,
): string[] {
    const problems: string[] = [];
    for (const value of samples(type)) {
        const bytes = new Uint8Array(new ArrayBuffer(24), 3, 16).fill(0xa5);
        const expected = bytes.slice();
        expected.set(littleEndian(value, scalars[type].size), offset);
        const view = at(bytes);
        view.field = type === "u64" ? value : Number(value);
        if (!bytes.every((byte, index) => byte === expected[index])) {
            problems.push(`${type} at ${offset}: ${value} is written as ${bytes}`);
        }
        if (BigInt(view.field) !== value) {
            problems.push(`${type} at ${offset}: ${value} is read as ${view.field}`);
        }
    }
    return problems;
}

describe("a struct's accessors", () => {
    it.each(scalarTypes)("read and write %s in little-endian order at every offset", (type) => {
        for (let offset = 0; offset + scalars[type].size <= 16; offset++) {
            const struct = withScalar(type, offset);
            expect(accessorProblems((bytes) => struct.at(bytes), type, offset)).toEqual([]);
        }
    });

    it("are told from accessors in the other order (canary)", () => {
        const twin = (bytes: Uint8Array): OneField => {
            const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
            return {
                get field() {
                    return data.getUint16(4, false);
                },
                set field(value) {
                    data.setUint16(4, Number(value), false);
                },
            };
        };
        expect(accessorProblems(twin, "u16", 4)).toHaveLength(2);
    });

    it("give the bytes themselves for raw bytes and for structs inside", () => {
        const inner = defineStruct("inner", 2, { x: { offset: 0, type: "u16", doc: "x" } });
        const outer = defineStruct("outer", 12, {
            raw: { offset: 1, type: "bytes", count: 3, doc: "raw" },
            row: { offset: 4, type: inner, count: 3, doc: "three" },
            last: { offset: 10, type: inner, doc: "one" },
        });
        const bytes = Uint8Array.from({ length: 12 }, (_, at) => at);
        const view = outer.at(bytes);
        expect([...view.raw]).toEqual([1, 2, 3]);
        expect([...view.row]).toEqual([4, 5, 6, 7, 8, 9]);
        expect([...view.last]).toEqual([10, 11]);
        expect(inner.at(view.row, 4).x).toBe(0x0908);
        inner.at(view.row, 2).x = 0xbbaa;
        view.raw = Uint8Array.of(7, 8, 9);
        expect([...bytes]).toEqual([0, 7, 8, 9, 4, 5, 0xaa, 0xbb, 8, 9, 10, 11]);
    });

    it("follow a view that is moved along an array", () => {
        const pair = defineStruct("pair", 2, { x: { offset: 1, type: "u8", doc: "x" } });
        const view = pair.at(Uint8Array.of(1, 2, 3, 4, 5, 6));
        const seen: number[] = [];
        for (; view.byteOffset < view.bytes.length; view.byteOffset += pair.sizeBytes) {
            seen.push(view.x);
        }
        expect(seen).toEqual([2, 4, 6]);
    });

    it("refuse raw bytes of another length", () => {
        const struct = defineStruct("s", 4, {
            raw: { offset: 0, type: "bytes", count: 4, doc: "raw" },
        });
        const view = struct.at(new Uint8Array(4));
        expect(() => {
            view.raw = new Uint8Array(3);
        }).toThrow(new InvariantError("a bytes field is replaced whole"));
    });

    it("never touch another field or the padding", () => {
        const rows = fc.array(
            fc.record({
                gap: fc.nat(3),
                type: fc.constantFrom(...scalarTypes),
                value: fc.nat(200),
            }),
            { minLength: 1, maxLength: 8 },
        );
        fc.assert(
            fc.property(rows, fc.nat(5), (table, start) => {
                const fields: Record<string, Field> = {};
                const expected = new Map<string, number>();
                let end = 0;
                for (const [index, { gap, type, value }] of table.entries()) {
                    fields[`f${index}`] = { offset: end + gap, type, doc: "a field" };
                    expected.set(`f${index}`, value);
                    end += gap + scalars[type].size;
                }
                const struct = defineStruct("random", end, fields);
                const bytes = new Uint8Array(start + end + 2).fill(0x5a);
                const model = bytes.slice();
                // Fields are only known by name here, so the view is a record of numbers.
                const view = struct.at(bytes, start) as unknown as Record<string, number | bigint>;
                for (const [name, value] of expected) {
                    const { offset, type } = fields[name];
                    const size = fieldSizeBytes(fields[name]);
                    view[name] = type === "u64" ? BigInt(value) : value;
                    model.set(littleEndian(BigInt(value), size), start + offset);
                }
                expect(bytes).toEqual(model);
                for (const [name, value] of expected) {
                    expect(Number(view[name])).toBe(value);
                }
            }),
            { seed: 1 },
        );
    });
});

describe("a struct's table", () => {
    const word = (offset: number): Field => ({ offset, type: "u32", doc: "a word" });

    it.each<[string, Record<string, Field>, string]>([
        ["overlap", { a: word(0), b: word(3) }, "s.b overlaps the field before it"],
        ["are out of order", { a: word(4), b: word(0) }, "s.b overlaps the field before it"],
        ["begin before the struct", { a: word(-1) }, "s.a overlaps the field before it"],
        ["reach past the end", { a: word(0), b: word(5) }, "s.b reaches past the struct"],
        ...["byteOffset", "bytes", "data", "constructor", "toString"].map(
            (name): [string, Record<string, Field>, string] => [
                `are called ${name}`,
                { [name]: word(0) },
                `s.${name} has the name of a view's own member`,
            ],
        ),
    ])("is refused when fields %s", (_, fields, message) => {
        expect(() => defineStruct("s", 8, fields)).toThrow(new InvariantError(message));
    });

    it("counts arrays in full when it looks for overlap", () => {
        const inner = defineStruct("inner", 4, { x: word(0) });
        const define = (count: number) =>
            defineStruct("s", 12, { row: { offset: 0, type: inner, count, doc: "" }, z: word(8) });
        expect(define(2).sizeBytes).toBe(12);
        expect(() => define(3)).toThrow(new InvariantError("s.z overlaps the field before it"));
    });
});
