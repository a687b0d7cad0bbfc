/** A drive that fails, hangs and is reset: what it leaves, and what its trace says of that. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SeededChoices } from "../../src/base/choices.ts";
import { type DestagePolicy, lazyDestage } from "../../src/disk/cache/destage-policy.ts";
import { crashView } from "../../src/disk/crash/crash-sweep.ts";
import { stateSpace } from "../../src/disk/crash/levels.ts";
import { type Level, levels } from "../../src/disk/crash/state-space.ts";
import type { DiskTrace } from "../../src/disk/trace/disk-trace.ts";
import { traceProblem } from "../../src/disk/trace/trace-check.ts";
import { parseFaultRule } from "../../src/machine/sata/fault-rule-text.ts";
import { randomTiming } from "../../src/machine/sata/timing.ts";
import { DriveBench } from "../support/drive-host.ts";
import { levelOf, powerLossProblem } from "../support/drive-power-loss.ts";
import { type HostStep, RecoveringHost } from "../support/drive-recovering-host.ts";

const seed = 20_265;
// Three pages of 4 KiB, the last one cut short.
const sectorCount = 22;

const faultRules = [
    "write media-error lba=5-6 chance=1/4",
    "write media-error chance=1/8",
    "write timeout chance=1/12",
    "write abort chance=1/12",
    "flush media-error chance=1/6",
    "flush timeout chance=1/12",
].map(parseFaultRule);

const steps: fc.Arbitrary<HostStep[]> = fc.array(
    fc.oneof(
        {
            weight: 12,
            arbitrary: fc
                .record({
                    do: fc.constant("write" as const),
                    tag: fc.nat(31),
                    lba: fc.nat(sectorCount - 1),
                    sectorCount: fc.integer({ min: 1, max: 6 }),
                    isQueued: fc.nat(4).map((value) => value > 0),
                    isFua: fc.nat(3).map((value) => value === 0),
                })
                .map((write) => ({
                    ...write,
                    sectorCount: Math.min(write.sectorCount, sectorCount - write.lba),
                })),
        },
        { weight: 5, arbitrary: fc.record({ do: fc.constant("wait" as const), ns: fc.nat(1500) }) },
        {
            weight: 4,
            arbitrary: fc.record({
                do: fc.constantFrom("flush", "flush", "cache on", "cache off", "standby", "reset"),
            }),
        },
        {
            weight: 1,
            arbitrary: fc.record({ do: fc.constant("forget" as const), slots: fc.maxSafeNat() }),
        },
    ),
    { maxLength: 40, size: "max" },
);

const policies: fc.Arbitrary<DestagePolicy> = fc
    .record({
        background: fc.constantFrom("nothing", "everything", "random"),
        powerLoss: fc.constantFrom("requests", "sectors", "trash", "collateral"),
        lies: fc.nat(3).map((value) => value === 0),
        capacityBytes: fc.constantFrom(4096, 8 * 2 ** 20),
    })
    .map((policy) => ({ ...policy, powerLoss: policy.lies ? "requests" : policy.powerLoss }));

const freshDisk = () => new Uint8Array(512 * sectorCount).fill(0xee);

function makeBench(choiceSeed: number, destage: DestagePolicy, isFaulty: boolean): DriveBench {
    return new DriveBench({
        choices: new SeededChoices(choiceSeed),
        timing: randomTiming({ maxNs: 1000, stepNs: 50 }),
        faults: isFaulty ? faultRules : [],
        destage,
        diskBytes: freshDisk(),
    });
}

/** What a drive leaves that a level does not allow, when power fails after a script. */
function problemAfter(bench: DriveBench, script: readonly HostStep[], level: Level) {
    const host = new RecoveringHost(bench);
    for (const step of script) {
        host.do(step);
    }
    bench.drive.losePower();
    const trace = bench.recorder.trace();
    return traceProblem(trace) ?? powerLossProblem(trace, level, freshDisk(), bench.medium.bytes);
}

/** How many states each level allows at the end of a trace. */
function stateCounts(trace: DiskTrace): (bigint | undefined)[] {
    const view = crashView(trace, trace.eventCount);
    return levels.slice(0, 5).map((level) => stateSpace(view, level).count.count);
}

describe("a drive whose power fails", () => {
    for (const isFaulty of [false, true]) {
        it(`leaves what its level allows, ${isFaulty ? "with" : "without"} faults`, () => {
            fc.assert(
                fc.property(steps, policies, fc.nat(2 ** 31), (script, policy, choiceSeed) => {
                    const bench = makeBench(choiceSeed, policy, isFaulty);
                    expect(problemAfter(bench, script, levelOf(policy))).toBeUndefined();
                }),
                { seed, numRuns: 600 },
            );
        });
    }
});

describe("a host that recovers from every fault, rewrites all and flushes", () => {
    /** The trace of a drive with faults and resets, in which at last all is well. */
    function recovered(script: readonly HostStep[], choiceSeed: number): DiskTrace {
        const bench = makeBench(choiceSeed, lazyDestage, true);
        const host = new RecoveringHost(bench);
        for (const step of script) {
            host.do(step);
        }
        host.rewriteAll(sectorCount);
        expect(bench.medium.bytes.every((byte) => byte === 0x77)).toBe(true);
        return bench.recorder.trace();
    }

    it("has a disk that no crash can change", () => {
        fc.assert(
            fc.property(steps, fc.nat(2 ** 31), (script, choiceSeed) => {
                expect(stateCounts(recovered(script, choiceSeed))).toEqual([1n, 1n, 1n, 1n, 1n]);
            }),
            { seed, numRuns: 100 },
        );
    });

    it("would have more, if commands that were dropped went on for ever (canary)", () => {
        const isExposed = fc.check(
            fc.property(steps, fc.nat(2 ** 31), (script, choiceSeed) => {
                const trace = recovered(script, choiceSeed);
                const commands = trace.commands.map((command) =>
                    command.status === "failed"
                        ? {
                              ...command,
                              status: "outstanding" as const,
                              completedAt: Number.POSITIVE_INFINITY,
                          }
                        : command,
                );
                expect(stateCounts({ ...trace, commands })).toEqual([1n, 1n, 1n, 1n, 1n]);
            }),
            { seed, numRuns: 100 },
        ).failed;
        expect(isExposed).toBe(true);
    });
});

describe("canaries: the trace exposes a drive", () => {
    function isExposed(policy: Partial<DestagePolicy>, level: Level): boolean {
        const property = fc.property(steps, fc.nat(2 ** 31), (script, choiceSeed) => {
            const bench = makeBench(choiceSeed, { ...lazyDestage, ...policy }, true);
            return problemAfter(bench, script, level) === undefined;
        });
        return fc.check(property, { seed, numRuns: 300 }).failed;
    }

    it("that tears writes which should be whole", () => {
        expect(isExposed({ powerLoss: "sectors" }, "L1")).toBe(true);
    });

    it("whose flushes and FUA writes lie", () => {
        expect(isExposed({ powerLoss: "requests", lies: true }, "L4")).toBe(true);
    });

    it("that leaves trash where sectors should be old or new", () => {
        expect(isExposed({ powerLoss: "trash" }, "L2")).toBe(true);
        expect(isExposed({ powerLoss: "collateral" }, "L3")).toBe(true);
    });
});
