/**
 * Ports of a PC that a kernel touches out of habit: what is accepted, and why.
 *
 * Nothing here interrupts or changes what else the machine does.
 */
import type { StateFields, StateRecord } from "../../base/state.ts";
import type { Region } from "../bus.ts";
import { bytePorts } from "../byte-ports.ts";
import type { Clock } from "../clock.ts";
import type { Stateful } from "../device.ts";
import { InterruptMasks } from "./interrupt-masks.ts";
import { IntervalTimer } from "./interval-timer.ts";
import { RealTimeClock } from "./real-time-clock.ts";

/** A region, and why it is there. */
export interface LegacyRegion extends Region {
    readonly why: string;
}

/** Swallows what is written and reads as all ones. */
const delayPorts = bytePorts(
    () => 0xff,
    () => {},
);

export class LegacyPorts implements Stateful {
    readonly name = "legacy";
    readonly regions: readonly LegacyRegion[];
    readonly #firstMasks = new InterruptMasks();
    readonly #secondMasks = new InterruptMasks();
    readonly #timer: IntervalTimer;
    readonly #realTimeClock: RealTimeClock;

    constructor(clock: Clock) {
        this.#timer = new IntervalTimer(clock);
        this.#realTimeClock = new RealTimeClock(clock);
        this.regions = [
            {
                what: "first 8259 interrupt controller",
                why: "a kernel masks it before it uses the APICs; it never interrupts",
                first: 0x20,
                lengthBytes: 2,
                device: this.#firstMasks.ports,
            },
            {
                what: "8254 interval timer",
                why: "a kernel may calibrate its clocks by it; it counts virtual time",
                first: 0x40,
                lengthBytes: 4,
                device: this.#timer.ports,
            },
            {
                what: "timer gate and speaker",
                why: "the timer's third channel is started and seen here",
                first: 0x61,
                lengthBytes: 1,
                device: this.#timer.gatePort,
            },
            {
                what: "real-time clock and CMOS memory",
                why: "a kernel may ask for the date; it begins on 1 January 2025",
                first: 0x70,
                lengthBytes: 2,
                device: this.#realTimeClock.ports,
            },
            {
                what: "DMA page registers and POST code",
                why: "kernels pass time here: on a PC an access takes about a microsecond",
                first: 0x80,
                lengthBytes: 16,
                device: delayPorts,
            },
            {
                what: "second 8259 interrupt controller",
                why: "as the first",
                first: 0xa0,
                lengthBytes: 2,
                device: this.#secondMasks.ports,
            },
        ];
    }

    reset(): void {
        this.#firstMasks.reset();
        this.#secondMasks.reset();
        this.#timer.reset();
        this.#realTimeClock.reset();
    }

    save(): StateRecord {
        return {
            version: 1,
            firstMasks: this.#firstMasks.save(),
            secondMasks: this.#secondMasks.save(),
            timer: this.#timer.save(),
            realTimeClock: this.#realTimeClock.save(),
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#firstMasks.load(state.record("firstMasks"));
        this.#secondMasks.load(state.record("secondMasks"));
        this.#timer.load(state.record("timer"));
        this.#realTimeClock.load(state.record("realTimeClock"));
    }
}
