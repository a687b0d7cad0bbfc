/**
 * A port of the controller, as a driver sees it: registers to read and write, a link to reset
 * (AHCI 1.3.1, 3.3 and 10.4; sections named below are of that document).
 *
 * Commands and FISes are the engine's business; a port without a drive has none, and its registers
 * say that nobody is there.
 *
 * Link reset (10.4.2): while PxSCTL.DET is 1 the link is down and PxTFD is 7Fh. When DET goes back
 * to 0 the drive announces itself, which sets PxSERR.DIAG.X and BSY, and then sends its signature;
 * PxTFD and PxSIG show that as soon as the driver has cleared PxSERR.DIAG.X.
 *
 * COMRESET clears PxCI and PxSACT, as on QEMU. The specification lets DET change only while ST is
 * clear, when they are 0 anyway.
 */
import type { StateFields, StateRecord } from "../../base/state.ts";
import type { GuestMemory } from "../guest-memory.ts";
import { AtaStatus, type SataDrive } from "../sata/link.ts";
import { CommandEngine } from "./command-engine.ts";
import type { AhciObserver, ObservedPort } from "./observer.ts";
import { type FirmwareRegisters, PortRegisters } from "./port-registers.ts";
import {
    commandListAlignBytes,
    fisAreaAlignBytes,
    noSignature,
    noTaskFile,
    PortCommand,
    PortRegister,
    portInterruptClearable,
    portInterruptEnables,
    SataControl,
    SataError,
    SataStatus,
} from "./registers.ts";
import type { PhysicalRange } from "./scatter-gather.ts";

/** Bits of PxCMD that a driver's write leaves set. */
const keptCommandBits =
    PortCommand.activityLight | PortCommand.fisReceiveEnable | PortCommand.start;

/** What a port needs of the controller and the machine. */
export interface PortSurroundings {
    readonly memory: GuestMemory;
    readonly observer: AhciObserver;
    readonly isBusMaster: () => boolean;
    /** The port may want an interrupt, or no longer want it. */
    readonly interruptsChanged: () => void;
    /** Says something to whoever runs the machine. */
    readonly notice: (message: string) => void;
}

export class AhciPort implements ObservedPort {
    readonly portNo: number;
    readonly #around: PortSurroundings;
    readonly #registers = new PortRegisters();
    readonly #drive: SataDrive | undefined;
    /** Exists where a drive does. */
    readonly #engine: CommandEngine | undefined;

