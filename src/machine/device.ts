/**
 * What every device of the machine is: a few methods on a bus.
 *
 * A device never throws whatever a guest writes to it; it does what the hardware's specification
 * says, and where that is silent it returns a defined value and reports a `MachineNotice`, once.
 */
import type { StateFields, StateRecord } from "../base/state.ts";

/** A part of the machine that has state. */
export interface Stateful {
    /** Its place in a saved state, as `ahci`; unique in a machine. */
    readonly name: string;
    /** As at power-on. */
    reset(): void;
    /** All that its future depends on, as named fields with a `version`. */
    save(): StateRecord;
    /** Becomes what was saved. Throws `UserError` for a state that it cannot have. */
    load(state: StateFields): void;
}

/** Bytes that a device register access moves; the bus splits eight into two times four. */
export type AccessSize = 1 | 2 | 4;

/** A device with registers in a region of the address map. */
export interface RegisterDevice extends Stateful {
    /** @param offset bytes from the start of the region. Returns 0 to 2^(8*size)-1. */
    read(offset: number, size: AccessSize): number;
    /** @param value from 0 to 2^(8*size)-1. */
    write(offset: number, size: AccessSize, value: number): void;
}

/** An interrupt line: the device says whether it asserts it, its end decides what that means. */
export interface InterruptLine {
    /** Sets the level; setting the level that it has does nothing. */
    set(isAsserted: boolean): void;
}

/** What the machine has to say to whoever runs it, not to the guest. */
export interface MachineNotice {
    /** The name of the device. */
    readonly device: string;
    /** One sentence: what the guest did that has no meaning here. */
    readonly message: string;
}

/** Takes notices. A device tells each message at most once. */
export type NoticeSink = (notice: MachineNotice) => void;
