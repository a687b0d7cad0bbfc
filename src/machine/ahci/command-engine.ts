/**
 * The part of a port that talks to the drive: it hands over commands, and has a part that moves
 * data and one that takes FISes (AHCI 1.3.1, section 5.3; sections named below are of that
 * document).
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
import { lowestBit } from "../../base/lowest-bit.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import {
    AtaStatus,
    type HostPort,
    type RegisterUpdate,
    type SetDeviceBits,
    type TransferResult,
} from "../sata/link.ts";
import { type CommandSlot, type FetchProblem, fetchProblems } from "./command-slot.ts";
import { DataPath } from "./data-path.ts";
import { EngineOutcome, type EngineSurroundings } from "./engine-surroundings.ts";
import { FisTaker } from "./fis-taker.ts";
import type { PortRegisters } from "./port-registers.ts";
import { PortInterrupt, SataError, slotCount } from "./registers.ts";
import { savedWord } from "./saved-word.ts";
import { noSlot, SlotTable } from "./slot-table.ts";

const allSlots = 0xffff_ffff;

export class CommandEngine implements HostPort {
    readonly #around: EngineSurroundings;
    readonly #registers: PortRegisters;
    readonly #slots: SlotTable;
    readonly #outcome: EngineOutcome;
    readonly #data: DataPath;
    readonly #fises: FisTaker;
    /** The slot that was issued last since ST was set. */
    #lastSlot = noSlot;
    /** SRST, as the drive last got it. */
    #isInSoftwareReset = false;
    /** Guards against issuing within issuing, when a drive answers at once. */
    #isIssuing = false;

    constructor(around: EngineSurroundings) {
        this.#around = around;
        this.#registers = around.registers;
        this.#slots = new SlotTable(around.memory);
        this.#outcome = new EngineOutcome(around);
        this.#data = new DataPath(around, this.#slots, this.#outcome);
        this.#fises = new FisTaker(around, this.#slots, this.#outcome, () => this.issuePending());
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
        return isStarted && isLinkUp && !isBusy && !this.#outcome.isHalted;
    }

    #nextSlot(waiting: number): number {
        const first = (this.#lastSlot + 1) % slotCount;
        const fromFirst = waiting & (-1 << first);
        return lowestBit(fromFirst !== 0 ? fromFirst : waiting);
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
        this.#outcome.halt(isBusError ? PortInterrupt.hostBusFatal : PortInterrupt.interfaceFatal);
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
            this.#fises.clearIssue(slot.slotNo);
        } else if (wasInReset && !this.#isInSoftwareReset) {
            this.#fises.resetSlot = slot.slotNo;
        }
        if (wasInReset && !this.#isInSoftwareReset) {
            this.#around.drive.resetLink();
        }
    }

    // What the drive does is its parts' business.

    bufferBytes(slotNo: number): number {
        return this.#data.bufferBytes(slotNo);
    }

    fetch(slotNo: number, bufferOffset: number, target: Uint8Array): TransferResult {
        return this.#data.fetch(slotNo, bufferOffset, target);
    }

    deliver(slotNo: number, bufferOffset: number, source: Uint8Array): TransferResult {
        return this.#data.deliver(slotNo, bufferOffset, source);
    }

    sendPioSetup(slotNo: number, byteCount: number, update: RegisterUpdate): void {
        this.#fises.sendPioSetup(slotNo, byteCount, update);
    }

    sendRegisterUpdate(slotNo: number, update: RegisterUpdate): void {
        this.#fises.sendRegisterUpdate(slotNo, update);
    }

    sendSetDeviceBits(bits: SetDeviceBits): void {
        this.#fises.sendSetDeviceBits(bits);
    }

    /** The driver cleared PxSERR.DIAG.X: a signature may have waited for that. */
    takeSignature(): void {
        this.#fises.takeSignature();
    }

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
        this.#fises.resetSlot = noSlot;
        this.#outcome.isHalted = false;
        observer.onPortStopped?.(port, dropped);
    }

    /** The link is reset: also what the drive was about to say is gone. */
    dropLink(): void {
        this.drop();
        this.#isInSoftwareReset = false;
        this.#fises.heldSignature = undefined;
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
        this.#outcome.isHalted = false;
        this.#isInSoftwareReset = false;
        this.#fises.resetSlot = noSlot;
        this.#fises.heldSignature = undefined;
    }

    save(): StateRecord {
        const held = this.#fises.heldSignature;
        return {
            version: 1,
            lastSlot: this.#lastSlot,
            isHalted: this.#outcome.isHalted,
            isInSoftwareReset: this.#isInSoftwareReset,
            resetSlot: this.#fises.resetSlot,
            heldSignature: held === undefined ? [] : [{ ...held }],
            slots: this.#slots.save(),
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#lastSlot = savedSlot(state, "lastSlot");
        this.#outcome.isHalted = state.boolean("isHalted");
        this.#isInSoftwareReset = state.boolean("isInSoftwareReset");
        this.#fises.resetSlot = savedSlot(state, "resetSlot");
        this.#fises.heldSignature = state.records("heldSignature").map(loadRegisterUpdate).at(0);
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
