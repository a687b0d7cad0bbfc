/** The drive against a model of a disk: scripts of commands under random times. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SeededChoices } from "../../src/base/choices.ts";
import { encodeState } from "../../src/base/state.ts";
import { randomDestage } from "../../src/disk/cache/destage-policy.ts";
import type { DiskTrace } from "../../src/disk/trace/disk-trace.ts";
import { traceProblem } from "../../src/disk/trace/trace-check.ts";
import type { AtaCommand, SataDrive } from "../../src/machine/sata/link.ts";
import { randomTiming } from "../../src/machine/sata/timing.ts";
import { candidatesAtEnd } from "../support/disk-rule.ts";
import { DriveBench } from "../support/drive-host.ts";
import { type DriveSide, ModelHost, type ScriptStep, writerOf } from "../support/drive-model.ts";

const seed = 20_261;
/** Few sectors, so that commands meet. */
const sectorCount = 48;
const maxNs = 1000;

const steps: fc.Arbitrary<ScriptStep[]> = fc.array(
    fc.record({
        action: fc.oneof(
            { weight: 6, arbitrary: fc.constantFrom<ScriptStep["action"]>("read", "write") },
            {
                weight: 1,
                arbitrary: fc.constantFrom<ScriptStep["action"]>(
                    "flush",
                    "cache on",
                    "cache off",
                    "wait",
                ),
            },
        ),
        lba: fc.nat(sectorCount - 12),
        sectorCount: fc.integer({ min: 1, max: 12 }),
        isQueued: fc.boolean().chain((is) => (is ? fc.constant(true) : fc.boolean())),
        isFua: fc.boolean(),
        tag: fc.nat(31),
        ns: fc.nat(maxNs),
    }),
    { minLength: 1, maxLength: 120, size: "max" },
);

function makeBench(choiceSeed: number): DriveBench {
    return new DriveBench({
        choices: new SeededChoices(choiceSeed),
        timing: randomTiming({ maxNs, stepNs: 50 }),
        destage: randomDestage,
        diskBytes: new Uint8Array(sectorCount * 512),
    });
}

/** A bench as the model's host sees it. */
function sideOf(bench: DriveBench, drive: SataDrive = bench.drive): DriveSide {
    const pass = (ns?: number) => {
        const { clock } = bench;
        const next = Math.min(clock.nextAlarmNs, clock.nowNs + 10 * maxNs);
        clock.advanceTo(ns === undefined ? next : clock.nowNs + ns);
    };
    return { drive, host: bench.host, pass };
}

/** What the model has to say against a drive after a script. */
function problemsOf(script: readonly ScriptStep[], side: DriveSide): readonly string[] {
    const model = new ModelHost(side, sectorCount);
    model.run(script);
    return model.problems;
}

