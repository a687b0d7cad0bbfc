/**
 * What each command does, once the protocol has let it in: its check on arrival, its data, its end.
 *
 * Errors are bits of the ATA error register, 0 for none. Sections are of ACS-3.
 */
import { sectorSize } from "../../base/sector.ts";
import type { WriteCache } from "../../disk/cache/write-cache.ts";
import { deviceLbaBit } from "./ata-commands.ts";
import type { DataMover } from "./data-mover.ts";
import { type DriveSettings, SetFeature } from "./drive-settings.ts";
import { ataSignature } from "./host-link.ts";
import { type DriveIdentity, identifyDeviceBlock } from "./identify-device.ts";
import { AtaError } from "./link.ts";
import {
    logDirectoryAddress,
    logDirectoryPage,
    ncqErrorLogAddress,
    ncqErrorLogPage,
    type QueueError,
} from "./ncq-error-log.ts";
import type { OutstandingCommand } from "./outstanding-command.ts";
import { maxTrimListSectors, trimFeature, trimRanges } from "./trim.ts";

/** What a drive is, beside what its host makes of it. */
export interface DriveNature {
    readonly identity: DriveIdentity;
    readonly sizeBytes: number;
    /** Whether IDENTIFY offers WRITE DMA FUA EXT; FUA of a queued write is always heeded. */
    readonly advertisesFua: boolean;
}

/** CHECK POWER MODE's answers (7.3.3): spun down; active or idle. */
const powerMode = { standby: 0x00, activeOrIdle: 0xff } as const;

export class CommandExecution {
    readonly #cache: WriteCache;
    readonly #settings: DriveSettings;
    readonly #mover: DataMover;
    readonly #nature: DriveNature;

    constructor(cache: WriteCache, settings: DriveSettings, mover: DataMover, nature: DriveNature) {
        this.#cache = cache;
        this.#settings = settings;
        this.#mover = mover;
        this.#nature = nature;
    }

