/**
 * Saved state: what a machine, a device or a stream of choices was, as named and versioned fields.
 *
 * A state is a tree of records, lists, numbers, texts, truth values and bytes. It has one
 * encoding: equal trees give equal bytes (fields in order of name, numbers by their bits), so that
 * a digest of the encoding is equal exactly when the states are.
 *
 * Encoding, little-endian: a letter for the kind, then the content. `n` a double; `t` a text and
 * `b` bytes, each a u32 length and the content (UTF-8 for texts); `T` `F` truth values; `l` a list
 * and `r` a record, each a u32 count and the elements; an element of a record is its name as a
 * text without letter, then its value.
 */
import { assert } from "./assert.ts";
import { byteStringOf, bytesOf, utf8Decode, utf8Encode } from "./byte-string.ts";
import { UserError } from "./user-error.ts";

/**
 * Anything that a state may hold. Numbers are finite or infinite, never NaN; texts and names are
 * well-formed Unicode.
 */
export type StateValue =
    | number
    | boolean
    | string
    | Uint8Array
    | readonly StateValue[]
    | StateRecord;

/** Named fields; by convention one of them is `version`. */
export interface StateRecord {
    readonly [name: string]: StateValue;
}

/** Deepest nesting that `decodeState` follows. */
const maxDepth = 32;

/** The one encoding of a state. */
export function encodeState(value: StateValue): Uint8Array {
    const writer = new StateWriter();
    writer.value(value);
    return writer.finish();
}

/** The state that `bytes` encode. Throws `UserError` for bytes that encode none. */
export function decodeState(bytes: Uint8Array): StateValue {
    const reader = new StateReader(bytes);
    const value = reader.value(0);
    reader.expectEnd();
    return value;
}

/** Appends encoded values to a buffer that grows by doubling. */
class StateWriter {
    #bytes = new Uint8Array(1024);
    #view = new DataView(this.#bytes.buffer);
    #length = 0;

    value(value: StateValue, depth = 0): void {
        assert(depth <= maxDepth, "a state nests no deeper than its decoder follows");
        if (typeof value === "number") {
            assert(!Number.isNaN(value), "a state holds numbers");
            this.#letter("n");
            this.#reserve(8);
            // -0 and 0 are one number to whoever compares them, so they are one here.
            this.#view.setFloat64(this.#length, value === 0 ? 0 : value, true);
            this.#length += 8;
        } else if (typeof value === "string") {
            this.#letter("t");
            this.#text(value);
        } else if (typeof value === "boolean") {
            this.#letter(value ? "T" : "F");
        } else if (value instanceof Uint8Array) {
            this.#letter("b");
            this.#blob(value);
        } else if (isList(value)) {
            this.#letter("l");
            this.#count(value.length);
            for (const element of value) {
                this.value(element, depth + 1);
            }
        } else {
            this.#letter("r");
            const names = Object.keys(value).sort();
            this.#count(names.length);
            for (const name of names) {
                this.#text(name);
                this.value(value[name], depth + 1);
            }
        }
    }

    finish(): Uint8Array {
        return this.#bytes.slice(0, this.#length);
    }

    #letter(letter: string): void {
        this.#reserve(1);
        this.#bytes[this.#length++] = letter.charCodeAt(0);
    }

    #count(count: number): void {
        this.#reserve(4);
        this.#view.setUint32(this.#length, count, true);
        this.#length += 4;
    }

    #text(text: string): void {
        assert(text.isWellFormed(), "a state's texts are Unicode");
        this.#blob(bytesOf(utf8Encode(text)));
    }

    #blob(blob: Uint8Array): void {
        this.#count(blob.length);
        this.#reserve(blob.length);
        this.#bytes.set(blob, this.#length);
        this.#length += blob.length;
    }

    #reserve(byteCount: number): void {
        if (this.#length + byteCount > this.#bytes.length) {
            const larger = new Uint8Array(2 * (this.#length + byteCount));
            larger.set(this.#bytes);
            this.#bytes = larger;
            this.#view = new DataView(larger.buffer);
        }
    }
}

/** Reads one encoded value, byte by byte, and trusts nothing. */
class StateReader {
    readonly #bytes: Uint8Array;
    readonly #view: DataView;
    #position = 0;

    constructor(bytes: Uint8Array) {
        this.#bytes = bytes;
        this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }

    value(depth: number): StateValue {
        if (depth > maxDepth) {
            throw this.#error("it nests too deeply");
        }
        const letter = String.fromCharCode(this.#take(1)[0]);
        switch (letter) {
            case "n":
                return this.#number();
            case "t":
                return this.#text();
            case "b":
                return this.#blob().slice();
            case "T":
                return true;
            case "F":
                return false;
            case "l":
                return this.#list(depth);
            case "r":
                return this.#record(depth);
            default:
                throw this.#error("a value has an unknown kind");
        }
    }

    expectEnd(): void {
        if (this.#position !== this.#bytes.length) {
            throw this.#error("bytes follow its end");
        }
    }

    #number(): number {
        this.#take(8);
        const number = this.#view.getFloat64(this.#position - 8, true);
        if (Number.isNaN(number) || Object.is(number, -0)) {
            throw this.#error("a number is none that a state holds");
        }
        return number;
    }

    /** Grows with the bytes that are there, whatever the count says. */
    #list(depth: number): StateValue[] {
        const elements: StateValue[] = [];
        for (let left = this.#count(); left > 0; left--) {
            elements.push(this.value(depth + 1));
        }
        return elements;
    }

    #record(depth: number): StateRecord {
        const fields: [string, StateValue][] = [];
        for (let left = this.#count(); left > 0; left--) {
            const name = this.#text();
            const before = fields.at(-1);
            if (before !== undefined && before[0] >= name) {
                throw this.#error("its fields are not in order");
            }
            fields.push([name, this.value(depth + 1)]);
        }
        return Object.fromEntries(fields);
    }

    /** A count of elements, each of which takes a byte at least. */
    #count(): number {
        this.#take(4);
        const count = this.#view.getUint32(this.#position - 4, true);
        if (count > this.#bytes.length - this.#position) {
            throw this.#error("it is cut short");
        }
        return count;
    }

    #text(): string {
        const text = utf8Decode(byteStringOf(this.#blob()));
        if (text === undefined) {
            throw this.#error("a text is not UTF-8");
        }
        return text;
    }

    #blob(): Uint8Array {
        return this.#take(this.#count());
    }

    #take(byteCount: number): Uint8Array {
        const start = this.#position;
        if (byteCount > this.#bytes.length - start) {
            throw this.#error("it is cut short");
        }
        this.#position += byteCount;
        return this.#bytes.subarray(start, start + byteCount);
    }

    #error(what: string): UserError {
        return new UserError(`not a saved state: ${what}, at byte ${this.#position}`);
    }
}

