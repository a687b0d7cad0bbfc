/**
 * What a text looks like on Chickadee's console: rows of 80 cells, without end, of which the last
 * 25 are on the screen. Restated from the console's description, on a text as a whole.
 */

const columnCount = 80;
const rowCount = 25;
/** A cell of a cleared screen, and one of a row that scrolled in. */
const clearedCell = 0x0720;
const newCell = 0x0000;

/** Black, red, green, yellow, blue, magenta, cyan and white, as a VGA numbers them. */
const vga = [0, 4, 2, 6, 1, 5, 3, 7];

const esc = "\x1b";
const anySequence = new RegExp(`(${esc}\\[[0-9;]*m)`);

export interface ExpectedScreen {
    /** From the first line that ever was; each of 80 cells. */
    readonly rows: readonly (readonly number[])[];
    /** Position on the screen, 0 to 2000. */
    readonly cursor: number;
}

interface Colors {
    front: number;
    back: number;
    bold: boolean;
    reversed: boolean;
}

/** @param text bytes, one a character, written to a screen that was cleared. */
export function expectedScreen(text: string): ExpectedScreen {
    const rows = Array.from({ length: rowCount }, () => blankRow(clearedCell));
    const colors: Colors = { front: 7, back: 0, bold: false, reversed: false };
    let at = 0;
    for (const piece of text.split(anySequence)) {
        if (applies(piece, colors)) {
            continue;
        }
        for (const character of piece) {
            const row = Math.floor(at / columnCount);
            if (row === rows.length) {
                rows.push(blankRow(newCell));
            }
            const attribute = attributeOf(colors) << 8;
            if (character === "\n") {
                rows[row].fill(attribute | 0x20, at % columnCount);
                at = (row + 1) * columnCount;
            } else {
                rows[row][at % columnCount] = attribute | character.charCodeAt(0);
                at++;
            }
        }
    }
    return { rows, cursor: at - (rows.length - rowCount) * columnCount };
}

function blankRow(cell: number): number[] {
    return new Array<number>(columnCount).fill(cell);
}

function attributeOf({ front, back, bold, reversed }: Colors): number {
    const foreground = bold ? front | 8 : front;
    return reversed ? (foreground << 4) | back : (back << 4) | foreground;
}

/** Whether a piece of text is a sequence that means something; if so, it is done. */
function applies(piece: string, colors: Colors): boolean {
    if (!piece.startsWith(`${esc}[`) || !piece.endsWith("m") || piece.length > 12) {
        return false;
    }
    const numbers = piece.slice(2, -1).split(";").map(Number);
    const isKnown = (number: number) =>
        [0, 1, 2, 7].includes(number) ||
        [30, 40, 90, 100].some((first) => number >= first && number < first + 8);
    if (!numbers.every(isKnown)) {
        return false;
    }
    for (const number of numbers) {
        if (number === 0) {
            Object.assign(colors, { front: 7, back: 0, bold: false, reversed: false });
        } else if (number <= 2) {
            colors.bold = number === 1;
        } else if (number === 7) {
            colors.reversed = true;
        } else if (number < 40) {
            colors.front = vga[number - 30];
        } else if (number < 50) {
            colors.back = vga[number - 40];
        } else if (number < 100) {
            colors.front = vga[number - 90] | 8;
        } else {
            colors.back = vga[number - 100] | 8;
        }
    }
    return true;
}
