/**
 * The part of a port that talks to the drive: it hands over commands, moves data and takes FISes
 * (AHCI 1.3.1, section 5.3; sections named below are of that document).
 *
 * A command's way: the driver fills header and table and sets the slot's bit in PxCI. When the
 * drive is not busy the engine takes the command from memory, sets BSY and hands it over, all at
 * once: nothing here takes time but the drive. A Register FIS without BSY ends an unqueued
 * command, or means that a queued one was accepted: its PxCI bit falls, and the next slot's turn
 * comes, so `accept` may be called from within `sendRegisterUpdate`. A Set Device Bits FIS ends
 * queued commands: their PxSACT bits fall.
 *
 * Slots take turns: the next is the first with its bit set from PxCMD.CCS + 1 on, round the end,
 * or from slot 0 on after ST was set (3.3.7).
 *
 * An error halts the engine (6.2.2): it issues nothing, moves nothing and hears nothing until ST
 * is cleared. Then all commands are dropped, and the drive forgets them. PxCI and PxSACT keep
 * their bits until then, and BSY keeps its value until the link is reset.
 *
 * One departure from the specification: C in the header of a *command* (clear BSY and PxCI as soon
 * as the drive took the FIS) has no effect, as on QEMU; Chickadee sets it on all its commands and
 * then waits for PxCI. On FISes that write Device Control it does what 5.3.6 says.
 *
 * Invariants: a slot whose command the drive has and has not answered has its PxCI bit set; no
 * command is issued while BSY or DRQ is set, while the link is down, or after an error.
 */
import { assert } from "../../base/assert.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import type { GuestMemory } from "../guest-memory.ts";
import {
    AtaStatus,
    type HostPort,
    type RegisterUpdate,
    type SataDrive,
    type SetDeviceBits,
    type TransferResult,
} from "../sata/link.ts";
import { type CommandSlot, type FetchProblem, fetchProblems } from "./command-slot.ts";
import type { AhciObserver, ObservedPort, TransferDirection } from "./observer.ts";
import type { PortRegisters } from "./port-registers.ts";
import { ReceivedFisArea, setDeviceBitsStatusMask } from "./received-fis-area.ts";
import { PortInterrupt, SataError, slotCount } from "./registers.ts";
import { savedWord } from "./saved-word.ts";
import { lowestSlot, SlotTable } from "./slot-table.ts";

const allSlots = 0xffff_ffff;

/** No slot: before the first command, and where no reset waits for its signature. */
const noSlot = -1;

/** What the engine needs of the port and the machine around it. */
export interface EngineSurroundings {
    readonly memory: GuestMemory;
    readonly drive: SataDrive;
    readonly registers: PortRegisters;
    /** The port, as its observer sees it. */
    readonly port: ObservedPort;
    readonly observer: AhciObserver;
    /** Whether PCI lets the controller use the bus. */
    readonly isBusMaster: () => boolean;
    /** PxIS may have changed. */
    readonly interruptsChanged: () => void;
    /** Says something to whoever runs the machine. */
    readonly notice: (message: string) => void;
}

export class CommandEngine implements HostPort {
    readonly #around: EngineSurroundings;
    readonly #registers: PortRegisters;
    readonly #slots: SlotTable;
    readonly #fisArea: ReceivedFisArea;
    /** The slot that was issued last since ST was set. */
    #lastSlot = noSlot;
    #isHalted = false;
    /** SRST, as the drive last got it. */
    #isInSoftwareReset = false;
    /** The slot of the FIS that ended a software reset, until the signature comes. */
    #resetSlot = noSlot;
    /** A signature that waits for PxSERR.DIAG.X to be cleared. */
    #heldSignature: RegisterUpdate | undefined;
    /** Guards against issuing within issuing, when a drive answers at once. */
    #isIssuing = false;

    constructor(around: EngineSurroundings) {
        this.#around = around;
        this.#registers = around.registers;
        this.#slots = new SlotTable(around.memory);
        this.#fisArea = new ReceivedFisArea(around.memory);
        around.drive.attach(this);
    }

    /** PxCMD.CCS. */
    get currentSlot(): number {
        return Math.max(this.#lastSlot, 0);
    }

    /** Where the port's commands are. */
    get slots(): SlotTable {
        return this.#slots;
    }

    // ---------------------------------------------------------------- issuing commands

    /** Issues what PxCI asks for, as far as the drive takes commands. */
    issuePending(): void {
        if (this.#isIssuing) {
            return;
        }
        this.#isIssuing = true;
        while (this.#canIssue()) {
            const waiting = this.#registers.PxCI & ~this.#slots.issued;
            if (waiting === 0) {
                break;
            }
            this.#issue(this.#nextSlot(waiting));
        }
        this.#isIssuing = false;
    }

    #canIssue(): boolean {
        const { isStarted, isBusy, isLinkUp } = this.#registers;
        return isStarted && isLinkUp && !isBusy && !this.#isHalted;
    }

