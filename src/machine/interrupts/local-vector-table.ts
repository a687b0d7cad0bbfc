/**
 * The local vector table: what a local APIC does with the interrupts of its own processor (Intel
 * SDM, volume 3, 11.5.1 and figure 11-8). Six entries, in the order of their registers.
 *
 * Entries are stored bits; what they mean is the local APIC's business. While software has the
 * APIC disabled, every entry is masked and stays so (11.4.7.2).
 */
import type { StateFields } from "../../base/state.ts";

/** Entries, by number; the register of entry n is at 0x320 + 16 * n. */
export const LocalVector = {
    timer: 0,
    /** Nothing here gets too hot, so it is never raised. */
    thermal: 1,
    /** There are no performance counters, so it is never raised. */
    performance: 2,
    lint0: 3,
    lint1: 4,
    error: 5,
} as const;

export const localVectorCount = 6;

/** Fields of an entry. */
const LocalVectorField = {
    vector: 0xff,
    deliveryModeShift: 8,
    deliveryModeMask: 7,
    masked: 0x1_0000,
    periodic: 0x2_0000,
} as const;

/**
 * By entry: the bits that can be written. Delivery status (12) and remote IRR (14) cannot, and the
 * timer has no TSC deadline (18).
 */
const writableBits = [0x3_00ff, 0x1_07ff, 0x1_07ff, 0x1_a7ff, 0x1_a7ff, 0x1_00ff] as const;

export class LocalVectorTable {
    readonly #entries = new Uint32Array(localVectorCount);

    constructor() {
        this.reset();
    }

    /** An entry's register. */
    entry(index: number): number {
        return this.#entries[index];
    }

    /** @param isEnabled whether software has the APIC enabled. */
    write(index: number, value: number, isEnabled: boolean): void {
        const forced = isEnabled ? 0 : LocalVectorField.masked;
        this.#entries[index] = (value & writableBits[index]) | forced;
    }

    maskAll(): void {
        for (let index = 0; index < localVectorCount; index++) {
            this.#entries[index] |= LocalVectorField.masked;
        }
    }

    isMasked(index: number): boolean {
        return (this.#entries[index] & LocalVectorField.masked) !== 0;
    }

    /** The vector of an entry, from 0 to 255. */
    vector(index: number): number {
        return this.#entries[index] & LocalVectorField.vector;
    }

    /** A `DeliveryMode`, or the reserved 3. */
    deliveryMode(index: number): number {
        const { deliveryModeShift, deliveryModeMask } = LocalVectorField;
        return (this.#entries[index] >>> deliveryModeShift) & deliveryModeMask;
    }

    /** Whether the timer counts for ever. */
    get isPeriodic(): boolean {
        return (this.#entries[LocalVector.timer] & LocalVectorField.periodic) !== 0;
    }

    /** As after power-on and INIT: everything masked (11.4.7.1). */
    reset(): void {
        this.#entries.fill(LocalVectorField.masked);
    }

    save(): number[] {
        return [...this.#entries];
    }

    load(state: StateFields, name: string): void {
        this.#entries.set(state.integers(name, localVectorCount, 0, 0xffff_ffff));
    }
}
