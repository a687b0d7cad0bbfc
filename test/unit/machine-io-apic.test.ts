import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeState } from "../../src/base/state.ts";
import type { IoApic } from "../../src/machine/interrupts/io-apic.ts";
import {
    type ApicRig,
    apicRig,
    enabledRig,
    fieldsOf,
    readIoApic,
    takeAll,
    writeIoApic,
} from "../support/apic-rig.ts";

// Bits of a redirection entry's low half (82093AA, 3.2.4).
const logical = 0x800;
const activeLow = 0x2000;
const remoteIrr = 0x4000;
const level = 0x8000;
const masked = 0x1_0000;

/** The index of the low half of a pin's entry. */
const lowOf = (pin: number) => 0x10 + 2 * pin;

function route(ioApic: Pick<IoApic, "write">, pin: number, entry: number, apicId = 0): void {
    writeIoApic(ioApic, lowOf(pin), entry);
    writeIoApic(ioApic, lowOf(pin) + 1, apicId * 2 ** 24);
}

describe("the I/O APIC's registers", () => {
    it("are those of QEMU's at power-on, with every pin masked", () => {
        const { ioApic } = apicRig();
        expect([0, 1, 2].map((index) => readIoApic(ioApic, index))).toEqual([0, 0x0017_0020, 0]);
        for (let pin = 0; pin < 24; pin++) {
            expect(readIoApic(ioApic, lowOf(pin))).toBe(masked);
            expect(readIoApic(ioApic, lowOf(pin) + 1)).toBe(0);
        }
        expect(ioApic.read(0x00, 4)).toBe(0x3f);
    });

    it("keep the bits that exist, and only those", () => {
        const { ioApic } = apicRig();
        for (const [index, bits] of [
            [0, 0x0f00_0000],
            [lowOf(7), 0x1_afff],
            [lowOf(7) + 1, 0xff00_0000],
        ]) {
            writeIoApic(ioApic, index, 0xffff_ffff);
            expect(readIoApic(ioApic, index)).toBe(bits);
        }
        writeIoApic(ioApic, 1, 0);
        expect(readIoApic(ioApic, 1)).toBe(0x0017_0020);
        expect(readIoApic(ioApic, 2)).toBe(0x0f00_0000);
    });

    it("are what they were after a reset", () => {
        const { ioApic } = apicRig();
        const before = encodeState(ioApic.save());
        writeIoApic(ioApic, 0, 0x0300_0000);
        route(ioApic, 3, 0x40, 1);
        ioApic.line(3).set(true);
        ioApic.reset();
        expect(encodeState(ioApic.save())).toEqual(before);
    });

    it("give defined values elsewhere, and say so once", () => {
        const { ioApic, notices } = apicRig();
        expect(ioApic.read(0x20, 4)).toBe(0xffff_ffff);
        expect(ioApic.read(0x10, 1)).toBe(0xff);
        expect(readIoApic(ioApic, 0x40)).toBe(0);
        expect(readIoApic(ioApic, 0x40)).toBe(0);
        writeIoApic(ioApic, 0x40, 1);
        ioApic.write(0x10, 2, 1);
        expect(notices).toEqual([
            "io-apic: read 4 bytes at 0x20, where no register is: gives all ones",
            "io-apic: read 1 bytes at 0x10, where no register is: gives all ones",
            "io-apic: read the reserved register 0x40: gives 0",
            "io-apic: wrote the register 0x40, which has no use: ignored",
            "io-apic: wrote 2 bytes at 0x10, where no register is: ignored",
        ]);
    });
});

describe("an edge-triggered pin", () => {
    it("interrupts once when its line goes high", () => {
        const { ioApic, apics } = enabledRig(2);
        route(ioApic, 10, 0x2a, 1);
        const line = ioApic.line(10);
        line.set(true);
        line.set(true);
        expect(apics.map(takeAll)).toEqual([[], [0x2a]]);
        line.set(true);
        expect(apics.map(takeAll)).toEqual([[], []]);
        line.set(false);
        line.set(true);
        expect(apics.map(takeAll)).toEqual([[], [0x2a]]);
    });

    it("loses an edge while it is masked, and makes none of being unmasked", () => {
        const { ioApic, apics } = enabledRig();
        ioApic.line(10).set(true);
        route(ioApic, 10, 0x2a);
        expect(takeAll(apics[0])).toEqual([]);
    });

    it("is live with its old destination as soon as its low half is written", () => {
        const { ioApic, apics } = enabledRig(2);
        writeIoApic(ioApic, lowOf(10), 0x2a);
        ioApic.line(10).set(true);
        expect(apics.map(takeAll)).toEqual([[0x2a], []]);
        writeIoApic(ioApic, lowOf(10) + 1, 0x0100_0000);
        ioApic.line(10).set(false);
        ioApic.line(10).set(true);
        expect(apics.map(takeAll)).toEqual([[], [0x2a]]);
    });

    it("takes assertion for assertion, whatever the polarity", () => {
        const { ioApic, apics } = enabledRig();
        route(ioApic, 10, activeLow | 0x2a);
        expect(takeAll(apics[0])).toEqual([]);
        ioApic.line(10).set(true);
        expect(takeAll(apics[0])).toEqual([0x2a]);
    });

    it("never shows Remote IRR, and hears no end of interrupt", () => {
        const { ioApic } = enabledRig();
        route(ioApic, 10, 0x2a);
        ioApic.line(10).set(true);
        expect(readIoApic(ioApic, lowOf(10))).toBe(0x2a);
    });
});

