import { describe, expect, it } from "vitest";
import { encodeState } from "../../src/base/state.ts";
import type { LocalApic } from "../../src/machine/interrupts/local-apic.ts";
import { apicRig, enabledRig, fieldsOf, takeAll } from "../support/apic-rig.ts";

// Offsets of the Intel SDM, volume 3, table 11-1.
const id = 0x20;
const version = 0x30;
const tpr = 0x80;
const ppr = 0xa0;
const eoi = 0xb0;
const ldr = 0xd0;
const dfr = 0xe0;
const svr = 0xf0;
const isr0 = 0x100;
const tmr0 = 0x180;
const irr0 = 0x200;
const esr = 0x280;
const icrLow = 0x300;
const icrHigh = 0x310;
const lvtTimer = 0x320;
const lvtThermal = 0x330;
const lvtPerformance = 0x340;
const lvtLint0 = 0x350;
const lvtLint1 = 0x360;
const lvtError = 0x370;
const initialCount = 0x380;
const currentCount = 0x390;
const divide = 0x3e0;

const masked = 0x1_0000;
const periodic = 0x2_0000;

const get = (apic: LocalApic, offset: number) => apic.read(offset, 4);
const put = (apic: LocalApic, offset: number, value: number) => apic.write(offset, 4, value);
const sendTo = (sender: LocalApic, destination: number, command: number) => {
    put(sender, icrHigh, destination * 2 ** 24);
    put(sender, icrLow, command);
};

/** Every register that reads as something, by offset. */
function registers(apic: LocalApic): Record<string, number> {
    const offsets = [id, version, tpr, ppr, ldr, dfr, svr, esr, icrLow, icrHigh];
    const vectors = [lvtTimer, lvtThermal, lvtPerformance, lvtLint0, lvtLint1, lvtError];
    const counts = [initialCount, currentCount, divide];
    const sets = Array.from({ length: 24 }, (_, index) => isr0 + 16 * index);
    return Object.fromEntries(
        [...offsets, ...vectors, ...counts, ...sets].map((offset) => [offset, get(apic, offset)]),
    );
}

const atPowerOn = {
    [id]: 0x0300_0000,
    [version]: 0x0005_0014,
    [tpr]: 0,
    [ppr]: 0,
    [ldr]: 0,
    [dfr]: 0xffff_ffff,
    [svr]: 0xff,
    [esr]: 0,
    [icrLow]: 0,
    [icrHigh]: 0,
    [lvtTimer]: masked,
    [lvtThermal]: masked,
    [lvtPerformance]: masked,
    [lvtLint0]: masked,
    [lvtLint1]: masked,
    [lvtError]: masked,
    [initialCount]: 0,
    [currentCount]: 0,
    [divide]: 0,
    ...Object.fromEntries(Array.from({ length: 24 }, (_, index) => [isr0 + 16 * index, 0])),
};

describe("a local APIC's registers", () => {
    it("are as the manual has them at power-on, and again after a reset", () => {
        const { apics } = apicRig(4);
        expect(registers(apics[3])).toEqual(atPowerOn);
        disturb(apics[3]);
        expect(registers(apics[3])).not.toEqual(atPowerOn);
        apics[3].reset();
        expect(registers(apics[3])).toEqual(atPowerOn);
        expect(apics[3].pendingVector).toBe(-1);
    });

    it("keep the bits that exist, and only those", () => {
        const { apics } = enabledRig();
        const writable: [number, number][] = [
            [tpr, 0xff],
            [ldr, 0xff00_0000],
            [dfr, 0xffff_ffff],
            [svr, 0x1ff],
            [icrHigh, 0xff00_0000],
            [lvtTimer, 0x3_00ff],
            [lvtThermal, 0x1_07ff],
            [lvtPerformance, 0x1_07ff],
            [lvtLint0, 0x1_a7ff],
            [lvtLint1, 0x1_a7ff],
            [lvtError, 0x1_00ff],
            [initialCount, 0xffff_ffff],
            [divide, 0xb],
        ];
        for (const [offset, bits] of writable) {
            put(apics[0], offset, 0xffff_ffff);
            expect([offset, get(apics[0], offset)]).toEqual([offset, bits]);
        }
        put(apics[0], dfr, 0);
        expect(get(apics[0], dfr)).toBe(0x0fff_ffff);
        // The ICR's delivery status, bit 12, reads as idle at once.
        put(apics[0], icrLow, 0xffff_f8ff);
        expect(get(apics[0], icrLow)).toBe(0x000c_c8ff);
    });

    it("are read whole: other accesses give 0, change nothing and are told once", () => {
        const { apics, notices } = enabledRig();
        expect(apics[0].read(version, 1)).toBe(0);
        expect(apics[0].read(version, 1)).toBe(0);
        expect(apics[0].read(version + 4, 4)).toBe(0);
        apics[0].write(tpr, 2, 0xff);
        apics[0].write(tpr + 1, 1, 0xff);
        apics[0].write(id, 4, 0x0500_0000);
        apics[0].write(isr0, 4, 1);
        expect(get(apics[0], tpr)).toBe(0);
        expect(get(apics[0], id)).toBe(0);
        expect(get(apics[0], isr0)).toBe(0);
        expect(notices).toEqual([
            "local-apic 0: read 1 bytes at 0x030: no aligned register, gives 0",
            "local-apic 0: read 4 bytes at 0x034: no aligned register, gives 0",
            "local-apic 0: wrote 2 bytes at 0x080: no aligned register, ignored",
            "local-apic 0: wrote 1 bytes at 0x081: no aligned register, ignored",
            "local-apic 0: wrote the read-only register 0x020: ignored",
            "local-apic 0: wrote the read-only register 0x100: ignored",
        ]);
    });
});

