/**
 * Key events, one byte each: the key's place in the table, and bit 7 when it is let go; and the
 * events by which a person types a text on a US keyboard.
 */
import { assert } from "../../base/assert.ts";
import { printable, utf8Encode } from "../../base/byte-string.ts";
import { UserError } from "../../base/user-error.ts";
import { type KeyName, keys } from "./keys.ts";

/** In a key event: the key was let go. */
export const releaseBit = 0x80;

/** Places of the keys in the table. */
const placeOf: ReadonlyMap<string, number> = new Map(keys.map(({ name }, index) => [name, index]));

/** How a character is typed. */
interface Stroke {
    readonly key: number;
    /** The key that is held meanwhile. */
    readonly modifier?: number;
}

const strokes: ReadonlyMap<string, Stroke> = allStrokes();

export function pressEvent(name: KeyName): number {
    const place = placeOf.get(name);
    assert(place !== undefined, `key ${name} is in the table`);
    return place;
}

export function releaseEvent(name: KeyName): number {
    return pressEvent(name) | releaseBit;
}

/**
 * The events that type `text`. A line end of any kind is Enter, DEL is Backspace, and control
 * characters are Ctrl with their letter. Throws `UserError` for a character that the keyboard
 * does not have.
 */
export function eventsOf(text: string): number[] {
    const events: number[] = [];
    for (const [index, character] of [...text.replace(/\r\n?/g, "\n")].entries()) {
        const stroke = strokes.get(character);
        if (stroke === undefined) {
            throw new UserError(unknownCharacter(character, index));
        }
        const { key, modifier } = stroke;
        if (modifier === undefined) {
            events.push(key, key | releaseBit);
        } else {
            events.push(modifier, key, key | releaseBit, modifier | releaseBit);
        }
    }
    return events;
}

function unknownCharacter(character: string, index: number): string {
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    return (
        `cannot type U+${code} "${printable(utf8Encode(character))}", character ${index + 1} of ` +
        "the text: a US keyboard has no key for it; leave it out"
    );
}

/** Keys that type a character come first, so that Ctrl-H is Backspace and Ctrl-M is not needed. */
function allStrokes(): Map<string, Stroke> {
    const found = new Map<string, Stroke>([["\x7f", { key: pressEvent("backspace") }]]);
    const shift = pressEvent("left shift");
    for (const [place, { characters }] of keys.entries()) {
        const [plain, shifted] = characters;
        if (plain !== undefined) {
            found.set(plain, { key: place });
        }
        if (shifted !== undefined && shifted !== plain) {
            found.set(shifted, { key: place, modifier: shift });
        }
    }
    for (const [place, { characters }] of keys.entries()) {
        if (/^[a-z]/.test(characters)) {
            const control = String.fromCharCode(characters.charCodeAt(0) & 0x1f);
            if (!found.has(control)) {
                found.set(control, { key: place, modifier: pressEvent("left ctrl") });
            }
        }
    }
    return found;
}

assert(keys.length <= releaseBit, "a key event fits a byte");
assert(placeOf.size === keys.length, "every key has its own name");
