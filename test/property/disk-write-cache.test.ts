/**
 * The write cache under random work: reads return what was accepted last, what was promised is on
 * the medium, and what a loss of power leaves is one of the states that the trace allows.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ChoiceStream, SeededChoices } from "../../src/base/choices.ts";
import { decodeState, encodeState, StateFields, type StateRecord } from "../../src/base/state.ts";
import {
    type DestagePolicy,
    lazyDestage,
    randomDestage,
} from "../../src/disk/cache/destage-policy.ts";
import { WriteCache } from "../../src/disk/cache/write-cache.ts";
import type { Level } from "../../src/disk/crash/state-space.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { TraceRecorder } from "../../src/disk/trace/recorder.ts";
import { levelOf, markedSectors, powerLossProblem } from "../support/drive-power-loss.ts";

// Three pages of 4 KiB, the last one cut short.
const sectorCount = 22;
const diskSizeBytes = 512 * sectorCount;
const seed = 20_264;

function freshDisk(): Uint8Array {
    return new Uint8Array(diskSizeBytes).fill(0xee);
}

/** A drive of the simplest kind: what a host does to it happens at once, in this order. */
class TinyDrive {
    readonly medium = new MemoryStore(freshDisk());
    readonly cache: WriteCache;
    readonly recorder: TraceRecorder;
    /** What a disk without a cache would hold. */
    readonly expected = freshDisk();
    /** Ids of commands that were issued and did not end, with their actions. */
    readonly #running: { id: number; end: () => void }[] = [];

    constructor(policy: DestagePolicy, choices: ChoiceStream) {
        this.cache = new WriteCache(this.medium, policy, choices);
        this.recorder = new TraceRecorder({
            diskSizeBytes,
            sectorSizeBytes: 512,
            startsWithCache: true,
        });
    }

    do(step: Step): void {
        switch (step.do) {
            case "write":
                this.#write(step.sector, step.count, step.fua);
                break;
            case "discard":
                this.#discard(step.sector, step.count);
                break;
            case "flush":
            case "cache-off":
                this.#begin(step.do, () => {
                    if (step.do === "flush") {
                        this.cache.flush();
                    } else {
                        this.cache.isOn = false;
                    }
                });
                break;
            case "cache-on":
                this.#begin("cache-on", () => {});
                this.cache.isOn = true;
                break;
            case "end": {
                const [command] = this.#running.splice(step.which % (this.#running.length || 1), 1);
                command?.end();
                break;
            }
            case "destage":
                this.cache.destage();
                break;
        }
    }

    #begin(kind: "flush" | "cache-off" | "cache-on", work: () => void): void {
        const id = this.recorder.issue({ kind, fua: false, byteOffset: 0, byteLength: 0 }, 0);
        this.#running.push({
            id,
            end: () => {
                work();
                this.recorder.complete(id, true, 0);
            },
        });
    }

    #write(sector: number, count: number, fua: boolean): void {
        const byteOffset = 512 * sector;
        const byteLength = 512 * count;
        const what = { kind: "write", fua, byteOffset, byteLength } as const;
        const id = this.recorder.issue(what, 0);
        const bytes = markedSectors(id + 1, sector, count);
        this.recorder.accept(id, undefined, bytes);
        this.cache.write(byteOffset, bytes, fua);
        this.expected.set(bytes, byteOffset);
        this.#running.push({ id, end: () => this.recorder.complete(id, true, 0) });
    }

    #discard(sector: number, count: number): void {
        const byteOffset = 512 * sector;
        const byteLength = 512 * count;
        const what = { kind: "discard", fua: false, byteOffset, byteLength } as const;
        const id = this.recorder.issue(what, 0);
        this.recorder.accept(id, undefined, new Uint8Array(0));
        this.cache.discard(byteOffset, byteLength);
        this.expected.fill(0, byteOffset, byteOffset + byteLength);
        this.#running.push({ id, end: () => this.recorder.complete(id, true, 0) });
    }
}

type Step =
    | { do: "write"; sector: number; count: number; fua: boolean }
    | { do: "discard"; sector: number; count: number }
    | { do: "flush" | "cache-off" | "cache-on" | "destage" }
    | { do: "end"; which: number };

const range = fc
    .tuple(fc.nat(sectorCount - 1), fc.integer({ min: 1, max: 12 }))
    .map(([sector, count]) => ({ sector, count: Math.min(count, sectorCount - sector) }));

const write: fc.Arbitrary<Step> = fc
    .tuple(range, fc.nat(4))
    .map(([where, kind]) => ({ do: "write", ...where, fua: kind === 0 }));
const discard: fc.Arbitrary<Step> = range.map((where) => ({ do: "discard", ...where }));
const end: fc.Arbitrary<Step> = fc.nat(9).map((which) => ({ do: "end", which }));
const barrier: fc.Arbitrary<Step> = fc
    .constantFrom("flush", "flush", "flush", "cache-off", "cache-on")
    .map((what) => ({ do: what }) as Step);
const destage: fc.Arbitrary<Step> = fc.constant({ do: "destage" });

/** Work for a disk; without discards where contents must tell which write they are of. */
function work(withDiscards: boolean): fc.Arbitrary<Step[]> {
    return fc.array(
        fc.oneof(
            { weight: 10, arbitrary: write },
            { weight: 8, arbitrary: end },
            { weight: 4, arbitrary: barrier },
            { weight: 4, arbitrary: destage },
            { weight: 2, arbitrary: withDiscards ? discard : write },
        ),
        { maxLength: 40 },
    );
}

