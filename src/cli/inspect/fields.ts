/** The fields of a struct on a disk, printed by its layout table. */

import type { Field, Fields, StructType } from "../../base/struct.ts";
import type { ChecksumVerdict } from "../../chkfs/journal/checksum.ts";

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

/**
 * Rows of name, value and meaning. 64-bit numbers, checksums and flags are hexadecimal.
 *
 * @param notes what to say of fields of this struct, by name, in place of their general meaning
 */
export function fieldRows<F extends Fields>(
    layout: StructType<F>,
    bytes: Uint8Array,
    byteOffset: number,
    notes: Readonly<Partial<Record<keyof F & string, string>>>,
): string[][] {
    const noteOf: ReadonlyMap<string, string | undefined> = new Map(Object.entries(notes));
    return fieldValues(layout, bytes, byteOffset).map(({ name, value, doc }) => [
        name,
        typeof value === "bigint" || /checksum|flags/.test(name)
            ? `0x${value.toString(16)}`
            : `${value}`,
        noteOf.get(name) ?? doc,
    ]);
}

/** What to say of a magic number. */
export function magicNote(magic: bigint, expected: bigint): string {
    return magic === expected ? "as it should be" : `should be 0x${expected.toString(16)}`;
}

/** A checksum as fields of a document. */
export function checksumFields(verdict: ChecksumVerdict): object {
    const { state, stored } = verdict;
    return {
        checksum: stored,
        checksumState: state,
        ...(state === "does not fit" && { computedChecksum: verdict.computed }),
    };
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
