/**
 * A run with keys that are typed while it goes on: in slices of virtual time, at whose ends it is
 * seen whether somebody waits for the keyboard.
 *
 * The slices end at fixed virtual times, so the keys come at the same operation every time,
 * whatever else the run is interrupted for.
 */
import type { KernelRun, Outcome } from "../../crash/kernel-run.ts";
import type { KeyScript } from "./key-script.ts";

/** Virtual time of a slice: a tick of the kernel's. */
const sliceNs = 10_000_000;

export class TypedRun {
    readonly #run: KernelRun;
    readonly #keys: KeyScript | undefined;
    #untilNs = sliceNs;

    /** @param keys undefined where nothing is typed */
    constructor(run: KernelRun, keys: KeyScript | undefined) {
        this.#run = run;
        this.#keys = keys;
    }

    /** Goes on to the end of the slice, or for so many operations. Returns how it ended, if so. */
    advance(operations: number): Outcome | undefined {
        const outcome = this.#run.advance({ untilNs: this.#untilNs, operations });
        if (outcome === undefined && this.#run.machine.clock.nowNs >= this.#untilNs) {
            this.#keys?.update(this.#run);
            this.#untilNs += sliceNs;
        }
        return outcome;
    }

    /** Goes on to the end. */
    finish(): Outcome {
        for (;;) {
            const outcome = this.advance(Number.POSITIVE_INFINITY);
            if (outcome !== undefined) {
                return outcome;
            }
        }
    }

    /** Goes on to the end, or until there were so many operations since power-on. */
    finishWithin(maxOperations: number): Outcome | undefined {
        let outcome: Outcome | undefined;
        while (outcome === undefined && this.#run.operations < maxOperations) {
            outcome = this.advance(maxOperations - this.#run.operations);
        }
        return outcome;
    }
}