/** Puts something into every part of a local APIC's state. */
function disturb(apic: LocalApic): void {
    put(apic, svr, 0x13f);
    put(apic, ldr, 0x0200_0000);
    put(apic, dfr, 0x0fff_ffff);
    put(apic, lvtLint1, 0x400);
    apic.lint(1).set(true);
    put(apic, lvtError, 0x33);
    sendTo(apic, 3, 0x0_0003);
    put(apic, esr, 0);
    sendTo(apic, 3, 0x0_4041);
    sendTo(apic, 3, 0x0_4042);
    apic.acknowledge();
    put(apic, divide, 0xb);
    put(apic, lvtTimer, periodic | 0x50);
    put(apic, initialCount, 1000);
    put(apic, tpr, 0x12);
}

describe("interrupt priorities", () => {
    it("offer the highest vector, and nothing of a class not above the processor's", () => {
        const { apics } = enabledRig();
        const [apic] = apics;
        for (const vector of [0x41, 0x52, 0x4f]) {
            sendTo(apic, 0, 0x4000 | vector);
        }
        expect(apic.pendingVector).toBe(0x52);
        expect(apic.acknowledge()).toBe(0x52);
        expect(get(apic, ppr)).toBe(0x50);
        expect(apic.pendingVector).toBe(-1);
        sendTo(apic, 0, 0x405f);
        expect(apic.pendingVector).toBe(-1);
        sendTo(apic, 0, 0x4060);
        expect(apic.pendingVector).toBe(0x60);
        expect(apic.acknowledge()).toBe(0x60);
        put(apic, eoi, 0);
        expect(apic.pendingVector).toBe(-1);
        put(apic, eoi, 0);
        expect(takeAll(apic)).toEqual([0x5f, 0x4f, 0x41]);
    });

    it("show a vector in IRR when it waits and in ISR when it is served", () => {
        const { apics } = enabledRig();
        const [apic] = apics;
        sendTo(apic, 0, 0x4021);
        expect([get(apic, irr0 + 0x10), get(apic, isr0 + 0x10)]).toEqual([2, 0]);
        apic.acknowledge();
        expect([get(apic, irr0 + 0x10), get(apic, isr0 + 0x10)]).toEqual([0, 2]);
        put(apic, eoi, 0);
        expect([get(apic, irr0 + 0x10), get(apic, isr0 + 0x10)]).toEqual([0, 0]);
    });

    it("take the same vector twice only after it was taken once", () => {
        const { apics } = enabledRig();
        const [apic] = apics;
        sendTo(apic, 0, 0x4040);
        sendTo(apic, 0, 0x4040);
        expect(apic.acknowledge()).toBe(0x40);
        sendTo(apic, 0, 0x4040);
        put(apic, eoi, 0);
        expect(takeAll(apic)).toEqual([0x40]);
    });

    it("hold back up to the task priority's class, which PPR shows whole", () => {
        const { apics } = enabledRig();
        const [apic] = apics;
        put(apic, tpr, 0x47);
        sendTo(apic, 0, 0x404f);
        expect([apic.pendingVector, get(apic, ppr)]).toEqual([-1, 0x47]);
        put(apic, tpr, 0x3f);
        expect([apic.pendingVector, get(apic, ppr)]).toEqual([0x4f, 0x3f]);
        apic.acknowledge();
        expect(get(apic, ppr)).toBe(0x40);
        put(apic, tpr, 0x47);
        expect(get(apic, ppr)).toBe(0x47);
    });

    it("give the spurious vector to who asks in vain, and serve nothing", () => {
        const { apics } = enabledRig();
        put(apics[0], svr, 0x13f);
        expect(apics[0].acknowledge()).toBe(0x3f);
        expect(get(apics[0], ppr)).toBe(0);
    });

    it("ignore an end of interrupt when none is served", () => {
        const { apics } = enabledRig();
        sendTo(apics[0], 0, 0x4040);
        put(apics[0], eoi, 0);
        expect(apics[0].pendingVector).toBe(0x40);
    });
});

