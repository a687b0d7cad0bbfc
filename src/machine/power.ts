/**
 * Power: the registers by which a guest switches the machine off or resets it.
 *
 * - PM1 registers of the ICH9's power management, at PMBASE 0x600 (ACPI 6.5, 4.8.3; ICH9 data
 *   sheet, 13.8.3). Setting SLP_EN sleeps as SLP_TYP says, and the numbers are those of QEMU's q35:
 *   0 is off, 2 (hibernation) is off as well. SCI_EN and the events are stored; nothing raises one.
 * - Port 0x92, system control A (ICH9, 13.7.3): bit 0 going from 0 to 1 resets, bit 1 is A20.
 * - Port 0xCF9, reset control (ICH9, 13.7.5): bit 2 going from 0 to 1 resets. The port lies within
 *   the address register of PCI configuration, so who answers 0xCF8 hands a byte access on.
 *
 * The first request decides: a machine that is off or waits for its reset takes no other. The A20
 * gate is kept and can be read, and has no further effect, for every kernel since the 80386 opens
 * it; the keyboard controller has its hand on the same gate.
 */
import type { StateFields, StateRecord } from "../base/state.ts";
import { UserError } from "../base/user-error.ts";
import { bytePorts, type Ports } from "./byte-ports.ts";
import type { NoticeSink, Stateful } from "./device.ts";
import { tellOnce } from "./tell-once.ts";

/** `off` and `reset` are requests that the machine's loop carries out. */
export type PowerState = "running" | "off" | "reset";

const powerStates: readonly PowerState[] = ["running", "off", "reset"];

/** Whoever carries the requests out. */
export interface PowerEvents {
    /** The guest switched the machine off. */
    readonly onPowerOff?: () => void;
    /** The guest asked for a reset. @param by the register that it used. */
    readonly onReset?: (by: string) => void;
}

/** What the keyboard controller does to the machine beside its keyboard. */
export interface ResetControl {
    isA20Open: boolean;
    requestReset(by: string): void;
}

/** Offsets of the PM1 registers from PMBASE, 16 bits each. */
const Pm1 = { status: 0, enable: 2, control: 4 } as const;

/** Fields of PM1_CNT. */
const Pm1Control = {
    sciEnable: 0x0001,
    sleepTypeShift: 10,
    sleepTypeMask: 7,
    /** SLP_EN: reads as 0. */
    sleepEnable: 0x2000,
    /** SCI_EN, BM_RLD and SLP_TYP. */
    stored: 0x1c03,
} as const;

/** Values of SLP_TYP as QEMU's q35 takes them. */
const SleepType = { off: 0, suspend: 1, hibernate: 2 } as const;

/** Bits of PM1_EN: timer, global lock, power button, RTC. */
const enableMask = 0x0521;

/** Bits of port 0x92. */
const SystemControl = { fastReset: 0x01, a20: 0x02 } as const;

/** Bits of port 0xCF9. */
const ResetRegister = { resetCpu: 0x04, stored: 0x0a } as const;

export class Power implements Stateful, ResetControl {
    readonly name = "power";
    /** The PM1 registers, from PMBASE on. Bytes between and after them read as 0. */
    readonly pm1Ports: Ports = bytePorts(
        (offset) => this.#pm1Byte(offset),
        (offset, value) => this.#writePm1Byte(offset, value),
    );
    /** Port 0x92. */
    readonly systemControlPort: Ports = bytePorts(
        () => this.#systemControl | (this.isA20Open ? SystemControl.a20 : 0),
        (_, value) => this.#writeSystemControl(value),
    );
    /** Port 0xCF9. */
    readonly resetPort: Ports = bytePorts(
        () => this.#resetControl,
        (_, value) => this.#writeResetControl(value),
    );
    isA20Open = true;
    readonly #events: PowerEvents;
    readonly #tell: (message: string) => void;
    #state: PowerState = "running";
    #pm1Enable = 0;
    #pm1Control = 0;
    #systemControl = 0;
    #resetControl = 0;

    constructor(notice: NoticeSink, events: PowerEvents = {}) {
        this.#events = events;
        this.#tell = tellOnce(this.name, notice);
    }

    get state(): PowerState {
        return this.#state;
    }

    requestReset(by: string): void {
        if (this.#state === "running") {
            this.#state = "reset";
            this.#events.onReset?.(by);
        }
    }

    reset(): void {
        this.#state = "running";
        this.#pm1Enable = 0;
        this.#pm1Control = 0;
        this.#systemControl = 0;
        this.#resetControl = 0;
        this.isA20Open = true;
    }

    save(): StateRecord {
        return {
            version: 1,
            state: this.#state,
            pm1Enable: this.#pm1Enable,
            pm1Control: this.#pm1Control,
            systemControl: this.#systemControl,
            resetControl: this.#resetControl,
            isA20Open: this.isA20Open,
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#state = powerStateNamed(state.text("state"));
        this.#pm1Enable = state.integer("pm1Enable", 0, 0xffff);
        this.#pm1Control = state.integer("pm1Control", 0, 0xffff);
        this.#systemControl = state.integer("systemControl", 0, 0xff);
        this.#resetControl = state.integer("resetControl", 0, 0xff);
        this.isA20Open = state.boolean("isA20Open");
    }

    #pm1Byte(offset: number): number {
        const shift = 8 * (offset & 1);
        switch (offset & ~1) {
            case Pm1.enable:
                return (this.#pm1Enable >>> shift) & 0xff;
            case Pm1.control:
                return (this.#pm1Control >>> shift) & 0xff;
            default:
                return 0;
        }
    }

    #writePm1Byte(offset: number, value: number): void {
        const shift = 8 * (offset & 1);
        const merged = (register: number) => (register & ~(0xff << shift)) | (value << shift);
        switch (offset & ~1) {
            case Pm1.enable:
                this.#pm1Enable = merged(this.#pm1Enable) & enableMask;
                break;
            case Pm1.control: {
                const control = merged(this.#pm1Control);
                this.#pm1Control = control & Pm1Control.stored;
                if ((control & Pm1Control.sleepEnable) !== 0) {
                    this.#sleep((control >>> Pm1Control.sleepTypeShift) & Pm1Control.sleepTypeMask);
                }
                break;
            }
            default:
                // PM1_STS: a 1 clears an event, and there are none.
                break;
        }
    }

    #sleep(sleepType: number): void {
        if (sleepType !== SleepType.off && sleepType !== SleepType.hibernate) {
            this.#tell(`sleep type ${sleepType} does not switch off and is ignored`);
        } else if (this.#state === "running") {
            this.#state = "off";
            this.#events.onPowerOff?.();
        }
    }

    #writeSystemControl(value: number): void {
        const wasSet = (this.#systemControl & SystemControl.fastReset) !== 0;
        this.isA20Open = (value & SystemControl.a20) !== 0;
        this.#systemControl = value & ~SystemControl.a20;
        if ((value & SystemControl.fastReset) !== 0 && !wasSet) {
            this.requestReset("port 0x92");
        }
    }

    #writeResetControl(value: number): void {
        const wasSet = (this.#resetControl & ResetRegister.resetCpu) !== 0;
        this.#resetControl = value & (ResetRegister.stored | ResetRegister.resetCpu);
        if ((value & ResetRegister.resetCpu) !== 0 && !wasSet) {
            this.requestReset("port 0xCF9");
        }
    }
}

function powerStateNamed(text: string): PowerState {
    const state = powerStates.find((known) => known === text);
    if (state === undefined) {
        throw new UserError(
            `saved state of power: field state is none of ${powerStates.join(", ")}`,
        );
    }
    return state;
}
