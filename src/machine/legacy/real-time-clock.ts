/**
 * The real-time clock and its 128 bytes of CMOS memory, ports 0x70 (index) and 0x71 (data).
 *
 * The date is a matter of virtual time: every machine is switched on at midnight of 1 January 2025,
 * so that no run depends on when it happens. The clock is not in the middle of an update, ever,
 * raises no interrupt, and does not let itself be set. Source: Motorola MC146818A data sheet; byte
 * 0x32 is the century, as PC firmware has it.
 */
import type { StateFields, StateRecord } from "../../base/state.ts";
import { bytePorts, type Ports } from "../byte-ports.ts";
import type { Clock } from "../clock.ts";

const powerOnYear = 2025;
/** 1 January 2025 was a Wednesday; Sunday is day 1. */
const powerOnWeekday = 4;
const daysInMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const nsPerSecond = 1e9;
const secondsPerDay = 86_400;

const sizeBytes = 128;
const dataPort = 1;

/** Registers that are not memory. */
const Register = {
    seconds: 0x00,
    minutes: 0x02,
    hours: 0x04,
    weekday: 0x06,
    day: 0x07,
    month: 0x08,
    year: 0x09,
    statusA: 0x0a,
    statusB: 0x0b,
    statusC: 0x0c,
    statusD: 0x0d,
    century: 0x32,
} as const;

/** 32,768 Hz, no update in progress. */
const statusA = 0x26;
/** BCD, 24 hours, no interrupts. */
const statusB = 0x02;
/** The battery is good. */
const statusD = 0x80;

export class RealTimeClock {
    /** The index, which cannot be read, and the data. */
    readonly ports: Ports = bytePorts(
        (offset) => (offset === dataPort ? this.#readRegister() : 0xff),
        (offset, value) => this.#write(offset, value),
    );
    readonly #clock: Clock;
    readonly #memory = new Uint8Array(sizeBytes);
    #index = 0;

    constructor(clock: Clock) {
        this.#clock = clock;
    }

    reset(): void {
        this.#memory.fill(0);
        this.#index = 0;
    }

    save(): StateRecord {
        return { version: 1, memory: this.#memory.slice(), index: this.#index };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#memory.set(state.bytes("memory", sizeBytes));
        this.#index = state.integer("index", 0, sizeBytes - 1);
    }

    /** Bit 7 of the index is the mask of the NMI, of which there is none. */
    #write(offset: number, value: number): void {
        if (offset === dataPort) {
            this.#memory[this.#index] = value;
        } else {
            this.#index = value & 0x7f;
        }
    }

    #readRegister(): number {
        const seconds = Math.floor(this.#clock.nowNs / nsPerSecond);
        const days = Math.floor(seconds / secondsPerDay);
        switch (this.#index) {
            case Register.seconds:
                return bcd(seconds % 60);
            case Register.minutes:
                return bcd(Math.floor(seconds / 60) % 60);
            case Register.hours:
                return bcd(Math.floor(seconds / 3600) % 24);
            case Register.weekday:
                return 1 + ((powerOnWeekday - 1 + days) % 7);
            case Register.day:
                return bcd(dateAfter(days).day);
            case Register.month:
                return bcd(dateAfter(days).month);
            case Register.year:
                return bcd(dateAfter(days).year % 100);
            case Register.century:
                return bcd(Math.floor(dateAfter(days).year / 100));
            case Register.statusA:
                return statusA;
            case Register.statusB:
                return statusB;
            case Register.statusC:
                return 0;
            case Register.statusD:
                return statusD;
            default:
                return this.#memory[this.#index];
        }
    }
}

/** The date a number of days after power-on. Virtual time ends before day 105. */
function dateAfter(days: number): { day: number; month: number; year: number } {
    let month = 0;
    let left = days;
    while (left >= daysInMonth[month]) {
        left -= daysInMonth[month];
        month++;
    }
    return { day: left + 1, month: month + 1, year: powerOnYear };
}

function bcd(value: number): number {
    return Math.floor(value / 10) * 16 + (value % 10);
}
