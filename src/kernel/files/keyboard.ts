/**
 * The keyboard: an interrupt handler that makes lines of keys, and readers that wait for lines.
 *
 * The controller (i8042) has one byte at a time at port 0x60, and says at port 0x64 whether it
 * does. The handler takes all there are, so that the next one is an edge again, and echoes what is
 * typed to the console. Its interrupt is on pin 1 of the I/O APIC, and goes to CPU 0.
 *
 * The lock guards the decoder and the line; the handler holds it while it echoes, so that echoes
 * come in the order of the keys.
 */
import type { Context } from "../../machine/cpu/context.ts";
import { Vector } from "../hardware/local-apic.ts";
import { ErrorCode } from "../interface/error-code.ts";
import { directMap } from "../memory/direct-map.ts";
import { writeUserNumber } from "../memory/user-memory.ts";
import type { Steps } from "../steps.ts";
import type { LockOrder } from "../sync/lock-order.ts";
import { SpinLock } from "../sync/spin-lock.ts";
import { WaitQueue } from "../sync/wait-queue.ts";
import type { Scheduler } from "../tasks/scheduler.ts";
import type { Task } from "../tasks/task.ts";
import type { Console } from "./console.ts";
import { KeyDecoder } from "./key-codes.ts";
import { LineBuffer } from "./line-buffer.ts";

const dataPort = 0x60;
const statusPort = 0x64;
/** In the status: a byte waits at the data port. */
const outputFull = 0x01;

/** The I/O APIC: which register, and what is in it; a pin has two, its vector and its CPU. */
const ioApicIndex = 0xfec0_0000;
const ioApicData = 0xfec0_0010;
const firstPinRegister = 0x10;
const keyboardPin = 1;

const backspace = 0x08;
const newline = 0x0a;
const firstPrintable = 0x20;

/** What the keyboard needs of the kernel. */
export interface KeyboardSurroundings {
    readonly order: LockOrder;
    readonly scheduler: Scheduler;
    readonly console: Console;
}

export class Keyboard {
    readonly #console: Console;
    readonly #lock: SpinLock;
    readonly #decoder = new KeyDecoder();
    readonly #lines = new LineBuffer();
    readonly #readers: WaitQueue;

    constructor({ order, scheduler, console }: KeyboardSurroundings) {
        this.#console = console;
        this.#lock = new SpinLock(order, "keyboard");
        this.#readers = new WaitQueue(order, scheduler, "the keyboard");
    }

    /** Has its interrupts come to CPU 0, and takes the keys that were typed before. */
    *start(context: Context): Steps {
        const register = firstPinRegister + 2 * keyboardPin;
        yield context.store(directMap(ioApicIndex), 4, register + 1);
        yield context.store(directMap(ioApicData), 4, 0);
        yield context.store(directMap(ioApicIndex), 4, register);
        yield context.store(directMap(ioApicData), 4, Vector.keyboard);
        yield* this.interrupt(context);
    }

    /** The handler, without the interrupt's end at the local APIC. */
    *interrupt(context: Context): Steps {
        const hadInterrupts = yield* this.#lock.acquire(context);
        const hadLine = this.#lines.hasLine;
        while (((yield context.input(statusPort, 1)) & outputFull) !== 0) {
            const character = this.#decoder.take(yield context.input(dataPort, 1));
            if (character !== undefined) {
                yield* this.#type(context, character);
            }
        }
        const wakes = !hadLine && this.#lines.hasLine;
        yield* this.#lock.release(context, hadInterrupts);
        if (wakes) {
            yield* this.#readers.wakeAll(context);
        }
    }

    /**
     * Waits for a line. Returns how many bytes of it were read, which are at most `byteLength`; 0
     * for a Ctrl-D alone. E_INTR; E_FAULT, which leaves the line to be read.
     */
    *read(task: Task, address: number, byteLength: number): Steps<number> {
        const { context } = task;
        const hadInterrupts = yield* this.#lock.acquire(context);
        const wait = yield* this.#readers.waitUntil(task, this.#lock, () => this.#lines.hasLine, {
            what: "a line from the keyboard",
            isExternal: true,
        });
        const result =
            wait === "ready"
                ? yield* this.#copyLine(task, address, byteLength)
                : ErrorCode.interrupted;
        yield* this.#lock.release(context, hadInterrupts);
        return result;
    }

    *#copyLine(task: Task, address: number, byteLength: number): Steps<number> {
        const characters = this.#lines.peek(byteLength);
        for (const [index, character] of characters.entries()) {
            const result = yield* writeUserNumber(task, address + index, 1, character);
            if (result !== 0) {
                return result;
            }
        }
        this.#lines.consume(characters.length);
        return characters.length;
    }

    /** Does what a key says: it goes to the end of the line, or takes back what is there. */
    *#type(context: Context, character: number): Steps {
        if (character === backspace) {
            const takenBack = this.#lines.takeBack();
            if (takenBack !== undefined && isShown(takenBack)) {
                yield* this.#console.erase(context);
            }
        } else if (this.#lines.put(character) && isShown(character)) {
            yield* this.#console.echo(context, character);
        }
    }
}

/** Control characters go into the line, and show nothing. */
function isShown(character: number): boolean {
    return character >= firstPrintable || character === newline;
}
