/**
 * Whatever a driver writes to registers and memory, and whenever a drive acts: the controller never
 * throws, never writes where nothing told it to, marks every page that it changes, and does a
 * bounded amount of work a step.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pageSize } from "../../src/base/page-size.ts";
import { encodeState, StateFields } from "../../src/base/state.ts";
import type { AccessSize } from "../../src/machine/device.ts";
import { GuestMemory } from "../../src/machine/guest-memory.ts";
import { type DriveAction, ErraticDrive } from "../support/ahci-erratic-drive.ts";
import {
    AhciRig,
    GHC,
    PxCI,
    PxCLB,
    PxCMD,
    PxFB,
    PxIS,
    PxSACT,
    PxSCTL,
    PxSERR,
} from "../support/ahci-rig.ts";

const memoryBytes = 2 ** 20;
/** Command lists, tables and scatter-gather lists are in here, data and FISes above. */
const structuresEnd = 0x4_0000;
const lists = [0x1_0000, 0x1_0400, 0xf_fc00, 0xffff_fc00];
const tableBase = 0x2_0000;
const tableBytes = 0x800;
const fisAreas = [0x5_0000, 0xf_ff00, 0xffff_ff00];

/** Work of a step: the longest list, walked twice by a drive that first asks for its size. */
const maxChecks = 4 * 65_535 + 1000;

type Step =
    | { readonly do: "poke"; readonly offset: number; readonly size: AccessSize; value: number }
    | { readonly do: "read"; readonly offset: number; readonly size: AccessSize }
    | { readonly do: "register"; readonly offset: number; value: number }
    | { readonly do: "command"; readonly list: number; readonly slot: number; seed: number[] }
    | { readonly do: "drive"; readonly action: DriveAction }
    | { readonly do: "restart" }
    | { readonly do: "reload" };

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const bits = fc.oneof(
    u32,
    fc.integer({ min: 0, max: 31 }).map((bit) => 2 ** bit),
);
const size = fc.constantFrom<AccessSize>(1, 2, 4);
const offset = fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 0x100, max: 0x14f }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 0x300 }) },
);

const writing = (offset: number, ...values: number[]) =>
    fc.record({
        do: fc.constant("register"),
        offset: fc.constant(offset),
        value: fc.constantFrom(...values),
    });

/** What drivers write, in no order. */
const register = fc.oneof(
    writing(PxCMD, 0x16, 0x17, 0x06, 0x07),
    writing(PxCLB, ...lists),
    writing(PxFB, ...fisAreas),
    writing(PxSCTL, 0, 1, 4),
    writing(PxIS, 0xffff_ffff),
    writing(PxSERR, 0xffff_ffff),
    writing(GHC, 0x8000_0002, 0x8000_0003),
);

const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 1, arbitrary: fc.record({ do: fc.constant("poke"), offset, size, value: bits }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("read"), offset, size }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("restart") }) },
    { weight: 2, arbitrary: register },
    {
        weight: 14,
        arbitrary: fc.record({
            do: fc.constant("command"),
            list: fc.constantFrom(lists[0], lists[0], lists[0], lists[1]),
            slot: fc.integer({ min: 0, max: 31 }),
            seed: fc.array(u32, { minLength: 14, maxLength: 14 }),
        }),
    },
    {
        weight: 14,
        arbitrary: fc.record({
            do: fc.constant("drive"),
            action: fc.record({
                what: fc.constantFrom<DriveAction["what"]>(
                    "deliver",
                    "deliver",
                    "fetch",
                    "answer",
                    "answer",
                    "answer",
                    "fail",
                    "announce",
                    "sign",
                ),
                which: fc.nat(31),
                offset: fc.oneof(fc.nat(2000), fc.nat(2 ** 22)),
                byteCount: fc.oneof(fc.constant(512), fc.nat(20_000)),
            }),
        }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("reload") }) },
) as fc.Arbitrary<Step>;

/** Memory that counts how often somebody asks whether a range is in it. */
class CountingMemory extends GuestMemory {
    checks = 0;

