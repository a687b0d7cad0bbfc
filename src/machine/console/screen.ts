/**
 * The shape of the text screen: 25 rows of 80 cells at 0xB8000, each cell a character and an
 * attribute (VGA text mode 3).
 */

export const screenAddress = 0xb8000;
export const columnCount = 80;
export const rowCount = 25;
/** Bytes in a row: a cell is its character, then its attribute. */
export const rowBytes = 2 * columnCount;
/** Bytes that show. The rest of the page is memory to the guest and nothing more. */
export const screenBytes = rowBytes * rowCount;

/** Whether a character shows nothing: a space, or the NUL that Chickadee fills rows with. */
export function isBlank(character: number): boolean {
    return (character & ~0x20) === 0;
}

/** Rows of a screen up to the last one in which something shows. */
export function usedRowCount(screen: Readonly<Uint8Array>): number {
    let end = screenBytes - 2;
    while (end >= 0 && isBlank(screen[end])) {
        end -= 2;
    }
    return end < 0 ? 0 : Math.floor(end / rowBytes) + 1;
}

/** The cells of row `row` of a screen, as a copy. */
export function rowCells(screen: Readonly<Uint8Array>, row: number): Uint16Array {
    const start = row * rowBytes;
    return Uint16Array.from(
        { length: columnCount },
        (_, column) => screen[start + 2 * column] | (screen[start + 2 * column + 1] << 8),
    );
}
