/**
 * A guest that writes anything anywhere in the interrupt controllers and PCI configuration, while
 * lines go up and down and time passes: nothing throws, nothing hangs, and what the registers say
 * fits together after every step.
 */
import { describe, expect, it } from "vitest";
import { Random } from "../../src/base/random.ts";
import { encodeState } from "../../src/base/state.ts";
import { AddressSpace } from "../../src/machine/bus.ts";
import type { AccessSize } from "../../src/machine/device.ts";
import type { LocalApic } from "../../src/machine/interrupts/local-apic.ts";
import { PciConfigPorts } from "../../src/machine/pci/config-ports.ts";
import { q35Functions } from "../../src/machine/pci/q35-functions.ts";
import { type ApicRig, apicRig, fieldsOf, readIoApic } from "../support/apic-rig.ts";

const cpuCount = 3;
const pokeCount = 200_000;
const level = 0x8000;
const remoteIrr = 0x4000;

type Observed = Pick<LocalApic, "pendingVector" | "read">;

/** The highest vector of the eight registers from `offset` on, or -1. */
function highestOf(apic: Observed, offset: number): number {
    for (let index = 7; index >= 0; index--) {
        const word = apic.read(offset + 16 * index, 4);
        if (word !== 0) {
            return 32 * index + 31 - Math.clz32(word);
        }
    }
    return -1;
}

/** What is wrong about a local APIC's offer to its processor, by the manual's words; or "". */
function wrongOffer(apic: Observed): string {
    const request = highestOf(apic, 0x200);
    const service = Math.max(highestOf(apic, 0x100), 0);
    const holdsBack = Math.max(service >> 4, apic.read(0x80, 4) >> 4);
    const offered = request >= 0 && request >> 4 > holdsBack ? request : -1;
    const hasIllegal = [0x100, 0x180, 0x200].some((set) => (apic.read(set, 4) & 0xffff) !== 0);
    if (hasIllegal) {
        return "a vector below 16 was accepted";
    }
    return apic.pendingVector === offered ? "" : `offers ${apic.pendingVector}, not ${offered}`;
}

function wrongPins({ ioApic }: ApicRig): string {
    const select = ioApic.read(0, 4);
    let wrong = "";
    for (let pin = 0; pin < 24; pin++) {
        const entry = readIoApic(ioApic, 0x10 + 2 * pin);
        if ((entry & remoteIrr) !== 0 && (entry & level) === 0) {
            wrong = `pin ${pin} waits for the end of an edge`;
        }
    }
    ioApic.write(0, 4, select);
    return wrong;
}

/** The machine's registers as a guest reaches them; one window for each local APIC. */
function fuzzRig() {
    const rig = apicRig(cpuCount);
    const pci = new PciConfigPorts(q35Functions, { read: () => 0, write: () => {} }, () => {});
    const space = new AddressSpace(
        "fuzzed address",
        [
            ...rig.apics.map((device, index) => ({
                what: device.name,
                first: 0x1000 * index,
                lengthBytes: 0x1000,
                device,
            })),
            { what: "io-apic", first: 0x8000, lengthBytes: 0x1000, device: rig.ioApic },
            { what: "pci", first: 0x9cf8, lengthBytes: 8, device: pci },
        ],
        () => {},
    );
    return { ...rig, pci, space };
}

type FuzzRig = ReturnType<typeof fuzzRig>;

/** An address with a register, or near one, more often than not. */
function someAddress(random: Random): number {
    const cpu = 0x1000 * random.below(cpuCount);
    switch (random.below(6)) {
        case 0:
            return cpu + random.below(0x1000);
        case 1:
            return 0x8000 + random.pick([0x00, 0x10, 0x10, 0x40, random.below(0x1000)]);
        case 2:
            return 0x9cf8 + random.below(8);
        default:
            return cpu + 16 * random.pick(hotRegisters);
    }
}

/** Registers of a local APIC that do something, by their place: TPR, EOI, SVR, ICR, LVT, timer. */
const hotRegisters = [
    0x08, 0x0b, 0x0b, 0x0d, 0x0e, 0x0f, 0x28, 0x30, 0x30, 0x31, 0x32, 0x35, 0x37, 0x38, 0x3e,
];

