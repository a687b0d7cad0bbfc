/**
 * A command slot of a port: the command that was taken from memory, and where its parts lie.
 *
 * A header is read once, when its command is issued (AHCI 1.3.1, 5.3.5); what a driver changes
 * there later has no effect. The scatter-gather list is read while data moves.
 */
import type { StateFields, StateRecord } from "../../base/state.ts";
import type { StructView } from "../../base/struct.ts";
import { UserError } from "../../base/user-error.ts";
import type { GuestMemory } from "../guest-memory.ts";
import type { AtaCommand } from "../sata/link.ts";
import {
    CommandHeader,
    CommandTable,
    HeaderFlag,
    maxFisDwords,
    minFisDwords,
    tableAddress,
} from "./command-list.ts";
import { CommandFis, CommandFisFlag, FisType, isQueuedCommand, softwareReset } from "./frame.ts";
import type { FetchedCommand } from "./observer.ts";
import { savedWord } from "./saved-word.ts";
import { ScatterGatherList } from "./scatter-gather.ts";

/** Why a command cannot be issued. */
export interface FetchProblem {
    /** Whether the bus is to blame, and not what was read over it. */
    readonly isBusError: boolean;
    readonly reason: string;
}

/**
 * What a command can be refused for. The specification leaves open what follows from structures
 * that it forbids; here the drive does not take the frame, which is an interface error (6.1.2).
 */
export const fetchProblems = {
    noBusMaster: { isBusError: true, reason: "PCI bus mastering is off" },
    headerOutside: { isBusError: true, reason: "the command header lies outside memory" },
    tableOutside: { isBusError: true, reason: "the command table lies outside memory" },
    fisLength: { isBusError: false, reason: "CFL is not a length from 4 to 16 dwords" },
    atapi: { isBusError: false, reason: "it is marked ATAPI, and the drive is a disk" },
    selfTest: { isBusError: false, reason: "it asks for a built-in self test" },
    multiplier: { isBusError: false, reason: "it is for a port multiplier, and there is none" },
    fisType: { isBusError: false, reason: "the command FIS is no Register FIS (27h)" },
} as const satisfies Record<string, FetchProblem>;

export class CommandSlot {
    readonly slotNo: number;
    readonly list: ScatterGatherList;
    /** Whether the command is a queued one, and with which tag. */
    isQueued = false;
    tag = 0;
    /** Bytes of data that moved so far. */
    movedBytes = 0;
    readonly #memory: GuestMemory;
    readonly #header: StructView<typeof CommandHeader.fields>;
    readonly #fis: StructView<typeof CommandFis.fields>;
    #flags = 0;

    constructor(memory: GuestMemory, slotNo: number) {
        this.slotNo = slotNo;
        this.list = new ScatterGatherList(memory);
        this.#memory = memory;
        this.#header = CommandHeader.at(memory.bytes);
        this.#fis = CommandFis.at(memory.bytes);
    }

