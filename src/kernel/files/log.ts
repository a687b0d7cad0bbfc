/**
 * The kernel's log, on the first parallel port: a byte to the data register, then a pulse of the
 * strobe line (IEEE 1284-2000, annex C). Lines are whole: one lock, below nearly all others, so
 * that who has those may log.
 */
import type { Context } from "../../machine/cpu/context.ts";
import type { Steps } from "../steps.ts";
import type { LockOrder } from "../sync/lock-order.ts";
import { SpinLock } from "../sync/spin-lock.ts";

const dataPort = 0x378;
const controlPort = 0x37a;
/** Selected, not in reset; and the same with the strobe. */
const idle = 0x0c;
const strobe = 0x0d;
const newline = 0x0a;

export class KernelLog {
    readonly #lock: SpinLock;

    constructor({ order }: { readonly order: LockOrder }) {
        this.#lock = new SpinLock(order, "log");
    }

    /** Prints a line, whose characters are bytes. */
    *line(context: Context, text: string): Steps {
        const hadInterrupts = yield* this.#lock.acquire(context);
        for (let at = 0; at < text.length; at++) {
            yield* this.#print(context, text.charCodeAt(at));
        }
        yield* this.#print(context, newline);
        yield* this.#lock.release(context, hadInterrupts);
    }

    *#print(context: Context, byte: number): Steps {
        yield context.output(dataPort, 1, byte);
        yield context.output(controlPort, 1, strobe);
        yield context.output(controlPort, 1, idle);
    }
}
