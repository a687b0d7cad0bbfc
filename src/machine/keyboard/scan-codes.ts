/**
 * Scan codes: the bytes by which a keyboard says that a key went down or up, and the keyboard
 * controller's translation of them.
 *
 * A keyboard speaks scan code set 2 from power-on, and the controller translates each byte into
 * set 1 for software that was written for the PC/XT. The translation knows no keys: it maps bytes,
 * and turns the prefix 0xF0 into bit 7 of the byte after it. So it also changes what a keyboard
 * says of itself: with translation, its identity AB 83 arrives as AB 41.
 */
import { releaseBit } from "./key-events.ts";
import { keys } from "./keys.ts";

/** Set 2 puts it before the code of a key that is let go. */
const breakPrefix = 0xf0;

/** The bytes of a key event in a scan code set. */
export function scanCodes(event: number, set: 1 | 2): number[] {
    const key = keys[event & ~releaseBit];
    const code = set === 1 ? key.set1 : key.set2;
    const prefix = code > 0xff ? [code >>> 8] : [];
    const last = code & 0xff;
    if ((event & releaseBit) === 0) {
        return [...prefix, last];
    }
    return set === 1 ? [...prefix, last | releaseBit] : [...prefix, breakPrefix, last];
}

/** From each byte of set 2 to its byte of set 1; bytes that are no code stay as they are. */
const translation: Readonly<Uint8Array> = translationTable();

function translationTable(): Uint8Array {
    const table = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    for (const { set1, set2 } of keys) {
        table[set2 & 0xff] = set1 & 0xff;
    }
    // Codes without a key in the table: overrun, F7 as some keyboards have it, SysRq.
    table[0x00] = 0xff;
    table[0x02] = 0x41;
    table[0x84] = 0x54;
    return table;
}

/** The controller's translator. It remembers one thing: that a prefix came. */
export class ScanCodeTranslator {
    /** The last byte was the prefix 0xF0. */
    sawBreakPrefix = false;

    /** The byte for software, or undefined when the byte was the prefix. */
    translate(byte: number): number | undefined {
        if (byte === breakPrefix) {
            this.sawBreakPrefix = true;
            return undefined;
        }
        const high = this.sawBreakPrefix ? 0x80 : 0;
        this.sawBreakPrefix = false;
        return translation[byte] | high;
    }
}
