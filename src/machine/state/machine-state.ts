/**
 * States of a machine: taking them, going back to them, comparing them.
 *
 * A state in a process is cheap, for its pages of memory and of the disk are shared with other
 * states and never written. Everything else is a record of named, versioned fields. The hash is
 * taken of the one encoding of all of it, and so is equal exactly when the states are; pages are
 * hashed once each.
 *
 * The trace of the disk is history, not state: two machines that got to the same state in two ways
 * have equal hashes. It goes back with the state all the same, so that it tells of one past.
 */
import { assert } from "../../base/assert.ts";
import type { ChoiceStream } from "../../base/choices.ts";
import { PageDigests, type PageImage } from "../../base/page-images.ts";
import { pageSize } from "../../base/page-size.ts";
import { sha256 } from "../../base/sha256.ts";
import { encodeState, StateFields, type StateRecord } from "../../base/state.ts";
import { UserError } from "../../base/user-error.ts";
import type { OverlayImage, OverlayStore } from "../../disk/overlay-store.ts";
import type { TraceMark, TraceRecorder } from "../../disk/trace/recorder.ts";
import type { ProtocolFinding } from "../ahci/sanitizer-findings.ts";
import type { Stateful } from "../device.ts";
import type { GuestMemory } from "../guest-memory.ts";
import type { CpuRun } from "../schedule/recorded.ts";
import { MemoryHistory } from "./memory-history.ts";

/** What a machine was. Nothing of it is written again. */
export interface MachineState {
    /** By name of the device. */
    readonly devices: StateRecord;
    readonly choices: StateRecord;
    readonly memory: PageImage;
    /** What the disk's medium holds beside its base; undefined without a disk. */
    readonly disk: OverlayImage | undefined;
    readonly trace: TraceMark | undefined;
    /** Where that is recorded: which CPU ran when. */
    readonly scheduleRuns?: readonly CpuRun[] | undefined;
    /** What the driver had done wrong. */
    readonly findings?: readonly ProtocolFinding[] | undefined;
}

export class MachineStates {
    readonly #memory: GuestMemory;
    readonly #history: MemoryHistory;
    readonly #disk: OverlayStore | undefined;
    readonly #devices: readonly Stateful[];
    readonly #choices: ChoiceStream;
    readonly #recorder: TraceRecorder | undefined;
    readonly #agrees: () => boolean;
    readonly #digests = new PageDigests();

    /** @param agrees whether devices that were loaded, each by itself, fit each other. */
    constructor(
        memory: GuestMemory,
        disk: OverlayStore | undefined,
        devices: readonly Stateful[],
        choices: ChoiceStream,
        recorder: TraceRecorder | undefined,
        agrees: () => boolean,
    ) {
        const names = new Set(devices.map(({ name }) => name));
        assert(names.size === devices.length, "devices have distinct names");
        this.#memory = memory;
        this.#history = new MemoryHistory(memory);
        this.#disk = disk;
        this.#devices = devices;
        this.#choices = choices;
        this.#recorder = recorder;
        this.#agrees = agrees;
    }

    save(): MachineState {
        return {
            devices: this.inspect(),
            choices: this.#choices.save(),
            memory: this.#history.take(),
            disk: this.#disk?.snapshot(),
            trace: this.#recorder?.mark(),
        };
    }

    /**
     * Becomes what was saved. Throws `UserError` for a state that this machine cannot have, and
     * then nothing has changed: what can refuse a state comes first, and is undone.
     */
    load(state: MachineState): void {
        this.#expectParts(state);
        const devicesBefore = this.inspect();
        const choicesBefore = this.#choices.save();
        const traceBefore = this.#recorder?.mark();
        try {
            this.#loadFields(state.devices, state.choices, state.trace);
        } catch (error) {
            this.#loadFields(devicesBefore, choicesBefore, traceBefore);
            throw error;
        }
        this.#history.restore(state.memory);
        if (state.disk !== undefined) {
            this.#disk?.restore(state.disk);
        }
    }

    hash(): string {
        const whole = {
            version: 1,
            devices: this.inspect(),
            choices: this.#choices.save(),
            memoryBytes: this.#memory.sizeBytes,
            memory: this.#digests.digest(this.#history.take().entries()),
            diskBytes: this.#disk?.sizeBytes ?? 0,
            disk: this.#digests.digest(this.#disk?.changes() ?? []),
        };
        const digest = sha256(encodeState(whole));
        return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    }

    inspect(): StateRecord {
        return Object.fromEntries(this.#devices.map((device) => [device.name, device.save()]));
    }

    #loadFields(devices: StateRecord, choices: StateRecord, trace: TraceMark | undefined): void {
        if (trace !== undefined) {
            this.#recorder?.rewind(trace);
        }
        const fields = new StateFields(devices, "machine");
        for (const device of this.#devices) {
            device.load(fields.record(device.name));
        }
        this.#choices.load(new StateFields(choices, "choices"));
        if (!this.#agrees()) {
            throw new UserError(
                "saved state of machine: its drive has a command that its controller or its " +
                    "trace has not",
            );
        }
    }

    /** The state is of a machine with as much memory, and with a disk where this one has one. */
    #expectParts({ memory, disk, trace }: MachineState): void {
        const sizeBytes = this.#memory.sizeBytes;
        if (memory.length * pageSize !== sizeBytes) {
            throw new UserError(
                `saved state of a machine with ${memory.length * pageSize} bytes of memory, ` +
                    `and this one has ${sizeBytes}`,
            );
        }
        if (disk === undefined || trace === undefined) {
            if (this.#disk !== undefined) {
                throw new UserError(
                    "saved state of a machine without a disk, and this one has one",
                );
            }
            return;
        }
        if (this.#disk === undefined) {
            throw new UserError("saved state of a machine with a disk, and this one has none");
        }
        const pageCount = Math.ceil(this.#disk.sizeBytes / pageSize);
        for (const pageNo of disk.keys()) {
            if (pageNo >= pageCount) {
                throw new UserError(
                    `saved state of a larger disk: it has page ${pageNo}, and this one has ` +
                        `${pageCount} pages`,
                );
            }
        }
    }
}
