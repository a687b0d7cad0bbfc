/**
 * What a port does with the FISes that its drive sends (AHCI 1.3.1, 5.3.8, 5.3.13 and 5.3.16;
 * sections named below are of that document): they go to registers and to memory, end commands
 * and interrupt.
 */
import { assert } from "../../base/assert.ts";
import { AtaStatus, type RegisterUpdate, type SetDeviceBits } from "../sata/link.ts";
import type { EngineOutcome, EngineSurroundings } from "./engine-surroundings.ts";
import type { PortRegisters } from "./port-registers.ts";
import { ReceivedFisArea, setDeviceBitsStatusMask } from "./received-fis-area.ts";
import { PortInterrupt, SataError } from "./registers.ts";
import { noSlot, type SlotTable } from "./slot-table.ts";

export class FisTaker {
    /** The slot of the FIS that ended a software reset, until the signature comes. */
    resetSlot = noSlot;
    /** A signature that waits for PxSERR.DIAG.X to be cleared. */
    heldSignature: RegisterUpdate | undefined;
    readonly #around: EngineSurroundings;
    readonly #registers: PortRegisters;
    readonly #slots: SlotTable;
    readonly #outcome: EngineOutcome;
    readonly #fisArea: ReceivedFisArea;
    readonly #onFree: () => void;

    /** @param onFree the drive may take the next command. */
    constructor(
        around: EngineSurroundings,
        slots: SlotTable,
        outcome: EngineOutcome,
        onFree: () => void,
    ) {
        this.#around = around;
        this.#registers = around.registers;
        this.#slots = slots;
        this.#outcome = outcome;
        this.#fisArea = new ReceivedFisArea(around.memory);
        this.#onFree = onFree;
    }

    sendPioSetup(slotNo: number, byteCount: number, update: RegisterUpdate): void {
        if (!this.#hears()) {
            return;
        }
        const registers = this.#registers;
        // The data counts as outstanding until the Register FIS that follows it.
        registers.setTaskFile(update.status | AtaStatus.dataRequest, update.error);
        const isToHost = !this.#slots.at(slotNo).isDeviceWrite;
        const area = registers.fisAreaAddress;
        const isStored =
            this.#around.isBusMaster() &&
            this.#fisArea.storePioSetup(area, update, byteCount, isToHost);
        this.#finishFis(isStored, update.status, update.interrupt, PortInterrupt.pioSetup);
    }

    sendRegisterUpdate(slotNo: number, update: RegisterUpdate): void {
        if (slotNo < 0) {
            this.heldSignature = update;
            this.takeSignature();
            return;
        }
        if (!this.#hears()) {
            return;
        }
        assert((this.#slots.issued & (1 << slotNo)) !== 0, "a drive answers a command once");
        this.#registers.setTaskFile(update.status, update.error);
        const isStored =
            this.#around.isBusMaster() &&
            this.#fisArea.storeRegister(this.#registers.fisAreaAddress, update);
        // 5.3.8: PxCI keeps the bit of a command that failed, so that the driver sees which.
        const isDone = isStored && (update.status & AtaStatus.error) === 0;
        if (isDone && !this.#registers.isBusy) {
            this.#endCommand(slotNo);
        }
        this.#finishFis(isStored, update.status, update.interrupt, PortInterrupt.deviceToHost);
        this.#onFree();
    }

    sendSetDeviceBits(bits: SetDeviceBits): void {
        if (!this.#hears()) {
            return;
        }
        const registers = this.#registers;
        const status =
            (registers.PxTFD & 0xff & ~setDeviceBitsStatusMask) |
            (bits.status & setDeviceBitsStatusMask);
        registers.setTaskFile(status, bits.error);
        const isStored =
            this.#around.isBusMaster() &&
            this.#fisArea.storeSetDeviceBits(registers.fisAreaAddress, bits);
        if (isStored) {
            registers.PxSACT &= ~bits.doneTags;
            this.#endQueuedCommands(bits.doneTags);
        }
        this.#finishFis(isStored, bits.status, bits.interrupt, PortInterrupt.setDeviceBits);
    }

    /**
     * Takes the signature that a drive sent after a reset, unless PxSERR.DIAG.X is set: until the
     * driver has cleared that, it is kept from PxTFD and PxSIG (10.1.2). Taken also while FRE is
     * clear, but then it is not stored (3.3.7).
     */
    takeSignature(): void {
        const registers = this.#registers;
        const update = this.heldSignature;
        if (update === undefined || (registers.PxSERR & SataError.exchanged) !== 0) {
            return;
        }
        this.heldSignature = undefined;
        registers.setTaskFile(update.status, update.error);
        registers.PxSIG = (((update.lba & 0xff_ffff) << 8) | (update.count & 0xff)) >>> 0;
        if (this.resetSlot !== noSlot) {
            this.clearIssue(this.resetSlot);
            this.resetSlot = noSlot;
        }
        if (registers.receivesFis) {
            const isStored =
                this.#around.isBusMaster() &&
                this.#fisArea.storeRegister(registers.fisAreaAddress, update);
            this.#finishFis(isStored, 0, update.interrupt, PortInterrupt.deviceToHost);
        }
        this.#onFree();
    }

    /** Whether FISes are taken. What is not taken is lost: the command will never end. */
    #hears(): boolean {
        if (!this.#registers.receivesFis) {
            const { notice, port } = this.#around;
            notice(`port ${port.portNo}: the drive answered while PxCMD.FRE is clear`);
        }
        return this.#registers.receivesFis && !this.#outcome.isHalted;
    }

    /** An error stops the port and raises nothing else (5.3.8, 5.3.13, 5.3.16.5). */
    #finishFis(isStored: boolean, status: number, wantsInterrupt: boolean, bit: number): void {
        if (!isStored) {
            this.#outcome.halt(PortInterrupt.hostBusFatal);
        } else if ((status & AtaStatus.error) !== 0) {
            this.#outcome.halt(PortInterrupt.taskFileError);
        } else if (wantsInterrupt) {
            this.#outcome.interrupt(bit);
        }
    }

    /** The drive has answered a command: its PxCI bit falls (5.3.8, RegFIS:ClearCI). */
    clearIssue(slotNo: number): void {
        this.#registers.PxCI &= ~(1 << slotNo);
        this.#slots.release(slotNo);
    }

    /** An unqueued command ends, or a queued one was accepted. */
    #endCommand(slotNo: number): void {
        const slot = this.#slots.at(slotNo);
        this.clearIssue(slotNo);
        if (slot.isQueued) {
            this.#slots.enqueue(slotNo);
            return;
        }
        slot.storeMovedBytes();
        this.#slots.end(slotNo);
        const { observer, port } = this.#around;
        observer.onCompletionPosted?.(port, (1 << slotNo) >>> 0);
    }

    #endQueuedCommands(doneTags: number): void {
        const ended = this.#slots.endTags(doneTags);
        if (ended !== 0) {
            const { observer, port } = this.#around;
            observer.onCompletionPosted?.(port, ended >>> 0);
        }
    }
}
