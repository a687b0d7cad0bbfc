import { describe, expect, it } from "vitest";
import { UserError } from "../../src/base/user-error.ts";
import { Power } from "../../src/machine/power.ts";
import { handOver, noticeList, poke, stateBytes, stateFields } from "../support/device-rig.ts";

function rig() {
    const notices = noticeList();
    const events: string[] = [];
    const power = new Power(notices.sink, {
        onPowerOff: () => events.push("off"),
        onReset: (by) => events.push(`reset by ${by}`),
    });
    return { power, events, messages: notices.messages };
}

/** What the suite asks of power-off; false for a machine that stays on. */
function switchesOff(write: (power: Power) => void): boolean {
    const { power, events } = rig();
    write(power);
    return power.state === "off" && events.join() === "off";
}

describe("power", () => {
    it("goes off when Chickadee writes 0x2000 to PM1 control", () => {
        expect(switchesOff((power) => power.pm1Ports.write(4, 2, 0x2000))).toBe(true);
    });

    it("goes off by a byte or a double word as well, and for hibernation", () => {
        expect(switchesOff((power) => power.pm1Ports.write(5, 1, 0x20))).toBe(true);
        expect(switchesOff((power) => power.pm1Ports.write(4, 4, 0x2000))).toBe(true);
        expect(switchesOff((power) => power.pm1Ports.write(4, 2, 0x2800))).toBe(true);
    });

    it("catches its canary: a write without SLP_EN", () => {
        expect(switchesOff((power) => power.pm1Ports.write(4, 2, 0x1c01))).toBe(false);
    });

    it("stays on for a sleep type that it does not have, and says so once", () => {
        const { power, events, messages } = rig();
        power.pm1Ports.write(4, 2, 0x2400);
        power.pm1Ports.write(4, 2, 0x2400);
        expect(power.state).toBe("running");
        expect(events).toEqual([]);
        expect(messages).toEqual(["power: sleep type 1 does not switch off and is ignored"]);
    });

    it("keeps the sleep type and SCI_EN, reads SLP_EN as 0, and has no events", () => {
        const { power } = rig();
        power.pm1Ports.write(4, 2, 0x2401);
        power.pm1Ports.write(0, 2, 0xffff);
        power.pm1Ports.write(2, 2, 0xffff);
        expect(power.pm1Ports.read(4, 2)).toBe(0x0401);
        expect(power.pm1Ports.read(0, 4)).toBe(0x0521_0000);
        expect(power.pm1Ports.read(6, 2)).toBe(0);
    });

    it("resets by port 0x92 when bit 0 rises, and keeps A20 in bit 1", () => {
        const { power, events } = rig();
        expect(power.systemControlPort.read(0, 1)).toBe(2);
        power.systemControlPort.write(0, 1, 0);
        expect(power.isA20Open).toBe(false);
        expect(power.state).toBe("running");
        power.systemControlPort.write(0, 1, 3);
        expect(power.isA20Open).toBe(true);
        expect(power.state).toBe("reset");
        expect(events).toEqual(["reset by port 0x92"]);
    });

    it("does not reset by port 0x92 while bit 0 stays set", () => {
        const { power, events } = rig();
        power.systemControlPort.write(0, 1, 1);
        const other = rig();
        other.power.load(stateFields({ ...power.save(), state: "running" }));
        other.power.systemControlPort.write(0, 1, 1);
        expect(other.power.state).toBe("running");
        expect(events).toEqual(["reset by port 0x92"]);
    });

    it("resets by port 0xCF9 when bit 2 rises, not by the kind of reset alone", () => {
        const { power, events } = rig();
        power.resetPort.write(0, 1, 0x0a);
        expect(power.state).toBe("running");
        expect(power.resetPort.read(0, 1)).toBe(0x0a);
        power.resetPort.write(0, 1, 0x0e);
        expect(power.state).toBe("reset");
        expect(events).toEqual(["reset by port 0xCF9"]);
    });

    it("takes the first request only", () => {
        const { power, events } = rig();
        power.pm1Ports.write(4, 2, 0x2000);
        power.resetPort.write(0, 1, 6);
        power.requestReset("keyboard controller");
        power.pm1Ports.write(4, 2, 0x2000);
        expect(power.state).toBe("off");
        expect(events).toEqual(["off"]);
    });

    it("is running again, as at power-on, after its reset", () => {
        const { power } = rig();
        power.systemControlPort.write(0, 1, 1);
        power.pm1Ports.write(2, 2, 0xffff);
        power.reset();
        expect(stateBytes(power)).toEqual(stateBytes(rig().power));
    });

    it("goes on where it was saved", () => {
        const { power } = rig();
        power.resetPort.write(0, 1, 0x02);
        power.pm1Ports.write(4, 2, 0x2000);
        const other = rig();
        handOver(power, other.power);
        expect(stateBytes(other.power)).toEqual(stateBytes(power));
        expect(other.power.state).toBe("off");
        expect(other.events).toEqual([]);
    });

    it("refuses a state that it does not know", () => {
        const { power } = rig();
        const state = { ...power.save(), state: "asleep" };
        expect(() => power.load(stateFields(state))).toThrow(
            new UserError("saved state of power: field state is none of running, off, reset"),
        );
    });

    it("survives 200,000 random accesses", () => {
        const { power } = rig();
        const regions = [
            { lengthBytes: 8, device: power.pm1Ports },
            { lengthBytes: 1, device: power.systemControlPort },
            { lengthBytes: 1, device: power.resetPort },
        ];
        const read = poke(regions, 200_000, 1, (random) => {
            if (random.below(100) === 0) {
                power.reset();
            }
        });
        expect(read.every((value) => value >= 0 && value <= 0xffff_ffff)).toBe(true);
    });
});
