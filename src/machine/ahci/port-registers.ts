/**
 * What a port's registers hold, and what follows from their values alone.
 *
 * Fields have the registers' names (AHCI 1.3.1, 3.3) and hold 32-bit numbers that are not
 * negative, except the masks PxSACT and PxCI, which bit operations may leave negative; they are
 * made positive where they leave the controller.
 */
import type { StateFields, StateRecord } from "../../base/state.ts";
import { AtaStatus } from "../sata/link.ts";
import { joinAddress } from "./command-list.ts";
import {
    noSignature,
    noTaskFile,
    PortCommand,
    PortInterrupt,
    SataError,
    SataStatus,
} from "./registers.ts";
import { savedWord } from "./saved-word.ts";

/** Fields that are kept as they are in a saved state. */
const savedNames = [
    "PxCLB",
    "PxCLBU",
    "PxFB",
    "PxFBU",
    "PxIS",
    "PxIE",
    "PxCMD",
    "PxTFD",
    "PxSIG",
    "PxSSTS",
    "PxSCTL",
    "PxSERR",
    "PxSACT",
    "PxCI",
] as const;

/** What the firmware left in the disk's port (recorded from SeaBIOS on q35). */
export interface FirmwareRegisters {
    /** Where its command list and received-FIS area are. */
    readonly commandListAddress: number;
    readonly fisAreaAddress: number;
    readonly PxTFD: number;
    readonly PxSIG: number;
}

export class PortRegisters {
    PxCLB = 0;
    PxCLBU = 0;
    PxFB = 0;
    PxFBU = 0;
    /** Only the bits that are cleared by writing 1; the others follow from PxSERR. */
    PxIS = 0;
    PxIE = 0;
    /** Only the bits that a driver sets and that stay; the others follow from them. */
    PxCMD = 0;
    PxTFD = noTaskFile;
    PxSIG = noSignature;
    PxSSTS: number = SataStatus.absent;
    PxSCTL = 0;
    PxSERR = 0;
    PxSACT = 0;
    PxCI = 0;

    get commandListAddress(): number {
        return joinAddress(this.PxCLB, this.PxCLBU);
    }

    get fisAreaAddress(): number {
        return joinAddress(this.PxFB, this.PxFBU);
    }

    get isStarted(): boolean {
        return (this.PxCMD & PortCommand.start) !== 0;
    }

    get receivesFis(): boolean {
        return (this.PxCMD & PortCommand.fisReceiveEnable) !== 0;
    }

    get isLinkUp(): boolean {
        return this.PxSSTS === SataStatus.active;
    }

    /** BSY or DRQ: the drive takes no command. */
    get isBusy(): boolean {
        return (this.PxTFD & (AtaStatus.busy | AtaStatus.dataRequest)) !== 0;
    }

    /** PxIS as a driver reads it (3.3.5): PRCS, PCS and UFS are views of PxSERR. */
    interruptStatus(): number {
        let views = 0;
        if ((this.PxSERR & SataError.phyReadyChange) !== 0) {
            views |= PortInterrupt.phyReadyChange;
        }
        if ((this.PxSERR & SataError.exchanged) !== 0) {
            views |= PortInterrupt.portConnectChange;
        }
        if ((this.PxSERR & SataError.unknownFis) !== 0) {
            views |= PortInterrupt.unknownFis;
        }
        return (this.PxIS | views) >>> 0;
    }

    /** Whether the port wants an interrupt. */
    isInterruptPending(): boolean {
        return (this.interruptStatus() & this.PxIE) !== 0;
    }

    /** PxCMD as a driver reads it (3.3.7). @param currentSlot the slot that was issued last. */
    commandAndStatus(currentSlot: number): number {
        let command = this.PxCMD | PortCommand.powerOn | PortCommand.spinUp;
        if (this.isStarted) {
            command |= PortCommand.listRunning | (currentSlot << PortCommand.currentSlotShift);
        }
        if (this.receivesFis) {
            command |= PortCommand.fisRunning;
        }
        return command >>> 0;
    }

    setTaskFile(status: number, error: number): void {
        this.PxTFD = status | (error << 8);
    }

    /** As after a reset of the controller, which leaves PxCLB and PxFB alone (10.4.3). */
    resetExceptAddresses(): void {
        this.PxIS = 0;
        this.PxIE = 0;
        this.PxCMD = 0;
        this.PxTFD = noTaskFile;
        this.PxSIG = noSignature;
        this.PxSSTS = SataStatus.absent;
        this.PxSCTL = 0;
        this.PxSERR = 0;
        this.PxSACT = 0;
        this.PxCI = 0;
    }

    /** As at power-on. */
    reset(): void {
        this.PxCLB = 0;
        this.PxCLBU = 0;
        this.PxFB = 0;
        this.PxFBU = 0;
        this.resetExceptAddresses();
    }

    /** As firmware leaves the port of a disk that it used: running and idle. */
    setAsFirmware(left: FirmwareRegisters): void {
        this.PxCLB = left.commandListAddress;
        this.PxFB = left.fisAreaAddress;
        this.PxCMD = PortCommand.start | PortCommand.fisReceiveEnable;
        this.PxTFD = left.PxTFD;
        this.PxSIG = left.PxSIG;
        this.PxSSTS = SataStatus.active;
    }

    save(): StateRecord {
        const words = savedNames.map((name) => [name, this[name] >>> 0]);
        return { version: 1, ...Object.fromEntries(words) };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        for (const name of savedNames) {
            this[name] = savedWord(state, name);
        }
    }
}
