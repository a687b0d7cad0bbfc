/** A line at the bottom of a terminal that says how far something is, and goes away again. */
import type { Printer } from "../printer.ts";

export class PassingLine {
    readonly #err: Printer;
    #length = 0;

    /** Where `err` is no terminal nothing is shown. */
    constructor(err: Printer) {
        this.#err = err;
    }

    show(text: string): void {
        if (this.#err.isTerminal) {
            const line = text.slice(0, this.#err.columns - 1);
            this.#err.text(`\r${line.padEnd(this.#length)}`);
            this.#err.flush();
            this.#length = line.length;
        }
    }

    /** To be called before anything else is printed. */
    erase(): void {
        if (this.#length > 0) {
            this.#err.text(`\r${" ".repeat(this.#length)}\r`);
            this.#err.flush();
            this.#length = 0;
        }
    }
}
