import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Clock } from "../../src/machine/clock.ts";
import type { LocalApic } from "../../src/machine/interrupts/local-apic.ts";
import { enabledRig, takeAll } from "../support/apic-rig.ts";

// Registers of the Intel SDM, volume 3, 11.5.4.
const lvtTimer = 0x320;
const initialCount = 0x380;
const currentCount = 0x390;
const divide = 0x3e0;
const divideBy1 = 0xb;

const masked = 0x1_0000;
const periodic = 0x2_0000;
const vector = 0x20;

function timerRig(lvt: number, divider = divideBy1) {
    const rig = enabledRig();
    const [apic] = rig.apics;
    const put = (offset: number, value: number) => apic.write(offset, 4, value);
    put(divide, divider);
    put(lvtTimer, lvt);
    return { ...rig, apic, put, count: () => apic.read(currentCount, 4) };
}

/** Goes through time from alarm to alarm and takes every interrupt; returns when each came. */
function tickTimes({ clock, apic }: { clock: Clock; apic: LocalApic }, untilNs: number): number[] {
    const times: number[] = [];
    while (clock.nextAlarmNs <= untilNs) {
        clock.advanceTo(clock.nextAlarmNs);
        times.push(...takeAll(apic).map(() => clock.nowNs));
    }
    clock.advanceTo(untilNs);
    return times;
}

describe("the local APIC's timer", () => {
    it("ticks once after its initial count, a nanosecond a count, in one-shot mode", () => {
        const rig = timerRig(vector);
        rig.clock.advanceTo(77);
        rig.put(initialCount, 1000);
        expect(rig.count()).toBe(1000);
        rig.clock.advanceTo(1076);
        expect([rig.count(), rig.apic.pendingVector]).toEqual([1, -1]);
        rig.clock.advanceTo(1077);
        expect([rig.count(), rig.apic.pendingVector]).toEqual([0, vector]);
        expect(tickTimes(rig, 10_000)).toEqual([]);
    });

    it("ticks at 100 Hz with the initial count that a kernel gives it", () => {
        const rig = timerRig(periodic | vector);
        rig.put(initialCount, 10_000_000);
        expect(tickTimes(rig, 50_000_000)).toEqual([10e6, 20e6, 30e6, 40e6, 50e6]);
    });

    const divisors: [number, number][] = [
        [0b0000, 2],
        [0b0001, 4],
        [0b0010, 8],
        [0b0011, 16],
        [0b1000, 32],
        [0b1001, 64],
        [0b1010, 128],
        [0b1011, 1],
    ];
    it.each(divisors)("with divide configuration %i counts every %i nanoseconds", (bits, by) => {
        const rig = timerRig(periodic | vector, bits);
        rig.put(initialCount, 10);
        rig.clock.advanceTo(3 * by);
        expect(rig.count()).toBe(7);
        rig.clock.advanceTo(4 * by - 1);
        expect(rig.count()).toBe(7);
        expect(tickTimes(rig, 30 * by)).toEqual([10 * by, 20 * by, 30 * by]);
    });

    it("never drifts, and is one interrupt however late it is taken", () => {
        const rig = timerRig(periodic | vector);
        rig.put(initialCount, 1000);
        rig.clock.advanceTo(5700);
        expect(takeAll(rig.apic)).toEqual([vector]);
        expect(rig.count()).toBe(300);
        expect(tickTimes(rig, 8500)).toEqual([6000, 7000, 8000]);
    });

    it("rings no alarm while a tick would change nothing", () => {
        const rig = timerRig(periodic | vector);
        rig.put(initialCount, 1);
        rig.clock.advanceTo(1_000_000_000_000);
        expect(takeAll(rig.apic)).toEqual([vector]);
        expect(rig.clock.nextAlarmNs).toBe(1_000_000_000_001);
        rig.put(lvtTimer, masked | periodic | vector);
        expect(rig.clock.nextAlarmNs).toBe(Number.POSITIVE_INFINITY);
    });

    it("rings no alarm once software has disabled the APIC", () => {
        const rig = timerRig(periodic | vector);
        rig.put(initialCount, 1000);
        rig.put(0xf0, 0xff);
        expect([rig.clock.nextAlarmNs, rig.count()]).toEqual([Number.POSITIVE_INFINITY, 1000]);
    });

    it("counts while it is masked, and ticks on time once it is not", () => {
        const rig = timerRig(masked | periodic | vector);
        rig.put(initialCount, 1000);
        rig.clock.advanceTo(2400);
        expect([rig.count(), rig.apic.pendingVector]).toEqual([600, -1]);
        rig.put(lvtTimer, periodic | vector);
        expect(tickTimes(rig, 4100)).toEqual([3000, 4000]);
    });

    it("ticks with a new vector while the old one still waits", () => {
        const rig = timerRig(periodic | vector);
        rig.put(initialCount, 1000);
        rig.clock.advanceTo(1500);
        rig.put(lvtTimer, periodic | 0x30);
        rig.clock.advanceTo(2500);
        expect(takeAll(rig.apic)).toEqual([0x30, vector]);
    });

    it("stops at an initial count of 0, and begins anew at every other", () => {
        const rig = timerRig(periodic | vector);
        rig.put(initialCount, 1000);
        rig.clock.advanceTo(400);
        rig.put(initialCount, 2000);
        expect(rig.count()).toBe(2000);
        rig.clock.advanceTo(500);
        rig.put(initialCount, 0);
        expect([rig.count(), rig.clock.nextAlarmNs]).toEqual([0, Number.POSITIVE_INFINITY]);
    });

    it("gives up its count when its mode is changed, and keeps it otherwise", () => {
        const rig = timerRig(vector);
        rig.put(initialCount, 1000);
        rig.put(lvtTimer, 0x21);
        expect(rig.count()).toBe(1000);
        rig.put(lvtTimer, periodic | 0x21);
        expect(rig.count()).toBe(0);
        expect(tickTimes(rig, 5000)).toEqual([]);
        rig.put(initialCount, 1000);
        expect(tickTimes(rig, 7000)).toEqual([6000, 7000]);
    });

    it("goes on from where it is when its divisor is changed", () => {
        const rig = timerRig(periodic | vector);
        rig.put(initialCount, 1000);
        rig.clock.advanceTo(600);
        rig.put(divide, 0);
        expect(rig.count()).toBe(400);
        expect(tickTimes(rig, 3400)).toEqual([1400, 3400]);
    });

    it("stays done in one-shot mode when its divisor is changed", () => {
        const rig = timerRig(vector);
        rig.put(initialCount, 10);
        rig.clock.advanceTo(50);
        takeAll(rig.apic);
        rig.put(divide, 0xa);
        expect([rig.count(), rig.clock.nextAlarmNs]).toEqual([0, Number.POSITIVE_INFINITY]);
    });

    it("reports an illegal vector once for each write to the error status", () => {
        const rig = timerRig(periodic | 5);
        rig.put(0x370, 0x33);
        rig.put(initialCount, 100);
        rig.clock.advanceTo(1_000_000_000_000);
        expect(takeAll(rig.apic)).toEqual([0x33]);
        rig.put(0x280, 0);
        expect(rig.apic.read(0x280, 4)).toBe(0x40);
        expect(tickTimes(rig, 1_000_000_000_250)).toEqual([1_000_000_000_100]);
    });

    it("can count the longest time there is", () => {
        const rig = timerRig(vector, 0xa);
        rig.put(initialCount, 0xffff_ffff);
        expect(tickTimes(rig, 600_000_000_000)).toEqual([0xffff_ffff * 128]);
    });
});

