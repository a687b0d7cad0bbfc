/**
 * Moves a command's data between the host's buffer and the drive's cache.
 *
 * A write through the cache (FUA, or the cache is off) is held until its command ends: before that
 * nothing is promised, and a loss of power decides what became of it. Any other write is in the
 * cache as soon as its data was fetched.
 */
import { sectorSize } from "../../base/sector.ts";
import type { WriteCache } from "../../disk/cache/write-cache.ts";
import type { CommandTrace } from "./command-trace.ts";
import type { DriveSettings } from "./drive-settings.ts";
import type { HostLink } from "./host-link.ts";
import type { TransferResult } from "./link.ts";
import { noBit, type OutstandingCommand } from "./outstanding-command.ts";
import type { TrimRange } from "./trim.ts";

/** Data moves by pieces of at most this size, where the command leaves the drive free. */
const pieceSize = 65_536;

export class DataMover {
    readonly #cache: WriteCache;
    readonly #settings: DriveSettings;
    readonly #trace: CommandTrace;
    readonly #link: HostLink;
    /** Room for a transfer. It grows to the largest write whose data the host really has. */
    #room = new Uint8Array(pieceSize);
    /** Room for what a write replaces, which only a trace asks for. */
    #before = new Uint8Array(0);

    constructor(cache: WriteCache, settings: DriveSettings, trace: CommandTrace, link: HostLink) {
        this.#cache = cache;
        this.#settings = settings;
        this.#trace = trace;
        this.#link = link;
    }

    /**
     * Fetches a write's data and accepts it: all of it, or of a write that fails midway what the
     * command says. Returns false when the host did not have it all; then nothing of it is
     * accepted.
     */
    takeWrite(command: OutstandingCommand): boolean {
        const { byteOffset, byteLength } = command;
        const isThrough = command.isFua || !this.#cache.isOn;
        if (!this.#isAllThere(command, byteLength)) {
            return false;
        }
        if (!isThrough) {
            this.#room = roomFor(this.#room, byteLength);
        }
        const bytes = isThrough ? new Uint8Array(byteLength) : this.#room.subarray(0, byteLength);
        if (!this.#fetch(command, bytes)) {
            return false;
        }
        if (this.#trace.isKept) {
            this.#before = roomFor(this.#before, byteLength);
            const before = this.#before.subarray(0, byteLength);
            this.#cache.read(byteOffset, before);
            this.#trace.dataArrived(command, before, bytes);
        }
        if (command.error !== 0) {
            const accepted = bytes.subarray(0, command.acceptedSectors * sectorSize);
            this.#cache.write(byteOffset, accepted, false);
        } else if (isThrough) {
            command.held = bytes;
        } else {
            this.#cache.write(byteOffset, bytes, false);
        }
        return true;
    }

    /** Puts a held write where it was to go: on the medium. */
    writeThrough(command: OutstandingCommand): void {
        if (command.held !== undefined) {
            this.#cache.write(command.byteOffset, command.held, true);
            command.held = undefined;
        }
    }

    /** Fetches a command's list of `byteLength` bytes; undefined when the host has less. */
    takeList(command: OutstandingCommand, byteLength: number): Uint8Array | undefined {
        const list = new Uint8Array(byteLength);
        return this.#fetch(command, list) ? list : undefined;
    }

    discard(command: OutstandingCommand, ranges: readonly TrimRange[]): void {
        this.#trace.trimmed(command, ranges);
        for (const { byteOffset, byteLength } of ranges) {
            this.#cache.discard(byteOffset, byteLength);
        }
    }

    /** Sends the sectors of a read. Returns false when the host could not take them. */
    deliverSectors(command: OutstandingCommand): boolean {
        const { byteOffset, byteLength, turnedBit } = command;
        const pieceBytes = Math.min(this.#blockBytes(command), pieceSize);
        for (let done = 0; done < byteLength; done += pieceBytes) {
            const piece = this.#room.subarray(0, Math.min(pieceBytes, byteLength - done));
            this.#cache.read(byteOffset + done, piece);
            const turnedByte = (turnedBit >>> 3) - done;
            if (turnedBit !== noBit && turnedByte >= 0 && turnedByte < piece.length) {
                piece[turnedByte] ^= 1 << (turnedBit & 7);
            }
            const result = this.deliver(command, done, piece);
            if (result !== "done") {
                // The host's list is used up: the rest has nowhere to go, and the drive never
                // learns it. A bus error it does learn.
                return result === "overflow";
            }
        }
        return true;
    }

    /** Sends bytes that are no sectors: an IDENTIFY block, a log. */
    deliver(command: OutstandingCommand, bufferOffset: number, bytes: Uint8Array): TransferResult {
        if (command.form.protocol === "PIO") {
            this.#link.transferBegins(command, bytes.length);
        }
        return this.#link.port.deliver(command.slot, bufferOffset, bytes);
    }

    /** Fills `target` from the host's buffer; false when it did not have it all. */
    #fetch(command: OutstandingCommand, target: Uint8Array): boolean {
        if (command.form.protocol !== "PIO") {
            return this.#link.port.fetch(command.slot, 0, target) === "done";
        }
        const blockBytes = this.#blockBytes(command);
        for (let done = 0; done < target.length; done += blockBytes) {
            const block = target.subarray(done, Math.min(done + blockBytes, target.length));
            this.#link.transferBegins(command, block.length);
            if (this.#link.port.fetch(command.slot, done, block) !== "done") {
                return false;
            }
        }
        return true;
    }

    /**
     * Whether the host's list has room for a large transfer, so that no memory is taken for data
     * that does not exist. A small one is simply tried.
     */
    #isAllThere({ slot }: OutstandingCommand, byteLength: number): boolean {
        if (byteLength <= pieceSize) {
            return true;
        }
        const listBytes = this.#link.port.bufferBytes(slot);
        if (listBytes >= byteLength) {
            return true;
        }
        // Asking for what is not there tells the port that its list is short.
        this.#link.port.fetch(slot, listBytes, this.#room.subarray(0, sectorSize));
        return false;
    }

    /** Bytes between two PIO Setup FISes (ACS-3, 4.2): a sector, or a block of READ MULTIPLE. */
    #blockBytes({ form, byteLength }: OutstandingCommand): number {
        if (form.protocol !== "PIO") {
            return byteLength;
        }
        return sectorSize * (form.isMultiple ? this.#settings.multipleSectorCount : 1);
    }
}

/** The same room where it is large enough, else a larger one. */
function roomFor(room: Uint8Array<ArrayBuffer>, byteLength: number): Uint8Array<ArrayBuffer> {
    return room.length >= byteLength ? room : new Uint8Array(byteLength);
}
