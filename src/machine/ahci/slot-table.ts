/**
 * A port's 32 command slots, and where each command is on its way: with the drive, accepted into
 * its queue, or ended with the driver still to learn of it. Masks have a bit a slot.
 *
 * Invariants: what the drive has, unqueued or queued, is outstanding; a slot whose command ended is
 * unread until the driver has looked, or the slot is used again.
 */
import { lowestBit } from "../../base/lowest-bit.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import { UserError } from "../../base/user-error.ts";
import type { GuestMemory } from "../guest-memory.ts";
import { CommandSlot } from "./command-slot.ts";
import { slotCount } from "./registers.ts";
import { savedWord } from "./saved-word.ts";

/** No slot: before the first command, and where no reset waits for its signature. */
export const noSlot = -1;

export class SlotTable {
    readonly #slots: readonly CommandSlot[];
    #issued = 0;
    #queued = 0;
    #unread = 0;
    #unreadQueued = 0;

    constructor(memory: GuestMemory) {
        this.#slots = Array.from(
            { length: slotCount },
            (_, slotNo) => new CommandSlot(memory, slotNo),
        );
    }

    at(slotNo: number): CommandSlot {
        return this.#slots[slotNo];
    }

    /** Slots whose command the drive has and has not yet answered with a Register FIS. */
    get issued(): number {
        return this.#issued;
    }

    /** Slots of queued commands that the drive has accepted. */
    get queued(): number {
        return this.#queued;
    }

    get outstanding(): number {
        return this.#issued | this.#queued;
    }

    /** The drive gets the command of a slot. */
    issue(slotNo: number): void {
        this.#issued |= 1 << slotNo;
        this.#unread &= ~(1 << slotNo);
        this.#unreadQueued &= ~(1 << slotNo);
    }

    /** The drive has answered, and nothing more is to be known of the command. */
    release(slotNo: number): void {
        this.#issued &= ~(1 << slotNo);
    }

    /** The drive has accepted a queued command. */
    enqueue(slotNo: number): void {
        this.release(slotNo);
        this.#queued |= 1 << slotNo;
    }

    /** An unqueued command has ended. */
    end(slotNo: number): void {
        this.release(slotNo);
        this.#unread |= 1 << slotNo;
    }

    /** The queued commands with these tags have ended. Returns their slots. */
    endTags(doneTags: number): number {
        let ended = 0;
        for (let left = this.#queued; left !== 0; left &= left - 1) {
            const slotNo = lowestBit(left);
            if (((doneTags >>> this.#slots[slotNo].tag) & 1) !== 0) {
                ended |= 1 << slotNo;
            }
        }
        this.#queued &= ~ended;
        this.#unreadQueued |= ended;
        return ended;
    }

    /** The driver looked at unqueued commands. Returns of which it learned. @param open PxCI. */
    readUnqueued(open: number): number {
        const learned = this.#unread & ~open;
        this.#unread &= ~learned;
        return learned;
    }

    /** The same of queued commands. @param open PxSACT. */
    readQueued(open: number): number {
        const learned = this.#unreadQueued & ~open;
        this.#unreadQueued &= ~learned;
        return learned;
    }

    /** The drive no longer has the commands of `slots`. */
    forget(slots: number): void {
        this.#issued &= ~slots;
        this.#queued &= ~slots;
    }

    /** All slots are free. */
    reset(): void {
        this.#issued = 0;
        this.#queued = 0;
        this.#unread = 0;
        this.#unreadQueued = 0;
    }

    save(): StateRecord {
        const isOutstanding = ({ slotNo }: CommandSlot) =>
            ((this.outstanding >>> slotNo) & 1) !== 0;
        return {
            version: 1,
            issued: this.#issued >>> 0,
            queued: this.#queued >>> 0,
            unread: this.#unread >>> 0,
            unreadQueued: this.#unreadQueued >>> 0,
            outstanding: this.#slots.filter(isOutstanding).map((slot) => slot.save()),
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#issued = savedWord(state, "issued") | 0;
        this.#queued = savedWord(state, "queued") | 0;
        this.#unread = savedWord(state, "unread") | 0;
        this.#unreadQueued = savedWord(state, "unreadQueued") | 0;
        let loaded = 0;
        for (const record of state.records("outstanding")) {
            const slotNo = savedWord(record, "slotNo", slotCount - 1);
            this.#slots[slotNo].load(record);
            loaded |= 1 << slotNo;
        }
        if (loaded !== this.outstanding) {
            throw new UserError(
                "saved state of the AHCI controller: outstanding commands and slots disagree",
            );
        }
    }
}
