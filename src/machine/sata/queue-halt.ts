/**
 * Whether the queue is halted, and what halted it last.
 *
 * After an error of a queued command nothing is done until the host has asked what it was, by a
 * read of the NCQ command error log, or has reset the link (Serial ATA 3.0, 13.6.3). The log keeps
 * what it says after it was read.
 */
import type { StateFields, StateRecord } from "../../base/state.ts";
import { errorStatus } from "./host-link.ts";
import type { QueueError } from "./ncq-error-log.ts";
import type { OutstandingCommand } from "./outstanding-command.ts";

export class QueueHalt {
    #isHalted = false;
    #error: QueueError | undefined;

    get isHalted(): boolean {
        return this.#isHalted;
    }

    /** What the error log says. */
    get error(): QueueError | undefined {
        return this.#error;
    }

    /** A command has failed, or should not have come. */
    begin({ tag, error, errorLba, count, device }: OutstandingCommand): void {
        this.#error = { tag, status: errorStatus, error, lba: errorLba, count, device };
        this.#isHalted = true;
    }

    /** The host has asked. */
    end(): void {
        this.#isHalted = false;
    }

    /** The link was reset, or power came back: the log is empty, too. */
    reset(): void {
        this.#isHalted = false;
        this.#error = undefined;
    }

    save(): StateRecord {
        const isHalted = this.#isHalted;
        if (this.#error === undefined) {
            return { version: 1, isHalted };
        }
        const { tag, ...registers } = this.#error;
        const error = tag === undefined ? registers : { tag, ...registers };
        return { version: 1, isHalted, error };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#isHalted = state.boolean("isHalted");
        this.#error = state.has("error") ? loadError(state.record("error")) : undefined;
    }
}

function loadError(state: StateFields): QueueError {
    return {
        tag: state.has("tag") ? state.integer("tag", 0, 31) : undefined,
        status: state.integer("status", 0, 255),
        error: state.integer("error", 0, 255),
        lba: state.integer("lba", 0, 2 ** 48 - 1),
        count: state.integer("count", 0, 65_535),
        device: state.integer("device", 0, 255),
    };
}
