/**
 * The SATA link: what an AHCI port and the drive on it say to each other.
 *
 * The port takes a command from memory and hands it to the drive; the drive moves data through the
 * command's scatter-gather list and sends FISes back. Both sides are synchronous: a call returns
 * when the frame was taken. Serial ATA 3.0, section 10 (transport layer) names the frames.
 */
import type { Stateful } from "../device.ts";

/** Bits of the ATA status register, byte 2 of a D2H FIS (ACS-3, 6.2). */
export const AtaStatus = {
    /** BSY: the drive is at work and owns the registers. */
    busy: 0x80,
    /** DRDY: the drive accepts commands. */
    ready: 0x40,
    /** DF: the drive cannot go on; for a stream of commands that it gave up. */
    deviceFault: 0x20,
    /** DSC, obsolete; drives set it when idle, and QEMU's does. */
    seekComplete: 0x10,
    /** DRQ: data is to be moved by the host. */
    dataRequest: 0x08,
    /** ERR: the error register says why. */
    error: 0x01,
} as const;

/** Bits of the ATA error register, byte 3 of a D2H FIS (ACS-3, 6.3). */
export const AtaError = {
    /** ICRC: the data was damaged on the link. */
    interfaceCrc: 0x80,
    /** UNC: the medium did not give the data back. */
    uncorrectable: 0x40,
    /** IDNF: there is no such sector. */
    idNotFound: 0x10,
    /** ABRT: the command is unknown, not allowed now, or was given up. */
    aborted: 0x04,
} as const;

/** A command, as the registers of its H2D FIS say (figure 10-5), with the slot it came from. */
export interface AtaCommand {
    /** The command slot, 0 to 31, by which the port knows the command. */
    readonly slot: number;
    readonly command: number;
    /** Features 15:0. A queued command has its sector count here. */
    readonly features: number;
    /** LBA 47:0. */
    readonly lba: number;
    /** Count 15:0. A queued command has its tag in bits 7:3. */
    readonly count: number;
    /** The Device byte: bit 6 LBA, bit 7 FUA of a queued write. */
    readonly device: number;
}

/** What a Set Device Bits FIS says: queued commands are done, or one of them failed. */
export interface SetDeviceBits {
    /** A bit for each tag that is done. */
    readonly doneTags: number;
    readonly status: number;
    readonly error: number;
    /** The I bit. */
    readonly interrupt: boolean;
}

/** What a Register D2H FIS says: an unqueued command is done or failed, or a queued one taken. */
export interface RegisterUpdate {
    readonly status: number;
    readonly error: number;
    /** The I bit. */
    readonly interrupt: boolean;
    /** LBA, count and device as the command left them; of the signature after a reset. */
    readonly lba: number;
    readonly count: number;
    readonly device: number;
}

/** What moving data through a command's scatter-gather list came to. */
export type TransferResult =
    | "done"
    /** The list describes fewer bytes than were to be moved; the list's were moved. */
    | "overflow"
    /** An entry points outside memory. What was moved before it stays moved. */
    | "bus error";

/** The host's end of the link, as the drive sees it. */
export interface HostPort {
    /** Bytes that the slot's scatter-gather list describes. */
    bufferBytes(slot: number): number;

    /** Host to device: fills `target` from the slot's buffer, from `bufferOffset` on. */
    fetch(slot: number, bufferOffset: number, target: Uint8Array): TransferResult;

    /** Device to host: stores `source` in the slot's buffer, from `bufferOffset` on. */
    deliver(slot: number, bufferOffset: number, source: Uint8Array): TransferResult;

    /** PIO Setup FIS before data of a PIO command, with the status before and after it. */
    sendPioSetup(slot: number, byteCount: number, update: RegisterUpdate): void;

    /**
     * Register D2H FIS. Ends the unqueued command in `slot`; for a queued command it means that
     * the drive has accepted it and may take another. -1 for no command: the signature after a
     * reset.
     */
    sendRegisterUpdate(slot: number, update: RegisterUpdate): void;

    /** Set Device Bits FIS: queued commands end. */
    sendSetDeviceBits(bits: SetDeviceBits): void;
}

/** The drive's end of the link, as the host's port sees it. */
export interface SataDrive extends Stateful {
    /** Connects the host's end, once. */
    attach(port: HostPort): void;

    /** A command arrives. The drive answers through the port, now or later. */
    accept(command: AtaCommand): void;

    /** The host clears the commands in `slots` (a bit each): PxCMD.ST was cleared. */
    forget(slots: number): void;

    /**
     * COMRESET or a software reset (SRST): outstanding commands are dropped without an answer,
     * and the drive sends its signature. What its cache holds is kept.
     */
    resetLink(): void;

    /** Power is lost: outstanding commands and what only the cache held are gone. */
    losePower(): void;
}
