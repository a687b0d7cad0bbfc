/** The live console's painter, against a terminal: after all that it draws, the screen shows. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ScreenPainter } from "../../src/cli/boot/screen-painter.ts";
import { FakeTerminal } from "../support/fake-terminal.ts";

/** A screen of 25 rows of 80 cells that a test writes. */
class TestScreen {
    readonly cells = new Uint16Array(25 * 80).fill(0x0720);
    cursor = { row: 0, column: 0, isVisible: true };

    rowCells(row: number): Uint16Array {
        return this.cells.slice(row * 80, (row + 1) * 80);
    }
}

interface Change {
    readonly at: number;
    readonly text: string;
    readonly attribute: number;
    readonly cursor: number;
    readonly isVisible: boolean;
    /** A new size of the window. */
    readonly size: readonly [columns: number, rows: number] | undefined;
}

const change: fc.Arbitrary<Change> = fc.record({
    at: fc.integer({ min: 0, max: 1999 }),
    text: fc.string({ unit: fc.constantFrom(..."ab xyz#~"), maxLength: 200 }),
    attribute: fc.constantFrom(0x07, 0x03, 0x0f, 0xcf, 0x1e),
    cursor: fc.integer({ min: 0, max: 1999 }),
    isVisible: fc.boolean(),
    size: fc.option(fc.tuple(fc.integer({ min: 1, max: 120 }), fc.integer({ min: 1, max: 40 })), {
        nil: undefined,
        freq: 4,
    }),
});

function apply(screen: TestScreen, { at, text, attribute, cursor, isVisible }: Change): void {
    for (const [index, character] of [...text].entries()) {
        screen.cells[(at + index) % 2000] = (attribute << 8) | character.charCodeAt(0);
    }
    screen.cursor = { row: Math.floor(cursor / 80), column: cursor % 80, isVisible };
}

/** Draws one change after the other, and has `check` look after each. */
function draw(changes: readonly Change[], forgets = true): void {
    const screen = new TestScreen();
    const terminal = new FakeTerminal(80, 24);
    const painter = new ScreenPainter(true);
    for (const one of changes) {
        apply(screen, one);
        if (one.size !== undefined) {
            [terminal.columns, terminal.rows] = one.size;
        }
        const status = " the line below";
        const window = { columns: forgets ? terminal.columns : 80, rows: terminal.rows };
        terminal.write(Buffer.from(painter.paint(screen, status, window)));
        expectShown(screen, terminal, status);
    }
}

function expectShown(screen: TestScreen, terminal: FakeTerminal, status: string): void {
    const { text, columns, rows } = terminal;
    const hasStatus = rows >= 5;
    const shownRows = Math.min(25, rows - (hasStatus ? 1 : 0));
    const all = Array.from({ length: 25 }, (_, row) =>
        String.fromCharCode(...screen.rowCells(row).map((cell) => cell & 0xff)),
    );
    // The part that shows is somewhere, and the cursor is in it.
    const width = Math.min(80, columns);
    const places = [];
    for (let top = 0; top + shownRows <= 25; top++) {
        for (let left = 0; left + width <= 80; left++) {
            const isHere = (_: string, row: number) =>
                all[top + row].slice(left, left + width).trimEnd() === text[row];
            if (all.slice(0, shownRows).every(isHere)) {
                places.push([top, left]);
            }
        }
    }
    expect(places).not.toEqual([]);
    if (screen.cursor.isVisible) {
        const [row, column] = terminal.cursor ?? [-1, -1];
        const { row: screenRow, column: screenColumn } = screen.cursor;
        expect(places).toContainEqual([screenRow - row, screenColumn - column]);
    } else {
        expect(terminal.cursor).toBeUndefined();
    }
    if (hasStatus) {
        expect(text[shownRows]).toBe(status.slice(0, Math.max(0, columns - 1)).trimEnd());
    }
}

const options = { seed: 20_261_122, numRuns: 60 };

describe("the painter of the live console", () => {
    it("makes the window show the screen, whatever changes, at any size", () => {
        const changes = fc.array(change, { minLength: 1, maxLength: 12 });
        fc.assert(
            fc.property(changes, (list) => draw(list)),
            options,
        );
    });

    it("catches its canary: a painter that is told a wrong width", () => {
        const changes = fc.array(change, { minLength: 1, maxLength: 12 });
        expect(() =>
            fc.assert(
                fc.property(changes, (list) => draw(list, false)),
                options,
            ),
        ).toThrow();
    });

    it("writes nothing when nothing changed, and little when little did", () => {
        const screen = new TestScreen();
        const size = { columns: 100, rows: 30 };
        const painter = new ScreenPainter(true);
        painter.paint(screen, "status", size);
        expect(painter.paint(screen, "status", size)).toBe("");
        screen.cells[82] = 0x0a41;
        expect(painter.paint(screen, "status", size)).toBe(
            "\x1b[?25l\x1b[2;3H\x1b[92;49mA\x1b[m\x1b[1;1H\x1b[?25h",
        );
        screen.cursor = { row: 3, column: 4, isVisible: true };
        expect(painter.paint(screen, "status", size)).toBe("\x1b[?25l\x1b[4;5H\x1b[?25h");
        painter.forget();
        const whole = painter.paint(screen, "status", size);
        expect(whole.startsWith("\x1b[?25l\x1b[m\x1b[2J\x1b[1;1H")).toBe(true);
    });

    it("uses no colour where none is wanted", () => {
        const screen = new TestScreen();
        screen.cells.fill(0xcf41);
        const text = new ScreenPainter(false).paint(screen, "status", { columns: 80, rows: 26 });
        expect(text.match(/\[[\d;]*m/g)).toEqual(["[m"]);
    });
});