    /** The error with which a command must end that has just arrived. */
    check(command: OutstandingCommand): number {
        const { form, device, byteOffset, byteLength } = command;
        const isRefused =
            form.action === "abort" ||
            // An address by cylinder, head and sector, which no drive has had for decades.
            (form.address === "28" && (device & deviceLbaBit) === 0) ||
            (form.isMultiple === true && this.#settings.multipleSectorCount === 0) ||
            (form.isFua === true && !this.#nature.advertisesFua) ||
            (form.action === "trim" && !isTrim(command)) ||
            (form.action === "read log" && !isLogPage(command));
        if (isRefused) {
            return AtaError.aborted;
        }
        return byteOffset + byteLength > this.#nature.sizeBytes ? AtaError.idNotFound : 0;
    }

    /** The sector that the error of a refused command is about: the first that is not there. */
    refusedLba({ error, byteOffset }: OutstandingCommand): number {
        const firstLba = byteOffset / sectorSize;
        const sectorCount = this.#nature.sizeBytes / sectorSize;
        return error === AtaError.idNotFound ? Math.max(firstLba, sectorCount) : firstLba;
    }

    /**
     * Fetches what the host sends with a command.
     *
     * @returns the error, when the host had less, or sent what cannot be done.
     */
    takeData(command: OutstandingCommand): number {
        if (command.form.action === "write") {
            return this.#mover.takeWrite(command) ? 0 : AtaError.aborted;
        }
        const list = this.#mover.takeList(command, command.count * sectorSize);
        if (list === undefined) {
            return AtaError.aborted;
        }
        const ranges = trimRanges(list, this.#nature.sizeBytes);
        if (ranges === undefined) {
            return AtaError.idNotFound;
        }
        this.#mover.discard(command, ranges);
        return 0;
    }

    /**
     * Does what a command is to have done when it ends. What it leaves in the registers stands in
     * the command's own.
     *
     * @param queueError what the NCQ command error log says.
     */
    execute(command: OutstandingCommand, queueError: QueueError | undefined): number {
        switch (command.form.action) {
            case "read":
                return this.#mover.deliverSectors(command) ? 0 : AtaError.aborted;
            case "write":
                this.#mover.writeThrough(command);
                return 0;
            case "flush":
                this.#cache.flush();
                return 0;
            case "standby":
                this.#cache.flush();
                this.#settings.isStandby = true;
                return 0;
            case "idle":
                this.#settings.isStandby = false;
                return 0;
            case "check power":
                command.count = this.#settings.isStandby
                    ? powerMode.standby
                    : powerMode.activeOrIdle;
                return 0;
            case "identify":
                return this.#deliver(command, this.#identifyBlock());
            case "read log":
                return this.#deliver(command, logPage(command, queueError));
            case "set features":
                return this.#setFeature(command);
            case "set multiple":
                return this.#settings.setMultiple(command.count & 0xff) ? 0 : AtaError.aborted;
            case "diagnose":
                command.lba = ataSignature.lba;
                command.count = ataSignature.count;
                command.device = ataSignature.device;
                return 0;
            default:
                return 0;
        }
    }

    #identifyBlock(): Uint8Array {
        const { identity, sizeBytes, advertisesFua } = this.#nature;
        const sectorCount = sizeBytes / sectorSize;
        const facts = { identity, sectorCount, advertisesFua, isCacheOn: this.#cache.isOn };
        return identifyDeviceBlock(facts, this.#settings);
    }

    #deliver(command: OutstandingCommand, bytes: Uint8Array): number {
        const result = this.#mover.deliver(command, 0, bytes);
        return result === "bus error" ? AtaError.aborted : 0;
    }

    #setFeature({ features, count }: OutstandingCommand): number {
        switch (features & 0xff) {
            case SetFeature.enableWriteCache:
                this.#cache.isOn = true;
                return 0;
            case SetFeature.disableWriteCache:
                this.#cache.isOn = false;
                return 0;
            case SetFeature.enableLookAhead:
                this.#settings.isLookAheadOn = true;
                return 0;
            case SetFeature.disableLookAhead:
                this.#settings.isLookAheadOn = false;
                return 0;
            case SetFeature.setTransferMode:
                return this.#settings.setTransferMode(count & 0xff) ? 0 : AtaError.aborted;
            default:
                return AtaError.aborted;
        }
    }
}

/** DATA SET MANAGEMENT (7.5): only trims, and lists of a size that a host would send. */
function isTrim({ features, count }: OutstandingCommand): boolean {
    return features === trimFeature && count >= 1 && count <= maxTrimListSectors;
}

/** The log that READ LOG EXT names: LBA 7:0 (7.24.3). */
function logAddress({ lba }: OutstandingCommand): number {
    return lba % 256;
}

/** Whether READ LOG EXT names one of the logs. Each has one page, page 0: LBA 39:32 and 15:8. */
function isLogPage(command: OutstandingCommand): boolean {
    const address = logAddress(command);
    const hasLog = address === logDirectoryAddress || address === ncqErrorLogAddress;
    const pageHigh = Math.floor(command.lba / 2 ** 32) % 256;
    const pageLow = Math.floor(command.lba / 2 ** 8) % 256;
    return hasLog && pageHigh === 0 && pageLow === 0 && command.count === 1;
}

/** Whether a command reads the NCQ command error log, which ends a halt of the queue. */
export function isErrorLogRead(command: OutstandingCommand): boolean {
    const isRead = command.form.action === "read log" && isLogPage(command);
    return isRead && logAddress(command) === ncqErrorLogAddress;
}

function logPage(command: OutstandingCommand, queueError: QueueError | undefined): Uint8Array {
    return logAddress(command) === ncqErrorLogAddress
        ? ncqErrorLogPage(queueError)
        : logDirectoryPage();
}