/** What a timer does, by looking at every nanosecond. */
function countByHand(periodNs: number, takenAt: ReadonlySet<number>, untilNs: number): number[] {
    const taken: number[] = [];
    let isPending = false;
    for (let nowNs = 1; nowNs <= untilNs; nowNs++) {
        isPending ||= nowNs % periodNs === 0;
        if (isPending && takenAt.has(nowNs)) {
            isPending = false;
            taken.push(nowNs);
        }
    }
    return taken;
}

describe("a periodic timer that is served at any instants", () => {
    const served = (
        periodNs: number,
        takenAt: readonly number[],
        takeOne = (apic: LocalApic) => takeAll(apic).length,
    ) => {
        const rig = timerRig(periodic | vector);
        rig.put(initialCount, periodNs);
        return takenAt.filter((atNs) => {
            rig.clock.advanceTo(atNs);
            return takeOne(rig.apic) > 0;
        });
    };
    const cases = fc.record({
        periodNs: fc.integer({ min: 1, max: 40 }),
        takenAt: fc
            .uniqueArray(fc.integer({ min: 1, max: 300 }), { maxLength: 40 })
            .map((times) => times.sort((a, b) => a - b)),
    });

    it("interrupts exactly when one that looks at every nanosecond does", () => {
        fc.assert(
            fc.property(cases, ({ periodNs, takenAt }) => {
                expect(served(periodNs, takenAt)).toEqual(
                    countByHand(periodNs, new Set(takenAt), 300),
                );
            }),
            { seed: 20_263, numRuns: 300 },
        );
    });

    it("is told from one that begins its count anew when it is served (canary)", () => {
        const restarting = (apic: LocalApic) => {
            const count = takeAll(apic).length;
            if (count > 0) {
                apic.write(initialCount, 4, apic.read(initialCount, 4));
            }
            return count;
        };
        const differs = fc.check(
            fc.property(cases, ({ periodNs, takenAt }) => {
                expect(served(periodNs, takenAt, restarting)).toEqual(
                    countByHand(periodNs, new Set(takenAt), 300),
                );
            }),
            { seed: 20_263, numRuns: 300 },
        );
        expect(differs.failed).toBe(true);
    });
});
