/**
 * Rows of the machine's text screen for a terminal: text with SGR sequences (ECMA-48, 8.3.117).
 *
 * A cell's attribute is a foreground in bits 0 to 3 and a background in bits 4 to 7, each blue 1,
 * green 2, red 4, bright 8; a terminal counts red 1 and blue 4. Gray on black, which nearly all
 * text is, becomes the terminal's own colors.
 */
import { assert } from "../base/assert.ts";

const plain = "\x1b[m";
/** Gray on black, and what a scroll of Chickadee's leaves. */
const ownColors = [0x07, 0x00];
/** From the screen's color numbers to a terminal's. */
const terminalColors = [0, 4, 2, 6, 1, 5, 3, 7];

/**
 * A row as text that ends in the terminal's own colors, without the spaces on black at its end.
 *
 * @param text a character for each cell.
 * @param cells the attributes, from bit 8 on.
 */
export function consoleRowText(text: string, cells: Readonly<Uint16Array>): string {
    assert(text.length === cells.length, "a row has a character for each cell");
    let end = text.length;
    while (end > 0 && text[end - 1] === " " && cells[end - 1] >>> 12 === 0) {
        end--;
    }
    return consoleCellsText(text, cells, 0, end);
}

/** The same of the cells from `begin` to before `end`, with all their spaces. */
export function consoleCellsText(
    text: string,
    cells: Readonly<Uint16Array>,
    begin: number,
    end: number,
): string {
    let shown = "";
    let colors = plain;
    for (let column = begin; column < end; column++) {
        const wanted = colorSequence(cells[column] >>> 8);
        shown += wanted === colors ? text[column] : wanted + text[column];
        colors = wanted;
    }
    return colors === plain ? shown : shown + plain;
}

function isOwn(attribute: number): boolean {
    return ownColors.includes(attribute);
}

function colorSequence(attribute: number): string {
    if (isOwn(attribute)) {
        return plain;
    }
    const foreground = colorCode(attribute & 0x0f, 30);
    const background = attribute >>> 4 === 0 ? "49" : colorCode(attribute >>> 4, 40);
    return `\x1b[${foreground};${background}m`;
}

/** @param base 30 for the foreground, 40 for the background; bright colors are 60 further on. */
function colorCode(color: number, base: number): string {
    return `${base + ((color & 8) === 0 ? 0 : 60) + terminalColors[color & 7]}`;
}
