/**
 * Finds out from stores alone that a guest scrolls or clears the text screen, and gives the rows
 * that leave it to whoever keeps them.
 *
 * No register says that the screen scrolls: a kernel copies rows 1 to 24 over rows 0 to 23 and
 * blanks row 24, with stores of any size, and other CPUs may store in between. The rule:
 *
 * 1. A store to the screen's first byte begins a *copy run*; a store that begins where the run's
 *    last one ended continues it. Any other store is someone else's and does not disturb the run.
 * 2. When a run has walked over 24 rows, it was a scroll by one row if what it stored is what
 *    stood one row below (but for one character in 50, which another CPU may have changed under
 *    it) and if that explains the new screen at least four times better than that nothing moved.
 * 3. When a run has walked over all 25 rows, it was: a scroll by one row, by the same test with a
 *    blank last row; else a clear, if nothing that it stored shows; else a scroll by 2 to 24 rows
 *    with blank rows below, by the same test; else a redraw, from which nothing leaves the screen.
 * 4. A scroll by n rows gives away the n rows that stood at the top when the run began, a clear
 *    all rows up to the last in which something showed.
 * 5. Two runs are followed at a time, for two CPUs may scroll at once (no lock guards the screen);
 *    a store continues the younger run if it can. A third run takes the place of the older.
 *
 * What the rule cannot know: a scroll of a part of the screen, or downwards, or in an order that is
 * not ascending, or by moving the display's start, gives nothing away; blank rows that scroll off
 * a screen which shows nothing else are lost; a program that redraws the whole screen in ascending
 * order, moved up and blank below, has scrolled it.
 *
 * A store costs a few comparisons, and a walk ends after 25 rows: constant work a byte.
 */
import type { StateFields, StateRecord } from "../../base/state.ts";
import { CopyRun } from "./copy-run.ts";
import { rowBytes, screenBytes, usedRowCount } from "./screen.ts";

/** Where a scroll by one row ends its copying. */
const lastRowStart = screenBytes - rowBytes;
/** A run no longer than this is a store to the first cells, of which another may come. */
const maxTouchBytes = 8;

export class ScrollDetector {
    readonly #memory: Readonly<Uint8Array>;
    readonly #onRowsLeave: (screen: Readonly<Uint8Array>, count: number) => void;
    /** The screen before the store at hand. */
    readonly #mirror = new Uint8Array(screenBytes);
    #younger = new CopyRun();
    #older = new CopyRun();

    /**
     * @param memory the bytes of the screen, which the guest stores to.
     * @param onRowsLeave is given a screen of which the first `count` rows have left.
     */
    constructor(
        memory: Readonly<Uint8Array>,
        onRowsLeave: (screen: Readonly<Uint8Array>, count: number) => void,
    ) {
        this.#memory = memory;
        this.#onRowsLeave = onRowsLeave;
    }

    /** Bytes `start` to `end` of the screen were stored. */
    stored(start: number, end: number): void {
        if (start === 0) {
            this.#beginRun();
        }
        // A run that does not run has its frontier at 0; the one that begins here, too.
        if (this.#younger.frontier === start) {
            this.#older.noteOther(this.#memory, start, end);
            this.#advance(this.#younger, end);
        } else if (this.#older.frontier === start) {
            this.#younger.noteOther(this.#memory, start, end);
            this.#advance(this.#older, end);
        } else {
            this.#younger.noteOther(this.#memory, start, end);
            this.#older.noteOther(this.#memory, start, end);
        }
        for (let at = start; at < end; at++) {
            this.#mirror[at] = this.#memory[at];
        }
    }

    reset(): void {
        this.#mirror.fill(0);
        this.#younger.end();
        this.#older.end();
    }

    save(): StateRecord {
        return {
            version: 1,
            mirror: this.#mirror.slice(),
            younger: this.#younger.save(),
            older: this.#older.save(),
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#mirror.set(state.bytes("mirror", screenBytes));
        this.#younger.load(state.record("younger"));
        this.#older.load(state.record("older"));
    }

    /** The younger run is a new one. It takes a place that is free or worth least. */
    #beginRun(): void {
        if (this.#younger.frontier > maxTouchBytes) {
            [this.#younger, this.#older] = [this.#older, this.#younger];
        }
        this.#younger.begin(this.#mirror);
    }

    #advance(run: CopyRun, end: number): void {
        const begin = run.frontier;
        run.advance(this.#memory, end);
        if (begin < lastRowStart && end >= lastRowStart && run.isScrollByOne) {
            this.#settle(run, 1);
        } else if (end === screenBytes) {
            this.#settle(run, this.#rowsThatLeft(run));
        }
    }

    /** What a walk over all of the screen took off it. */
    #rowsThatLeft(run: CopyRun): number {
        if (run.isScrollByOne) {
            return 1;
        }
        return run.isClear ? usedRowCount(run.before) : run.scrolledRows(this.#memory);
    }

    #settle(run: CopyRun, rows: number): void {
        run.end();
        if (rows > 0) {
            this.#onRowsLeave(run.before, rows);
        }
    }
}
