/**
 * How a Chickadee kernel reads the keyboard: an interrupt handler that drains the controller, and a
 * decoder of scan code set 1, restated from the kernel's behaviour.
 *
 * Bytes from 0x80 on are releases, of which only those of Shift and Ctrl matter; a prefix 0xE0 goes
 * for the byte after it. What is no character comes out as `<name>`.
 */
import type { KeyboardController } from "../../src/machine/keyboard/keyboard-controller.ts";

/** Characters of the codes from a first one on, without and with Shift. */
const rows: readonly [first: number, plain: string, shifted: string][] = [
    [0x01, "\x1b1234567890-=\b\t", "\x1b!@#$%^&*()_+\b\t"],
    [0x10, "qwertyuiop[]\n", "QWERTYUIOP{}\n"],
    [0x1e, "asdfghjkl;'`", 'ASDFGHJKL:"~'],
    [0x2b, "\\zxcvbnm,./", "|ZXCVBNM<>?"],
    [0x39, " ", " "],
];

/** Keys behind the prefix. */
const extended: ReadonlyMap<number, string> = new Map([
    [0x47, "home"],
    [0x48, "up"],
    [0x49, "page up"],
    [0x4b, "left"],
    [0x4d, "right"],
    [0x4f, "end"],
    [0x50, "down"],
    [0x51, "page down"],
    [0x52, "insert"],
    [0x53, "delete"],
]);

const shiftCodes = [0x2a, 0x36];
const ctrlCode = 0x1d;

/** The text that a kernel makes of bytes from port 0x60. */
export function decoded(bytes: readonly number[]): string {
    let text = "";
    let isShifted = false;
    let isControl = false;
    let hasPrefix = false;
    for (const byte of bytes) {
        const isPress = byte < 0x80;
        const code = byte & 0x7f;
        if (byte === 0xe0) {
            hasPrefix = true;
            continue;
        }
        if (shiftCodes.includes(code)) {
            isShifted = isPress;
        } else if (code === ctrlCode) {
            isControl = isPress;
        } else if (isPress && hasPrefix) {
            text += `<${extended.get(code) ?? code.toString(16)}>`;
        } else if (isPress) {
            text += typed(code, isShifted, isControl);
        }
        hasPrefix = false;
    }
    return text;
}

function typed(code: number, isShifted: boolean, isControl: boolean): string {
    const row = rows.find(([first, plain]) => code >= first && code < first + plain.length);
    if (row === undefined) {
        return `<${code.toString(16)}>`;
    }
    const character = row[isShifted ? 2 : 1][code - row[0]];
    return isControl && /[a-z]/.test(character)
        ? String.fromCharCode(character.charCodeAt(0) - 0x60)
        : character;
}

/** The interrupt handler: reads while the status says that a byte is there. */
export function drain(controller: KeyboardController): number[] {
    const bytes: number[] = [];
    while ((controller.commandPort.read(0, 1) & 1) !== 0) {
        bytes.push(controller.dataPort.read(0, 1));
    }
    return bytes;
}
