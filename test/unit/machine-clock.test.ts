import { describe, expect, it } from "vitest";
import { StateFields } from "../../src/base/state.ts";
import { type Alarm, Clock } from "../../src/machine/clock.ts";

/** A clock with alarms of the given names, that write down when they rang. */
function clockWith(...names: string[]) {
    const clock = new Clock();
    const rung: [string, number][] = [];
    const alarms = names.map((name) =>
        clock.alarm(name, () => {
            rung.push([name, clock.nowNs]);
        }),
    );
    return { clock, rung, alarms };
}

/** Sets alarms of which some are due together, advances, and says in which order they rang. */
function orderOfRinging(advance: (clock: Clock, timeNs: number) => void): string {
    const { clock, rung, alarms } = clockWith("a", "b", "c", "d");
    for (const [index, atNs] of [70, 20, 70, 20].entries()) {
        alarms[index].set(atNs);
    }
    advance(clock, 100);
    return rung.map(([name, atNs]) => `${name}${atNs}`).join(" ");
}

describe("the clock", () => {
    it("begins at power-on and goes where it is told", () => {
        const clock = new Clock();
        expect([clock.nowNs, clock.nextAlarmNs]).toEqual([0, Number.POSITIVE_INFINITY]);
        clock.advanceTo(5);
        clock.advanceTo(5);
        expect(clock.nowNs).toBe(5);
        expect(() => clock.advanceTo(4)).toThrow("time does not go back");
        expect(() => clock.advanceTo(Number.NaN)).toThrow("time does not go back");
    });

    it("rings alarms at their instants, those of one in the order of their making", () => {
        expect(orderOfRinging((clock, timeNs) => clock.advanceTo(timeNs))).toBe("b20 d20 a70 c70");
    });

    it("is told from one that looks only where it arrives (canary)", () => {
        const late = orderOfRinging((clock, timeNs) => {
            const rings = clock.nextAlarmNs <= timeNs;
            const passed = { nowNs: timeNs, alarms: rings ? { a: timeNs, b: timeNs } : {} };
            clock.load(new StateFields({ version: 1, ...passed }, "clock"));
            clock.advanceTo(timeNs);
        });
        expect(late).not.toBe("b20 d20 a70 c70");
    });

    it("rings an alarm once, until it is set again, which it may be while it rings", () => {
        const clock = new Clock();
        const times: number[] = [];
        const alarm: Alarm = clock.alarm("periodic", () => {
            times.push(clock.nowNs);
            if (times.length < 4) {
                alarm.set(clock.nowNs + 10);
            }
        });
        alarm.set(10);
        clock.advanceTo(25);
        expect([times, clock.nextAlarmNs]).toEqual([[10, 20], 30]);
        clock.advanceTo(1000);
        expect(times).toEqual([10, 20, 30, 40]);
        expect(alarm.atNs).toBe(Number.POSITIVE_INFINITY);
    });

    it("takes a time in the past for now, and forgets what is cancelled", () => {
        const { clock, rung, alarms } = clockWith("a", "b");
        clock.advanceTo(50);
        alarms[0].set(10);
        expect(clock.nextAlarmNs).toBe(50);
        alarms[1].set(60);
        alarms[1].cancel();
        clock.advanceTo(100);
        expect(rung).toEqual([["a", 50]]);
    });

    it("wants whole nanoseconds and names that differ", () => {
        const { clock, alarms } = clockWith("a");
        expect(() => alarms[0].set(1.5)).toThrow(
            "an alarm is set to a whole number of nanoseconds",
        );
        expect(() => clock.alarm("a", () => undefined)).toThrow("alarm a exists once");
    });

    it("saves time and the alarms that are set, by name", () => {
        const { clock, alarms } = clockWith("a", "b");
        clock.advanceTo(7);
        alarms[1].set(30);
        expect(clock.save()).toEqual({ version: 1, nowNs: 7, alarms: { b: 30 } });
        const other = clockWith("a", "b");
        other.alarms[0].set(9);
        other.clock.load(new StateFields(clock.save(), "clock"));
        expect(other.clock.save()).toEqual(clock.save());
        other.clock.advanceTo(30);
        expect(other.rung).toEqual([["b", 30]]);
    });

    it("refuses a state with an alarm in the past, and stays what it was", () => {
        const { clock } = clockWith("a");
        const load = (state: object) => () =>
            clock.load(new StateFields({ version: 1, ...state }, "clock"));
        expect(load({ nowNs: 10, alarms: { a: 9 } })).toThrow(
            "saved state of clock.alarms: field a is not a whole number from 10 to " +
                "9007199254740991",
        );
        expect(load({ nowNs: 0.5, alarms: {} })).toThrow(
            "saved state of clock: field nowNs is not a whole number from 0 to 9007199254740991",
        );
        expect(clock.nowNs).toBe(0);
    });

    it("is back at power-on after a reset", () => {
        const { clock, rung, alarms } = clockWith("a");
        alarms[0].set(30);
        clock.advanceTo(20);
        clock.reset();
        clock.advanceTo(100);
        expect([rung, clock.nowNs]).toEqual([[], 100]);
    });
});
