/**
 * The gate between a CPU and its local APIC: which interrupt is taken before the next operation.
 *
 * Vectors pass while the program on top has interrupts enabled; non-maskable ones always, but not
 * one inside another: from its delivery until a handler returns (Intel SDM, volume 3, 6.7.1).
 * STI closes the gate for one operation more (volume 2, STI), so that `STI; HLT` sleeps before it
 * is interrupted and not after.
 */
import type { StateFields, StateRecord } from "../../base/state.ts";
import { Exception } from "./entry-points.ts";
import type { Frame } from "./frame.ts";
import type { InterruptRequests } from "./wiring.ts";

export class InterruptGate {
    readonly #requests: InterruptRequests;
    #shadow = false;
    #nmiBlocked = false;

    constructor(requests: InterruptRequests) {
        this.#requests = requests;
    }

    reset(): void {
        this.#shadow = false;
        this.#nmiBlocked = false;
    }

    /** Whether an interrupt waits that may come while `frame` is on top; shadow or not. */
    isKnockedAt(frame: Frame): boolean {
        const takesVectors = frame.interruptsEnabled;
        return this.#takesNmi || (takesVectors && this.#requests.pendingVector >= 0);
    }

    /** Takes the interrupt that comes now. Returns its vector, or -1 when none does. */
    take(frame: Frame): number {
        if (this.#shadow || !this.isKnockedAt(frame)) {
            return -1;
        }
        if (this.#takesNmi) {
            this.#requests.acknowledgeNmi();
            this.#nmiBlocked = true;
            return Exception.nonMaskableInterrupt;
        }
        return this.#requests.acknowledge();
    }

    /** STI was done with interrupts off. */
    castShadow(): void {
        this.#shadow = true;
    }

    /** An operation is about to be done; says whether the shadow covers it, and no other. */
    liftShadow(): boolean {
        const wasCast = this.#shadow;
        this.#shadow = false;
        return wasCast;
    }

    /** IRET: the handler of an interrupt or exception returned. */
    handlerReturned(): void {
        this.#nmiBlocked = false;
    }

    save(): StateRecord {
        return { version: 1, shadow: this.#shadow, nmiBlocked: this.#nmiBlocked };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#shadow = state.boolean("shadow");
        this.#nmiBlocked = state.boolean("nmiBlocked");
    }

    get #takesNmi(): boolean {
        return this.#requests.nmiPending && !this.#nmiBlocked;
    }
}
