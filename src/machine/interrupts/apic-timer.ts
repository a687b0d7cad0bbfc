/**
 * The timer of a local APIC (Intel SDM, volume 3, 11.5.4): counts down from an initial count, one
 * step in every `divisor` cycles of a clock of 1 GHz, so in as many nanoseconds.
 *
 * The count is not kept but follows from virtual time and the instant at which it began, so a
 * periodic timer cannot drift. A tick that would change nothing, because its interrupt is masked
 * or still pending, is not waited for: `expectTicks` says from when on ticks matter, and a period
 * of one nanosecond costs no more than the interrupts that a processor takes.
 *
 * Jitter: a machine may have its periodic ticks come late, each by a delay of its own, drawn when
 * the tick begins to be waited for. The count and the nominal period know nothing of it, and a
 * tick comes before the nominal instant of the next one. So with one CPU, too, a seed decides
 * between which operations interrupts come.
 *
 * Invariant: the alarm is set to the first tick after now, or not at all.
 */
import { assert } from "../../base/assert.ts";
import type { ChoiceStream } from "../../base/choices.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import { UserError } from "../../base/user-error.ts";
import { type Alarm, type Clock, never } from "../clock.ts";

/** Bits of the divide configuration register that exist: 3, 1 and 0. */
const divideMask = 0b1011;

/** What the register's bits 3, 1 and 0, read as one number, divide by. */
const divisors = [2, 4, 8, 16, 32, 64, 128, 1] as const;

/** The highest count at the lowest speed. */
const longestPeriodNs = 0xffff_ffff * 128;

/** Delays are multiples of this: what an operation takes, by default. */
const jitterStepNs = 10;

/** By how much periodic ticks may come late, and who decides. */
export interface TimerJitter {
    readonly maxNs: number;
    readonly choices: ChoiceStream;
}

export class ApicTimer {
    readonly #clock: Clock;
    readonly #alarm: Alarm;
    readonly #jitter: TimerJitter | undefined;
    #initialCount = 0;
    #divideConfiguration = 0;
    #isPeriodic = false;
    /** Whether a count was begun and not given up. */
    #isArmed = false;
    /** When the count began, at `initialCount`; before power-on after a change of the divisor. */
    #startNs = 0;
    /** The delay that was drawn last, and the nominal instant of the tick that it is for. */
    #delayNs = 0;
    #delayedTickNs = 0;

    /** @param onTick the count reached zero. No other tick comes before `expectTicks`. */
    constructor(clock: Clock, name: string, onTick: () => void, jitter?: TimerJitter) {
        this.#clock = clock;
        this.#jitter = jitter;
        this.#alarm = clock.alarm(name, onTick);
    }

    /** What counting begins with; from 0 to 2^32-1. */
    get initialCount(): number {
        return this.#initialCount;
    }

    /** Begins to count; 0 stops the timer. */
    set initialCount(count: number) {
        this.#initialCount = count;
        this.#isArmed = count !== 0;
        this.#startNs = this.#clock.nowNs;
    }

    /** What is left of the count; 0 when the timer is not counting. */
    get currentCount(): number {
        const tickNs = this.#nextTickNs();
        return tickNs === never ? 0 : Math.ceil((tickNs - this.#clock.nowNs) / this.#divisor);
    }

    /** The divide configuration register. */
    get divideConfiguration(): number {
        return this.#divideConfiguration;
    }

    /** Changes the speed; a count goes on from where it is. */
    set divideConfiguration(value: number) {
        const counted = this.#initialCount - this.currentCount;
        this.#divideConfiguration = value & divideMask;
        this.#startNs = this.#clock.nowNs - counted * this.#divisor;
    }

    /** Chooses between counting once and for ever. A change gives up the count (11.5.4). */
    setPeriodic(isPeriodic: boolean): void {
        if (isPeriodic !== this.#isPeriodic) {
            this.#isPeriodic = isPeriodic;
            this.#isArmed = false;
        }
    }

    /** Says whether a tick would have an effect. To be said again after whatever changes that. */
    expectTicks(isExpected: boolean): void {
        const tickNs = isExpected ? this.#nextDelayedTickNs() : never;
        assert(tickNs > this.#clock.nowNs, "the next tick is still to come");
        if (tickNs !== never) {
            this.#alarm.set(tickNs);
        } else if (this.#alarm.atNs !== never) {
            this.#alarm.cancel();
        }
    }

    reset(): void {
        this.#initialCount = 0;
        this.#divideConfiguration = 0;
        this.#isPeriodic = false;
        this.#isArmed = false;
        this.#startNs = 0;
        this.#delayNs = 0;
        this.#delayedTickNs = 0;
        this.#alarm.cancel();
    }

    /** Without the alarm, which the clock saves. */
    save(): StateRecord {
        return {
            initialCount: this.#initialCount,
            divideConfiguration: this.#divideConfiguration,
            isPeriodic: this.#isPeriodic,
            isArmed: this.#isArmed,
            startNs: this.#startNs,
            delayNs: this.#delayNs,
            delayedTickNs: this.#delayedTickNs,
        };
    }

    load(state: StateFields): void {
        this.#initialCount = state.integer("initialCount", 0, 0xffff_ffff);
        this.#divideConfiguration = state.integer("divideConfiguration", 0, divideMask);
        this.#isPeriodic = state.boolean("isPeriodic");
        this.#isArmed = state.boolean("isArmed");
        this.#startNs = state.integer("startNs", -longestPeriodNs, 2 ** 52);
        this.#delayNs = state.integer("delayNs", 0, longestPeriodNs);
        this.#delayedTickNs = state.integer("delayedTickNs", 0, 2 ** 52);
        if (this.#isArmed && this.#initialCount === 0) {
            throw new UserError("saved state of a local APIC: its timer counts down from 0");
        }
    }

    get #divisor(): number {
        const value = this.#divideConfiguration;
        return divisors[((value >> 1) & 4) | (value & 3)];
    }

    /** When the next tick comes, late as it may be; `never` when none does. Draws its delay. */
    #nextDelayedTickNs(): number {
        const tickNs = this.#nextTickNs();
        const jitter = this.#jitter;
        if (jitter === undefined || tickNs === never || !this.#isPeriodic) {
            return tickNs;
        }
        const nowNs = this.#clock.nowNs;
        const periodNs = this.#initialCount * this.#divisor;
        if (
            this.#delayedTickNs === tickNs - periodNs &&
            this.#delayedTickNs + this.#delayNs > nowNs
        ) {
            return this.#delayedTickNs + this.#delayNs;
        }
        if (this.#delayedTickNs !== tickNs) {
            const maxNs = Math.min(jitter.maxNs, periodNs - 1);
            const optionCount = Math.floor(maxNs / jitterStepNs) + 1;
            this.#delayedTickNs = tickNs;
            this.#delayNs = optionCount > 1 ? jitterStepNs * jitter.choices.choose(optionCount) : 0;
        }
        return tickNs + this.#delayNs;
    }

    /** The first nominal tick after now, or `never`. */
    #nextTickNs(): number {
        if (!this.#isArmed) {
            return never;
        }
        const nowNs = this.#clock.nowNs;
        const periodNs = this.#initialCount * this.#divisor;
        const elapsedNs = nowNs - this.#startNs;
        if (this.#isPeriodic) {
            return nowNs + periodNs - (elapsedNs % periodNs);
        }
        return elapsedNs < periodNs ? this.#startNs + periodNs : never;
    }
}
