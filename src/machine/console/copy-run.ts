/**
 * A copy run: a walk of stores over the screen from its first byte on, each where the one before
 * ended, of which it is to be found out whether it scrolls the screen.
 *
 * The run keeps the screen as it was when the run began; what others store meanwhile is entered
 * there, except where the walk has been. Stored characters are compared with what that screen has
 * one row below (a scroll by one row) and at the same place (no scroll). Characters that are blank
 * on both sides prove nothing and do not count; attributes are not looked at.
 */
import type { StateFields, StateRecord } from "../../base/state.ts";
import { isBlank, rowBytes, rowCount, screenBytes } from "./screen.ts";

/** One in so many characters may differ from a true copy: other CPUs write in between. */
const charactersPerSlip = 50;

/** A scroll explains the screen so many times better than that nothing moved. */
const changedPerSlip = 4;

/** What a comparison with a moved screen came to. */
interface Likeness {
    readonly alike: number;
    readonly unlike: number;
}

export class CopyRun {
    /** Where the next store of the walk goes; 0 when there is no run. */
    frontier = 0;
    /** The screen before the run. */
    readonly before = new Uint8Array(screenBytes);
    /** Characters stored that are what stood one row below, and that are not. */
    #alikeBelow = 0;
    #unlikeBelow = 0;
    /** Characters stored that differ from what stood at their place. */
    #changed = 0;
    /** Characters stored that show something. */
    #shown = 0;

    /** A run begins on `screen`, which is copied, and has stored nothing yet. */
    begin(screen: Readonly<Uint8Array>): void {
        this.before.set(screen);
        this.end();
    }

    /** There is no run. Its screen is left for whoever ended it. */
    end(): void {
        this.frontier = 0;
        this.#alikeBelow = 0;
        this.#unlikeBelow = 0;
        this.#changed = 0;
        this.#shown = 0;
    }

    /** The walk stores `memory`'s bytes from the frontier to `end`. */
    advance(memory: Readonly<Uint8Array>, end: number): void {
        const { before } = this;
        for (let at = (this.frontier + 1) & ~1; at < end; at += 2) {
            const stored = memory[at];
            const below = at + rowBytes < screenBytes ? before[at + rowBytes] : 0;
            if (!isBlank(stored)) {
                this.#shown++;
                if (stored === below) {
                    this.#alikeBelow++;
                } else {
                    this.#unlikeBelow++;
                }
            } else if (!isBlank(below)) {
                this.#unlikeBelow++;
            }
            if (differs(stored, before[at])) {
                this.#changed++;
            }
        }
        this.frontier = end;
    }

    /** Someone else stores `memory`'s bytes from `start` to `end`. */
    noteOther(memory: Readonly<Uint8Array>, start: number, end: number): void {
        if (this.frontier !== 0) {
            for (let at = Math.max(start, this.frontier); at < end; at++) {
                this.before[at] = memory[at];
            }
        }
    }

    /** Whether the walk so far is a scroll by one row. */
    get isScrollByOne(): boolean {
        return isScroll({ alike: this.#alikeBelow, unlike: this.#unlikeBelow }, this.#changed);
    }

    /** Whether the walk over all of the screen stored nothing that shows. */
    get isClear(): boolean {
        return this.#shown === 0;
    }

    /** By how many rows, 2 or more, the walk over all of the screen moved it to `memory`; or 0. */
    scrolledRows(memory: Readonly<Uint8Array>): number {
        for (let rows = 2; rows < rowCount; rows++) {
            if (isScroll(this.#likenessMoved(memory, rows), this.#changed)) {
                return rows;
            }
        }
        return 0;
    }

    save(): StateRecord {
        return {
            version: 1,
            frontier: this.frontier,
            // What a run that ended looked at matters no more.
            before: this.frontier === 0 ? new Uint8Array(0) : this.before.slice(),
            counts: [this.#alikeBelow, this.#unlikeBelow, this.#changed, this.#shown],
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.frontier = state.integer("frontier", 0, screenBytes - 1);
        this.before.set(state.bytes("before", this.frontier === 0 ? 0 : screenBytes));
        const [alikeBelow, unlikeBelow, changed, shown] = state.integers(
            "counts",
            4,
            0,
            screenBytes / 2,
        );
        this.#alikeBelow = alikeBelow;
        this.#unlikeBelow = unlikeBelow;
        this.#changed = changed;
        this.#shown = shown;
    }

    #likenessMoved(memory: Readonly<Uint8Array>, rows: number): Likeness {
        const distance = rows * rowBytes;
        let alike = 0;
        let unlike = 0;
        for (let at = 0; at < screenBytes; at += 2) {
            const source = at + distance < screenBytes ? this.before[at + distance] : 0;
            if (differs(memory[at], source)) {
                unlike++;
                // No more can be alike than shows: this distance is not it.
                if (unlike * charactersPerSlip > this.#shown) {
                    break;
                }
            } else if (!isBlank(source)) {
                alike++;
            }
        }
        return { alike, unlike };
    }
}

/** Whether one character looks different from another. */
function differs(character: number, other: number): boolean {
    return character !== other && !(isBlank(character) && isBlank(other));
}

/**
 * A scroll moves what shows, nearly all of it, and explains the screen far better than that
 * nothing moved. The second condition tells a redraw of rows that look alike from a scroll.
 */
function isScroll({ alike, unlike }: Likeness, changed: number): boolean {
    return alike > 0 && unlike * charactersPerSlip <= alike && unlike * changedPerSlip < changed;
}