const policies: fc.Arbitrary<DestagePolicy> = fc.record({
    background: fc.constantFrom("nothing", "everything", "random"),
    powerLoss: fc.constantFrom("requests", "sectors", "trash", "collateral"),
    lies: fc.constant(false),
    capacityBytes: fc.constantFrom(4096, 8 * 2 ** 20),
});

/** Policies of drives that may break their promises, too. */
const anyPolicy = fc.oneof(
    { weight: 4, arbitrary: policies },
    {
        weight: 1,
        arbitrary: policies.map(
            (policy): DestagePolicy => ({ ...policy, powerLoss: "requests", lies: true }),
        ),
    },
);

/** What a loss of power leaves that a level does not allow. */
function problemAfterPowerLoss(drive: TinyDrive, level: Level): string | undefined {
    drive.cache.losePower();
    return powerLossProblem(drive.recorder.trace(), level, freshDisk(), drive.medium.bytes);
}

function stateOf(record: StateRecord): Uint8Array {
    return encodeState(record);
}

describe("a write cache", () => {
    it("reads as a disk without a cache would, through all work and any policy", () => {
        const property = fc.property(
            work(true),
            policies,
            fc.nat(),
            (steps, policy, choiceSeed) => {
                const drive = new TinyDrive(policy, new SeededChoices(choiceSeed));
                const found = new Uint8Array(diskSizeBytes);
                for (const step of steps) {
                    drive.do(step);
                    // In two parts that meet inside a page.
                    drive.cache.read(0, found.subarray(0, 5120));
                    drive.cache.read(5120, found.subarray(5120));
                    expect(Buffer.compare(found, drive.expected)).toBe(0);
                }
                drive.cache.flush();
                expect(Buffer.compare(drive.medium.bytes, drive.expected)).toBe(0);
                expect(drive.cache.isClean).toBe(true);
            },
        );
        fc.assert(property, { seed, numRuns: 500 });
    });

    it("leaves what the trace allows when power fails, at the level of its policy", () => {
        const property = fc.property(
            work(false),
            anyPolicy,
            fc.nat(),
            (steps, policy, choiceSeed) => {
                const drive = new TinyDrive(policy, new SeededChoices(choiceSeed));
                for (const step of steps) {
                    drive.do(step);
                }
                expect(problemAfterPowerLoss(drive, levelOf(policy))).toBeUndefined();
            },
        );
        fc.assert(property, { seed, numRuns: 3000 });
    });

    it("goes on after a saved state as it would have gone on", () => {
        const property = fc.property(work(true), work(true), policies, (first, second, policy) => {
            const choices = new SeededChoices(seed);
            const drive = new TinyDrive(policy, choices);
            for (const step of first) {
                drive.do(step);
            }
            const twinChoices = new SeededChoices(0);
            const medium = new MemoryStore(drive.medium.bytes.slice());
            const twin = new WriteCache(medium, policy, twinChoices);
            const saved = stateOf(drive.cache.save());
            twinChoices.load(fieldsOf(stateOf(choices.save())));
            twin.load(fieldsOf(saved));
            expect(Buffer.compare(stateOf(twin.save()), saved)).toBe(0);
            for (const cache of [drive.cache, twin]) {
                for (const step of second) {
                    repeat(cache, step);
                }
                cache.losePower();
            }
            expect(Buffer.compare(medium.bytes, drive.medium.bytes)).toBe(0);
        });
        fc.assert(property, { seed, numRuns: 500 });
    });
});

describe("canaries: the trace exposes a cache", () => {
    /** Whether work is found after which a cache with this fault leaves what is not allowed. */
    function isExposed(policy: DestagePolicy, level: Level): boolean {
        const property = fc.property(work(false), fc.nat(), (steps, choiceSeed) => {
            const drive = new TinyDrive(policy, new SeededChoices(choiceSeed));
            for (const step of steps) {
                drive.do(step);
            }
            return problemAfterPowerLoss(drive, level) === undefined;
        });
        return fc.check(property, { seed, numRuns: 500 }).failed;
    }

    it("whose flushes and FUA writes lie", () => {
        const liar: DestagePolicy = { ...lazyDestage, powerLoss: "requests", lies: true };
        expect(isExposed(liar, "L2")).toBe(true);
        expect(isExposed({ ...liar, background: "random" }, "L4")).toBe(true);
    });

    it("that tears requests where they should be whole", () => {
        expect(isExposed(randomDestage, "L1")).toBe(true);
    });

    it("that leaves trash where sectors should only be old or new", () => {
        expect(isExposed({ ...lazyDestage, powerLoss: "trash" }, "L2")).toBe(true);
    });

    it("that damages neighbours where it should not", () => {
        expect(isExposed({ ...lazyDestage, powerLoss: "collateral" }, "L3")).toBe(true);
    });
});

function fieldsOf(encoded: Uint8Array): StateFields {
    return new StateFields(decodeState(encoded) as StateRecord, "test");
}

/** What a step does to a cache, without a host that waits for it. */
function repeat(cache: WriteCache, step: Step): void {
    switch (step.do) {
        case "write":
            cache.write(512 * step.sector, new Uint8Array(512 * step.count).fill(7), step.fua);
            break;
        case "discard":
            cache.discard(512 * step.sector, 512 * step.count);
            break;
        case "destage":
            cache.destage();
            break;
        case "cache-off":
        case "cache-on":
            cache.isOn = step.do === "cache-on";
            break;
        default:
            break;
    }
}
