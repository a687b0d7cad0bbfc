import { describe, expect, it } from "vitest";
import { InvariantError } from "../../src/base/assert.ts";
import { UserError } from "../../src/base/user-error.ts";
import { attach, portMap } from "../../src/machine/address-map.ts";
import { AddressSpace } from "../../src/machine/bus.ts";
import { Clock } from "../../src/machine/clock.ts";
import { LegacyPorts } from "../../src/machine/legacy/legacy-ports.ts";
import { handOver, noticeList, poke, stateBytes, stateFields } from "../support/device-rig.ts";

const {
    firstInterruptMasks,
    secondInterruptMasks,
    intervalTimer,
    timerGate,
    realTimeClock,
    delay,
} = portMap;
const legacyMap = {
    firstInterruptMasks,
    secondInterruptMasks,
    intervalTimer,
    timerGate,
    realTimeClock,
    delay,
};

function rig() {
    const clock = new Clock();
    const legacy = new LegacyPorts(clock);
    const notices = noticeList();
    const regions = attach(legacyMap, legacy.ports);
    const ports = new AddressSpace("port", regions, notices.sink);
    const inByte = (port: number) => ports.read(port, 1);
    const outByte = (port: number, value: number) => ports.write(port, 1, value);
    /** CMOS register `index`. */
    const cmos = (index: number) => {
        outByte(0x70, index);
        return inByte(0x71);
    };
    return { clock, legacy, regions, ports, inByte, outByte, cmos, messages: notices.messages };
}

/** Seconds, minutes, hours, weekday, day, month, year and century, as they are read. */
function date({ cmos }: ReturnType<typeof rig>): number[] {
    return [0, 2, 4, 6, 7, 8, 9, 0x32].map(cmos);
}

const secondNs = 1e9;
const dayNs = 86_400 * secondNs;

