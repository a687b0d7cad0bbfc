/**
 * What a watcher of the controller sees: the steps between a driver and a drive.
 *
 * All methods are optional and are called while the step is taken, after it had its effect unless
 * one says otherwise. A watcher looks and never touches: it must not write to memory, read
 * registers (reads of some are steps themselves) or call a drive. Slots come as masks, a bit each.
 */
import type { PhysicalRange } from "./scatter-gather.ts";

/** A command that the port took from memory and that the drive is about to get. */
export interface FetchedCommand {
    readonly slot: number;
    /** The ATA command code. */
    readonly command: number;
    /** The whole command FIS, CFL dwords of it. */
    readonly commandFis: Uint8Array;
    /** The tag of a queued command, else undefined. */
    readonly tag: number | undefined;
    /** The header's W bit: the driver says that data goes to the drive. */
    readonly isDeviceWrite: boolean;
    readonly headerAddress: number;
    readonly tableAddress: number;
    /** PRDTL: entries of the scatter-gather list, at `tableAddress` + 80h. */
    readonly entryCount: number;
}

/** Which way data goes. */
export type TransferDirection = "to drive" | "to host";

/** What a watcher may ask of a port, at any time. */
export interface ObservedPort {
    readonly portNo: number;
    /** Where the command list is: PxCLBU and PxCLB. */
    readonly commandListAddress: number;
    /** PxSACT. */
    readonly activeTags: number;
    /** Slots whose command the drive has. */
    readonly outstandingSlots: number;
    /** Those of them that hold queued commands that the drive has accepted. */
    readonly queuedSlots: number;
    /**
     * Where the bytes from `bufferOffset` on of an outstanding command's buffer are, as the list
     * now says: `byteLimit` of them, or less when the list ends.
     */
    describeBuffer(slot: number, bufferOffset: number, byteLimit: number): PhysicalRange[];
}

export interface AhciObserver {
    /** The driver writes PxCI or PxSACT. Called before that has any effect. */
    onDoorbell?(
        port: ObservedPort,
        register: "PxCI" | "PxSACT",
        writtenBits: number,
        bitsBefore: number,
    ): void;

    /** A command goes to the drive. Called before the drive gets it. */
    onCommandFetched?(port: ObservedPort, command: FetchedCommand): void;

    /** A command never reaches the drive: what the driver put in memory makes no sense. */
    onCommandRefused?(port: ObservedPort, slot: number, reason: string): void;

    /** The drive is about to move data of an outstanding command, `byteLength` if it can. */
    onTransferStart?(
        port: ObservedPort,
        slot: number,
        direction: TransferDirection,
        bufferOffset: number,
        byteLength: number,
    ): void;

    /**
     * The drive moved data of an outstanding command, `byteLength` from `bufferOffset` on; less
     * when the list ended or left memory.
     */
    onTransfer?(
        port: ObservedPort,
        slot: number,
        direction: TransferDirection,
        bufferOffset: number,
        byteLength: number,
    ): void;

    /** Commands ended well, and registers say so. */
    onCompletionPosted?(port: ObservedPort, slots: number): void;

    /**
     * The driver read what tells it that commands ended: PxCI or, for queued ones, PxSACT without
     * their bits; for an unqueued one, of which there is one at a time, also PxIS with DHRS.
     */
    onCompletionRead?(port: ObservedPort, slots: number): void;

    /**
     * The port's commands are gone: PxCMD.ST was cleared, or the link was reset. `droppedSlots`
     * are those that the drive had.
     */
    onPortStopped?(port: ObservedPort, droppedSlots: number): void;
}
