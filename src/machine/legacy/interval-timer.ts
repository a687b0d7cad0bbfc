/**
 * The 8254 interval timer, ports 0x40 to 0x43, and port 0x61, by which its third channel is gated
 * and seen.
 *
 * Its channels count virtual time and interrupt nobody; a guest can measure by them, as kernels do
 * to calibrate other clocks. Source: Intel 8254 data sheet. BCD and read-back are not followed, and
 * a channel's gate restarts it in every mode.
 */
import type { StateFields, StateRecord } from "../../base/state.ts";
import { bytePorts, type Ports } from "../byte-ports.ts";
import type { Clock } from "../clock.ts";

/** 1.193182 MHz. */
const ticksPerNs = 0.001_193_182;
/** The refresh signal in port 0x61 turns that often. */
const refreshNs = 15_085;

const controlPort = 3;

/** Values of the access field of a control word. */
const Access = { latch: 0, low: 1, high: 2, both: 3 } as const;

/** Bits of port 0x61. */
const Gate = { channel2: 0x01, written: 0x03, refresh: 0x10, output2: 0x20 } as const;

const none = -1;

/** One counter. */
class Channel {
    /** 1 to 65536. */
    reload = 65_536;
    startNs = 0;
    mode = 3;
    access: number = Access.both;
    /** A count that was latched, or `none`. */
    latched = none;
    /** The low byte that was written before its high one, or `none`. */
    lowByte = none;
    /** The next read gives the high byte. */
    readsHigh = false;

    /** Modes 2 and 3 begin again when they have counted down. */
    get #isPeriodic(): boolean {
        return (this.mode & 2) !== 0;
    }

    #ticks(nowNs: number): number {
        return Math.floor((nowNs - this.startNs) * ticksPerNs);
    }

    count(nowNs: number): number {
        const ticks = this.#ticks(nowNs);
        const left = this.#isPeriodic ? this.reload - (ticks % this.reload) : this.reload - ticks;
        return ((left % 65_536) + 65_536) % 65_536;
    }

    /** The level of the channel's output. */
    output(nowNs: number): boolean {
        const ticks = this.#ticks(nowNs);
        return this.#isPeriodic
            ? ticks % this.reload < Math.ceil(this.reload / 2)
            : ticks >= this.reload;
    }

    control(value: number, nowNs: number): void {
        const access = (value >>> 4) & 3;
        if (access === Access.latch) {
            this.latched = this.count(nowNs);
            return;
        }
        this.access = access;
        this.mode = (value >>> 1) & 7;
        this.latched = none;
        this.lowByte = none;
        this.readsHigh = false;
    }

    read(nowNs: number): number {
        const count = this.latched === none ? this.count(nowNs) : this.latched;
        const isHigh = this.access === Access.high || this.readsHigh;
        if (this.access === Access.both) {
            this.readsHigh = !this.readsHigh;
        }
        if (!this.readsHigh) {
            this.latched = none;
        }
        return isHigh ? count >>> 8 : count & 0xff;
    }

    write(byte: number, nowNs: number): void {
        if (this.access === Access.both && this.lowByte === none) {
            this.lowByte = byte;
            return;
        }
        const isHigh = this.access !== Access.low;
        const value = isHigh ? (byte << 8) | Math.max(0, this.lowByte) : byte;
        this.reload = value === 0 ? 65_536 : value;
        this.startNs = nowNs;
        this.lowByte = none;
    }

    reset(): void {
        this.reload = 65_536;
        this.startNs = 0;
        this.mode = 3;
        this.access = Access.both;
        this.latched = none;
        this.lowByte = none;
        this.readsHigh = false;
    }

    save(): StateRecord {
        return {
            reload: this.reload,
            startNs: this.startNs,
            mode: this.mode,
            access: this.access,
            latched: this.latched,
            lowByte: this.lowByte,
            readsHigh: this.readsHigh,
        };
    }

    load(state: StateFields): void {
        this.reload = state.integer("reload", 1, 65_536);
        this.startNs = state.integer("startNs", 0, Number.MAX_SAFE_INTEGER);
        this.mode = state.integer("mode", 0, 7);
        this.access = state.integer("access", Access.low, Access.both);
        this.latched = state.integer("latched", none, 0xffff);
        this.lowByte = state.integer("lowByte", none, 0xff);
        this.readsHigh = state.boolean("readsHigh");
    }
}

export class IntervalTimer {
    /** Ports 0x40 to 0x43: the counters, and the control port, which cannot be read. */
    readonly ports: Ports = bytePorts(
        (offset) => this.#channels.at(offset)?.read(this.#clock.nowNs) ?? 0xff,
        (offset, value) => this.#write(offset, value),
    );
    /** Port 0x61. */
    readonly gatePort: Ports = bytePorts(
        () => this.#readGate(),
        (_, value) => this.#writeGate(value),
    );
    readonly #clock: Clock;
    readonly #channels = [new Channel(), new Channel(), new Channel()] as const;
    #gate = 0;

    constructor(clock: Clock) {
        this.#clock = clock;
    }

    reset(): void {
        this.#gate = 0;
        for (const channel of this.#channels) {
            channel.reset();
        }
    }

    save(): StateRecord {
        return {
            version: 1,
            gate: this.#gate,
            channel0: this.#channels[0].save(),
            channel1: this.#channels[1].save(),
            channel2: this.#channels[2].save(),
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#gate = state.integer("gate", 0, Gate.written);
        for (const [index, channel] of this.#channels.entries()) {
            channel.load(state.record(`channel${index}`));
        }
    }

    /** A control word for a fourth channel would be a read-back command. */
    #write(offset: number, value: number): void {
        const { nowNs } = this.#clock;
        if (offset === controlPort) {
            this.#channels.at(value >>> 6)?.control(value, nowNs);
        } else {
            this.#channels.at(offset)?.write(value, nowNs);
        }
    }

    #readGate(): number {
        const { nowNs } = this.#clock;
        const refresh = Math.floor(nowNs / refreshNs) % 2 === 1 ? Gate.refresh : 0;
        return this.#gate | refresh | (this.#channels[2].output(nowNs) ? Gate.output2 : 0);
    }

    #writeGate(value: number): void {
        const rises = (value & ~this.#gate & Gate.channel2) !== 0;
        this.#gate = value & Gate.written;
        if (rises) {
            this.#channels[2].startNs = this.#clock.nowNs;
        }
    }
}
