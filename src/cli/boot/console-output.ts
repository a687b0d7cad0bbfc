/** The console as a stream of lines: those that scrolled off its top, and at the end the screen. */

import { cellText } from "../../machine/console/code-page-437.ts";
import type { TextConsole } from "../../machine/console/text-console.ts";
import { consoleRowText } from "../../report/console-text.ts";

export class ConsoleOutput {
    readonly #console: TextConsole;
    readonly #print: (line: string) => void;
    readonly #hasColours: boolean;
    #nextLineNo = 0;

    /** @param print takes a line without its end */
    constructor(console: TextConsole, print: (line: string) => void, hasColours: boolean) {
        this.#console = console;
        this.#print = print;
        this.#hasColours = hasColours;
    }

    /** Whether there is something for `update` to print. */
    get hasNews(): boolean {
        return this.#console.scrolledLineCount > this.#nextLineNo;
    }

    /** Prints what scrolled off since. */
    update(): void {
        const { firstLineNo, scrolledLineCount } = this.#console;
        if (firstLineNo > this.#nextLineNo) {
            this.#print(`[${firstLineNo - this.#nextLineNo} lines are lost: they came too fast]`);
            this.#nextLineNo = firstLineNo;
        }
        for (; this.#nextLineNo < scrolledLineCount; this.#nextLineNo++) {
            this.#row(this.#console.lineCells(this.#nextLineNo));
        }
    }

    /** Prints what scrolled off, and what is on the screen. */
    finish(): void {
        this.update();
        this.screen();
    }

    /** Prints what is on the screen. */
    screen(): void {
        const { length } = this.#console.usedRows();
        for (let row = 0; row < length; row++) {
            this.#row(this.#console.rowCells(row));
        }
    }

    #row(cells: Uint16Array): void {
        const text = cellText(cells);
        this.#print(this.#hasColours ? consoleRowText(text, cells) : text.trimEnd());
    }
}
