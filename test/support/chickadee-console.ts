/**
 * How a Chickadee kernel uses the text screen: characters as cells at a cursor of its own, blanks
 * to the end of a row for a newline, and a scroll that copies 24 rows up and blanks the last one.
 *
 * Stores go to memory one by one and are told as a CPU's are. `steps` give one store each, so that
 * several writers can be interleaved.
 */
import type { GuestMemory } from "../../src/machine/guest-memory.ts";

export const screen = 0xb8000;
export const rowBytes = 160;
export const screenBytes = 4000;

/** Bytes that a store moves. */
export type Unit = 1 | 2 | 4 | 8;

/** One writer's stores, in order; each `next` does one. */
export type Steps = Generator<void, void>;

/** Stores bytes and tells the memory, as a CPU does with one store. */
export function store(memory: GuestMemory, address: number, bytes: readonly number[]): void {
    memory.bytes.set(bytes, address);
    memory.wrote(address, bytes.length);
}

function* copySteps(
    memory: GuestMemory,
    to: number,
    from: number,
    length: number,
    unit: Unit,
): Steps {
    for (let at = 0; at < length; at += unit) {
        store(memory, to + at, [...memory.bytes.subarray(from + at, from + at + unit)]);
        yield;
    }
}

function* fillSteps(
    memory: GuestMemory,
    to: number,
    length: number,
    cell: number,
    unit: Unit,
): Steps {
    const cellBytes = [cell & 0xff, cell >>> 8];
    for (let at = 0; at < length; at += unit) {
        store(
            memory,
            to + at,
            Array.from({ length: unit }, (_, index) => cellBytes[(at + index) & 1]),
        );
        yield;
    }
}

export interface ScrollOptions {
    readonly unit: Unit;
    /** The cells of the rows that come in from below. */
    readonly fill: number;
    readonly rows: number;
}

const kernelScroll: ScrollOptions = { unit: 1, fill: 0x0000, rows: 1 };

export function* scrollSteps(memory: GuestMemory, options: Partial<ScrollOptions> = {}): Steps {
    const { unit, fill, rows } = { ...kernelScroll, ...options };
    const kept = screenBytes - rows * rowBytes;
    yield* copySteps(memory, screen, screen + rows * rowBytes, kept, unit);
    yield* fillSteps(memory, screen + kept, rows * rowBytes, fill, unit);
}

export function clearSteps(memory: GuestMemory, fill = 0x0720, unit: Unit = 2): Steps {
    return fillSteps(memory, screen, screenBytes, fill, unit);
}

/** Stores characters at a place, a cell at a time. */
export function* textSteps(memory: GuestMemory, row: number, column: number, text: string): Steps {
    for (let index = 0; index < text.length; index++) {
        const address = screen + row * rowBytes + 2 * (column + index);
        store(memory, address, [text.charCodeAt(index), 0x07]);
        yield;
    }
}

/** Does all of a writer's stores. */
export function finish(steps: Steps): void {
    while (steps.next().done !== true) {
        // The store is done in `next`.
    }
}

/** A kernel that prints. */
export class Printing {
    readonly #memory: GuestMemory;
    readonly #scroll: Partial<ScrollOptions>;
    /** The cell that comes next, 0 to 2000. */
    cursor = 0;

    constructor(memory: GuestMemory, scroll: Partial<ScrollOptions> = {}) {
        this.#memory = memory;
        this.#scroll = scroll;
    }

    print(text: string): void {
        for (const character of text) {
            finish(this.steps(character));
        }
    }

    *steps(character: string): Steps {
        if (this.cursor >= 2000) {
            yield* scrollSteps(this.#memory, this.#scroll);
            this.cursor -= 80 * (this.#scroll.rows ?? 1);
        }
        const count = character === "\n" ? 80 - (this.cursor % 80) : 1;
        const shown = character === "\n" ? " " : character;
        for (let done = 0; done < count; done++) {
            store(this.#memory, screen + 2 * this.cursor, [shown.charCodeAt(0), 0x07]);
            this.cursor++;
            yield;
        }
    }

    clear(): void {
        finish(clearSteps(this.#memory));
        this.cursor = 0;
    }
}
