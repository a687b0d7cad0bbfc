/**
 * The ATA commands that the drive knows: one row each.
 *
 * A row says what the command does, how its data travels and where its registers hold the sectors
 * it means. What is not in the table is answered with ABRT, as every drive does. The set is what
 * the IDENTIFY DEVICE block of QEMU's drive promises, and what Serial ATA asks of a drive that
 * queues. SMART, which that block promises too, is not here: its commands are aborted.
 *
 * Source: ATA/ATAPI Command Set 3 (ACS-3), section 7; each row's subsection stands beside it.
 */
import { sectorSize } from "../../base/sector.ts";
import type { AtaCommand } from "./link.ts";

/** What a command does: which part of the drive executes it. */
export type CommandAction =
    | "read"
    | "write"
    | "verify"
    | "trim"
    | "flush"
    | "standby"
    | "idle"
    | "check power"
    | "identify"
    | "read log"
    | "set features"
    | "set multiple"
    | "diagnose"
    /** Accepted without effect. */
    | "nothing"
    /** Answered with ABRT. */
    | "abort";

/** How a command's data travels, and whether it queues (ACS-3, section 4). */
export type CommandProtocol = "none" | "PIO" | "DMA" | "queued";

/**
 * Where a command's registers hold its sectors.
 *
 * `28`: LBA 23:0 and four bits of the Device byte, count 7:0 with 0 for 256. `48`: LBA 47:0, count
 * 15:0 with 0 for 65,536. `queued`: LBA 47:0, the count in the features. `none`: it means none.
 */
export type CommandAddress = "28" | "48" | "queued" | "none";

export interface CommandForm {
    readonly name: string;
    readonly action: CommandAction;
    readonly protocol: CommandProtocol;
    readonly address: CommandAddress;
    /** A PIO command whose data comes by blocks of the SET MULTIPLE MODE size. */
    readonly isMultiple?: true;
    /** The command itself means forced unit access. */
    readonly isFua?: true;
}

function form(
    name: string,
    action: CommandAction,
    protocol: CommandProtocol,
    address: CommandAddress,
    more: { readonly isMultiple?: true; readonly isFua?: true } = {},
): CommandForm {
    return { name, action, protocol, address, ...more };
}

const knownCommands: Readonly<Record<number, CommandForm>> = {
    0: form("NOP", "abort", "none", "none"), // 7.17: it always ends in ABRT
    6: form("DATA SET MANAGEMENT", "trim", "DMA", "none"), // 7.5
    32: form("READ SECTOR(S)", "read", "PIO", "28"), // 7.28
    36: form("READ SECTOR(S) EXT", "read", "PIO", "48"), // 7.29
    37: form("READ DMA EXT", "read", "DMA", "48"), // 7.22
    41: form("READ MULTIPLE EXT", "read", "PIO", "48", { isMultiple: true }), // 7.27
    47: form("READ LOG EXT", "read log", "PIO", "none"), // 7.24
    48: form("WRITE SECTOR(S)", "write", "PIO", "28"), // 7.67
    52: form("WRITE SECTOR(S) EXT", "write", "PIO", "48"), // 7.68
    53: form("WRITE DMA EXT", "write", "DMA", "48"), // 7.59
    57: form("WRITE MULTIPLE EXT", "write", "PIO", "48", { isMultiple: true }), // 7.65
    61: form("WRITE DMA FUA EXT", "write", "DMA", "48", { isFua: true }), // 7.60
    64: form("READ VERIFY SECTOR(S)", "verify", "none", "28"), // 7.32
    66: form("READ VERIFY SECTOR(S) EXT", "verify", "none", "48"), // 7.33
    96: form("READ FPDMA QUEUED", "read", "queued", "queued"), // 7.23
    97: form("WRITE FPDMA QUEUED", "write", "queued", "queued"), // 7.61
    144: form("EXECUTE DEVICE DIAGNOSTIC", "diagnose", "none", "none"), // 7.9
    145: form("INITIALIZE DEVICE PARAMETERS", "nothing", "none", "none"), // ATA-5, 8.16
    // 94h to 97h: the power commands' first codes (ATA-2); QEMU's drive keeps them.
    148: form("STANDBY IMMEDIATE", "standby", "none", "none"),
    149: form("IDLE IMMEDIATE", "idle", "none", "none"),
    150: form("STANDBY", "standby", "none", "none"),
    151: form("IDLE", "idle", "none", "none"),
    196: form("READ MULTIPLE", "read", "PIO", "28", { isMultiple: true }), // 7.26
    197: form("WRITE MULTIPLE", "write", "PIO", "28", { isMultiple: true }), // 7.64
    198: form("SET MULTIPLE MODE", "set multiple", "none", "none"), // 7.46
    200: form("READ DMA", "read", "DMA", "28"), // 7.21
    202: form("WRITE DMA", "write", "DMA", "28"), // 7.58
    224: form("STANDBY IMMEDIATE", "standby", "none", "none"), // 7.53
    225: form("IDLE IMMEDIATE", "idle", "none", "none"), // 7.14
    226: form("STANDBY", "standby", "none", "none"), // 7.52
    227: form("IDLE", "idle", "none", "none"), // 7.13
    229: form("CHECK POWER MODE", "check power", "none", "none"), // 7.3
    // 7.50. A drive asleep hears only a reset; this one hears commands, as QEMU's does.
    230: form("SLEEP", "standby", "none", "none"),
    231: form("FLUSH CACHE", "flush", "none", "none"), // 7.10
    234: form("FLUSH CACHE EXT", "flush", "none", "none"), // 7.11
    236: form("IDENTIFY DEVICE", "identify", "PIO", "none"), // 7.12
    239: form("SET FEATURES", "set features", "none", "none"), // 7.45
};

const unknownCommand = form("unknown command", "abort", "none", "none");

const formByCode: readonly CommandForm[] = Array.from(
    { length: 256 },
    (_, code) => knownCommands[code] ?? unknownCommand,
);

/** What a command code means. */
export function commandForm(code: number): CommandForm {
    return formByCode[code & 0xff];
}

/** Device register, bit 6: the address is an LBA, not a cylinder, head and sector. */
export const deviceLbaBit = 0x40;
/** Device register, bit 7, of a queued write: forced unit access (ACS-3, 7.61.3). */
const deviceFuaBit = 0x80;

/** The queue tag of a queued command: count 7:3 (ACS-3, 7.23.3). */
export function queueTag(command: AtaCommand): number {
    return (command.count >>> 3) & 31;
}

/** Where the sectors of a command begin, in bytes. */
export function startOffset(command: AtaCommand, address: CommandAddress): number {
    switch (address) {
        case "none":
            return 0;
        case "28":
            return ((command.lba % 2 ** 24) + (command.device & 0x0f) * 2 ** 24) * sectorSize;
        default:
            return command.lba * sectorSize;
    }
}

/** How many bytes the sectors of a command are. */
export function rangeLength(command: AtaCommand, address: CommandAddress): number {
    switch (address) {
        case "none":
            return 0;
        case "28":
            return (command.count & 0xff || 256) * sectorSize;
        case "48":
            return (command.count & 0xffff || 65_536) * sectorSize;
        default:
            return (command.features & 0xffff || 65_536) * sectorSize;
    }
}

/** Whether a write must be on the medium when it is said to be done. */
export function isForcedUnitAccess(command: AtaCommand, form: CommandForm): boolean {
    if (form.action !== "write") {
        return false;
    }
    const isQueued = form.protocol === "queued";
    return form.isFua === true || (isQueued && (command.device & deviceFuaBit) !== 0);
}