describe("a local APIC that software has disabled", () => {
    it("refuses fixed interrupts, and takes NMI, INIT and start-up", () => {
        const { apics, calls } = apicRig(2);
        sendTo(apics[0], 1, 0x4040);
        sendTo(apics[0], 1, 0x4400);
        expect(apics[1].pendingVector).toBe(-1);
        expect(apics[1].nmiPending).toBe(true);
        sendTo(apics[0], 1, 0x4500);
        sendTo(apics[0], 1, 0x4604);
        expect(calls).toEqual(["init 1", "start-up 1 at 4"]);
    });

    it("keeps what is pending, and masks its local vectors until they are written again", () => {
        const { apics } = enabledRig();
        const [apic] = apics;
        put(apic, lvtTimer, 0x30);
        sendTo(apic, 0, 0x4040);
        put(apic, svr, 0xff);
        expect(apic.pendingVector).toBe(0x40);
        expect(get(apic, lvtTimer)).toBe(masked | 0x30);
        put(apic, lvtTimer, 0x31);
        expect(get(apic, lvtTimer)).toBe(masked | 0x31);
        put(apic, svr, 0x1ff);
        expect(get(apic, lvtTimer)).toBe(masked | 0x31);
        put(apic, lvtTimer, 0x31);
        expect(get(apic, lvtTimer)).toBe(0x31);
    });
});

