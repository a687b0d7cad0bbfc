/**
 * A bare controller on a bench: memory, registers to poke, and a driver's way of building command
 * structures. Offsets are restated from the AHCI specification, not imported.
 */
import { AhciController, type AhciOptions } from "../../src/machine/ahci/controller.ts";
import { GuestMemory } from "../../src/machine/guest-memory.ts";
import type { SataDrive } from "../../src/machine/sata/link.ts";

export const CAP = 0x00;
export const GHC = 0x04;
export const IS = 0x08;
export const PI = 0x0c;
export const PxCLB = 0x100;
export const PxCLBU = 0x104;
export const PxFB = 0x108;
export const PxFBU = 0x10c;
export const PxIS = 0x110;
export const PxIE = 0x114;
export const PxCMD = 0x118;
export const PxTFD = 0x120;
export const PxSIG = 0x124;
export const PxSSTS = 0x128;
export const PxSCTL = 0x12c;
export const PxSERR = 0x130;
export const PxSACT = 0x134;
export const PxCI = 0x138;

/** Where the rig's driver keeps its structures. */
export const commandList = 0x10_0000;
const fisArea = 0x10_0400;
export const tables = 0x10_1000;
const tableSize = 0x400;
export const buffers = 0x12_0000;

/** A command, as a driver describes it. */
export interface RigCommand {
    readonly slot?: number;
    readonly command: number;
    readonly features?: number;
    readonly lba?: number;
    readonly count?: number;
    readonly device?: number;
    readonly isWrite?: boolean;
    /** Entries of the scatter-gather list: address, bytes, and whether I is set. */
    readonly buffer?: readonly (readonly [number, number, boolean?])[];
    /** CFL; 5 when left out. */
    readonly fisDwords?: number;
    /** More bits of the header's first word. */
    readonly flags?: number;
}

export class AhciRig {
    readonly memory: GuestMemory;
    readonly controller: AhciController;
    readonly notices: string[] = [];
    /** The level of the interrupt line. */
    isRaised = false;
    isBusMaster = true;

    constructor(drive: SataDrive | undefined, options: Partial<AhciOptions> = {}) {
        this.memory = options.memory ?? new GuestMemory(2 ** 22);
        this.controller = new AhciController({
            memory: this.memory,
            drives: new Map(drive === undefined ? [] : [[0, drive]]),
            interruptLine: { set: (isAsserted) => this.#setLine(isAsserted) },
            notice: ({ message }) => this.notices.push(message),
            isBusMaster: () => this.isBusMaster,
            ...options,
        });
    }

    #setLine(isAsserted: boolean): void {
        this.isRaised = isAsserted;
    }

    read(register: number): number {
        return this.controller.read(register, 4);
    }

    write(register: number, value: number): void {
        this.controller.write(register, 4, value);
    }

    /** Makes port 0 use the rig's structures, with all interrupts on. */
    start(): this {
        this.write(PxCMD, 0x6);
        this.write(PxCLB, commandList);
        this.write(PxCLBU, 0);
        this.write(PxFB, fisArea);
        this.write(PxFBU, 0);
        this.write(PxSERR, 0xffff_ffff);
        this.write(PxIS, 0xffff_ffff);
        this.write(PxIE, 0xffff_ffff);
        this.write(GHC, 0x8000_0002);
        this.write(PxCMD, 0x16);
        this.write(PxCMD, 0x17);
        return this;
    }

    /** Writes a command's header and table into memory. */
    build(command: RigCommand): void {
        const { slot = 0, features = 0, lba = 0, count = 0, device = 0x40 } = command;
        const { view } = this.memory;
        const table = tables + slot * tableSize;
        const buffer = command.buffer ?? [];
        const direction = command.isWrite ? 0x40 : 0;
        const header = commandList + 32 * slot;
        view.setUint16(header, (command.fisDwords ?? 5) | direction | (command.flags ?? 0), true);
        view.setUint16(header + 2, buffer.length, true);
        view.setUint32(header + 4, 0, true);
        view.setUint32(header + 8, table, true);
        view.setUint32(header + 12, 0, true);
        view.setUint32(
            table,
            (0x27 | (0x80 << 8) | (command.command << 16) | ((features & 0xff) << 24)) >>> 0,
            true,
        );
        view.setUint32(table + 4, (lba % 2 ** 24) + device * 2 ** 24, true);
        view.setUint32(table + 8, Math.floor(lba / 2 ** 24) + (features >>> 8) * 2 ** 24, true);
        view.setUint32(table + 12, count, true);
        view.setUint32(table + 16, 0, true);
        for (const [index, [address, byteCount, hasInterrupt]] of buffer.entries()) {
            const entry = table + 0x80 + 16 * index;
            view.setUint32(entry, address % 2 ** 32, true);
            view.setUint32(entry + 4, Math.floor(address / 2 ** 32), true);
            view.setUint32(entry + 8, 0, true);
            view.setUint32(entry + 12, byteCount - 1 + (hasInterrupt ? 2 ** 31 : 0), true);
        }
    }

    /** Builds an unqueued command and rings the doorbell. */
    issue(command: RigCommand): void {
        this.build(command);
        this.write(PxCI, 2 ** (command.slot ?? 0));
    }

    /** Builds a queued command, its tag equal to its slot, and rings both doorbells. */
    issueQueued(command: RigCommand): void {
        const slot = command.slot ?? 0;
        this.build({ ...command, count: slot << 3 });
        this.write(PxSACT, 2 ** slot);
        this.write(PxCI, 2 ** slot);
    }

    /** PRDBC of a slot. */
    movedBytes(slot = 0): number {
        return this.memory.view.getUint32(commandList + 32 * slot + 4, true);
    }

    /** A stored FIS: bytes of the received-FIS area. */
    receivedFis(offset: number, byteCount: number): number[] {
        return [...this.memory.bytes.subarray(fisArea + offset, fisArea + offset + byteCount)];
    }

    /** The state, as bytes that can be compared. */
    bytesAt(address: number, byteCount: number): number[] {
        return [...this.memory.bytes.subarray(address, address + byteCount)];
    }
}