    /** Takes the slot's command from the list at `listAddress`, or says why that cannot be. */
    fetch(listAddress: number): FetchProblem | undefined {
        const headerAddress = listAddress + this.slotNo * CommandHeader.sizeBytes;
        if (!this.#memory.contains(headerAddress, CommandHeader.sizeBytes)) {
            return fetchProblems.headerOutside;
        }
        const header = this.#header;
        header.byteOffset = headerAddress;
        const flags = header.flags;
        const problem = flagProblem(flags);
        if (problem !== undefined) {
            return problem;
        }
        const address = tableAddress(header.tableLow, header.tableHigh);
        if (!this.#memory.contains(address, 4 * (flags & HeaderFlag.fisLengthMask))) {
            return fetchProblems.tableOutside;
        }
        this.#fis.byteOffset = address;
        if (this.#fis.type !== FisType.hostToDevice) {
            return fetchProblems.fisType;
        }
        if ((this.#fis.flags & ~CommandFisFlag.isCommand) !== 0) {
            return fetchProblems.multiplier;
        }
        this.#flags = flags;
        this.list.point(address + CommandTable.sizeBytes, header.entryCount);
        this.isQueued = this.isCommand && isQueuedCommand(this.#fis.command);
        this.tag = (this.#fis.count >>> 3) & 0x1f;
        this.movedBytes = 0;
        return undefined;
    }

    /** Whether the FIS is a command, or only writes the Device Control register. */
    get isCommand(): boolean {
        return (this.#fis.flags & CommandFisFlag.isCommand) !== 0;
    }

    /** SRST of a FIS that writes the Device Control register. */
    get isSoftwareReset(): boolean {
        return (this.#fis.control & softwareReset) !== 0;
    }

    /** C: the port does not wait for an answer. */
    get clearsBusy(): boolean {
        return (this.#flags & HeaderFlag.clearBusy) !== 0;
    }

    /** W: data goes to the drive. */
    get isDeviceWrite(): boolean {
        return (this.#flags & HeaderFlag.deviceWrite) !== 0;
    }

    /** The command, as the drive gets it. Right after `fetch` only: it reads memory. */
    ataCommand(): AtaCommand {
        const fis = this.#fis;
        const low = fis.lbaLowAndDevice;
        const high = fis.lbaHighAndFeatures;
        return {
            slot: this.slotNo,
            command: fis.command,
            features: fis.featuresLow | ((high >>> 24) << 8),
            lba: (low & 0xff_ffff) + (high & 0xff_ffff) * 2 ** 24,
            count: fis.count,
            device: low >>> 24,
        };
    }

    /** The command, as a watcher gets it. Right after `fetch` only. */
    describe(): FetchedCommand {
        const address = this.#fis.byteOffset;
        const fisBytes = 4 * (this.#flags & HeaderFlag.fisLengthMask);
        return {
            slot: this.slotNo,
            command: this.#fis.command,
            commandFis: this.#memory.bytes.slice(address, address + fisBytes),
            tag: this.isQueued ? this.tag : undefined,
            isDeviceWrite: this.isDeviceWrite,
            headerAddress: this.#header.byteOffset,
            tableAddress: address,
            entryCount: this.list.entryCount,
        };
    }

    /** Tells the driver how much moved: PRDBC (4.2.2). Queued commands have none (5.4.1). */
    storeMovedBytes(): void {
        this.#header.movedBytes = this.movedBytes;
        this.#memory.wrote(this.#header.byteOffset + CommandHeader.fields.movedBytes.offset, 4);
    }

    save(): StateRecord {
        return {
            version: 1,
            slotNo: this.slotNo,
            headerAddress: this.#header.byteOffset,
            tableAddress: this.#fis.byteOffset,
            flags: this.#flags,
            entryCount: this.list.entryCount,
            isQueued: this.isQueued,
            tag: this.tag,
            movedBytes: this.movedBytes,
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        const headerAddress = savedWord(state, "headerAddress");
        const address = savedWord(state, "tableAddress");
        if (
            !this.#memory.contains(headerAddress, CommandHeader.sizeBytes) ||
            !this.#memory.contains(address, 4 * minFisDwords)
        ) {
            throw new UserError("saved state of a command slot: it lies outside memory");
        }
        this.#header.byteOffset = headerAddress;
        this.#fis.byteOffset = address;
        this.#flags = savedWord(state, "flags", 0xffff);
        this.list.point(address + CommandTable.sizeBytes, savedWord(state, "entryCount", 0xffff));
        this.isQueued = state.boolean("isQueued");
        this.tag = savedWord(state, "tag", 0x1f);
        this.movedBytes = savedWord(state, "movedBytes");
    }
}

/** What is wrong with a header's flags. */
function flagProblem(flags: number): FetchProblem | undefined {
    const fisDwords = flags & HeaderFlag.fisLengthMask;
    if (fisDwords < minFisDwords || fisDwords > maxFisDwords) {
        return fetchProblems.fisLength;
    }
    if ((flags & HeaderFlag.atapi) !== 0) {
        return fetchProblems.atapi;
    }
    if ((flags & HeaderFlag.selfTest) !== 0) {
        return fetchProblems.selfTest;
    }
    return (flags & HeaderFlag.multiplierPortMask) === 0 ? undefined : fetchProblems.multiplier;
}