    override contains(address: number, byteLength: number): boolean {
        this.checks++;
        return super.contains(address, byteLength);
    }
}

/** A canary: what devices write lands a little beside where it should. */
class SkewedMemory extends CountingMemory {
    override dmaWrite(address: number, source: Uint8Array): boolean {
        return super.dmaWrite(address + 2, source);
    }
}

/** Runs steps; throws when the controller does what it must not. */
class Trial {
    readonly drive = new ErraticDrive();
    readonly rig: AhciRig;
    readonly #memory: CountingMemory;
    readonly #shadow: Uint8Array;
    /** Tables and entry counts of commands that the controller took, by slot. */
    readonly #taken = new Map<number, { table: number; entryCount: number; header: number }>();

    constructor(memory: CountingMemory) {
        this.#memory = memory;
        this.rig = new AhciRig(this.drive, {
            memory,
            observer: {
                onCommandFetched: (_, { slot, tableAddress, entryCount, headerAddress }) => {
                    this.#taken.set(slot, {
                        table: tableAddress,
                        entryCount,
                        header: headerAddress,
                    });
                },
            },
        });
        this.#restart();
        this.#shadow = memory.bytes.slice();
        memory.takeDirtyPages();
    }

    run(steps: readonly Step[]): void {
        for (const step of steps) {
            this.#memory.checks = 0;
            this.#take(step);
            expect(this.#memory.checks).toBeLessThan(maxChecks);
            this.#checkWrites();
        }
        expect(Buffer.compare(this.#memory.bytes, this.#shadow)).toBe(0);
    }

    #take(step: Step): void {
        const { controller } = this.rig;
        switch (step.do) {
            case "poke":
                controller.write(step.offset, step.size, step.value % 2 ** (8 * step.size));
                break;
            case "register":
                controller.write(step.offset, 4, step.value);
                break;
            case "read": {
                const value = controller.read(step.offset, step.size);
                expect(value).toBeGreaterThanOrEqual(0);
                expect(value).toBeLessThan(2 ** (8 * step.size));
                break;
            }
            case "command":
                this.#build(step.list, step.slot, step.seed);
                break;
            case "drive":
                this.drive.act(step.action);
                break;
            case "restart":
                this.#restart();
                break;
            case "reload": {
                const saved = controller.save();
                controller.load(new StateFields(saved, "machine.ahci"));
                expect(encodeState(controller.save())).toEqual(encodeState(saved));
                break;
            }
        }
    }

    /** Resets the link, and starts the port as drivers do. */
    #restart(): void {
        const { rig, drive } = this;
        rig.write(PxCMD, 0x06);
        rig.write(PxSCTL, 1);
        rig.write(PxSCTL, 0);
        drive.act({ what: "sign", which: 0, offset: 0, byteCount: 0 });
        rig.write(PxCLB, lists[0]);
        rig.write(PxFB, fisAreas[0]);
        rig.write(PxSERR, 0xffff_ffff);
        rig.write(PxCMD, 0x17);
    }

    /** A command as a confused driver makes it, and its doorbells. */
    #build(list: number, slot: number, seed: readonly number[]): void {
        const { view } = this.#memory;
        const header = list + 32 * slot;
        const table = tableBase + slot * tableBytes;
        const isOdd = seed[0] % 16 === 1;
        const isQueued = seed[1] % 4 !== 1;
        const entryCount = isOdd ? seed[2] % 65_536 : 1 + (seed[2] % 4);
        view.setUint32(header, (isOdd ? seed[3] & 0xffff : 5) + entryCount * 65_536, true);
        view.setUint32(header + 8, isOdd && seed[4] % 4 === 0 ? seed[5] : table, true);
        view.setUint32(header + 12, isOdd && seed[4] % 4 === 1 ? seed[5] : 0, true);
        const command = isQueued ? 0x60 : 0x25;
        const controlOnly = seed[6] % 32 === 1;
        view.setUint32(table, 0x27 + (controlOnly ? 0 : 0x8000) + command * 65_536, true);
        view.setUint32(table + 12, seed[6] % 64 === 2 ? seed[7] & 0xff : slot << 3, true);
        view.setUint8(table + 15, controlOnly ? seed[7] & 4 : 0);
        for (let entry = 0; entry < 4; entry++) {
            const at = table + 0x80 + 16 * entry;
            const where = structuresEnd + (seed[8 + entry] % (memoryBytes - structuresEnd));
            view.setUint32(at, seed[8 + entry] % 32 === 1 ? 0xfff0_0000 : where, true);
            view.setUint32(at + 4, seed[12] % 64 === entry + 4 ? 1 : 0, true);
            view.setUint32(at + 12, (seed[13] >>> entry) & 0x8000_0fff, true);
        }
        this.#shadow.set(this.#memory.bytes.subarray(0, structuresEnd));
        if (isQueued) {
            this.rig.write(PxSACT, 2 ** slot);
        }
        this.rig.write(PxCI, 2 ** slot);
    }

    /** Every byte that changed was the controller's to change. */
    #checkWrites(): void {
        for (const page of this.#memory.takeDirtyPages()) {
            const start = page * pageSize;
            const now = this.#memory.bytes.subarray(start, start + pageSize);
            const before = this.#shadow.subarray(start, start + pageSize);
            if (Buffer.compare(now, before) === 0) {
                continue;
            }
            const changed = now.findIndex((byte, index) => byte !== before[index]);
            const last = now.findLastIndex((byte, index) => byte !== before[index]);
            for (let index = changed; index <= last; index++) {
                if (now[index] !== before[index]) {
                    this.#expectAllowed(start + index);
                }
            }
            before.set(now);
        }
    }

    #expectAllowed(address: number): void {
        const isIn = (start: number, byteLength: number) =>
            address >= start && address < start + byteLength;
        if (isIn(this.rig.read(PxFB), 0x100)) {
            return;
        }
        for (const { table, entryCount, header } of this.#taken.values()) {
            if (isIn(header + 4, 4) || this.#isInList(table + 0x80, entryCount, isIn)) {
                return;
            }
        }
        throw new Error(`byte ${address.toString(16)}h changed, and nobody named it`);
    }

    /** Whether a list, as it was before the step, names an address. */
    #isInList(
        list: number,
        entryCount: number,
        isIn: (start: number, byteLength: number) => boolean,
    ): boolean {
        const view = new DataView(this.#shadow.buffer);
        for (let entry = 0; entry < entryCount; entry++) {
            const at = list + 16 * entry;
            if (at + 16 > memoryBytes) {
                return false;
            }
            const address = (view.getUint32(at, true) & ~1) >>> 0;
            const byteLength = (view.getUint32(at + 12, true) & 0x3f_fffe) + 2;
            if (view.getUint32(at + 4, true) === 0 && isIn(address, byteLength)) {
                return true;
            }
        }
        return false;
    }
}

const steps = fc.array(step, { minLength: 20, maxLength: 120, size: "max" });

describe("a controller at the hands of a confused driver and an erratic drive", () => {
    it("keeps to memory that was named, and works on", () => {
        let acceptedCount = 0;
        let movedBytes = 0;
        fc.assert(
            fc.property(steps, (sequence) => {
                const trial = new Trial(new CountingMemory(memoryBytes));
                trial.run(sequence);
                acceptedCount += trial.drive.acceptedCount;
                movedBytes += trial.drive.movedBytes;
            }),
            { seed: 20_261_122, numRuns: 150 },
        );
        // The sequences got somewhere: commands went through, and data moved.
        expect(acceptedCount).toBeGreaterThan(500);
        expect(movedBytes).toBeGreaterThan(1_000_000);
    });

    it("is told from one whose writes go astray", () => {
        const check = fc.check(
            fc.property(steps, (sequence) => {
                new Trial(new SkewedMemory(memoryBytes)).run(sequence);
            }),
            { seed: 20_261_122, numRuns: 100, endOnFailure: true },
        );
        expect(check.failed).toBe(true);
    });
});