    constructor(portNo: number, drive: SataDrive | undefined, around: PortSurroundings) {
        this.portNo = portNo;
        this.#around = around;
        this.#drive = drive;
        this.#engine =
            drive &&
            new CommandEngine({ ...around, drive, registers: this.#registers, port: this });
    }

    get isInterruptPending(): boolean {
        return this.#registers.isInterruptPending();
    }

    get commandListAddress(): number {
        return this.#registers.commandListAddress;
    }

    get activeTags(): number {
        return this.#registers.PxSACT >>> 0;
    }

    get outstandingSlots(): number {
        return (this.#engine?.slots.outstanding ?? 0) >>> 0;
    }

    get queuedSlots(): number {
        return (this.#engine?.slots.queued ?? 0) >>> 0;
    }

    describeBuffer(slot: number, bufferOffset: number, byteLimit: number): PhysicalRange[] {
        return this.#engine?.slots.at(slot).list.ranges(bufferOffset, byteLimit) ?? [];
    }

    /** @param register a multiple of 4 below the port's size. */
    read(register: number): number {
        const registers = this.#registers;
        switch (register) {
            case PortRegister.PxCLB:
                return registers.PxCLB;
            case PortRegister.PxCLBU:
                return registers.PxCLBU;
            case PortRegister.PxFB:
                return registers.PxFB;
            case PortRegister.PxFBU:
                return registers.PxFBU;
            case PortRegister.PxIS:
                this.#engine?.statusWasRead("PxIS");
                return registers.interruptStatus();
            case PortRegister.PxIE:
                return registers.PxIE;
            case PortRegister.PxCMD:
                return registers.commandAndStatus(this.#engine?.currentSlot ?? 0);
            case PortRegister.PxTFD:
                return registers.PxTFD;
            case PortRegister.PxSIG:
                return registers.PxSIG;
            case PortRegister.PxSSTS:
                return registers.PxSSTS;
            case PortRegister.PxSCTL:
                return registers.PxSCTL;
            case PortRegister.PxSERR:
                return registers.PxSERR;
            case PortRegister.PxSACT:
                this.#engine?.statusWasRead("PxSACT");
                return registers.PxSACT >>> 0;
            case PortRegister.PxCI:
                this.#engine?.statusWasRead("PxCI");
                return registers.PxCI >>> 0;
            case PortRegister.PxSNTF:
            case PortRegister.PxFBS:
            case PortRegister.PxDEVSLP:
                return 0;
            default:
                this.#tellReserved("read of", register);
                return 0;
        }
    }

    /** @param value 32 bits. */
    write(register: number, value: number): void {
        const registers = this.#registers;
        switch (register) {
            case PortRegister.PxCLB:
                registers.PxCLB = (value & ~(commandListAlignBytes - 1)) >>> 0;
                return;
            case PortRegister.PxCLBU:
                registers.PxCLBU = value;
                return;
            case PortRegister.PxFB:
                registers.PxFB = (value & ~(fisAreaAlignBytes - 1)) >>> 0;
                return;
            case PortRegister.PxFBU:
                registers.PxFBU = value;
                return;
            case PortRegister.PxIS:
                registers.PxIS = (registers.PxIS & ~(value & portInterruptClearable)) >>> 0;
                this.#around.interruptsChanged();
                return;
            case PortRegister.PxIE:
                registers.PxIE = (value & portInterruptEnables) >>> 0;
                this.#around.interruptsChanged();
                return;
            case PortRegister.PxCMD:
                this.#writeCommand(value);
                return;
            case PortRegister.PxSCTL:
                this.#writeControl(value);
                return;
            case PortRegister.PxSERR:
                registers.PxSERR = (registers.PxSERR & ~value) >>> 0;
                this.#engine?.takeSignature();
                this.#around.interruptsChanged();
                return;
            case PortRegister.PxSACT:
            case PortRegister.PxCI:
                this.#ring(register === PortRegister.PxCI ? "PxCI" : "PxSACT", value);
                return;
            case PortRegister.PxTFD:
            case PortRegister.PxSIG:
            case PortRegister.PxSSTS:
            case PortRegister.PxSNTF:
            case PortRegister.PxFBS:
            case PortRegister.PxDEVSLP:
                return;
            default:
                this.#tellReserved("write of", register);
        }
    }

    /** ST and FRE take effect at once, and so would ICC, which therefore reads 0 (3.3.7). */
    #writeCommand(value: number): void {
        const wasStarted = this.#registers.isStarted;
        this.#registers.PxCMD = (value & keptCommandBits) >>> 0;
        if (wasStarted && !this.#registers.isStarted) {
            this.#engine?.drop();
        }
    }

    /** A doorbell: 1 sets a bit, while ST is set (3.3.13, 3.3.14). */
    #ring(register: "PxSACT" | "PxCI", value: number): void {
        const registers = this.#registers;
        if (!registers.isStarted) {
            this.#around.notice(
                `port ${this.portNo}: ${register} was written while PxCMD.ST is clear: ignored`,
            );
            return;
        }
        this.#around.observer.onDoorbell?.(this, register, value, registers[register] >>> 0);
        registers[register] = (registers[register] | value) >>> 0;
        this.#engine?.issuePending();
    }

    #writeControl(value: number): void {
        const registers = this.#registers;
        const detectBefore = registers.PxSCTL & SataControl.detectMask;
        const detect = value & SataControl.detectMask;
        registers.PxSCTL = value & SataControl.writable;
        if (detect === detectBefore) {
            return;
        }
        if (detect === SataControl.comreset) {
            this.#takeLinkDown(SataStatus.absent);
        } else if (detect === SataControl.disable) {
            this.#takeLinkDown(SataStatus.offline);
        } else if (detect === 0 && !registers.isLinkUp) {
            this.#bringLinkUp();
        }
    }

    #takeLinkDown(status: number): void {
        const registers = this.#registers;
        this.#engine?.dropLink();
        if (registers.isLinkUp) {
            registers.PxSERR |= SataError.phyReadyChange;
        }
        registers.PxSSTS = status;
        registers.PxTFD = noTaskFile;
        this.#around.interruptsChanged();
    }

    /** The drive, if there is one, announces itself and then sends its signature. */
    #bringLinkUp(): void {
        const registers = this.#registers;
        if (this.#drive === undefined) {
            registers.PxSSTS = SataStatus.absent;
            return;
        }
        registers.PxSSTS = SataStatus.active;
        registers.PxSERR |= SataError.phyReadyChange | SataError.exchanged;
        registers.PxTFD = noTaskFile | AtaStatus.busy;
        registers.PxSIG = noSignature;
        this.#around.interruptsChanged();
        this.#drive.resetLink();
    }

    /**
     * As at power-on: with a link that comes up, or, where firmware ran before, as that left it.
     * The drive was reset before.
     */
    reset(firmwareLeft: FirmwareRegisters | undefined): void {
        this.#registers.reset();
        this.#engine?.reset();
        if (this.#drive !== undefined && firmwareLeft !== undefined) {
            this.#registers.setAsFirmware(firmwareLeft);
        } else {
            this.#bringLinkUp();
        }
    }

    /** GHC.HR: everything but PxCLB and PxFB is reset, and so is the link (10.4.3). */
    resetByController(): void {
        this.#engine?.dropLink();
        this.#registers.resetExceptAddresses();
        this.#bringLinkUp();
    }

    save(): StateRecord {
        const engine = this.#engine === undefined ? {} : { engine: this.#engine.save() };
        return { version: 1, registers: this.#registers.save(), ...engine };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#registers.load(state.record("registers"));
        this.#engine?.load(state.record("engine"));
    }

    #tellReserved(access: string, register: number): void {
        const offset = register.toString(16).toUpperCase();
        this.#around.notice(`${access} port ${this.portNo}'s reserved register ${offset}h`);
    }
}