describe("a level-triggered pin", () => {
    it("interrupts again after the end of the interrupt while its line is high", () => {
        const { ioApic, apics } = enabledRig();
        const [apic] = apics;
        route(ioApic, 10, level | 0x2a);
        const line = ioApic.line(10);
        line.set(true);
        expect(readIoApic(ioApic, lowOf(10))).toBe(remoteIrr | level | 0x2a);
        expect(apic.acknowledge()).toBe(0x2a);
        expect(apic.pendingVector).toBe(-1);
        apic.write(0xb0, 4, 0);
        expect(apic.acknowledge()).toBe(0x2a);
        line.set(false);
        apic.write(0xb0, 4, 0);
        expect(apic.pendingVector).toBe(-1);
        expect(readIoApic(ioApic, lowOf(10))).toBe(level | 0x2a);
    });

    it("interrupts when it is unmasked under a high line", () => {
        const { ioApic, apics } = enabledRig();
        const line = ioApic.line(10);
        route(ioApic, 10, masked | level | 0x2a);
        line.set(true);
        expect(apics[0].pendingVector).toBe(-1);
        writeIoApic(ioApic, lowOf(10), level | 0x2a);
        expect(apics[0].pendingVector).toBe(0x2a);
    });

    it("does not interrupt again before the end of the interrupt", () => {
        const { ioApic, apics } = enabledRig();
        route(ioApic, 10, level | 0x2a);
        const line = ioApic.line(10);
        line.set(true);
        apics[0].acknowledge();
        line.set(false);
        line.set(true);
        // IRR has nothing: the line may still go low before the end, and then nothing follows.
        expect(apics[0].read(0x210, 4)).toBe(0);
        apics[0].write(0xb0, 4, 0);
        expect(apics[0].pendingVector).toBe(0x2a);
    });

    it("shares its vector's end with others of the vector, and with no more", () => {
        const { ioApic, apics } = enabledRig();
        for (const [pin, vector] of [
            [5, 0x2a],
            [6, 0x2a],
            [7, 0x2b],
        ]) {
            route(ioApic, pin, level | vector);
            ioApic.line(pin).set(true);
        }
        apics[0].acknowledge();
        for (const pin of [5, 6, 7]) {
            ioApic.line(pin).set(false);
        }
        apics[0].write(0xb0, 4, 0);
        const isWaiting = (pin: number) => (readIoApic(ioApic, lowOf(pin)) & remoteIrr) !== 0;
        expect([5, 6, 7].map(isWaiting)).toEqual([true, true, false]);
        expect(takeAll(apics[0])).toEqual([0x2a]);
        expect([5, 6, 7].map(isWaiting)).toEqual([false, false, false]);
    });

    it("is released by the EOI register, and by becoming edge-triggered", () => {
        const { ioApic } = enabledRig();
        for (const pin of [5, 6]) {
            route(ioApic, pin, level | 0x2a);
            ioApic.line(pin).set(true);
            ioApic.line(pin).set(false);
        }
        writeIoApic(ioApic, lowOf(6), 0x2a);
        writeIoApic(ioApic, lowOf(6), level | 0x2a);
        expect(readIoApic(ioApic, lowOf(6))).toBe(level | 0x2a);
        expect(readIoApic(ioApic, lowOf(5))).toBe(remoteIrr | level | 0x2a);
        ioApic.write(0x40, 4, 0x2a);
        expect(readIoApic(ioApic, lowOf(5))).toBe(level | 0x2a);
    });

    it("tries again what no processor took", () => {
        const { ioApic, apics } = apicRig();
        route(ioApic, 10, level | 0x2a);
        ioApic.line(10).set(true);
        expect(readIoApic(ioApic, lowOf(10))).toBe(level | 0x2a);
        apics[0].write(0xf0, 4, 0x1ff);
        expect(apics[0].pendingVector).toBe(-1);
        writeIoApic(ioApic, lowOf(10), level | 0x2a);
        expect(apics[0].pendingVector).toBe(0x2a);
    });

    it("tries again when it gets a destination that there is", () => {
        const { ioApic, apics } = enabledRig(2);
        route(ioApic, 10, level | 0x2a, 9);
        ioApic.line(10).set(true);
        expect(apics[1].pendingVector).toBe(-1);
        writeIoApic(ioApic, lowOf(10) + 1, 0x0100_0000);
        expect(apics[1].pendingVector).toBe(0x2a);
    });

    it("sends an NMI on edges, for an NMI has no end", () => {
        const { ioApic, apics } = enabledRig();
        route(ioApic, 10, level | 0x400);
        ioApic.line(10).set(true);
        expect(apics[0].nmiPending).toBe(true);
        expect(readIoApic(ioApic, lowOf(10))).toBe(level | 0x400);
        apics[0].acknowledgeNmi();
        ioApic.line(10).set(false);
        ioApic.line(10).set(true);
        expect(apics[0].nmiPending).toBe(true);
    });
});

