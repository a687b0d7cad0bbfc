/**
 * A terminal in memory: a grid of characters with colours that understands the sequences which the
 * live console writes and throws at any other, and a person who types by a script.
 */
import { byteStringOf, utf8Decode } from "../../src/base/byte-string.ts";
import type { Terminal, TerminalEvent } from "../../src/host/terminal.ts";

/** A cell: a character and the SGR parameters that it was written with. */
interface Cell {
    readonly character: string;
    readonly colours: string;
}

const escapeCharacter = String.fromCharCode(0x1b);
/** A control sequence, or a character. */
const parts = new RegExp(`${escapeCharacter}\\[[?\\d;]*[A-Za-z]|[\\s\\S]`, "gu");

const blank: Cell = { character: " ", colours: "" };

export class FakeTerminal implements Terminal {
    columns: number;
    rows: number;
    nowMs = 0;
    isClosed = false;
    /** Bytes that were written. */
    byteCount = 0;
    readonly #script: (() => TerminalEvent | undefined)[];
    #cells: Cell[][] = [];
    #row = 0;
    #column = 0;
    #colours = "";
    #isCursorShown = false;

    /** @param script what `next` returns, in turn; at its end nothing happens any more */
    constructor(columns: number, rows: number, script: (() => TerminalEvent | undefined)[] = []) {
        this.columns = columns;
        this.rows = rows;
        this.#script = script;
    }

    /** The window's rows, without spaces at their ends. */
    get text(): string[] {
        return this.#grid().map((row) =>
            row
                .slice(0, this.columns)
                .map(({ character }) => character)
                .join("")
                .trimEnd(),
        );
    }

    /** The colours of a cell, as SGR parameters; empty for the terminal's own. */
    coloursAt(row: number, column: number): string {
        return this.#grid()[row][column].colours;
    }

    get cursor(): readonly [row: number, column: number] | undefined {
        return this.#isCursorShown ? [this.#row, this.#column] : undefined;
    }

    /** Real time passes as if a frame took all of it. */
    next(timeoutMs: number): Promise<TerminalEvent | undefined> {
        this.nowMs += timeoutMs;
        const event = this.#script.shift();
        return Promise.resolve(event?.());
    }

    close(): void {
        this.isClosed = true;
    }

    write(bytes: Uint8Array): void {
        this.byteCount += bytes.length;
        const text = utf8Decode(byteStringOf(bytes)) ?? "";
        for (const part of text.match(parts) ?? []) {
            this.#take(part);
        }
    }

    #take(part: string): void {
        const [, parameters = "", final = ""] = /^.\[(.*)(.)$/.exec(part) ?? [];
        if (final === "H") {
            const [row, column] = parameters.split(";").map(Number);
            this.#row = row - 1;
            this.#column = column - 1;
        } else if (final === "m") {
            this.#colours = parameters;
        } else if (part === "\x1b[2J") {
            this.#cells = [];
        } else if (part === "\x1b[?25h" || part === "\x1b[?25l") {
            this.#isCursorShown = final === "h";
        } else if (part.startsWith("\x1b") || part < " ") {
            throw new Error(`the terminal does not know ${JSON.stringify(part)}`);
        } else {
            this.#put(part);
        }
    }

    #put(character: string): void {
        const cells = this.#grid();
        if (this.#row >= this.rows || this.#column >= this.columns) {
            throw new Error(`written outside of the window: row ${this.#row}, ${this.#column}`);
        }
        cells[this.#row][this.#column] = { character, colours: this.#colours };
        this.#column++;
    }

    #grid(): Cell[][] {
        for (let row = 0; row < this.rows; row++) {
            this.#cells[row] ??= [];
            for (let column = 0; column < this.columns; column++) {
                this.#cells[row][column] ??= blank;
            }
        }
        return this.#cells.slice(0, this.rows);
    }
}