describe("legacy ports", () => {
    it("are the ports of a PC, and the keyboard's are not among them", () => {
        const { ports } = rig();
        const found = Array.from({ length: 0x100 }, (_, port) => port).filter(
            (port) => ports.regionAt(port) !== undefined,
        );
        expect(found).toEqual([
            0x20,
            0x21,
            0x40,
            0x41,
            0x42,
            0x43,
            0x61,
            0x70,
            0x71,
            ...Array.from({ length: 16 }, (_, index) => 0x80 + index),
            0xa0,
            0xa1,
        ]);
    });

    it("let Chickadee mask both interrupt controllers", () => {
        const { inByte, outByte } = rig();
        expect([inByte(0x21), inByte(0xa1)]).toEqual([0xff, 0xff]);
        outByte(0x21, 0xfe);
        outByte(0xa1, 0x7f);
        expect([inByte(0x21), inByte(0xa1)]).toEqual([0xfe, 0x7f]);
        expect([inByte(0x20), inByte(0xa0)]).toEqual([0, 0]);
    });

    it("tell the words of an initialisation from a mask", () => {
        const { inByte, outByte } = rig();
        outByte(0x20, 0x11);
        for (const word of [0x20, 0x04, 0x01]) {
            outByte(0x21, word);
        }
        expect(inByte(0x21)).toBe(0);
        outByte(0x21, 0xfb);
        expect(inByte(0x21)).toBe(0xfb);
        outByte(0x20, 0x12);
        outByte(0x21, 0x08);
        outByte(0x21, 0x55);
        expect(inByte(0x21)).toBe(0x55);
        outByte(0x20, 0x20);
        outByte(0x21, 0x66);
        expect(inByte(0x21)).toBe(0x66);
    });

    it("read as all ones where Chickadee passes time", () => {
        const { ports, inByte, outByte } = rig();
        outByte(0x80, 0x12);
        expect([inByte(0x80), inByte(0x84), ports.read(0x84, 4)]).toEqual([
            0xff, 0xff, 0xffff_ffff,
        ]);
    });

    it("count down at 1.193182 MHz of virtual time", () => {
        const { clock, inByte, outByte } = rig();
        outByte(0x43, 0x34);
        outByte(0x40, 0x10);
        outByte(0x40, 0x27);
        const count = () => {
            outByte(0x43, 0x00);
            return inByte(0x40) | (inByte(0x40) << 8);
        };
        expect(count()).toBe(10_000);
        clock.advanceTo(1_000_000);
        expect(count()).toBe(10_000 - 1193);
        clock.advanceTo(10_000_000);
        expect(count()).toBe(20_000 - 11_931);
    });

    it("keep a latched count until it was read", () => {
        const { clock, inByte, outByte } = rig();
        outByte(0x43, 0xb0);
        outByte(0x42, 0x00);
        outByte(0x42, 0x10);
        outByte(0x43, 0x80);
        clock.advanceTo(1_000_000);
        expect([inByte(0x42), inByte(0x42)]).toEqual([0x00, 0x10]);
        expect([inByte(0x42), inByte(0x42)]).toEqual([0x57, 0x0b]);
    });

    it("show at port 0x61 that the third channel has counted down, from its gate on", () => {
        const { clock, inByte, outByte } = rig();
        outByte(0x43, 0xb0);
        outByte(0x42, 0xa9);
        outByte(0x42, 0x04);
        clock.advanceTo(500_000);
        outByte(0x61, 0x01);
        expect(inByte(0x61) & 0x21).toBe(0x01);
        clock.advanceTo(1_400_000);
        expect(inByte(0x61) & 0x21).toBe(0x01);
        clock.advanceTo(1_501_000);
        expect(inByte(0x61) & 0x21).toBe(0x21);
    });

    it("turn the refresh signal with virtual time", () => {
        const { clock, inByte } = rig();
        const levels = [0, 15_084, 15_085, 30_169, 30_170].map((timeNs) => {
            clock.advanceTo(timeNs);
            return inByte(0x61) & 0x10;
        });
        expect(levels).toEqual([0, 0, 0x10, 0x10, 0]);
    });

    it("begin at midnight of Wednesday 1 January 2025", () => {
        expect(date(rig())).toEqual([0, 0, 0, 4, 1, 1, 0x25, 0x20]);
    });

    it("go on by virtual time, over months", () => {
        const machine = rig();
        machine.clock.advanceTo(dayNs - secondNs);
        expect(date(machine)).toEqual([0x59, 0x59, 0x23, 4, 1, 1, 0x25, 0x20]);
        machine.clock.advanceTo(31 * dayNs);
        expect(date(machine)).toEqual([0, 0, 0, 7, 1, 2, 0x25, 0x20]);
        machine.clock.advanceTo(59 * dayNs);
        expect(date(machine)).toEqual([0, 0, 0, 7, 1, 3, 0x25, 0x20]);
        machine.clock.advanceTo(104 * dayNs);
        expect(date(machine)).toEqual([0, 0, 0, 3, 0x15, 4, 0x25, 0x20]);
    });

    it("catches its canary: a clock that stands still", () => {
        const machine = rig();
        const standing = date(machine);
        machine.clock.advanceTo(61 * secondNs);
        expect(date(machine)).not.toEqual(standing);
    });

    it("are a clock that is never in an update, and memory that keeps bytes", () => {
        const { cmos, outByte } = rig();
        expect([0x0a, 0x0b, 0x0c, 0x0d].map(cmos)).toEqual([0x26, 0x02, 0x00, 0x80]);
        outByte(0x70, 0x8f);
        outByte(0x71, 0x0a);
        expect(cmos(0x0f)).toBe(0x0a);
        outByte(0x70, 0x00);
        outByte(0x71, 0x30);
        expect(cmos(0x00)).toBe(0);
    });

    it("go on where they were saved, and are as at power-on after a reset", () => {
        const machine = rig();
        const { regions } = machine;
        poke(regions, 1000, 5);
        const other = rig();
        handOver(machine.legacy, other.legacy);
        expect(stateBytes(other.legacy)).toEqual(stateBytes(machine.legacy));
        expect(poke(other.regions, 1000, 6)).toEqual(poke(regions, 1000, 6));
        machine.legacy.reset();
        expect(stateBytes(machine.legacy)).toEqual(stateBytes(rig().legacy));
    });

    it("refuse a state that they cannot have", () => {
        const { legacy } = rig();
        const state = { ...legacy.save(), firstMasks: { version: 1, mask: 256, wordsToCome: 0 } };
        expect(() => legacy.load(stateFields(state, "legacy"))).toThrow(
            new UserError(
                "saved state of legacy.firstMasks: field mask is not a whole number from 0 to 255",
            ),
        );
    });

    it("survive 200,000 random accesses while time goes on", () => {
        const { regions, clock } = rig();
        const read = poke(regions, 200_000, 7, (random) => {
            clock.advanceTo(clock.nowNs + random.below(2 ** 31));
        });
        expect(read.every((value) => value >= 0 && value <= 0xffff_ffff)).toBe(true);
    });

    it("do not share a port: the address space would refuse them", () => {
        const { regions } = rig();
        const twice = [...regions, regions[0]];
        expect(() => new AddressSpace("port", twice, () => {})).toThrow(InvariantError);
    });
});
