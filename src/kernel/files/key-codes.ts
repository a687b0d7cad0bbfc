/**
 * From scan codes of set 1 to characters: a US keyboard's layout, and what Shift, Ctrl and Caps
 * Lock make of it ("Keyboard Scan Code Specification", Microsoft 2000, appendix C).
 *
 * A byte below 0x80 is a key going down, above it the same key going up; 0xe0 says that the next
 * byte means another key. Keys that move a cursor have Chickadee's numbers, from 0xc0 on.
 */

const prefix = 0xe0;
const releaseBit = 0x80;

/** Codes of keys that have no character. */
const Code = {
    control: 0x1d,
    leftShift: 0x2a,
    rightShift: 0x36,
    alternate: 0x38,
    capsLock: 0x3a,
} as const;

/** What keys without Unicode characters are, as bytes. */
const SpecialKey = {
    up: 0xc0,
    right: 0xc1,
    down: 0xc2,
    left: 0xc3,
    home: 0xc4,
    end: 0xc5,
    pageUp: 0xc6,
    pageDown: 0xc7,
    insert: 0xc8,
    delete: 0xc9,
} as const;

/** Neighbours on the keyboard have codes in a row: what they type without, and with Shift. */
const keyRows: readonly { readonly first: number; readonly keys: readonly [string, string] }[] = [
    { first: 0x01, keys: ["\x1b1234567890-=\b\t", "\x1b!@#$%^&*()_+\b\t"] },
    { first: 0x10, keys: ["qwertyuiop[]\n", "QWERTYUIOP{}\n"] },
    { first: 0x1e, keys: ["asdfghjkl;'`", 'ASDFGHJKL:"~'] },
    { first: 0x2b, keys: ["\\zxcvbnm,./", "|ZXCVBNM<>?"] },
    { first: 0x37, keys: ["*", "*"] },
    { first: 0x39, keys: [" ", " "] },
    { first: 0x4a, keys: ["-", "-"] },
    { first: 0x4c, keys: ["5", "5"] },
    { first: 0x4e, keys: ["+", "+"] },
    { first: 0x56, keys: ["\\", "|"] },
];

/** The same codes on the keypad, and behind the prefix on keys of their own. */
const cursorKeys: ReadonlyMap<number, number> = new Map([
    [0x47, SpecialKey.home],
    [0x48, SpecialKey.up],
    [0x49, SpecialKey.pageUp],
    [0x4b, SpecialKey.left],
    [0x4d, SpecialKey.right],
    [0x4f, SpecialKey.end],
    [0x50, SpecialKey.down],
    [0x51, SpecialKey.pageDown],
    [0x52, SpecialKey.insert],
    [0x53, SpecialKey.delete],
]);

/** Other keys behind the prefix, which are on the keypad. */
const prefixedKeys: ReadonlyMap<number, number> = new Map([
    [0x1c, 0x0a],
    [0x35, 0x2f],
]);

/** Characters by code, without and with Shift. */
const plainKeys = keyTable(0);
const shiftedKeys = keyTable(1);

function keyTable(shift: 0 | 1): ReadonlyMap<number, number> {
    return new Map(
        keyRows.flatMap(({ first, keys }) =>
            [...keys[shift]].map((key, index) => [first + index, key.charCodeAt(0)] as const),
        ),
    );
}

/**
 * Understands one keyboard's bytes, in the order in which they come. It remembers the modifiers
 * and a prefix; releases of other keys mean nothing.
 */
export class KeyDecoder {
    #hasPrefix = false;
    #isShifted = false;
    #isControl = false;
    #isCapsLocked = false;

    /** Takes the next byte. Returns the character that was typed, 0 to 255, if one was. */
    take(byte: number): number | undefined {
        if (byte === prefix) {
            this.#hasPrefix = true;
            return undefined;
        }
        const hasPrefix = this.#hasPrefix;
        this.#hasPrefix = false;
        const code = byte & ~releaseBit;
        const isPress = (byte & releaseBit) === 0;
        if (this.#modify(code, isPress, hasPrefix) || !isPress) {
            return undefined;
        }
        if (hasPrefix) {
            return prefixedKeys.get(code) ?? cursorKeys.get(code);
        }
        return this.#character(code) ?? cursorKeys.get(code);
    }

    /** Notes a modifier's press or release; whether the key is one. */
    #modify(code: number, isPress: boolean, hasPrefix: boolean): boolean {
        switch (code) {
            case Code.control:
                this.#isControl = isPress;
                return true;
            case Code.leftShift:
            case Code.rightShift:
                // Behind the prefix these are no keys: what some keyboards send around arrows.
                if (!hasPrefix) {
                    this.#isShifted = isPress;
                }
                return true;
            case Code.alternate:
                return true;
            case Code.capsLock:
                if (isPress) {
                    this.#isCapsLocked = !this.#isCapsLocked;
                }
                return true;
            default:
                return false;
        }
    }

    /** What a key that is not behind the prefix types, as the modifiers are now. */
    #character(code: number): number | undefined {
        const plain = plainKeys.get(code);
        if (plain === undefined) {
            return undefined;
        }
        const isLetter = plain >= 0x61 && plain <= 0x7a;
        // Ctrl makes control characters of the letters and of what follows them in ASCII.
        if (this.#isControl && (isLetter || (plain >= 0x5b && plain <= 0x5d))) {
            return plain & 0x1f;
        }
        if (this.#isControl && plain > 0x20) {
            return undefined;
        }
        const isUpper = this.#isShifted !== (isLetter && this.#isCapsLocked);
        return isUpper ? shiftedKeys.get(code) : plain;
    }
}