    #nextSlot(waiting: number): number {
        const first = (this.#lastSlot + 1) % slotCount;
        const fromFirst = waiting & (-1 << first);
        return lowestSlot(fromFirst !== 0 ? fromFirst : waiting);
    }

    #issue(slotNo: number): void {
        const slot = this.#slots.at(slotNo);
        const problem = this.#around.isBusMaster()
            ? slot.fetch(this.#registers.commandListAddress)
            : fetchProblems.noBusMaster;
        this.#lastSlot = slotNo;
        if (problem !== undefined) {
            this.#refuse(slotNo, problem);
            return;
        }
        this.#slots.issue(slotNo);
        this.#registers.PxTFD |= AtaStatus.busy;
        if (!slot.isCommand) {
            this.#writeDeviceControl(slot);
            return;
        }
        const { observer, port, drive } = this.#around;
        observer.onCommandFetched?.(port, slot.describe());
        drive.accept(slot.ataCommand());
    }

    #refuse(slotNo: number, { isBusError, reason }: FetchProblem): void {
        const { observer, port, notice } = this.#around;
        notice(`port ${port.portNo}: a command was refused: ${reason}`);
        observer.onCommandRefused?.(port, slotNo, reason);
        if (!isBusError) {
            this.#registers.PxSERR |= SataError.protocol | SataError.handshake;
        }
        this.#halt(isBusError ? PortInterrupt.hostBusFatal : PortInterrupt.interfaceFatal);
    }

    /** A FIS without C: a software reset goes on while SRST is set (10.4.1). */
    #writeDeviceControl(slot: CommandSlot): void {
        const wasInReset = this.#isInSoftwareReset;
        this.#isInSoftwareReset = slot.isSoftwareReset;
        if (this.#isInSoftwareReset && !wasInReset) {
            this.#forgetCommands(allSlots & ~(1 << slot.slotNo));
        }
        if (slot.clearsBusy) {
            this.#registers.PxTFD &= ~AtaStatus.busy;
            this.#clearIssue(slot.slotNo);
        } else if (wasInReset && !this.#isInSoftwareReset) {
            this.#resetSlot = slot.slotNo;
        }
        if (wasInReset && !this.#isInSoftwareReset) {
            this.#around.drive.resetLink();
        }
    }

    /** The drive has answered a command: its PxCI bit falls (5.3.8, RegFIS:ClearCI). */
    #clearIssue(slotNo: number): void {
        this.#registers.PxCI &= ~(1 << slotNo);
        this.#slots.release(slotNo);
    }

    // ---------------------------------------------------------------- moving data

    bufferBytes(slotNo: number): number {
        return this.#slots.at(slotNo).list.sizeBytes();
    }

    fetch(slotNo: number, bufferOffset: number, target: Uint8Array): TransferResult {
        if (!this.#startMove(slotNo, "to drive")) {
            return "bus error";
        }
        const result = this.#slots.at(slotNo).list.load(bufferOffset, target);
        return this.#moved(slotNo, "to drive", bufferOffset, result);
    }

    deliver(slotNo: number, bufferOffset: number, source: Uint8Array): TransferResult {
        if (!this.#startMove(slotNo, "to host")) {
            return "bus error";
        }
        const result = this.#slots.at(slotNo).list.store(bufferOffset, source);
        return this.#moved(slotNo, "to host", bufferOffset, result);
    }

    #startMove(slotNo: number, direction: TransferDirection): boolean {
        const { observer, port, isBusMaster } = this.#around;
        if (!this.#isHalted && !isBusMaster()) {
            this.#halt(PortInterrupt.hostBusFatal);
        }
        if (this.#isHalted) {
            return false;
        }
        observer.onTransferStart?.(port, slotNo, direction);
        return true;
    }

    #moved(
        slotNo: number,
        direction: TransferDirection,
        bufferOffset: number,
        result: TransferResult,
    ): TransferResult {
        const slot = this.#slots.at(slotNo);
        slot.movedBytes += slot.list.movedBytes;
        const { observer, port } = this.#around;
        observer.onTransfer?.(port, slotNo, direction, bufferOffset, slot.list.movedBytes);
        if (slot.list.interruptEntryDone) {
            slot.list.interruptEntryDone = false;
            this.#interrupt(PortInterrupt.descriptorProcessed);
        }
        if (result === "overflow") {
            // 6.1.5: the port goes on as well as it can.
            this.#interrupt(PortInterrupt.overflow);
        } else if (result === "bus error") {
            this.#halt(PortInterrupt.hostBusFatal);
        }
        return result;
    }

    // ---------------------------------------------------------------- taking FISes

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
            this.#heldSignature = update;
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
        this.issuePending();
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
        const update = this.#heldSignature;
        if (update === undefined || (registers.PxSERR & SataError.exchanged) !== 0) {
            return;
        }
        this.#heldSignature = undefined;
        registers.setTaskFile(update.status, update.error);
        registers.PxSIG = (((update.lba & 0xff_ffff) << 8) | (update.count & 0xff)) >>> 0;
        if (this.#resetSlot !== noSlot) {
            this.#clearIssue(this.#resetSlot);
            this.#resetSlot = noSlot;
        }
        if (registers.receivesFis) {
            const isStored =
                this.#around.isBusMaster() &&
                this.#fisArea.storeRegister(registers.fisAreaAddress, update);
            this.#finishFis(isStored, 0, update.interrupt, PortInterrupt.deviceToHost);
        }
        this.issuePending();
    }

    /** Whether FISes are taken. What is not taken is lost: the command will never end. */
    #hears(): boolean {
        if (!this.#registers.receivesFis) {
            const { notice, port } = this.#around;
            notice(`port ${port.portNo}: the drive answered while PxCMD.FRE is clear`);
        }
        return this.#registers.receivesFis && !this.#isHalted;
    }

    /** An error stops the port and raises nothing else (5.3.8, 5.3.13, 5.3.16.5). */
    #finishFis(isStored: boolean, status: number, wantsInterrupt: boolean, bit: number): void {
        if (!isStored) {
            this.#halt(PortInterrupt.hostBusFatal);
        } else if ((status & AtaStatus.error) !== 0) {
            this.#halt(PortInterrupt.taskFileError);
        } else if (wantsInterrupt) {
            this.#interrupt(bit);
        }
    }

    /** An unqueued command ends, or a queued one was accepted. */
    #endCommand(slotNo: number): void {
        const slot = this.#slots.at(slotNo);
        this.#clearIssue(slotNo);
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

    #interrupt(bit: number): void {
        this.#registers.PxIS |= bit;
        this.#around.interruptsChanged();
    }

    #halt(bit: number): void {
        this.#isHalted = true;
        this.#interrupt(bit);
    }

    // ---------------------------------------------------------------- what the driver does

    /** The driver read PxIS, PxCI or PxSACT: it may have learned that commands ended. */
    statusWasRead(register: "PxIS" | "PxCI" | "PxSACT"): void {
        const { PxCI, PxSACT, PxIS } = this.#registers;
        let told = 0;
        if (register === "PxSACT") {
            told = this.#slots.readQueued(PxSACT);
        } else if (register === "PxCI" || (PxIS & PortInterrupt.deviceToHost) !== 0) {
            told = this.#slots.readUnqueued(PxCI);
        }
        if (told !== 0) {
            const { observer, port } = this.#around;
            observer.onCompletionRead?.(port, told >>> 0);
        }
    }

    /** ST was cleared, or the link is reset: commands are gone, and the error with them (6.2.2). */
    drop(): void {
        this.#registers.PxSACT = 0;
        const { observer, port } = this.#around;
        const dropped = this.#slots.outstanding >>> 0;
        this.#forgetCommands(allSlots);
        this.#slots.reset();
        this.#lastSlot = noSlot;
        this.#resetSlot = noSlot;
        this.#isHalted = false;
        observer.onPortStopped?.(port, dropped);
    }

    /** The link is reset: also what the drive was about to say is gone. */
    dropLink(): void {
        this.drop();
        this.#isInSoftwareReset = false;
        this.#heldSignature = undefined;
    }

    /** The drive is told of all `slots`: it knows best which of them it has. */
    #forgetCommands(slots: number): void {
        this.#slots.forget(slots);
        this.#registers.PxCI &= ~slots;
        this.#around.drive.forget(slots >>> 0);
    }

    /** As at power-on; the drive is not told. */
    reset(): void {
        this.#slots.reset();
        this.#lastSlot = noSlot;
        this.#isHalted = false;
        this.#isInSoftwareReset = false;
        this.#resetSlot = noSlot;
        this.#heldSignature = undefined;
    }

    // ---------------------------------------------------------------- saved state

    save(): StateRecord {
        const held = this.#heldSignature;
        return {
            version: 1,
            lastSlot: this.#lastSlot,
            isHalted: this.#isHalted,
            isInSoftwareReset: this.#isInSoftwareReset,
            resetSlot: this.#resetSlot,
            heldSignature: held === undefined ? [] : [{ ...held }],
            slots: this.#slots.save(),
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#lastSlot = savedSlot(state, "lastSlot");
        this.#isHalted = state.boolean("isHalted");
        this.#isInSoftwareReset = state.boolean("isInSoftwareReset");
        this.#resetSlot = savedSlot(state, "resetSlot");
        this.#heldSignature = state.records("heldSignature").map(loadRegisterUpdate).at(0);
        this.#slots.load(state.record("slots"));
    }
}

function savedSlot(state: StateFields, name: string): number {
    return state.number(name) === noSlot ? noSlot : savedWord(state, name, slotCount - 1);
}

function loadRegisterUpdate(state: StateFields): RegisterUpdate {
    return {
        status: savedWord(state, "status", 0xff),
        error: savedWord(state, "error", 0xff),
        interrupt: state.boolean("interrupt"),
        lba: savedWord(state, "lba", 2 ** 48 - 1),
        count: savedWord(state, "count", 0xffff),
        device: savedWord(state, "device", 0xff),
    };
}
