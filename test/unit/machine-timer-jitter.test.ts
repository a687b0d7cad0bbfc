/** Periodic ticks that come late by choice. */
import { describe, expect, it } from "vitest";
import { ChoiceRecorder, RecordedChoices, SeededChoices } from "../../src/base/choices.ts";
import type { Context } from "../../src/machine/cpu/context.ts";
import type { Program } from "../../src/machine/cpu/operation.ts";
import { Machine } from "../../src/machine/machine.ts";
import { type ApicRig, enabledRig, fieldsOf, takeAll } from "../support/apic-rig.ts";
import { nothing } from "../support/machine-cpus.ts";

const lvtTimer = 0x320;
const initialCount = 0x380;
const currentCount = 0x390;
const divide = 0x3e0;
const divideBy1 = 0xb;
const periodic = 0x2_0000;
const masked = 0x1_0000;
const vector = 0x20;

function jitteryRig(maxNs: number, choices = new ChoiceRecorder(new SeededChoices(5))) {
    const rig = enabledRig(1, { maxNs, choices });
    const [apic] = rig.apics;
    apic.write(divide, 4, divideBy1);
    apic.write(lvtTimer, 4, periodic | vector);
    return { ...rig, apic, choices };
}

/** When ticks come that are served at once. */
function tickTimes({ clock, apics }: Pick<ApicRig, "clock" | "apics">, count: number): number[] {
    return Array.from({ length: count }, () => {
        clock.advanceTo(clock.nextAlarmNs);
        expect(takeAll(apics[0])).toEqual([vector]);
        return clock.nowNs;
    });
}

describe("a periodic timer with jitter", () => {
    it("ticks late, each time by a choice of its own, and never drifts", () => {
        const rig = jitteryRig(3000);
        rig.clock.advanceTo(77);
        rig.apic.write(initialCount, 4, 10_000);
        const delays = tickTimes(rig, 500).map((atNs, index) => atNs - 77 - 10_000 * (index + 1));
        expect(delays.every((delay) => delay >= 0 && delay <= 3000 && delay % 10 === 0)).toBe(true);
        expect(delays).toEqual(rig.choices.choices.slice(0, 500).map((choice) => 10 * choice));
        expect([Math.min(...delays) < 100, Math.max(...delays) > 2900]).toEqual([true, true]);
        // One choice for each tick, and one for the tick that is waited for.
        expect(rig.choices.choices.length).toBe(501);
    });

    it("ticks before the next tick's time, however great the jitter", () => {
        const latest = new ChoiceRecorder(new RecordedChoices(new Array(50).fill(2 ** 32 - 1)));
        for (const [period, delay] of [
            [1000, 990],
            [11, 10],
            [10, 0],
            [1, 0],
        ]) {
            const rig = jitteryRig(1e9, latest);
            latest.choices.length = 0;
            // As many options as there are delays, of which a list's choice is the remainder.
            const options = Math.floor((period - 1) / 10) + 1;
            rig.apic.write(initialCount, 4, period);
            const [first, second] = tickTimes(rig, 2);
            expect(first).toBe(period + 10 * ((2 ** 32 - 1) % options));
            expect(first - period).toBeLessThanOrEqual(delay);
            expect(first).toBeLessThan(2 * period);
            expect(second).toBeLessThan(3 * period);
            expect(latest.choices.length).toBe(options === 1 ? 0 : 3);
        }
    });

    it("counts as if it had none, and waits on while a tick is late", () => {
        const choices = new ChoiceRecorder(new RecordedChoices([20, 5, 7]));
        const rig = jitteryRig(500, choices);
        const { clock, apic } = rig;
        apic.write(initialCount, 4, 1000);
        clock.advanceTo(1100);
        expect([apic.read(currentCount, 4), apic.pendingVector]).toEqual([900, -1]);
        // Nothing is drawn again for a tick that is masked for a moment, and comes all the same.
        apic.write(lvtTimer, 4, masked | periodic | vector);
        apic.write(lvtTimer, 4, periodic | vector);
        clock.advanceTo(1199);
        expect(apic.pendingVector).toBe(-1);
        clock.advanceTo(1200);
        expect(takeAll(apic)).toEqual([vector]);
        expect(tickTimes(rig, 1)).toEqual([2050]);
        expect(choices.choices).toEqual([20, 5, 7]);
    });

    it("draws nothing in one-shot mode, and nothing without jitter", () => {
        const rig = jitteryRig(500);
        rig.apic.write(lvtTimer, 4, vector);
        rig.apic.write(initialCount, 4, 1000);
        expect(tickTimes(rig, 1)).toEqual([1000]);
        expect(rig.choices.choices).toEqual([]);
    });

    it("is saved and loaded at any instant, with the delay of the tick that is late", () => {
        for (let atNs = 0; atNs < 5000; atNs += 130) {
            const rig = jitteryRig(900);
            rig.apic.write(initialCount, 4, 1000);
            while (rig.clock.nextAlarmNs <= atNs) {
                rig.clock.advanceTo(rig.clock.nextAlarmNs);
                takeAll(rig.apic);
            }
            rig.clock.advanceTo(atNs);
            const other = jitteryRig(900);
            other.clock.load(fieldsOf(rig.clock.save()));
            other.apic.load(fieldsOf(rig.apic.save()));
            other.choices.load(fieldsOf(rig.choices.save()));
            // Both are asked to look for their next tick again.
            for (const apic of [rig.apic, other.apic]) {
                apic.write(lvtTimer, 4, masked | periodic | vector);
                apic.write(lvtTimer, 4, periodic | vector);
            }
            expect(tickTimes(other, 20)).toEqual(tickTimes(rig, 20));
        }
    });
});

/** The operations between which the first ticks of a machine with one CPU come. */
function tickOperations(seed: number, timerJitterNs: number): number[] {
    const choices = new SeededChoices(seed);
    const machine = new Machine({ choices, timerJitterNs, memoryBytes: 2 ** 20 });
    const at: number[] = [];
    const apic = 0xfee0_0000;
    machine.powerOn({
        *start(context: Context): Program {
            yield context.store(apic + 0xf0, 4, 0x1ff);
            yield context.store(apic + divide, 4, divideBy1);
            yield context.store(apic + lvtTimer, 4, periodic | vector);
            yield context.store(apic + initialCount, 4, 10_000);
            yield context.enableInterrupts();
            for (;;) {
                yield context.step();
            }
        },
        *interrupt(context: Context): Program {
            at.push(machine.cpus[0].retired);
            yield context.store(apic + 0xb0, 4, 0);
        },
        systemCall: nothing,
        exception: nothing,
    });
    machine.run({ operations: 20_000 });
    return at;
}

describe("a machine with one CPU", () => {
    it("has its ticks where the seed says, if it has jitter, and else always at one place", () => {
        const first = tickOperations(1, 5000);
        expect(first.length).toBeGreaterThan(15);
        expect(tickOperations(1, 5000)).toEqual(first);
        expect(tickOperations(2, 5000)).not.toEqual(first);
        expect(tickOperations(2, 0)).toEqual(tickOperations(1, 0));
    });
});
