/**
 * The escape sequences that colour text: `ESC [ n ; ... m`, SGR of ECMA-48 (8.3.117), as far as a
 * VGA text screen can show it. n is 0, 1, 2, 7, 30 to 37, 40 to 47, 90 to 97 or 100 to 107.
 *
 * A sequence has at most 12 bytes. What turns out not to be one is text like any other, the ESC
 * included.
 */

const escapeByte = 0x1b;
const openBracket = 0x5b;
const semicolon = 0x3b;
const finalByte = 0x6d;
const maxSequenceBytes = 12;

/** Gray on black. */
const defaultForeground = 7;
const defaultBackground = 0;
const brightBit = 8;

/** VGA's number for each of the eight colours that ECMA-48 numbers: red is 1 there, and 4 here. */
const vgaColors = [0, 4, 2, 6, 1, 5, 3, 7];

export class ColorSequences {
    #foreground = defaultForeground;
    #background = defaultBackground;
    #isBold = false;
    #isReversed = false;
    /** The bytes of what may become a sequence. */
    #pending: number[] = [];

    /** The attribute of a cell that is written now: its upper byte, in place. */
    get attribute(): number {
        const foreground = this.#foreground | (this.#isBold ? brightBit : 0);
        const [front, back] = this.#isReversed
            ? [this.#background, foreground]
            : [foreground, this.#background];
        return (back << 12) | (front << 8);
    }

    /** Takes the next byte of a text. Returns the bytes that are to be shown now. */
    take(byte: number): readonly number[] {
        const pending = this.#pending;
        if (pending.length === 0 && byte !== escapeByte) {
            return [byte];
        }
        if (byte === escapeByte && pending.length > 0) {
            // A new beginning ends what was no sequence.
            this.#pending = [escapeByte];
            return pending;
        }
        pending.push(byte);
        if (byte === finalByte && pending.length > 2) {
            this.#pending = [];
            return this.#apply(pending) ? [] : pending;
        }
        if (this.#mayGoOn(byte)) {
            return [];
        }
        this.#pending = [];
        return pending;
    }

    #mayGoOn(last: number): boolean {
        switch (this.#pending.length) {
            case 1:
                return true;
            case 2:
                return last === openBracket;
            default:
                return (
                    this.#pending.length < maxSequenceBytes &&
                    (last === semicolon || (last >= 0x30 && last <= 0x39))
                );
        }
    }

    /** Does what a complete sequence says; false, and nothing, when a number has no meaning. */
    #apply(sequence: readonly number[]): boolean {
        const text = String.fromCharCode(...sequence.slice(2, -1));
        const parameters = text.split(";").map(Number);
        if (!parameters.every(isParameter)) {
            return false;
        }
        for (const parameter of parameters) {
            this.#set(parameter);
        }
        return true;
    }

    #set(parameter: number): void {
        const color = vgaColors[parameter % 10];
        if (parameter === 0) {
            this.#foreground = defaultForeground;
            this.#background = defaultBackground;
            this.#isBold = false;
            this.#isReversed = false;
        } else if (parameter === 1 || parameter === 2) {
            this.#isBold = parameter === 1;
        } else if (parameter === 7) {
            this.#isReversed = true;
        } else if (parameter < 40) {
            this.#foreground = color;
        } else if (parameter < 50) {
            this.#background = color;
        } else if (parameter < 100) {
            this.#foreground = color | brightBit;
        } else {
            this.#background = color | brightBit;
        }
    }
}

/** Whether a number has a meaning here: one of the first four, or a colour. */
function isParameter(parameter: number): boolean {
    return (
        [0, 1, 2, 7].includes(parameter) ||
        ([3, 4, 9, 10].includes(Math.floor(parameter / 10)) && parameter % 10 < 8)
    );
}
