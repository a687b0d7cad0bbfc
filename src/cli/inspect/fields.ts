/** The fields of a struct on a disk, printed by its layout table. */
import type { Field, Fields, StructType } from "../../base/struct.ts";

/** A field with its value, as the layout declares it. */
interface FieldValue {
    readonly name: string;
    readonly value: number | bigint;
    readonly doc: string;
}

/** The integer fields of a struct at `byteOffset`, in the order of its table. */
function fieldValues<F extends Fields>(
    layout: StructType<F>,
    bytes: Uint8Array,
    byteOffset: number,
): FieldValue[] {
    const view: object = layout.at(bytes, byteOffset);
    return Object.entries<Field>(layout.fields).flatMap(([name, { doc }]) => {
        const value: unknown = Reflect.get(view, name);
        return typeof value === "number" || typeof value === "bigint" ? [{ name, value, doc }] : [];
    });
}

/** Rows of name, value and meaning. 64-bit numbers, checksums and flags are hexadecimal. */
export function fieldRows<F extends Fields>(
    layout: StructType<F>,
    bytes: Uint8Array,
    byteOffset = 0,
): string[][] {
    return fieldValues(layout, bytes, byteOffset).map(({ name, value, doc }) => [
        name,
        typeof value === "bigint" || /checksum|flags/.test(name)
            ? `0x${value.toString(16)}`
            : `${value}`,
        doc,
    ]);
}

/** The same as a document: names and numbers. */
export function fieldDocument<F extends Fields>(
    layout: StructType<F>,
    bytes: Uint8Array,
    byteOffset = 0,
): Record<string, number | bigint> {
    return Object.fromEntries(
        fieldValues(layout, bytes, byteOffset).map(({ name, value }) => [name, value]),
    );
}
