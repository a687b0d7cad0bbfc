/**
 * A progress bar on a terminal: redrawn when another percent is done, never by the clock.
 */
import type { Printer } from "./printer.ts";

/** Less work than this, in bytes, is done before anyone could read a bar. */
const minimumBytes = 64 * 2 ** 20;

/** The longest bar, in characters. */
const maxBarLength = 50;

/** Bar, brackets, percent and the spaces between them: what the bar's line needs besides it. */
const frameLength = 9;

export class ProgressBar {
    readonly #err: Printer;
    readonly #totalBytes: number;
    #percent = -1;
    #lineLength = 0;

    /** @param totalBytes the work to do; a bar shows only if it is large */
    constructor(err: Printer, totalBytes: number) {
        this.#err = err;
        this.#totalBytes = totalBytes;
    }

    /** Shows that `doneBytes` of the work are done. */
    update(doneBytes: number): void {
        const percent = Math.floor((100 * doneBytes) / this.#totalBytes);
        if (!this.#err.isTerminal || this.#totalBytes < minimumBytes || percent <= this.#percent) {
            return;
        }
        this.#percent = percent;
        const barLength = Math.max(0, Math.min(maxBarLength, this.#err.columns - frameLength));
        const done = "#".repeat(Math.floor((barLength * percent) / 100));
        const line = `[${done.padEnd(barLength)}] ${String(percent).padStart(3)}%`;
        this.#lineLength = line.length;
        this.#err.text(`\r${line}`);
        this.#err.flush();
    }

    /** Leaves the line as it was before. */
    erase(): void {
        if (this.#lineLength > 0) {
            this.#err.text(`\r${" ".repeat(this.#lineLength)}\r`);
            this.#err.flush();
            this.#lineLength = 0;
        }
    }
}