describe("interrupts between processors", () => {
    const received = (apics: readonly LocalApic[]) => apics.map((apic) => takeAll(apic).join());

    it("reach the processor with the physical destination", () => {
        const { apics } = enabledRig(3);
        sendTo(apics[0], 1, 0x4040);
        expect(received(apics)).toEqual(["", "64", ""]);
    });

    it("reach everyone at destination 255, in either mode", () => {
        const { apics } = enabledRig(3);
        sendTo(apics[0], 255, 0x4040);
        sendTo(apics[0], 255, 0x4841);
        expect(received(apics)).toEqual(["65,64", "65,64", "65,64"]);
    });

    it("reach those with a bit of the logical destination, in the flat model", () => {
        const { apics } = enabledRig(3);
        for (const [index, apic] of apics.entries()) {
            put(apic, ldr, 2 ** (24 + index));
        }
        sendTo(apics[0], 0b101, 0x4840);
        expect(received(apics)).toEqual(["64", "", "64"]);
    });

    it("reach the members of one cluster, in the cluster model", () => {
        const { apics } = enabledRig(4);
        for (const [index, logicalId] of [0x11, 0x12, 0x22, 0x14].entries()) {
            put(apics[index], dfr, 0);
            put(apics[index], ldr, logicalId * 2 ** 24);
        }
        sendTo(apics[2], 0x16, 0x4840);
        expect(received(apics)).toEqual(["", "64", "", "64"]);
    });

    it("follow the shorthands: self, all, and all but self", () => {
        const { apics } = enabledRig(3);
        sendTo(apics[1], 2, 0x4_4040);
        expect(received(apics)).toEqual(["", "64", ""]);
        sendTo(apics[1], 2, 0x8_4041);
        expect(received(apics)).toEqual(["65", "65", "65"]);
        sendTo(apics[1], 2, 0xc_4042);
        expect(received(apics)).toEqual(["66", "", "66"]);
    });

    it("go to the lowest task priority, and to the first of equals", () => {
        const { apics } = enabledRig(3);
        for (const [index, priority] of [0x40, 0x2f, 0x20].entries()) {
            put(apics[index], tpr, priority);
        }
        sendTo(apics[0], 255, 0x4150);
        expect(received(apics)).toEqual(["", "80", ""]);
        put(apics[1], svr, 0xff);
        sendTo(apics[0], 255, 0x4150);
        expect(received(apics)).toEqual(["", "", "80"]);
    });

    it("start the others as a kernel does, and do not touch the sender", () => {
        const { apics, calls } = enabledRig(3);
        put(apics[0], icrLow, 0xc4500);
        expect(get(apics[0], icrLow)).toBe(0xc4500);
        put(apics[0], icrLow, 0xc4604);
        put(apics[0], icrLow, 0xc4604);
        expect(calls).toEqual([
            "init 1",
            "init 2",
            "start-up 1 at 4",
            "start-up 2 at 4",
            "start-up 1 at 4",
            "start-up 2 at 4",
        ]);
        expect(get(apics[0], svr)).toBe(0x1ff);
    });

    it("reset the local APIC of a processor that gets INIT", () => {
        const { apics } = enabledRig(4);
        disturb(apics[3]);
        sendTo(apics[0], 3, 0x4500);
        expect(registers(apics[3])).toEqual(atPowerOn);
        expect(apics[3].nmiPending).toBe(false);
    });

    it("do nothing for an INIT that is de-asserted", () => {
        const { apics, calls } = enabledRig(2);
        sendTo(apics[0], 1, 0x8500);
        expect(calls).toEqual([]);
    });

    it("deliver an NMI past every priority, once", () => {
        const { apics } = enabledRig(2);
        put(apics[1], tpr, 0xff);
        sendTo(apics[0], 1, 0x4402);
        expect([apics[1].nmiPending, apics[1].pendingVector]).toEqual([true, -1]);
        apics[1].acknowledgeNmi();
        expect(apics[1].nmiPending).toBe(false);
    });

    it("are told of when they cannot mean anything", () => {
        const { apics, calls, notices } = enabledRig(2);
        sendTo(apics[0], 7, 0x4040);
        sendTo(apics[0], 1, 0x4240);
        sendTo(apics[0], 1, 0x8_4500);
        sendTo(apics[0], 1, 0x4_4400);
        expect(calls).toEqual([]);
        expect(notices).toEqual([
            "apic-bus: no processor has the physical destination 7",
            "local-apic 1: got an interrupt of delivery mode 2: ignored",
            "local-apic 0: wrote 0x84500 to the ICR, which means nothing: ignored",
            "local-apic 0: wrote 0x44400 to the ICR, which means nothing: ignored",
        ]);
    });
});

describe("the error status", () => {
    it("shows a sent illegal vector after the next write, and sends nothing", () => {
        const { apics } = enabledRig(2);
        sendTo(apics[0], 1, 0x400f);
        expect(get(apics[0], esr)).toBe(0);
        put(apics[0], esr, 0);
        expect(get(apics[0], esr)).toBe(0x20);
        expect(apics[1].pendingVector).toBe(-1);
        put(apics[1], esr, 0);
        expect(get(apics[1], esr)).toBe(0);
        put(apics[0], esr, 0);
        expect(get(apics[0], esr)).toBe(0);
    });

    it("shows a received illegal vector, and a reserved register", () => {
        const { apics, bus } = enabledRig();
        bus.deliver({
            destination: 0,
            destinationMode: "physical",
            deliveryMode: 0,
            vector: 15,
            trigger: "edge",
        });
        expect(get(apics[0], 0x40)).toBe(0);
        put(apics[0], 0x3f0, 1);
        put(apics[0], esr, 0);
        expect(get(apics[0], esr)).toBe(0xc0);
    });

    it("interrupts with the first error after a write, if its entry is unmasked", () => {
        const { apics } = enabledRig();
        const [apic] = apics;
        get(apic, 0x40);
        put(apic, lvtError, 51);
        get(apic, 0x40);
        expect(takeAll(apic)).toEqual([]);
        put(apic, esr, 0);
        get(apic, 0x40);
        get(apic, 0x40);
        expect(takeAll(apic)).toEqual([51]);
        get(apic, 0x40);
        expect(takeAll(apic)).toEqual([]);
    });

    it("does not run in circles when the error's own vector is illegal", () => {
        const { apics } = enabledRig();
        put(apics[0], lvtError, 3);
        get(apics[0], 0x40);
        put(apics[0], esr, 0);
        expect(get(apics[0], esr)).toBe(0xc0);
    });
});

