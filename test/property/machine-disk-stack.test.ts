/** The whole way of the data: command structures in memory, controller, drive, cache, medium. */
import { describe, expect, it } from "vitest";
import { SeededChoices } from "../../src/base/choices.ts";
import { Random } from "../../src/base/random.ts";
import { decodeState, encodeState, StateFields, type StateRecord } from "../../src/base/state.ts";
import {
    type DestagePolicy,
    eagerDestage,
    lazyDestage,
    randomDestage,
} from "../../src/disk/cache/destage-policy.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { Clock } from "../../src/machine/clock.ts";
import { Drive } from "../../src/machine/sata/drive.ts";
import { type DriveTiming, immediateTiming, randomTiming } from "../../src/machine/sata/timing.ts";
import { AhciRig, PxSACT } from "../support/ahci-rig.ts";
import { BareDriver } from "../support/drive-bare-driver.ts";

/** Few enough that commands meet sectors of earlier ones again and again. */
const sectorCount = 2048;

interface Run {
    readonly seed: number;
    readonly timing: DriveTiming;
    readonly destage: DestagePolicy;
    readonly commandCount: number;
}

/** A machine without CPUs: a controller, a drive behind it, and a driver that pokes registers. */
function makeStack({ seed, timing, destage }: Run) {
    const clock = new Clock();
    const choices = new SeededChoices(seed);
    const medium = new MemoryStore(new Uint8Array(sectorCount * 512));
    const notices: string[] = [];
    const drive = new Drive({
        medium,
        clock,
        choices,
        timing,
        destage,
        notices: ({ message }) => notices.push(message),
    });
    const rig = new AhciRig(drive).start();
    const driver = new BareDriver(rig, clock, new Random(seed), sectorCount);
    const states = { clock, choices, drive, controller: rig.controller };
    return { medium, driver, notices, rig, clock, states };
}

const fine = randomTiming({ maxNs: 20_000 });
const coarse = randomTiming({ maxNs: 20_000, stepNs: 2_000 });
const runs: readonly Run[] = [
    { seed: 1, timing: fine, destage: lazyDestage, commandCount: 20_000 },
    { seed: 2, timing: fine, destage: randomDestage, commandCount: 20_000 },
    { seed: 3, timing: coarse, destage: lazyDestage, commandCount: 20_000 },
    { seed: 4, timing: coarse, destage: randomDestage, commandCount: 15_000 },
    { seed: 5, timing: coarse, destage: eagerDestage, commandCount: 15_000 },
    { seed: 6, timing: immediateTiming, destage: lazyDestage, commandCount: 10_000 },
];

describe("a bare driver with 32 tags", () => {
    it("runs 100,000 commands in all", () => {
        expect(runs.reduce((sum, { commandCount }) => sum + commandCount, 0)).toBe(100_000);
    });

    for (const run of runs) {
        it(`gets every byte right in ${run.commandCount} commands with seed ${run.seed}`, () => {
            const { medium, driver, notices, rig } = makeStack(run);
            for (let part = 0; part < 5; part++) {
                driver.run(run.commandCount / 5);
                expect(driver.problems).toEqual([]);
                driver.flush();
                expect(Buffer.compare(medium.bytes, driver.content)).toBe(0);
            }
            expect(driver.completedCount).toBe(run.commandCount);
            expect([...notices, ...rig.notices]).toEqual([]);
        });
    }

    it("sees commands end in another order than that of their tags, and of their issue", () => {
        const { driver } = makeStack({ ...runs[0], seed: 7 });
        driver.run(1000);
        const ends = driver.endedSlots;
        expect(new Set(ends).size).toBe(32);
        const ascents = ends.filter((slot, index) => index > 0 && slot > ends[index - 1]).length;
        expect(ascents).toBeGreaterThan(300);
        expect(ascents).toBeLessThan(700);
    });

    it("goes on after a save and a load as if nothing had been, with commands in flight", () => {
        const original = makeStack(runs[3]);
        original.driver.start(5000);
        // Reading this is itself an event: the driver learns which commands ended.
        expect(original.rig.read(PxSACT)).not.toBe(0);
        const copy = makeStack({ ...runs[3], seed: 0 });
        for (const name of ["clock", "choices", "drive", "controller"] as const) {
            const saved = decodeState(encodeState(original.states[name].save())) as StateRecord;
            copy.states[name].load(new StateFields(saved, name));
        }
        copy.rig.memory.bytes.set(original.rig.memory.bytes);
        copy.medium.bytes.set(original.medium.bytes);

        for (const { clock } of [original, copy]) {
            while (clock.nextAlarmNs !== Number.POSITIVE_INFINITY) {
                clock.advanceTo(clock.nextAlarmNs);
            }
        }
        for (const name of ["clock", "choices", "drive", "controller"] as const) {
            const [left, right] = [original, copy].map(({ states }) =>
                encodeState(states[name].save()),
            );
            expect(Buffer.compare(left, right)).toBe(0);
        }
        expect(Buffer.compare(copy.rig.memory.bytes, original.rig.memory.bytes)).toBe(0);
        expect(Buffer.compare(copy.medium.bytes, original.medium.bytes)).toBe(0);
        expect(copy.rig.read(PxSACT)).toBe(0);
    });

    it("catches a medium that keeps one bit wrong", () => {
        const { medium, driver } = makeStack({ ...runs[0], destage: eagerDestage });
        const write = medium.write.bind(medium);
        medium.write = (byteOffset, source) => {
            write(byteOffset, source);
            medium.bytes[1000 * 512 + 77] |= 1;
        };
        driver.run(20_000);
        expect(driver.problems).toEqual([
            expect.stringMatching(/got a wrong word for byte 512076$/),
        ]);
    });
});
