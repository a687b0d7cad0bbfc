/**
 * The console: characters as cells on the text screen, at a cursor that lies in memory with them.
 *
 * The page of the screen (80 by 25 cells at 0xb8000, then at 0xb8ff8 the cursor's position and at
 * 0xb8ffc the console's type, two 32-bit numbers) is mapped in every process too, and programs
 * write it without asking. So the position is read anew for each write, whatever it says is made
 * to fit, and nothing is kept here but the colour.
 *
 * One lock makes writes atomic: up to `maxAtomicBytes` of a call appear in one piece, what is
 * longer in several. The lock does not keep out programs that write the page themselves.
 */

import { copyBytes, fillBytes } from "../../machine/cpu/bulk.ts";
import type { Context } from "../../machine/cpu/context.ts";
import { ErrorCode } from "../interface/error-code.ts";
import { directMap } from "../memory/direct-map.ts";
import { consolePage } from "../memory/physical-layout.ts";
import { kernelAssert } from "../panic.ts";
import type { Steps } from "../steps.ts";
import type { LockOrder } from "../sync/lock-order.ts";
import { SpinLock } from "../sync/spin-lock.ts";
import type { Task } from "../tasks/task.ts";
import { ColorSequences } from "./color-sequences.ts";

const columnCount = 80;
const rowCount = 25;
const cellCount = columnCount * rowCount;
const cellBytes = 2;
const rowBytes = columnCount * cellBytes;

/** Where the kernel sees what is in the screen's page. */
const screen = directMap(consolePage);
const cursorAddress = screen + 0xff8;
const typeAddress = screen + 0xffc;

/** A cell of a screen that was cleared: a gray blank. */
const clearedCell = 0x0720;
const blank = 0x20;
const newline = 0x0a;
/** Echoed keys are cyan. */
const echoAttribute = 0x0300;

/** Ports of the display's registers, and the two that say where the cursor shows. */
const registerPort = 0x3d4;
const cursorHigh = 0x0e;
const cursorLow = 0x0f;

/** Bytes of a write that no other comes between; the console is locked no longer than for these. */
const maxAtomicBytes = 512;

export class Console {
    readonly #lock: SpinLock;
    /** Guarded by the lock: the colour, and a sequence that has begun. */
    readonly #colors = new ColorSequences();

    constructor({ order }: { readonly order: LockOrder }) {
        this.#lock = new SpinLock(order, "console");
    }

    /** Blanks all cells; the cursor goes to the first. */
    *clear(context: Context): Steps {
        const hadInterrupts = yield* this.#lock.acquire(context);
        yield* this.#clear(context);
        yield* this.#lock.release(context, hadInterrupts);
    }

    /** Sets the console's type, and clears it if that was another. */
    *setType(context: Context, type: number): Steps {
        const hadInterrupts = yield* this.#lock.acquire(context);
        const before = yield context.load(typeAddress, 4);
        if (before !== type) {
            yield context.store(typeAddress, 4, type);
            yield* this.#clear(context);
        }
        yield* this.#lock.release(context, hadInterrupts);
    }

    /** Writes bytes of the kernel's own, as one. */
    *write(context: Context, bytes: readonly number[]): Steps {
        const hadInterrupts = yield* this.#lock.acquire(context);
        let position = yield* this.#position(context);
        for (const byte of bytes) {
            position = yield* this.#put(context, position, byte);
        }
        yield* this.#setPosition(context, position);
        yield* this.#lock.release(context, hadInterrupts);
    }

    /** Writes a line of the kernel's own, whose characters are bytes. */
    *line(context: Context, text: string): Steps {
        yield* this.write(
            context,
            [...`${text}\n`].map((character) => character.charCodeAt(0)),
        );
    }

    /**
     * Writes a user's bytes. Returns how many, or E_FAULT when there is not one. What is written is
     * less than asked for when there are no more bytes, or when the process is exiting.
     */
    *writeFromUser(task: Task, address: number, byteLength: number): Steps<number> {
        let writtenBytes = 0;
        while (writtenBytes < byteLength) {
            const pieceBytes = Math.min(maxAtomicBytes, byteLength - writtenBytes);
            const done = yield* this.#writePiece(task.context, address + writtenBytes, pieceBytes);
            writtenBytes += done;
            if (done < pieceBytes) {
                return writtenBytes > 0 ? writtenBytes : ErrorCode.badAddress;
            }
            if (task.isExiting) {
                return writtenBytes;
            }
        }
        return writtenBytes;
    }

