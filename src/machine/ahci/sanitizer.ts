/**
 * The protocol sanitiser: watches how a driver uses the controller and reports what it does wrong,
 * when it does it.
 *
 * From doorbell to completion a command's header, FIS, list and buffer are the hardware's. The
 * sanitiser takes digests of them at the doorbell and compares them when the command ends, and the
 * parts of the buffer that move when they do; what the drive itself stores is taken into the
 * digests. A driver that changes something and changes it back is not caught, nor is one that
 * reads early. A read whose list names the same memory twice overwrites its own data: that buffer
 * is not watched.
 *
 * From completion to the driver's reading of it a slot is not free: PxCI tells of unqueued
 * commands, PxIS with DHRS too, PxSACT of queued ones. Drivers that look into the received-FIS
 * area instead would be blamed for reusing slots; Chickadee's does not.
 *
 * It writes nothing and changes no time: a run is the same with it and without it.
 */
import { lowestBit } from "../../base/lowest-bit.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import type { Clock } from "../clock.ts";
import type { Stateful } from "../device.ts";
import type { GuestMemory } from "../guest-memory.ts";
import { type ExpectedTransfer, expectedTransfer, isFlushCommand } from "./ata-transfer.ts";
import { type BufferWindow, overlap } from "./buffer-digests.ts";
import { digestStructures, misalignedEntry } from "./command-structures.ts";
import type { AhciObserver, FetchedCommand, ObservedPort, TransferDirection } from "./observer.ts";
import { portCount, slotCount } from "./registers.ts";
import type { FindingKind, ProtocolFinding } from "./sanitizer-findings.ts";
import { savedWord } from "./saved-word.ts";
import type { PhysicalRange } from "./scatter-gather.ts";
import { SlotWatch } from "./slot-watch.ts";

/** What the sanitiser needs. */
export interface SanitizerOptions {
    readonly memory: GuestMemory;
    readonly clock: Clock;
    /** Takes findings as they are made. */
    readonly report: (finding: ProtocolFinding) => void;
}

export class AhciSanitizer implements AhciObserver, Stateful {
    readonly name = "ahci-sanitizer";
    readonly #memory: GuestMemory;
    readonly #clock: Clock;
    readonly #report: (finding: ProtocolFinding) => void;
    /** By port and slot. */
    readonly #watches: readonly SlotWatch[];

    constructor({ memory, clock, report }: SanitizerOptions) {
        this.#memory = memory;
        this.#clock = clock;
        this.#report = report;
        this.#watches = Array.from({ length: portCount * slotCount }, () => new SlotWatch());
    }