describe("the pins LINT0 and LINT1", () => {
    it("raise their entries on rising edges", () => {
        const { apics } = enabledRig();
        const [apic] = apics;
        const lint0 = apic.lint(0);
        lint0.set(true);
        put(apic, lvtLint0, 0x44);
        lint0.set(true);
        expect(takeAll(apic)).toEqual([]);
        lint0.set(false);
        lint0.set(true);
        expect(takeAll(apic)).toEqual([0x44]);
        put(apic, lvtLint1, 0x400);
        apic.lint(1).set(true);
        expect(apic.nmiPending).toBe(true);
    });

    it("are low after a reset, and stay as they are through INIT", () => {
        const { apics } = enabledRig();
        const [apic] = apics;
        const enable = () => {
            put(apic, svr, 0x1ff);
            put(apic, lvtLint0, 0x44);
        };
        apic.lint(0).set(true);
        sendTo(apic, 0, 0x4500);
        enable();
        apic.lint(0).set(true);
        expect(takeAll(apic)).toEqual([]);
        apic.reset();
        enable();
        apic.lint(0).set(true);
        expect(takeAll(apic)).toEqual([0x44]);
    });

    it("say that nothing follows from a delivery mode that is not here", () => {
        const { apics, notices } = enabledRig();
        put(apics[0], lvtLint0, 0x700);
        apics[0].lint(0).set(true);
        expect(notices).toEqual(["local-apic 0: got an interrupt of delivery mode 7: ignored"]);
    });
});

describe("a local APIC's saved state", () => {
    it("is all that its future depends on", () => {
        const original = enabledRig(4);
        disturb(original.apics[3]);
        original.clock.advanceTo(1300);
        const copy = apicRig(4);
        copy.clock.load(fieldsOf(original.clock.save()));
        copy.apics[3].load(fieldsOf(original.apics[3].save()));
        expect(encodeState(copy.apics[3].save())).toEqual(encodeState(original.apics[3].save()));
        expect(registers(copy.apics[3])).toEqual(registers(original.apics[3]));
        const future = ({ clock, apics }: typeof original) => {
            clock.advanceTo(2500);
            apics[3].lint(1).set(true);
            put(apics[3], tpr, 0);
            put(apics[3], eoi, 0);
            return [takeAll(apics[3]), clock.nextAlarmNs, apics[3].nmiPending];
        };
        expect(future(copy)).toEqual(future(original));
    });

    it("is refused when it is none", () => {
        const { apics } = apicRig();
        const state = apics[0].save();
        expect(() => apics[0].load(fieldsOf({ ...state, version: 3 }))).toThrow(
            "saved state of machine.device has version 3; this program knows version 2",
        );
        expect(() => apics[0].load(fieldsOf({ ...state, spuriousVector: -1 }))).toThrow(
            "saved state of machine.device: field spuriousVector is not a whole number from 0 to " +
                "4294967295",
        );
    });
});

describe("level-triggered interrupts", () => {
    it("are marked in TMR, edge-triggered ones unmarked", () => {
        const { apics, bus } = enabledRig();
        const message = {
            destination: 0,
            destinationMode: "physical",
            deliveryMode: 0,
            vector: 0x45,
        } as const;
        bus.deliver({ ...message, trigger: "level" });
        expect(get(apics[0], tmr0 + 0x20)).toBe(0x20);
        bus.deliver({ ...message, trigger: "edge" });
        expect(get(apics[0], tmr0 + 0x20)).toBe(0);
    });

    it("are ended on the bus, edge-triggered ones only here", () => {
        const { apics, bus } = enabledRig();
        const ended: number[] = [];
        bus.onEndOfInterrupt((vector) => ended.push(vector));
        const message = { destination: 0, destinationMode: "physical", deliveryMode: 0 } as const;
        bus.deliver({ ...message, vector: 0x45, trigger: "level" });
        bus.deliver({ ...message, vector: 0x46, trigger: "edge" });
        expect(takeAll(apics[0])).toEqual([0x46, 0x45]);
        expect(ended).toEqual([0x45]);
    });
});
