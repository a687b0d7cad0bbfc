/** What the sanitiser knows of a slot. */
import type { StateFields, StateRecord } from "../../base/state.ts";
import { BufferDigests } from "./buffer-digests.ts";
import { savedWord } from "./saved-word.ts";

export class SlotWatch {
    /** The doorbell was rung, and the command has neither ended nor been dropped. */
    isRung = false;
    /** The command was fetched, and `buffer` holds. */
    isInFlight = false;
    /** The command ended, and the driver has neither read that it did nor been blamed. */
    isUnread = false;
    /** The driver was blamed for a change of the buffer: once a command is enough. */
    isBufferBlamed = false;
    /** Digest of header, FIS and list. */
    structureDigest = 0;
    /** What the command will move. */
    readonly buffer = new BufferDigests();

    /** Nothing is known. */
    reset(): void {
        this.isRung = false;
        this.isInFlight = false;
        this.isUnread = false;
        this.isBufferBlamed = false;
        this.structureDigest = 0;
        this.buffer.begin(0);
    }

    save(): StateRecord {
        return {
            isRung: this.isRung,
            isInFlight: this.isInFlight,
            isUnread: this.isUnread,
            isBufferBlamed: this.isBufferBlamed,
            structureDigest: this.structureDigest,
            buffer: this.buffer.save(),
        };
    }

    load(state: StateFields): void {
        this.isRung = state.boolean("isRung");
        this.isInFlight = state.boolean("isInFlight");
        this.isUnread = state.boolean("isUnread");
        this.isBufferBlamed = state.boolean("isBufferBlamed");
        this.structureDigest = savedWord(state, "structureDigest");
        this.buffer.load(state.record("buffer"));
    }
}
