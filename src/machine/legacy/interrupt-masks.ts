/**
 * One of the two 8259 interrupt controllers, which exist to be switched off.
 *
 * All interrupts come through the I/O APIC; this controller never delivers one. It follows its
 * initialisation so far that it knows a mask from a vector, keeps the mask and gives it back.
 * Source: Intel 8259A data sheet, "Programming the 8259A".
 */
import type { StateFields, StateRecord } from "../../base/state.ts";
import { bytePorts, type Ports } from "../byte-ports.ts";

/** Bits of a first initialisation word, at the command port. */
const FirstWord = {
    isFirstWord: 0x10,
    /** No third word follows. */
    isSingle: 0x02,
    /** A fourth word follows. */
    hasFourth: 0x01,
} as const;

const dataPort = 1;

export class InterruptMasks {
    /** A command port, and behind it a data port. Commands tell of no request and no service. */
    readonly ports: Ports = bytePorts(
        (offset) => (offset === dataPort ? this.#mask : 0),
        (offset, value) => this.#write(offset, value),
    );
    #mask = 0xff;
    /** Initialisation words that the data port gets before it is the mask again. */
    #wordsToCome = 0;

    reset(): void {
        this.#mask = 0xff;
        this.#wordsToCome = 0;
    }

    save(): StateRecord {
        return { version: 1, mask: this.#mask, wordsToCome: this.#wordsToCome };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#mask = state.integer("mask", 0, 0xff);
        this.#wordsToCome = state.integer("wordsToCome", 0, 3);
    }

    #write(offset: number, byte: number): void {
        if (offset === dataPort) {
            if (this.#wordsToCome > 0) {
                this.#wordsToCome--;
            } else {
                this.#mask = byte;
            }
        } else if ((byte & FirstWord.isFirstWord) !== 0) {
            const third = (byte & FirstWord.isSingle) === 0 ? 1 : 0;
            const fourth = (byte & FirstWord.hasFourth) !== 0 ? 1 : 0;
            this.#wordsToCome = 1 + third + fourth;
            this.#mask = 0;
        }
    }
}
