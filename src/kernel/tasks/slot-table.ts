/**
 * A table of numbered things, tasks or processes: numbers from 1, the lowest free one first.
 *
 * It has no lock of its own; whose it is says which lock guards it.
 */
import { kernelAssert } from "../panic.ts";

export class SlotTable<Entry> {
    /** By number; slot 0 is never used. */
    readonly #slots: (Entry | undefined)[];

    /** @param slotCount one more than the highest number. */
    constructor(slotCount: number) {
        this.#slots = new Array<Entry | undefined>(slotCount).fill(undefined);
    }

    /** The lowest free number, or undefined when the table is full. */
    get freeNumber(): number | undefined {
        const number = this.#slots.indexOf(undefined, 1);
        return number < 0 ? undefined : number;
    }

    get(number: number): Entry | undefined {
        return this.#slots[number];
    }

    set(number: number, entry: Entry): void {
        kernelAssert(this.#slots[number] === undefined, `slot ${number} of a table is free`);
        this.#slots[number] = entry;
    }

    /** Frees a number. */
    clear(number: number): void {
        kernelAssert(this.#slots[number] !== undefined, `slot ${number} of a table is used`);
        this.#slots[number] = undefined;
    }

    /** By ascending number. */
    get entries(): readonly Entry[] {
        return this.#slots.filter((entry) => entry !== undefined);
    }
}