/** Typed access to a record's fields, for who loads them. */
export class StateFields {
    readonly #record: StateRecord;
    readonly #where: string;

    /** @param where whose state it is, for messages, as `machine.ahci`. */
    constructor(record: StateRecord, where: string) {
        this.#record = record;
        this.#where = where;
    }

    /** Throws `UserError` when the state was saved in another version. */
    expectVersion(version: number): void {
        const found = this.number("version");
        if (found !== version) {
            throw new UserError(
                `saved state of ${this.#where} has version ${found}; this program knows ` +
                    `version ${version}`,
            );
        }
    }

    number(name: string): number {
        return this.#field(name, "a number", (value) => typeof value === "number");
    }

    /** A whole number from `lowest` to `highest`. */
    integer(name: string, lowest: number, highest: number): number {
        const what = `a whole number from ${lowest} to ${highest}`;
        const isRight = (value: StateValue): value is number =>
            typeof value === "number" &&
            Number.isInteger(value) &&
            value >= lowest &&
            value <= highest;
        return this.#field(name, what, isRight);
    }

    /** Whole numbers from `lowest` to `highest`, `count` of them. */
    integers(name: string, count: number, lowest: number, highest: number): readonly number[] {
        const what = `${count} whole numbers from ${lowest} to ${highest}`;
        const isRight = (value: StateValue): value is readonly number[] =>
            isList(value) &&
            value.length === count &&
            value.every(
                (element) =>
                    typeof element === "number" &&
                    Number.isInteger(element) &&
                    element >= lowest &&
                    element <= highest,
            );
        return this.#field(name, what, isRight);
    }

    boolean(name: string): boolean {
        return this.#field(name, "true or false", (value) => typeof value === "boolean");
    }

    text(name: string): string {
        return this.#field(name, "a text", (value) => typeof value === "string");
    }

    /** Bytes, `lengthBytes` of them where it is given. */
    bytes(name: string, lengthBytes?: number): Uint8Array {
        const isRight = (value: StateValue): value is Uint8Array =>
            value instanceof Uint8Array &&
            (lengthBytes === undefined || value.length === lengthBytes);
        const what = lengthBytes === undefined ? "bytes" : `${lengthBytes} bytes`;
        return this.#field(name, what, isRight);
    }

    /** A list of bytes, as of the chunks of something long. */
    byteLists(name: string): readonly Uint8Array[] {
        const isRight = (value: StateValue): value is readonly Uint8Array[] =>
            isList(value) && value.every((element) => element instanceof Uint8Array);
        return this.#field(name, "a list of bytes", isRight);
    }

    /** Numbers, `count` of them where it is given. */
    numbers(name: string, count?: number): readonly number[] {
        const isRight = (value: StateValue): value is readonly number[] =>
            isList(value) &&
            (count === undefined || value.length === count) &&
            value.every((element) => typeof element === "number");
        return this.#field(name, `${count ?? "a list of"} numbers`, isRight);
    }

    /** A record in this one. */
    record(name: string): StateFields {
        const record = this.#field(name, "a record", isRecord);
        return new StateFields(record, `${this.#where}.${name}`);
    }

    /** A list of records. */
    records(name: string): StateFields[] {
        const isRight = (value: StateValue): value is readonly StateRecord[] =>
            isList(value) && value.every(isRecord);
        const list = this.#field(name, "a list of records", isRight);
        return list.map((one, index) => new StateFields(one, `${this.#where}.${name}[${index}]`));
    }

    /** Whether there is such a field. */
    has(name: string): boolean {
        return Object.hasOwn(this.#record, name);
    }

    #field<T extends StateValue>(
        name: string,
        what: string,
        isRight: (value: StateValue) => value is T,
    ): T {
        const value = this.has(name) ? this.#record[name] : undefined;
        if (value === undefined || !isRight(value)) {
            throw new UserError(`saved state of ${this.#where}: field ${name} is not ${what}`);
        }
        return value;
    }
}

function isList(value: StateValue): value is readonly StateValue[] {
    return Array.isArray(value);
}

function isRecord(value: StateValue): value is StateRecord {
    return typeof value === "object" && !isList(value) && !(value instanceof Uint8Array);
}