    /** Shows a key that was typed: a character as it is, a newline as the end of the line. */
    *echo(context: Context, byte: number): Steps {
        const hadInterrupts = yield* this.#lock.acquire(context);
        const position = yield* this.#position(context);
        const after = yield* this.#show(context, position, byte, echoAttribute);
        yield* this.#setPosition(context, after);
        yield* this.#lock.release(context, hadInterrupts);
    }

    /** Takes the last character back: the cursor goes left, and the cell there is blank. */
    *erase(context: Context): Steps {
        const hadInterrupts = yield* this.#lock.acquire(context);
        const position = Math.max(0, (yield* this.#position(context)) - 1);
        yield* this.#fillCells(context, position, position + 1, echoAttribute + blank);
        yield* this.#setPosition(context, position);
        yield* this.#lock.release(context, hadInterrupts);
    }

    /** Writes up to `maxAtomicBytes` in one piece. Returns how many bytes there were to read. */
    *#writePiece(context: Context, address: number, byteLength: number): Steps<number> {
        const hadInterrupts = yield* this.#lock.acquire(context);
        let position = yield* this.#position(context);
        let done = 0;
        while (done < byteLength) {
            const byte = yield context.load(address + done, 1);
            if (byte < 0) {
                break;
            }
            position = yield* this.#put(context, position, byte);
            done++;
        }
        yield* this.#setPosition(context, position);
        yield* this.#lock.release(context, hadInterrupts);
        return done;
    }

    /** Takes a byte of a text at a position, and returns the position after it. */
    *#put(context: Context, position: number, byte: number): Steps<number> {
        let at = position;
        for (const shown of this.#colors.take(byte)) {
            at = yield* this.#show(context, at, shown, this.#colors.attribute);
        }
        return at;
    }

    /** Shows a character, or ends the row. A full screen scrolls when there is more to show. */
    *#show(
        context: Context,
        position: number,
        character: number,
        attribute: number,
    ): Steps<number> {
        let at = position;
        if (at >= cellCount) {
            yield* this.#scroll(context);
            at -= columnCount;
        }
        if (character === newline) {
            const rowEnd = at - (at % columnCount) + columnCount;
            yield* this.#fillCells(context, at, rowEnd, attribute + blank);
            return rowEnd;
        }
        yield context.store(cellAddress(at), 2, attribute + character);
        return at + 1;
    }

    /** Moves all rows up by one; the last one has no characters, in no colour. */
    *#scroll(context: Context): Steps {
        const lastRow = screen + (rowCount - 1) * rowBytes;
        yield* copyBytes(context, screen, screen + rowBytes, (rowCount - 1) * rowBytes);
        yield* fillBytes(context, lastRow, rowBytes, 0);
    }

    *#clear(context: Context): Steps {
        yield* this.#fillCells(context, 0, cellCount, clearedCell);
        yield* this.#setPosition(context, 0);
    }

    /** Stores a cell to all positions from `from` to before `end`, two at a time where they fit. */
    *#fillCells(context: Context, from: number, end: number, cell: number): Steps {
        let at = from;
        while (at < end) {
            if (at % 2 === 0 && at + 2 <= end) {
                yield context.store(cellAddress(at), 4, cell * 0x1_0001);
                at += 2;
            } else {
                yield context.store(cellAddress(at), 2, cell);
                at++;
            }
        }
    }

    /** Where the cursor is: from 0 to 2000; the end of the screen where memory says otherwise. */
    *#position(context: Context): Steps<number> {
        this.#lock.assertHeld(context);
        const position = yield context.load(cursorAddress, 4);
        return Math.min(position, cellCount);
    }

    /** Writes the cursor's position, and has the display show it there. */
    *#setPosition(context: Context, position: number): Steps {
        kernelAssert(position >= 0 && position <= cellCount, "the cursor is on the screen");
        yield context.store(cursorAddress, 4, position);
        yield context.output(registerPort, 2, cursorHigh + (position >>> 8) * 0x100);
        yield context.output(registerPort, 2, cursorLow + (position & 0xff) * 0x100);
    }
}

function cellAddress(position: number): number {
    return screen + position * cellBytes;
}
