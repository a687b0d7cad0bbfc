/** A host for a drive without a controller: 32 buffers, and a record of what the drive sent. */
import { type ChoiceStream, RecordedChoices } from "../../src/base/choices.ts";
import { StateFields, type StateRecord } from "../../src/base/state.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { TraceRecorder } from "../../src/disk/trace/recorder.ts";
import { Clock } from "../../src/machine/clock.ts";
import type { MachineNotice } from "../../src/machine/device.ts";
import { Drive } from "../../src/machine/sata/drive.ts";
import type { DriveOptions } from "../../src/machine/sata/drive-options.ts";
import type {
    AtaCommand,
    HostPort,
    RegisterUpdate,
    SetDeviceBits,
    TransferResult,
} from "../../src/machine/sata/link.ts";

/** What the drive sent, in order; numbers as they were on the wire. */
export type Frame =
    | ({ readonly frame: "register"; readonly slot: number } & RegisterUpdate)
    | ({
          readonly frame: "pio";
          readonly slot: number;
          readonly byteCount: number;
      } & RegisterUpdate)
    | ({ readonly frame: "bits" } & SetDeviceBits);

export class DriveHost implements HostPort {
    /** By slot: the bytes of its scatter-gather list. */
    readonly buffers: Uint8Array[] = Array.from({ length: 32 }, () => new Uint8Array(0));
    readonly frames: Frame[] = [];
    /** Slots whose list points outside memory. */
    readonly brokenSlots = new Set<number>();
    /** Is told of every frame as it comes. */
    onFrame: (frame: Frame) => void = () => {};

    bufferBytes(slot: number): number {
        return this.buffers[slot].length;
    }

    fetch(slot: number, bufferOffset: number, target: Uint8Array): TransferResult {
        if (this.brokenSlots.has(slot)) {
            return "bus error";
        }
        const part = this.buffers[slot].subarray(bufferOffset, bufferOffset + target.length);
        target.set(part);
        return part.length === target.length ? "done" : "overflow";
    }

    deliver(slot: number, bufferOffset: number, source: Uint8Array): TransferResult {
        if (this.brokenSlots.has(slot)) {
            return "bus error";
        }
        const room = Math.max(this.buffers[slot].length - bufferOffset, 0);
        if (room > 0) {
            this.buffers[slot].set(source.subarray(0, room), bufferOffset);
        }
        return room >= source.length ? "done" : "overflow";
    }

    sendPioSetup(slot: number, byteCount: number, update: RegisterUpdate): void {
        this.#take({ frame: "pio", slot, byteCount, ...update });
    }

    sendRegisterUpdate(slot: number, update: RegisterUpdate): void {
        this.#take({ frame: "register", slot, ...update });
    }

    sendSetDeviceBits(bits: SetDeviceBits): void {
        this.#take({ frame: "bits", ...bits });
    }

    #take(frame: Frame): void {
        this.frames.push(frame);
        this.onFrame(frame);
    }
}

/** A drive of 1 MiB at a host, with a trace; every choice is 0 where nothing else is said. */
export class DriveBench {
    readonly clock = new Clock();
    readonly host = new DriveHost();
    readonly notices: MachineNotice[] = [];
    readonly medium: MemoryStore;
    readonly choices: ChoiceStream;
    readonly recorder: TraceRecorder;
    readonly drive: Drive;

    constructor(options: Partial<DriveOptions> & { readonly diskBytes?: Uint8Array } = {}) {
        this.medium = new MemoryStore(options.diskBytes ?? new Uint8Array(2 ** 20));
        this.choices = options.choices ?? new RecordedChoices([]);
        this.recorder = new TraceRecorder({
            diskSizeBytes: this.medium.sizeBytes,
            sectorSizeBytes: 512,
            startsWithCache: true,
        });
        this.drive = new Drive({
            medium: this.medium,
            clock: this.clock,
            notices: (notice) => this.notices.push(notice),
            recorder: this.recorder,
            ...options,
            choices: this.choices,
        });
        this.drive.attach(this.host);
    }

    /** Sends a command; registers that are left out are 0, but for the LBA bit of the device. */
    issue(command: Partial<AtaCommand> & { readonly command: number }): void {
        this.drive.accept({
            slot: 0,
            features: 0,
            lba: 0,
            count: 0,
            device: 0x40,
            ...command,
        });
    }

    /** Lets time pass until nothing more is due. */
    run(): void {
        while (this.clock.nextAlarmNs !== Number.POSITIVE_INFINITY) {
            this.clock.advanceTo(this.clock.nextAlarmNs);
        }
    }

    /** Sends a command with a buffer in slot 0, lets it end, and gives its last frame. */
    command(
        command: Partial<AtaCommand> & { readonly command: number },
        buffer: Uint8Array = new Uint8Array(0),
    ): Frame | undefined {
        this.host.buffers[command.slot ?? 0] = buffer;
        this.host.frames.length = 0;
        this.issue(command);
        this.run();
        return this.host.frames.at(-1);
    }

    /** Power fails and comes back; a new trace begins. */
    cyclePower(): void {
        this.drive.losePower();
        this.drive.reset();
        this.recorder.reset();
    }

    /** All that the drive's future depends on, but the host. */
    save(): StateRecord {
        return {
            clock: this.clock.save(),
            drive: this.drive.save(),
            choices: this.choices.save(),
            recorder: this.recorder.save(),
            medium: this.medium.bytes.slice(),
        };
    }

    load(state: StateRecord): void {
        const fields = new StateFields(state, "bench");
        this.clock.load(fields.record("clock"));
        this.drive.load(fields.record("drive"));
        this.choices.load(fields.record("choices"));
        this.recorder.load(fields.record("recorder"));
        this.medium.bytes.set(fields.bytes("medium"));
    }
}

/** Sectors full of a number, so that who wrote them can be seen. */
export function sectorsOf(sectorCount: number, value: number): Uint8Array {
    return new Uint8Array(512 * sectorCount).fill(value);
}
