/**
 * Virtual time, and the alarms by which devices wait for it.
 *
 * Time is a whole number of nanoseconds since power-on. It moves only when the machine says so:
 * with every operation that a CPU retires, and in one leap to the next alarm when all CPUs sleep.
 *
 * Invariants: time never goes back; no alarm lies in the past; alarms due at the same instant ring
 * in the order in which they were made, so that a run does not depend on how they are kept.
 */
import { assert } from "../base/assert.ts";
import type { StateFields, StateRecord } from "../base/state.ts";
import type { Stateful } from "./device.ts";

/** No time: of an alarm that is not set. */
export const never = Number.POSITIVE_INFINITY;

/** A device's alarm clock. It is made with the device and set again and again. */
export interface Alarm {
    /** When it rings, in ns since power-on; `never` when it is not set. */
    readonly atNs: number;
    /** Sets it, anew if it was set; a time in the past is now. */
    set(atNs: number): void;
    cancel(): void;
}

class ClockAlarm implements Alarm {
    readonly name: string;
    readonly ring: () => void;
    readonly #clock: Clock;
    atNs = never;

    constructor(clock: Clock, name: string, ring: () => void) {
        this.#clock = clock;
        this.name = name;
        this.ring = ring;
    }

    set(atNs: number): void {
        assert(Number.isSafeInteger(atNs), "an alarm is set to a whole number of nanoseconds");
        this.atNs = Math.max(atNs, this.#clock.nowNs);
        this.#clock.alarmsChanged();
    }

    cancel(): void {
        this.atNs = never;
        this.#clock.alarmsChanged();
    }
}

export class Clock implements Stateful {
    readonly name = "clock";
    readonly #alarms: ClockAlarm[] = [];
    #nowNs = 0;
    #nextAlarmNs = never;

    /** Nanoseconds since power-on. */
    get nowNs(): number {
        return this.#nowNs;
    }

    /** When the next alarm rings; `never` when none is set. */
    get nextAlarmNs(): number {
        return this.#nextAlarmNs;
    }

    /**
     * Makes an alarm. A machine makes all of its alarms when it is built, always in one order.
     *
     * @param name unique on this clock; it is the alarm's name in a saved state.
     */
    alarm(name: string, ring: () => void): Alarm {
        assert(
            this.#alarms.every((other) => other.name !== name),
            `alarm ${name} exists once`,
        );
        const alarm = new ClockAlarm(this, name, ring);
        this.#alarms.push(alarm);
        return alarm;
    }

    /** Moves time to `timeNs`, and rings every alarm on the way at its own instant. */
    advanceTo(timeNs: number): void {
        assert(timeNs >= this.#nowNs, "time does not go back");
        while (this.#nextAlarmNs <= timeNs) {
            const due = this.#nextAlarmNs;
            this.#nowNs = due;
            const alarm = this.#alarms.find(({ atNs }) => atNs === due);
            assert(alarm !== undefined, "the next alarm is one of the alarms");
            alarm.cancel();
            alarm.ring();
        }
        this.#nowNs = timeNs;
    }

    /** For alarms: finds the next one again. There are few of them. */
    alarmsChanged(): void {
        let next = never;
        for (const { atNs } of this.#alarms) {
            next = Math.min(next, atNs);
        }
        this.#nextAlarmNs = next;
    }

    reset(): void {
        this.#nowNs = 0;
        for (const alarm of this.#alarms) {
            alarm.cancel();
        }
    }

    save(): StateRecord {
        const set = this.#alarms.filter(({ atNs }) => atNs !== never);
        return {
            version: 1,
            nowNs: this.#nowNs,
            alarms: Object.fromEntries(set.map(({ name, atNs }) => [name, atNs])),
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        const nowNs = state.integer("nowNs", 0, Number.MAX_SAFE_INTEGER);
        const set = state.record("alarms");
        const times = this.#alarms.map(({ name }) =>
            set.has(name) ? set.integer(name, nowNs, Number.MAX_SAFE_INTEGER) : never,
        );
        this.#nowNs = nowNs;
        for (const [index, alarm] of this.#alarms.entries()) {
            alarm.atNs = times[index];
        }
        this.alarmsChanged();
    }
}
