/** The whole way of the data: command structures in memory, controller, drive, cache, medium. */
import { describe, expect, it } from "vitest";
import { SeededChoices } from "../../src/base/choices.ts";
import { Random } from "../../src/base/random.ts";
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
import { AhciRig } from "../support/ahci-rig.ts";
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
    const medium = new MemoryStore(new Uint8Array(sectorCount * 512));
    const notices: string[] = [];
    const drive = new Drive({
        medium,
        clock,
        choices: new SeededChoices(seed),
        timing,
        destage,
        notices: ({ message }) => notices.push(message),
    });
    const rig = new AhciRig(drive).start();
    const driver = new BareDriver(rig, clock, new Random(seed), sectorCount);
    return { medium, driver, notices, rig };
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