describe("the drive", () => {
    it("answers every read with what a disk may hold, whatever the times", () => {
        fc.assert(
            fc.property(steps, fc.nat(2 ** 31), (script, choiceSeed) => {
                expect(problemsOf(script, sideOf(makeBench(choiceSeed)))).toEqual([]);
            }),
            { seed, numRuns: 400 },
        );
    });

    it("has on the medium after a flush what it says that it holds", () => {
        fc.assert(
            fc.property(steps, fc.nat(2 ** 31), (script, choiceSeed) => {
                const bench = makeBench(choiceSeed);
                expect(problemsOf(script, sideOf(bench))).toEqual([]);
                const content = new Uint8Array(sectorCount * 512);
                bench.command({ command: 0x25, count: sectorCount }, content);
                bench.command({ command: 0xea });
                expect(Buffer.compare(bench.medium.bytes, content)).toBe(0);
            }),
            { seed, numRuns: 100 },
        );
    });

    it("leaves after a loss of power only what its trace allows", () => {
        let lossCount = 0;
        fc.assert(
            fc.property(steps, fc.nat(2 ** 31), (script, choiceSeed) => {
                const bench = makeBench(choiceSeed);
                const model = new ModelHost(sideOf(bench), sectorCount);
                for (const step of script) {
                    model.step(step);
                }
                bench.drive.losePower();
                const allowed = allowedWriters(bench.recorder.trace());
                for (let lba = 0; lba < sectorCount; lba++) {
                    const id = writerOf(bench.medium.bytes, lba, lba);
                    expect(allowed[lba]).toContain(id);
                    lossCount += id === allowed[lba].at(-1) ? 0 : 1;
                }
            }),
            { seed, numRuns: 150 },
        );
        // It is no test of losses if hardly anything was lost.
        expect(lossCount).toBeGreaterThan(200);
    });

    it("ends queued commands in any order, and several at once", () => {
        const bench = makeBench(seed);
        const model = new ModelHost(sideOf(bench), sectorCount);
        const read = { action: "read", isQueued: true, isFua: false, ns: 0 } as const;
        model.run(
            Array.from({ length: 32 }, (_, tag) => ({ ...read, tag, lba: tag, sectorCount: 1 })),
        );
        const ascending = Array.from({ length: 32 }, (_, tag) => tag);
        expect(model.endedTags).not.toEqual(ascending);
        expect([...model.endedTags].sort((left, right) => left - right)).toEqual(ascending);
        const bitFrames = bench.host.frames.filter(({ frame }) => frame === "bits");
        expect(bitFrames.length).toBeLessThan(32);
    });

    it("saved and loaded after any step, goes on as the original does", () => {
        fc.assert(
            fc.property(steps, steps, fc.nat(2 ** 31), (before, after, choiceSeed) => {
                const bench = makeBench(choiceSeed);
                const host = new ModelHost(sideOf(bench), sectorCount);
                for (const step of before) {
                    host.step(step);
                }
                const copy = makeBench(0);
                copy.load(bench.save());
                expect(Buffer.compare(encodeState(copy.save()), encodeState(bench.save()))).toBe(0);

                // Both hosts, apart from the model, do the same from here on.
                bench.host.onFrame = () => {};
                for (const [slot, buffer] of bench.host.buffers.entries()) {
                    copy.host.buffers[slot] = buffer.slice();
                }
                bench.host.frames.length = 0;
                for (const one of [bench, copy]) {
                    sendAll(one, after);
                }
                expect(copy.host.frames).toEqual(bench.host.frames);
                expect(Buffer.compare(encodeState(copy.save()), encodeState(bench.save()))).toBe(0);
                expect(copy.host.buffers.map(hex)).toEqual(bench.host.buffers.map(hex));
            }),
            { seed, numRuns: 60 },
        );
    });

    it("takes any command at any time without failing itself, and always ends what it took", () => {
        const register = fc.nat(0xffff);
        const command = fc.record({
            slot: fc.nat(31),
            command: fc.oneof(fc.nat(255), fc.constantFrom(0x60, 0x61, 0x2f, 0x25, 0x35, 0x06)),
            features: fc.oneof(register, fc.nat(3)),
            lba: fc.oneof(fc.nat(64), fc.nat(0xffff_ffff), fc.nat(2 ** 48 - 1)),
            count: fc.oneof(register, fc.nat(255)),
            device: fc.nat(255),
            ns: fc.nat(3 * maxNs),
            event: fc.nat(30),
        });
        fc.assert(
            fc.property(
                fc.array(command, { maxLength: 60, size: "max" }),
                fc.nat(2 ** 31),
                (list, choiceSeed) => {
                    const bench = makeBench(choiceSeed);
                    for (const [slot, buffer] of bench.host.buffers.entries()) {
                        bench.host.buffers[slot] = new Uint8Array(buffer.length + 512 * (slot % 5));
                    }
                    for (const { ns, event, ...registers } of list) {
                        disturb(bench, event, registers);
                        bench.drive.accept(registers);
                        bench.clock.advanceTo(bench.clock.nowNs + ns);
                    }
                    bench.run();
                    expect(traceProblem(bench.recorder.trace())).toBeUndefined();
                    bench.drive.resetLink();
                    expect(bench.command({ command: 0xe5 })).toMatchObject({ status: 0x50 });
                },
            ),
            { seed, numRuns: 400 },
        );
    });
});

/**
 * By sector: the writes that it may show after a loss of power at the trace's end, in the order of
 * their issue; 0 for the empty disk.
 */
function allowedWriters(trace: DiskTrace): number[][] {
    return candidatesAtEnd(trace, sectorCount).map((candidates, lba) =>
        candidates.map((write) =>
            write === "before"
                ? 0
                : writerOf(write.after ?? new Uint8Array(0), lba - write.byteOffset / 512, lba),
        ),
    );
}

