/**
 * What a terminal sends for keys, as keys of the machine's keyboard.
 *
 * Ordinary keys come as characters, others as sequences of ECMA-48 as xterm sends them: `ESC [ A`,
 * `ESC O P`, `ESC [ 3 ~`, with modifiers `ESC [ 1 ; 5 C`; Alt and a character as ESC and it. A
 * sequence comes in one piece; an ESC by itself is the key.
 */

import { UserError } from "../../base/user-error.ts";
import type { Keyboard } from "../../machine/keyboard/keyboard.ts";
import type { KeyName } from "../../machine/keyboard/keys.ts";

/** Ctrl-], which no key of the machine's sends: it leaves the console. */
const leaveByte = 0x1d;
const escapeByte = 0x1b;

/** By the last letter of `ESC [` and `ESC O` sequences. */
const keysByLetter: Readonly<Record<string, KeyName>> = {
    A: "up",
    B: "down",
    C: "right",
    D: "left",
    F: "end",
    H: "home",
    M: "keypad enter",
    P: "f1",
    Q: "f2",
    R: "f3",
    S: "f4",
};

/** By the number of `ESC [ NUMBER ~`. */
const keysByNumber: Readonly<Record<string, KeyName>> = {
    "1": "home",
    "2": "insert",
    "3": "delete",
    "4": "end",
    "5": "page up",
    "6": "page down",
    "7": "home",
    "8": "end",
    "11": "f1",
    "12": "f2",
    "13": "f3",
    "14": "f4",
    "15": "f5",
    "17": "f6",
    "18": "f7",
    "19": "f8",
    "20": "f9",
    "21": "f10",
    "23": "f11",
    "24": "f12",
};

/** Bits of a sequence's modifier, less 1. */
const modifiers: readonly (readonly [bit: number, key: KeyName])[] = [
    [1, "left shift"],
    [2, "left alt"],
    [4, "left ctrl"],
];
const shiftBit = 1;
const altBit = 2;

/** What comes after ESC. */
const sequence = /^(?:\[(\d*)(?:;(\d+))?|O)([A-Za-z~])/;

type KeyTarget = Pick<Keyboard, "press" | "release" | "type">;

/** What came of typed bytes. */
export interface Typed {
    readonly leaves: boolean;
    /** Keys that the machine's keyboard does not have, or has no room for. */
    readonly lostCount: number;
}

/** Types on the machine's keyboard what was typed on the terminal. */
export function typeKeys(bytes: Uint8Array, keyboard: KeyTarget): Typed {
    let lostCount = 0;
    let at = 0;
    while (at < bytes.length) {
        if (bytes[at] === leaveByte) {
            return { leaves: true, lostCount };
        }
        if (bytes[at] === escapeByte) {
            at += typeSequence(bytes.subarray(at), keyboard);
            continue;
        }
        const isWhole = bytes[at] < 0x80;
        if (isWhole) {
            lostCount += type(String.fromCharCode(bytes[at]), keyboard) ? 0 : 1;
        } else if (bytes[at] >= 0xc0) {
            // The first byte of a character that is not ASCII; the others are passed over.
            lostCount++;
        }
        at++;
    }
    return { leaves: false, lostCount };
}

/** Types the key that a sequence stands for, if there is one. Returns the sequence's length. */
function typeSequence(bytes: Uint8Array, keyboard: KeyTarget): number {
    const [whole = "", number = "", modifier = "1", letter = ""] =
        sequence.exec(String.fromCharCode(...bytes.subarray(1, 16))) ?? [];
    if (whole === "") {
        return typeWithAlt(bytes, keyboard);
    }
    if (letter === "Z") {
        pressWith(shiftBit, "tab", keyboard);
        return 1 + whole.length;
    }
    const name = letter === "~" ? keysByNumber[number] : keysByLetter[letter];
    if (name !== undefined) {
        pressWith(Number(modifier) - 1, name, keyboard);
    }
    return 1 + whole.length;
}

/** ESC and a character is Alt with it; ESC and nothing, or another ESC, is the key. */
function typeWithAlt(bytes: Uint8Array, keyboard: KeyTarget): number {
    if (bytes.length < 2 || bytes[1] === escapeByte || bytes[1] === leaveByte || bytes[1] >= 0x80) {
        pressWith(0, "escape", keyboard);
        return 1;
    }
    hold(altBit, keyboard, () => type(String.fromCharCode(bytes[1]), keyboard));
    return 2;
}

function pressWith(modifierBits: number, name: KeyName, keyboard: KeyTarget): void {
    hold(modifierBits, keyboard, () => {
        keyboard.press(name);
        keyboard.release(name);
    });
}

function hold(modifierBits: number, keyboard: KeyTarget, act: () => void): void {
    const held = modifiers.filter(([bit]) => (modifierBits & bit) !== 0);
    for (const [, key] of held) {
        keyboard.press(key);
    }
    act();
    for (const [, key] of held) {
        keyboard.release(key);
    }
}

/** Whether there is a key for it, and room. */
function type(character: string, keyboard: KeyTarget): boolean {
    try {
        keyboard.type(character);
        return true;
    } catch (error) {
        if (error instanceof UserError) {
            return false;
        }
        throw error;
    }
}
