/**
 * The drive's end of the link: the host's port, and what the drive says through it.
 *
 * Source: Serial ATA 3.0, 10.3 (the FISes) and 13.6.4 (which of them queued commands send).
 */
import { assert } from "../../base/assert.ts";
import { AtaStatus, type HostPort } from "./link.ts";
import type { OutstandingCommand } from "./outstanding-command.ts";

/** Status of a drive that is idle, and of commands that ended well; as QEMU's drive has it. */
const idleStatus = AtaStatus.ready | AtaStatus.seekComplete;
export const errorStatus = idleStatus | AtaStatus.error;
/** Status while a PIO command's data moves. */
const transferStatus = idleStatus | AtaStatus.dataRequest;
/** Every tag. */
const allTags = 0xffff_ffff;

/** The signature of a drive that speaks ATA, and not packets: LBA 1, count 1 (Serial ATA, 11.3). */
export const ataSignature = { lba: 1, count: 1, device: 0 } as const;
/** The error register after a reset or a diagnosis: the drive is well (ACS-3, 7.9.4). */
const diagnosisPassed = 0x01;

export class HostLink {
    #port: HostPort | undefined;

    /** The host's end. */
    get port(): HostPort {
        assert(this.#port !== undefined, "a drive at work is attached to a port");
        return this.#port;
    }

    attach(port: HostPort): void {
        assert(this.#port === undefined, "a drive is attached once");
        this.#port = port;
    }

    /** A queued command was taken, and the drive is free for the next: BSY is clear. */
    taken(command: OutstandingCommand): void {
        this.#sendRegisters(command, idleStatus, 0, false);
    }

    /** A command that does not queue has ended, or one that may queue was refused at the door. */
    ended(command: OutstandingCommand): void {
        if (command.error !== 0) {
            this.#sendRegisters(command, errorStatus, command.error, true);
            return;
        }
        const error = command.form.action === "diagnose" ? diagnosisPassed : 0;
        this.#sendRegisters(command, idleStatus, error, true);
    }

    /** Queued commands have ended well, a bit for each tag; nothing is said where none did. */
    queuedDone(tags: number): void {
        if (tags !== 0) {
            this.#sendBits(tags, idleStatus, 0, true);
        }
    }

    /** A queued command has failed; which one, the error log says. */
    queuedFailed(error: number): void {
        this.#sendBits(0, errorStatus, error, true);
    }

    /** All tags are done with, whichever the host still counts. */
    queueReleased(): void {
        this.#sendBits(allTags, idleStatus, 0, false);
    }

    /** The link was reset: the drive is well, and shows what it is. */
    signature(): void {
        const sound = { status: idleStatus, error: diagnosisPassed, interrupt: false };
        this.port.sendRegisterUpdate(-1, { ...sound, ...ataSignature });
    }

    /** Data of a PIO command is to move, `byteCount` bytes of it. */
    transferBegins({ slot, lba, count, device }: OutstandingCommand, byteCount: number): void {
        const registers = { error: 0, interrupt: true, lba, count, device };
        this.port.sendPioSetup(slot, byteCount, { status: transferStatus, ...registers });
    }

    #sendRegisters(
        { slot, lba, count, device }: OutstandingCommand,
        status: number,
        error: number,
        interrupt: boolean,
    ): void {
        const update = { status, error, interrupt, lba, count, device };
        this.port.sendRegisterUpdate(slot, update);
    }

    #sendBits(doneTags: number, status: number, error: number, interrupt: boolean): void {
        const bits = { doneTags: doneTags >>> 0, status, error, interrupt };
        this.port.sendSetDeviceBits(bits);
    }
}
