/**
 * Structs over bytes: a layout is declared once, as a table, and everything follows from it.
 *
 * `defineStruct` checks the table when it is loaded (size, order, overlap) and makes a view class
 * with one accessor a field, so that reading a field costs one DataView access and never a loop
 * over the table. The same table prints the documentation and drives the inspectors. Everything
 * is little-endian, as on every Chickadee machine.
 */
import { assert } from "./assert.ts";

/** Bytes that a scalar of each type takes. */
const scalarSizes = { u8: 1, u16: 2, u32: 4, i32: 4, u64: 8 } as const;

type ScalarType = keyof typeof scalarSizes;

/** One row of a layout table. */
export interface Field {
    /** Bytes from the start of the struct. */
    readonly offset: number;
    /** A scalar, raw `bytes`, or the struct of which `count` stand in a row. */
    readonly type: ScalarType | "bytes" | StructType<Fields>;
    /** Elements of a struct array, or bytes of a `bytes` field; 1 where left out. */
    readonly count?: number;
    /** What the field means, in a phrase; the format's documentation prints it. */
    readonly doc: string;
}

export type Fields = Readonly<Record<string, Field>>;

type ValueOf<F extends Field> = F["type"] extends "u64"
    ? bigint
    : F["type"] extends ScalarType
      ? number
      : Uint8Array;

/** A place in bytes, seen as a struct. Move it to read an array without allocating. */
export type StructView<F extends Fields> = {
    /** Where the struct starts, in bytes from the start of `bytes`. */
    byteOffset: number;
    /** The bytes that the view reads and writes. */
    readonly bytes: Uint8Array;
} & { -readonly [K in keyof F]: ValueOf<F[K]> };

/** A struct's layout: its table, and views of bytes through it. */
export interface StructType<F extends Fields> {
    readonly name: string;
    readonly sizeBytes: number;
    readonly fields: F;
    /** A view at `byteOffset`; the struct must lie inside `bytes` when a field is accessed. */
    at(bytes: Uint8Array, byteOffset?: number): StructView<F>;
}

class View {
    byteOffset: number;
    readonly bytes: Uint8Array;
    readonly data: DataView;

    constructor(bytes: Uint8Array, byteOffset: number) {
        this.bytes = bytes;
        this.data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        this.byteOffset = byteOffset;
    }
}

/** Bytes that a field takes. */
export function fieldSizeBytes(field: Field): number {
    const { type, count = 1 } = field;
    if (type === "bytes") {
        return count;
    }
    return count * (typeof type === "string" ? scalarSizes[type] : type.sizeBytes);
}

function accessors(field: Field): PropertyDescriptor & ThisType<View> {
    const { offset, type } = field;
    switch (type) {
        case "u8":
            return {
                get() {
                    return this.data.getUint8(this.byteOffset + offset);
                },
                set(value: number) {
                    this.data.setUint8(this.byteOffset + offset, value);
                },
            };
        case "u16":
            return {
                get() {
                    return this.data.getUint16(this.byteOffset + offset, true);
                },
                set(value: number) {
                    this.data.setUint16(this.byteOffset + offset, value, true);
                },
            };
        case "u32":
            return {
                get() {
                    return this.data.getUint32(this.byteOffset + offset, true);
                },
                set(value: number) {
                    this.data.setUint32(this.byteOffset + offset, value, true);
                },
            };
        case "i32":
            return {
                get() {
                    return this.data.getInt32(this.byteOffset + offset, true);
                },
                set(value: number) {
                    this.data.setInt32(this.byteOffset + offset, value, true);
                },
            };
        case "u64":
            return {
                get() {
                    return this.data.getBigUint64(this.byteOffset + offset, true);
                },
                set(value: bigint) {
                    this.data.setBigUint64(this.byteOffset + offset, value, true);
                },
            };
        default: {
            const sizeBytes = fieldSizeBytes(field);
            return {
                get() {
                    const start = this.byteOffset + offset;
                    return this.bytes.subarray(start, start + sizeBytes);
                },
                set(value: Uint8Array) {
                    assert(value.length === sizeBytes, "a bytes field is replaced whole");
                    this.bytes.set(value, this.byteOffset + offset);
                },
            };
        }
    }
}

/**
 * Declares a struct of `sizeBytes` bytes. Throws `InvariantError` when the table's rows are out of
 * order, overlap, reach past the size, or have the name of something that every view has; bytes
 * between rows are padding.
 */
export function defineStruct<const F extends Fields>(
    name: string,
    sizeBytes: number,
    fields: F,
): StructType<F> {
    class NamedView extends View {}
    const noFields = new View(new Uint8Array(0), 0);
    let end = 0;
    for (const [fieldName, field] of Object.entries(fields)) {
        assert(
            !(fieldName in noFields),
            `${name}.${fieldName} has the name of a view's own member`,
        );
        assert(field.offset >= end, `${name}.${fieldName} overlaps the field before it`);
        end = field.offset + fieldSizeBytes(field);
        assert(end <= sizeBytes, `${name}.${fieldName} reaches past the struct`);
        Object.defineProperty(NamedView.prototype, fieldName, accessors(field));
    }
    return {
        name,
        sizeBytes,
        fields,
        at: (bytes, byteOffset = 0) => new NamedView(bytes, byteOffset) as unknown as StructView<F>,
    };
}