/** What may happen to a drive between two commands. */
function disturb(bench: DriveBench, event: number, { slot, lba }: AtaCommand): void {
    if (event === 0) {
        bench.cyclePower();
    } else if (event === 1) {
        bench.drive.resetLink();
    } else if (event === 2) {
        bench.drive.forget(lba);
    } else if (event === 3) {
        bench.host.brokenSlots.add(slot);
    }
}

/** Sends a script's transfers without waiting for anything but time: tags may well collide. */
function sendAll(bench: DriveBench, script: readonly ScriptStep[]): void {
    for (const { action, lba, sectorCount: count, isFua, tag, ns } of script) {
        const command = action === "read" ? 0x60 : 0x61;
        const device = isFua ? 0xc0 : 0x40;
        bench.issue({ slot: tag, command, features: count, lba, count: tag << 3, device });
        bench.clock.advanceTo(bench.clock.nowNs + ns);
    }
    bench.run();
}

function hex(bytes: Uint8Array): string {
    return Buffer.from(bytes).toString("hex");
}

describe("the model catches", () => {
    /** A drive in front of another, with something wrong about it. */
    abstract class BrokenDrive implements SataDrive {
        readonly name = "broken";
        protected readonly bench: DriveBench;

        constructor(bench: DriveBench) {
            this.bench = bench;
        }

        abstract accept(command: AtaCommand): void;
        attach(): void {}
        forget(): void {}
        resetLink(): void {}
        losePower(): void {}
        reset(): void {}
        save() {
            return {};
        }
        load(): void {}
    }

    /** It says that queued writes are done when they arrive, and fetches them later. */
    class HastyDrive extends BrokenDrive {
        accept(command: AtaCommand): void {
            this.bench.drive.accept(command);
            if (command.command === 0x61) {
                const doneTags = (1 << (command.count >>> 3)) >>> 0;
                const bits = { doneTags, status: 0x50, error: 0, interrupt: true };
                this.bench.host.sendSetDeviceBits(bits);
            }
        }
    }

    /** It says that a flush is done, and flushes nothing. */
    class ForgetfulDrive extends BrokenDrive {
        accept(command: AtaCommand): void {
            if (command.command !== 0xea) {
                this.bench.drive.accept(command);
                return;
            }
            const { recorder, clock, host } = this.bench;
            const flush = { kind: "flush", fua: false, byteOffset: 0, byteLength: 0 } as const;
            recorder.complete(recorder.issue(flush, clock.nowNs), true, clock.nowNs);
            const registers = { lba: 0, count: 0, device: 0x40 };
            const good = { status: 0x50, error: 0, interrupt: true };
            host.sendRegisterUpdate(command.slot, { ...good, ...registers });
        }
    }

    const step = { lba: 0, sectorCount: 1, isQueued: true, isFua: false, tag: 0, ns: 5000 };

    it("a drive that completes a write before it has fetched the data", () => {
        const bench = makeBench(seed);
        const script: ScriptStep[] = [
            { ...step, action: "write" },
            { ...step, action: "wait" },
            { ...step, action: "read", tag: 1 },
        ];
        expect(problemsOf(script, sideOf(bench, new HastyDrive(bench)))).toEqual([
            "sector 0 cannot hold write -1 now",
        ]);
        expect(problemsOf(script, sideOf(makeBench(seed)))).toEqual([]);
    });

    it("a drive whose flushes do nothing", () => {
        const script: ScriptStep[] = [
            { ...step, action: "write" },
            { ...step, action: "flush" },
        ];
        /** Who wrote the first sector after a loss of power, and who may have. */
        const outcome = (bench: DriveBench, drive: SataDrive) => {
            expect(problemsOf(script, sideOf(bench, drive))).toEqual([]);
            bench.drive.losePower();
            const [allowed] = allowedWriters(bench.recorder.trace());
            return { found: writerOf(bench.medium.bytes, 0, 0), allowed };
        };
        const plain = (): DriveBench => new DriveBench({ diskBytes: new Uint8Array(512 * 48) });
        const broken = plain();
        expect(outcome(broken, new ForgetfulDrive(broken))).toEqual({ found: 0, allowed: [1] });
        const sound = plain();
        expect(outcome(sound, sound.drive)).toEqual({ found: 1, allowed: [1] });
    });
});
