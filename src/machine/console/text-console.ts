/**
 * The text console: what a guest shows, and what it showed.
 *
 * To the guest it is memory at 0xB8000 and the VGA's ports. To a host it is 25 rows, a cursor, and
 * the lines that left the screen at its top (see `ScrollDetector` for how that is found out). The
 * whole of a session as text is thus the lines that left, in order, and then the rows that are on
 * the screen at the end.
 */
import { pageSize } from "../../base/page-size.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import { ByteHistory } from "../byte-history.ts";
import type { Ports } from "../byte-ports.ts";
import type { NoticeSink, Stateful } from "../device.ts";
import type { GuestMemory } from "../guest-memory.ts";
import { tellOnce } from "../tell-once.ts";
import { cellText } from "./code-page-437.ts";
import {
    rowBytes,
    rowCells,
    rowCount,
    screenAddress,
    screenBytes,
    usedRowCount,
} from "./screen.ts";
import { ScrollDetector } from "./scroll-detector.ts";
import { type Cursor, VgaRegisters } from "./vga-registers.ts";

/** Lines in a chunk of the history, and chunks that are kept: from 9,985 to 10,112 lines. */
const chunkLines = 128;
const maxChunks = 79;

/** Lines that left the screen, from some line on. */
export interface ScrolledLines {
    /** Without spaces at their ends. */
    readonly lines: readonly string[];
    /** The line to ask for next. */
    readonly nextLineNo: number;
    /** Lines asked for that are kept no more. */
    readonly missedLineCount: number;
}

export class TextConsole implements Stateful {
    readonly name = "console";
    /** The VGA's ports, 0x3C0 to 0x3DF. */
    readonly ports: Ports;
    readonly #screen: Uint8Array;
    readonly #registers: VgaRegisters;
    readonly #detector: ScrollDetector;
    readonly #history = new ByteHistory(chunkLines * rowBytes, maxChunks);

    /** Watches the page of `memory` in which the screen lies. */
    constructor(memory: GuestMemory, notice: NoticeSink) {
        this.#screen = memory.bytes.subarray(screenAddress, screenAddress + screenBytes);
        this.#registers = new VgaRegisters(tellOnce(this.name, notice));
        this.ports = this.#registers.ports;
        this.#detector = new ScrollDetector(this.#screen, (screen, count) =>
            this.#history.append(screen.subarray(0, count * rowBytes)),
        );
        memory.watch(screenAddress / pageSize, (address, byteLength) => {
            const start = address - screenAddress;
            if (start < screenBytes) {
                this.#detector.stored(start, Math.min(start + byteLength, screenBytes));
            }
        });
    }

    /** The rows as text, each of 80 characters. */
    rows(): string[] {
        return Array.from({ length: rowCount }, (_, row) => cellText(this.rowCells(row)));
    }

    /** The rows down to the last in which something shows, without spaces at their ends. */
    usedRows(): string[] {
        const count = usedRowCount(this.#screen);
        return this.rows()
            .slice(0, count)
            .map((row) => row.trimEnd());
    }

    /** The 80 cells of a row, 0 to 24: the character, and from bit 8 on the attribute. */
    rowCells(row: number): Uint16Array {
        return rowCells(this.#screen, row);
    }

    get cursor(): Cursor {
        return this.#registers.cursor;
    }

    /** Lines that ever left the screen; the number of the line that leaves next. */
    get scrolledLineCount(): number {
        return this.#history.end / rowBytes;
    }

    /** The number of the oldest line that is kept. */
    get firstLineNo(): number {
        return this.#history.begin / rowBytes;
    }

    /** The cells of a line that left the screen, from `firstLineNo` to `scrolledLineCount`-1. */
    lineCells(lineNo: number): Uint16Array {
        const line = this.#history.slice(lineNo * rowBytes, (lineNo + 1) * rowBytes);
        return rowCells(line, 0);
    }

    /** The lines that left the screen, from line `lineNo` on, as text. Each leaves once. */
    textSince(lineNo: number): ScrolledLines {
        const nextLineNo = this.scrolledLineCount;
        const first = Math.min(Math.max(lineNo, this.firstLineNo), nextLineNo);
        return {
            lines: Array.from({ length: nextLineNo - first }, (_, index) =>
                cellText(this.lineCells(first + index)).trimEnd(),
            ),
            nextLineNo,
            missedLineCount: Math.max(0, first - lineNo),
        };
    }

    /** The screen itself is memory, and the memory's to reset. */
    reset(): void {
        this.#registers.reset();
        this.#detector.reset();
        this.#history.clear();
    }

    save(): StateRecord {
        return {
            version: 1,
            registers: this.#registers.save(),
            detector: this.#detector.save(),
            history: this.#history.save(),
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#registers.load(state.record("registers"));
        this.#detector.load(state.record("detector"));
        this.#history.load(state.record("history"));
    }
}