function someValue(random: Random): number {
    switch (random.below(6)) {
        case 0:
            return random.uint32();
        case 1:
            return random.below(0x100);
        case 2:
            return 0x100 | random.below(0x100);
        case 3:
            return 2 ** random.below(32);
        case 4:
            return (random.below(4) << 18) | (random.below(8) << 8) | random.below(0x100);
        default:
            return random.pick([0, 0xb, 0xffff_ffff, level | 0x51, 0x2_0042, 0x0100_0000]);
    }
}

/** One step of the guest, or of the world around it. */
function poke({ space, apics, ioApic, clock }: FuzzRig, random: Random): void {
    const apic = random.pick(apics);
    switch (random.below(16)) {
        case 0:
            clock.advanceTo(clock.nowNs + random.below(random.pick([2, 100, 1_000_000_000])));
            break;
        case 1:
            ioApic.line(random.below(24)).set(random.chance(1, 2));
            break;
        case 2:
            apic.acknowledge();
            break;
        case 3:
            apic.acknowledgeNmi();
            break;
        case 4:
            apic.lint(random.chance(1, 2) ? 0 : 1).set(random.chance(1, 2));
            break;
        case 5:
        case 6:
            expectRegister(space, someAddress(random), random.pick([1, 2, 4, 4]));
            break;
        default:
            space.write(someAddress(random), random.pick([1, 2, 4, 4, 4, 4]), someValue(random));
    }
}

function expectRegister(space: AddressSpace, address: number, size: AccessSize): void {
    const value = space.read(address, size);
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * size)) {
        throw new Error(`read ${value} at 0x${address.toString(16)}`);
    }
}

describe("interrupt controllers and PCI under a guest that writes anything", () => {
    it(`keep their word through ${pokeCount} random steps`, () => {
        const rig = fuzzRig();
        const random = new Random(20_265);
        const offered = new Set<number>();
        for (let step = 0; step < pokeCount; step++) {
            poke(rig, random);
            for (const apic of rig.apics) {
                const wrong = wrongOffer(apic);
                if (wrong !== "") {
                    throw new Error(`step ${step}: ${apic.name} ${wrong}`);
                }
                offered.add(apic.pendingVector);
            }
            if (step % 64 === 0) {
                expect([step, wrongPins(rig)]).toEqual([step, ""]);
            }
        }
        // Most vectors were offered, so the steps are not all void.
        expect(offered.size).toBeGreaterThan(150);
        expect(rig.calls.length).toBeGreaterThan(100);
        expect(rig.notices.length).toBeLessThan(2000);
    });

    it("go on alike after their state was saved and loaded", () => {
        const original = fuzzRig();
        const random = new Random(20_266);
        const stateOf = ({ clock, apics, ioApic, pci }: FuzzRig) =>
            [clock, ...apics, ioApic, pci].map((part) => encodeState(part.save()));
        for (let round = 0; round < 30; round++) {
            for (let step = 0; step < 300; step++) {
                poke(original, random);
            }
            const copy = fuzzRig();
            copy.clock.load(fieldsOf(original.clock.save()));
            copy.ioApic.load(fieldsOf(original.ioApic.save()));
            copy.pci.load(fieldsOf(original.pci.save()));
            for (const [index, apic] of copy.apics.entries()) {
                apic.load(fieldsOf(original.apics[index].save()));
            }
            expect(stateOf(copy)).toEqual(stateOf(original));
            const seed = random.uint32();
            const [here, there] = [new Random(seed), new Random(seed)];
            for (let step = 0; step < 300; step++) {
                poke(original, here);
                poke(copy, there);
            }
            expect(stateOf(copy)).toEqual(stateOf(original));
        }
    });

    it("are told from a local APIC that forgets the task priority (canary)", () => {
        const rig = fuzzRig();
        const random = new Random(20_265);
        const wrong = new Set<string>();
        for (let step = 0; step < 20_000; step++) {
            poke(rig, random);
            for (const apic of rig.apics) {
                const request = highestOf(apic, 0x200);
                const isHigher = request >> 4 > highestOf(apic, 0x100) >> 4;
                const read = (offset: number, size: AccessSize) => apic.read(offset, size);
                wrong.add(wrongOffer({ pendingVector: isHigher ? request : -1, read }));
            }
        }
        expect(wrong.size).toBeGreaterThan(1);
    });
});
