/**
 * The commands that a drive has taken and not yet ended, and which of them is due next.
 *
 * There is a place for each queue tag and one for a command that does not queue. Places are made
 * once and used again, so that a command costs no allocation.
 *
 * Invariants: a place is in use when its tag's bit is set; a command's order is larger than that of
 * every command that arrived before it.
 */
import { assert } from "../../base/assert.ts";
import { lowestBit } from "../../base/lowest-bit.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import { UserError } from "../../base/user-error.ts";
import { commandForm, queueTag } from "./ata-commands.ts";
import type { AtaCommand } from "./link.ts";
import { loadRegisters, OutstandingCommand } from "./outstanding-command.ts";

/** Queue tags, 0 to 31 (IDENTIFY word 75). */
const tagCount = 32;

/** The places of a drive's commands. */
export class OutstandingCommands {
    readonly #queued = Array.from({ length: tagCount }, () => new OutstandingCommand());
    readonly #unqueued = new OutstandingCommand();
    /** A bit for each tag in use. */
    #tags = 0;
    #hasUnqueued = false;
    /** The order of the command to come. */
    #nextOrder = 0;

    /** A bit for each tag in use. */
    get tags(): number {
        return this.#tags;
    }

    /** The command that does not queue. */
    get unqueued(): OutstandingCommand | undefined {
        return this.#hasUnqueued ? this.#unqueued : undefined;
    }

    hasTag(tag: number): boolean {
        return (this.#tags & (1 << tag)) !== 0;
    }

    /** Takes in a command. Its place must be free. */
    add(command: AtaCommand): OutstandingCommand {
        const place = this.#placeOf(command);
        assert(!this.#isIn(place), "a command's place is free");
        place.begin(command, this.#nextOrder++);
        this.#setIn(place, true);
        return place;
    }

    /** A command ends: its place is free, though its fields stay until another takes it. */
    remove(place: OutstandingCommand): void {
        this.#setIn(place, false);
    }

    clear(): void {
        this.#tags = 0;
        this.#hasUnqueued = false;
    }

    /** The command that is due first; of several, the one that arrived first. */
    next(): OutstandingCommand | undefined {
        let first = this.unqueued;
        for (let tags = this.#tags; tags !== 0; tags &= tags - 1) {
            const place = this.#queued[lowestBit(tags)];
            if (first === undefined || isBefore(place, first)) {
                first = place;
            }
        }
        return first;
    }

    /** All of them, in the order of their arrival. */
    inOrder(): OutstandingCommand[] {
        return [...this.#queued, this.#unqueued]
            .filter((place) => this.#isIn(place))
            .sort((left, right) => left.order - right.order);
    }

    reset(): void {
        this.clear();
        this.#nextOrder = 0;
    }

    save(): StateRecord {
        return {
            version: 1,
            nextOrder: this.#nextOrder,
            commands: this.inOrder().map((place) => place.save()),
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.clear();
        for (const saved of state.records("commands")) {
            const registers = loadRegisters(saved);
            const place = this.#placeOf(registers);
            if (this.#isIn(place)) {
                throw new UserError("saved state of a drive: two commands have one tag");
            }
            this.add(registers).load(saved);
        }
        this.#nextOrder = state.number("nextOrder");
    }

    #placeOf(command: AtaCommand): OutstandingCommand {
        const isQueued = commandForm(command.command).protocol === "queued";
        return isQueued ? this.#queued[queueTag(command)] : this.#unqueued;
    }

    #isIn(place: OutstandingCommand): boolean {
        return place === this.#unqueued
            ? this.#hasUnqueued
            : place.tag !== undefined && this.hasTag(place.tag);
    }

    #setIn(place: OutstandingCommand, isIn: boolean): void {
        if (place.tag === undefined) {
            this.#hasUnqueued = isIn;
        } else {
            const bit = 1 << place.tag;
            this.#tags = isIn ? this.#tags | bit : this.#tags & ~bit;
        }
    }
}

function isBefore(left: OutstandingCommand, right: OutstandingCommand): boolean {
    return left.dueNs < right.dueNs || (left.dueNs === right.dueNs && left.order < right.order);
}
