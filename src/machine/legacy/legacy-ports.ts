/**
 * Ports of a PC that a kernel touches out of habit.
 *
 * Nothing here interrupts or changes what else the machine does.
 */
import type { StateFields, StateRecord } from "../../base/state.ts";
import { bytePorts, type Ports } from "../byte-ports.ts";
import type { Clock } from "../clock.ts";
import type { Stateful } from "../device.ts";
import { InterruptMasks } from "./interrupt-masks.ts";
import { IntervalTimer } from "./interval-timer.ts";
import { RealTimeClock } from "./real-time-clock.ts";

/** Swallows what is written and reads as all ones. */
const delayPorts = bytePorts(
    () => 0xff,
    () => {},
);

type LegacyPortName =
    | "firstInterruptMasks"
    | "secondInterruptMasks"
    | "intervalTimer"
    | "timerGate"
    | "realTimeClock"
    | "delay";

export class LegacyPorts implements Stateful {
    readonly name = "legacy";
    /** By their names in the address map, which says where they are and why. */
    readonly ports: Readonly<Record<LegacyPortName, Ports>>;
    readonly #firstMasks = new InterruptMasks();
    readonly #secondMasks = new InterruptMasks();
    readonly #timer: IntervalTimer;
    readonly #realTimeClock: RealTimeClock;

    constructor(clock: Clock) {
        this.#timer = new IntervalTimer(clock);
        this.#realTimeClock = new RealTimeClock(clock);
        this.ports = {
            firstInterruptMasks: this.#firstMasks.ports,
            secondInterruptMasks: this.#secondMasks.ports,
            intervalTimer: this.#timer.ports,
            timerGate: this.#timer.gatePort,
            realTimeClock: this.#realTimeClock.ports,
            delay: delayPorts,
        };
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