describe("a pin's message", () => {
    it("goes to a logical destination", () => {
        const { ioApic, apics } = enabledRig(3);
        for (const [index, apic] of apics.entries()) {
            apic.write(0xd0, 4, 2 ** (24 + index));
        }
        route(ioApic, 10, logical | 0x2a, 0b110);
        ioApic.line(10).set(true);
        expect(apics.map(takeAll)).toEqual([[], [0x2a], [0x2a]]);
    });

    it("is reported when no processor has its destination", () => {
        const { ioApic, notices } = enabledRig();
        route(ioApic, 10, 0x2a, 9);
        ioApic.line(10).set(true);
        expect(notices).toEqual(["apic-bus: no processor has the physical destination 9"]);
    });
});

describe("the I/O APIC's saved state", () => {
    it("is all that its future depends on", () => {
        const original = enabledRig();
        writeIoApic(original.ioApic, 0, 0x0500_0000);
        route(original.ioApic, 5, 0x41);
        route(original.ioApic, 6, level | 0x42);
        original.ioApic.line(5).set(true);
        original.ioApic.line(6).set(true);
        const copy = enabledRig();
        copy.apics[0].load(fieldsOf(original.apics[0].save()));
        copy.ioApic.load(fieldsOf(original.ioApic.save()));
        expect(encodeState(copy.ioApic.save())).toEqual(encodeState(original.ioApic.save()));
        const future = ({ ioApic, apics }: ApicRig) => {
            ioApic.line(5).set(true);
            const first = [apics[0].acknowledge(), apics[0].pendingVector];
            apics[0].write(0xb0, 4, 0);
            ioApic.line(6).set(false);
            return [...first, ...takeAll(apics[0]), readIoApic(ioApic, 0)];
        };
        expect(future(copy)).toEqual(future(original));
    });

    it("is refused when it is none", () => {
        const { ioApic } = apicRig();
        const short = { ...ioApic.save(), low: [1, 2, 3] };
        expect(() => ioApic.load(fieldsOf(short))).toThrow(
            "saved state of machine.device: field low is not 24 whole numbers from 0 to " +
                "4294967295",
        );
    });
});

/** What happens at a pin. */
type Happening = "assert" | "release" | "serve" | "mask" | "unmask";

/** Interrupts that an edge-triggered pin gives, by its rule: one for each rise while unmasked. */
function interruptsByRule(happenings: readonly Happening[]): number {
    let isHigh = false;
    let isMasked = false;
    let isPending = false;
    let served = 0;
    for (const happening of happenings) {
        isPending ||= happening === "assert" && !isHigh && !isMasked;
        isHigh = happening === "assert" || (isHigh && happening !== "release");
        isMasked = happening === "mask" || (isMasked && happening !== "unmask");
        if (happening === "serve" && isPending) {
            isPending = false;
            served++;
        }
    }
    return served;
}

describe("any history of an edge-triggered pin", () => {
    const happening = fc.constantFrom<Happening>("assert", "release", "serve", "mask", "unmask");
    const histories = fc.array(happening, { maxLength: 30 });

    /** @param meddle does to the I/O APIC what a broken one would do by itself. */
    const interrupts = (
        happenings: readonly Happening[],
        meddle: (rig: ApicRig, isHigh: boolean) => void = () => {},
    ) => {
        const rig = enabledRig();
        const { ioApic, apics } = rig;
        route(ioApic, 10, 0x2a);
        const line = ioApic.line(10);
        let served = 0;
        let isHigh = false;
        const actions: Record<Happening, () => void> = {
            assert: () => line.set(true),
            release: () => line.set(false),
            serve: () => {
                served += takeAll(apics[0]).length;
                meddle(rig, isHigh);
            },
            mask: () => writeIoApic(ioApic, lowOf(10), masked | 0x2a),
            unmask: () => writeIoApic(ioApic, lowOf(10), 0x2a),
        };
        for (const one of happenings) {
            isHigh = one === "assert" || (isHigh && one !== "release");
            actions[one]();
        }
        return served;
    };

    it("interrupts once for each rise while unmasked that finds the last one served", () => {
        fc.assert(
            fc.property(histories, (happenings) => {
                expect(interrupts(happenings)).toBe(interruptsByRule(happenings));
            }),
            { seed: 20_264, numRuns: 500 },
        );
    });

    it("is told from one that sends again while the line stays high (canary)", () => {
        const resend = ({ ioApic }: ApicRig, isHigh: boolean) => {
            if (isHigh) {
                ioApic.line(10).set(false);
                ioApic.line(10).set(true);
            }
        };
        const found = fc.check(
            fc.property(histories, (happenings) => {
                expect(interrupts(happenings, resend)).toBe(interruptsByRule(happenings));
            }),
            { seed: 20_264, numRuns: 500 },
        );
        expect(found.failed).toBe(true);
    });
});
