/**
 * Draws the machine's screen in a terminal's window: only what changed, as ECMA-48 sequences.
 *
 * The screen has 25 rows of 80 cells, and a line of ours below it. A window that is smaller shows a
 * part of it, in which the cursor is; the line below goes first when there is no room.
 */
import { cellText } from "../../machine/console/code-page-437.ts";
import { columnCount, rowCount } from "../../machine/console/screen.ts";
import type { TextConsole } from "../../machine/console/text-console.ts";
import { consoleCellsText } from "../../report/console-text.ts";

/** A window, in characters. */
export interface WindowSize {
    readonly columns: number;
    readonly rows: number;
}

/** Rows below which a window has none to spare for the line below the screen. */
const leastRowsForStatus = 5;

const reverse = "\x1b[7m";
const plain = "\x1b[m";
const clear = "\x1b[m\x1b[2J";
const hideCursor = "\x1b[?25l";
const showCursor = "\x1b[?25h";

export class ScreenPainter {
    readonly #hasColours: boolean;
    /** The window for which it was drawn last. */
    #size: WindowSize = { columns: 0, rows: 0 };
    /** By row of the window: the cells that it shows. */
    #shown: Uint16Array[] = [];
    #shownStatus = "";
    #shownCursor = "";
    /** The part of the screen that shows begins here. */
    #firstRow = 0;
    #firstColumn = 0;

    constructor(hasColours: boolean) {
        this.#hasColours = hasColours;
    }

    /** Forgets what the window shows: the next time all of it is drawn. */
    forget(): void {
        this.#size = { columns: 0, rows: 0 };
    }

    /** The text that makes the window show the console and the line below it, if any is needed. */
    paint(
        console: Pick<TextConsole, "rowCells" | "cursor">,
        status: string,
        size: WindowSize,
    ): string {
        let text = "";
        if (size.columns !== this.#size.columns || size.rows !== this.#size.rows) {
            this.#size = { columns: size.columns, rows: size.rows };
            this.#shown = [];
            this.#shownStatus = "";
            this.#shownCursor = "";
            text = clear;
        }
        const statusRows = size.rows >= leastRowsForStatus ? 1 : 0;
        const rows = Math.min(rowCount, size.rows - statusRows);
        const columns = Math.min(columnCount, size.columns);
        const { row, column, isVisible } = console.cursor;
        if (isVisible) {
            this.#firstRow = scrolledTo(this.#firstRow, rows, row);
            this.#firstColumn = scrolledTo(this.#firstColumn, columns, column);
        }
        this.#firstRow = Math.min(this.#firstRow, rowCount - rows);
        this.#firstColumn = Math.min(this.#firstColumn, columnCount - columns);
        for (let at = 0; at < rows; at++) {
            const cells = console.rowCells(this.#firstRow + at);
            text += this.#row(at, cells.subarray(this.#firstColumn, this.#firstColumn + columns));
        }
        if (statusRows > 0) {
            text += this.#status(rows, status);
        }
        const cursor = isVisible
            ? moveTo(row - this.#firstRow, column - this.#firstColumn) + showCursor
            : hideCursor;
        if (text === "" && cursor === this.#shownCursor) {
            return "";
        }
        this.#shownCursor = cursor;
        return hideCursor + text + cursor;
    }

    /** Draws what is between the first and the last cell that changed. */
    #row(row: number, cells: Uint16Array): string {
        const before = this.#shown.at(row);
        let begin = 0;
        let end = cells.length;
        if (before !== undefined) {
            while (begin < end && cells[begin] === before[begin]) {
                begin++;
            }
            while (end > begin && cells[end - 1] === before[end - 1]) {
                end--;
            }
        }
        if (begin === end) {
            return "";
        }
        this.#shown[row] = cells;
        const text = cellText(cells);
        const drawn = this.#hasColours
            ? consoleCellsText(text, cells, begin, end)
            : text.slice(begin, end);
        return moveTo(row, begin) + drawn;
    }

    /** The last column is left free: a character there would have some terminals scroll. */
    #status(row: number, status: string): string {
        const width = Math.max(0, Math.min(columnCount, this.#size.columns - 1));
        const line = status.slice(0, width).padEnd(width);
        if (line === this.#shownStatus) {
            return "";
        }
        this.#shownStatus = line;
        return `${moveTo(row, 0)}${this.#hasColours ? reverse + line + plain : line}`;
    }
}

/** Where a window of `visible` begins, moved as little as it takes for `at` to be in it. */
function scrolledTo(first: number, visible: number, at: number): number {
    return Math.max(0, Math.min(at, Math.max(first, at - visible + 1)));
}

/** Rows and columns from 0. */
function moveTo(row: number, column: number): string {
    return `\x1b[${row + 1};${column + 1}H`;
}