    onDoorbell(
        port: ObservedPort,
        register: "PxCI" | "PxSACT",
        writtenBits: number,
        bitsBefore: number,
    ): void {
        if (register === "PxSACT") {
            return;
        }
        for (const slot of slotsOf(writtenBits & ~bitsBefore)) {
            const watch = this.#watch(port, slot);
            if (watch.isUnread) {
                this.#find(
                    "slot-reused-before-read",
                    port.portNo,
                    slot,
                    `slot ${slot} is used again before the end of its last command was read`,
                );
            }
            if (((port.queuedSlots >>> slot) & 1) !== 0) {
                this.#find(
                    "slot-reused-in-flight",
                    port.portNo,
                    slot,
                    `slot ${slot} is used again while its queued command is outstanding`,
                );
            }
            watch.isRung = true;
            watch.isInFlight = false;
            watch.isUnread = false;
            watch.structureDigest = this.#digestStructures(port, slot);
        }
    }

    onCommandRefused(port: ObservedPort, slot: number, reason: string): void {
        this.#find(
            "doorbell-before-structures",
            port.portNo,
            slot,
            `slot ${slot} was issued without a command that makes sense: ${reason}`,
        );
        this.#watch(port, slot).reset();
    }

    onCommandFetched(port: ObservedPort, command: FetchedCommand): void {
        const { slot } = command;
        const watch = this.#watch(port, slot);
        const structureDigest = this.#digestStructures(port, slot);
        if (structureDigest !== watch.structureDigest) {
            watch.structureDigest = structureDigest;
            this.#find(
                "doorbell-before-structures",
                port.portNo,
                slot,
                `slot ${slot}'s command was changed between its doorbell and its issue`,
            );
        }
        this.#checkQueueing(port, command);
        watch.isInFlight = true;
        watch.isBufferBlamed = false;
        watch.buffer.begin(0);
        const transfer = expectedTransfer(command);
        if (transfer !== undefined) {
            const ranges = port.describeBuffer(slot, 0, transfer.byteCount);
            this.#checkList(port, command, transfer, ranges);
            if (transfer.direction === "to drive" || !overlap(ranges)) {
                watch.buffer.begin(transfer.byteCount);
                watch.buffer.take(this.#memory, 0, ranges);
            }
        }
    }

    onTransferStart(
        port: ObservedPort,
        slot: number,
        direction: TransferDirection,
        bufferOffset: number,
        byteLength: number,
    ): void {
        const when = direction === "to drive" ? "before the drive took it" : "before data came";
        const moving = this.#watch(port, slot).buffer.around(bufferOffset, byteLength);
        this.#checkBuffer(port, slot, moving, when);
    }

    onTransfer(
        port: ObservedPort,
        slot: number,
        direction: TransferDirection,
        bufferOffset: number,
        byteLength: number,
    ): void {
        if (direction === "to host") {
            const { buffer } = this.#watch(port, slot);
            this.#takeBuffer(port, slot, buffer.around(bufferOffset, byteLength));
        }
    }

    onCompletionPosted(port: ObservedPort, slots: number): void {
        for (const slot of slotsOf(slots)) {
            const watch = this.#watch(port, slot);
            this.#checkBuffer(port, slot, watch.buffer.whole, "before its command ended");
            if (watch.isRung && this.#digestStructures(port, slot) !== watch.structureDigest) {
                this.#find(
                    "structures-changed-in-flight",
                    port.portNo,
                    slot,
                    `slot ${slot}'s header, FIS or list was changed before its command ended`,
                );
            }
            watch.reset();
            watch.isUnread = true;
        }
    }

    onCompletionRead(port: ObservedPort, slots: number): void {
        for (const slot of slotsOf(slots)) {
            this.#watch(port, slot).isUnread = false;
        }
    }

    onPortStopped({ portNo }: ObservedPort): void {
        for (let slot = 0; slot < slotCount; slot++) {
            this.#blameUnread(portNo, slot);
            this.#watches[portNo * slotCount + slot].reset();
        }
    }

    /**
     * The machine is off: of what ended and was not read by now the driver never learned. Commands
     * that the drive still has are none of that. Said once, however often this is called.
     */
    finish(): void {
        for (let portNo = 0; portNo < portCount; portNo++) {
            for (let slot = 0; slot < slotCount; slot++) {
                this.#blameUnread(portNo, slot);
            }
        }
    }

    reset(): void {
        for (const watch of this.#watches) {
            watch.reset();
        }
    }

    save(): StateRecord {
        const busy = this.#watches.flatMap((watch, index) =>
            watch.isRung || watch.isUnread ? [{ index, ...watch.save() }] : [],
        );
        return { version: 1, watches: busy };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.reset();
        for (const record of state.records("watches")) {
            this.#watches[savedWord(record, "index", this.#watches.length - 1)].load(record);
        }
    }

    /** Whether a command and the queue that it meets go together. */
    #checkQueueing(port: ObservedPort, { slot, tag, command }: FetchedCommand): void {
        const name = `command ${hex(command)} in slot ${slot}`;
        const others = port.queuedSlots & ~(1 << slot);
        if (tag === undefined && others !== 0) {
            const kind = isFlushCommand(command)
                ? "flush-with-queued-outstanding"
                : "unqueued-with-queued-outstanding";
            this.#find(
                kind,
                port.portNo,
                slot,
                `${name} is not queued, and queued commands are outstanding in slots ` +
                    slotsOf(others).join(", "),
            );
        }
        if (tag !== undefined && tag !== slot) {
            this.#find("tag-mismatch", port.portNo, slot, `${name} has tag ${tag}`);
        }
        const isActive = ((port.activeTags >>> (tag ?? slot)) & 1) !== 0;
        if (isActive !== (tag !== undefined)) {
            this.#find(
                "queue-bit-mismatch",
                port.portNo,
                slot,
                tag === undefined
                    ? `${name} is not queued, and its bit in PxSACT is set`
                    : `${name} is queued, and the bit of its tag in PxSACT is clear`,
            );
        }
    }

    /** @param ranges what the list describes of the buffer. */
    #checkList(
        port: ObservedPort,
        command: FetchedCommand,
        transfer: ExpectedTransfer,
        ranges: readonly PhysicalRange[],
    ): void {
        const { slot } = command;
        const { direction, byteCount } = transfer;
        const name = `command ${hex(command.command)} in slot ${slot}`;
        if (command.isDeviceWrite !== (direction === "to drive")) {
            const set = command.isDeviceWrite ? "set" : "clear";
            this.#find(
                "wrong-direction",
                port.portNo,
                slot,
                `${name} moves data ${direction}, and its header's W bit is ${set}`,
            );
        }
        const entry = misalignedEntry(this.#memory, command, byteCount);
        if (entry !== undefined) {
            this.#find(
                "misaligned",
                port.portNo,
                slot,
                `entry ${entry} of the list of slot ${slot} has an odd address or length`,
            );
        }
        const listedBytes = ranges.reduce((sum, { byteLength }) => sum + byteLength, 0);
        if (listedBytes < byteCount) {
            this.#find(
                "buffer-too-short",
                port.portNo,
                slot,
                `${name} moves ${byteCount} bytes, and its list describes ${listedBytes}`,
            );
        }
        const outside = ranges.find(
            ({ address, byteLength }) => !this.#memory.contains(address, byteLength),
        );
        if (outside !== undefined) {
            this.#find(
                "buffer-outside-memory",
                port.portNo,
                slot,
                `the list of slot ${slot} leads to address 0x${outside.address.toString(16)}, ` +
                    "which is not all memory",
            );
        }
    }

    /** Whether a part of the buffer is as it was left; if not, says so once a command. */
    #checkBuffer(port: ObservedPort, slot: number, part: BufferWindow, when: string): void {
        const watch = this.#watch(port, slot);
        if (!watch.isInFlight || !this.#takeBuffer(port, slot, part) || watch.isBufferBlamed) {
            return;
        }
        watch.isBufferBlamed = true;
        this.#find(
            "buffer-changed-in-flight",
            port.portNo,
            slot,
            `the buffer of slot ${slot} was changed ${when}`,
        );
    }

    /** Takes digests of a part of the buffer. Returns whether it changed. */
    #takeBuffer(port: ObservedPort, slot: number, part: BufferWindow): boolean {
        const { bufferOffset, byteLength } = part;
        if (byteLength <= 0) {
            return false;
        }
        const ranges = port.describeBuffer(slot, bufferOffset, byteLength);
        return this.#watch(port, slot).buffer.take(this.#memory, bufferOffset, ranges);
    }

    #blameUnread(portNo: number, slot: number): void {
        const watch = this.#watches[portNo * slotCount + slot];
        if (watch.isUnread) {
            watch.isUnread = false;
            this.#find(
                "completion-never-read",
                portNo,
                slot,
                `the command in slot ${slot} ended, and the driver never read that it did`,
            );
        }
    }

    #watch({ portNo }: ObservedPort, slot: number): SlotWatch {
        return this.#watches[portNo * slotCount + slot];
    }

    #digestStructures(port: ObservedPort, slot: number): number {
        return digestStructures(this.#memory, port.commandListAddress, slot);
    }

    #find(kind: FindingKind, port: number, slot: number, message: string): void {
        this.#report({ kind, atNs: this.#clock.nowNs, port, slot, message });
    }
}

/** The numbers of the bits that are set, ascending. */
function slotsOf(mask: number): number[] {
    const slots: number[] = [];
    for (let left = mask; left !== 0; left &= left - 1) {
        slots.push(lowestBit(left));
    }
    return slots;
}

/** A command code, as manuals write it. */
function hex(command: number): string {
    return `${command.toString(16).toUpperCase().padStart(2, "0")}h`;
}
