/** The drive against a model of a disk: scripts of commands under random times. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SeededChoices } from "../../src/base/choices.ts";
import { encodeState } from "../../src/base/state.ts";
import { randomDestage } from "../../src/disk/cache/destage-policy.ts";
import { type DiskTrace, notYet, type TraceCommand } from "../../src/disk/trace/disk-trace.ts";
import { durableFrom, isOlder } from "../../src/disk/trace/durability.ts";
import { traceProblem } from "../../src/disk/trace/trace-check.ts";
import type { AtaCommand, HostPort, SataDrive } from "../../src/machine/sata/link.ts";
import { randomTiming } from "../../src/machine/sata/timing.ts";
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
                const trace = bench.recorder.trace();
                for (let lba = 0; lba < sectorCount; lba++) {
                    const id = writerOf(bench.medium.bytes, lba, lba);
                    const allowed = allowedWriters(trace, lba);
                    expect(allowed).toContain(id);
                    lossCount += id === allowed.at(-1) ? 0 : 1;
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
 * Writes that a sector may show after a loss of power at the trace's end, in the order of their
 * issue; 0 for the empty disk. None of them is older than a durable one.
 */
function allowedWriters(trace: DiskTrace, lba: number): number[] {
    const durable = durableFrom(trace);
    const writes = trace.commands.filter(
        ({ kind, byteOffset, byteLength }) =>
            kind === "write" && byteOffset <= lba * 512 && lba * 512 < byteOffset + byteLength,
    );
    const isDurable = (write: TraceCommand) => durable[write.id] < trace.eventCount;
    const durableWrites = writes.filter(isDurable);
    const allowed = writes
        .filter(({ acceptedAt }) => acceptedAt !== notYet)
        .filter((write) => !durableWrites.some((newer) => isOlder(write, newer)))
        .map(({ after = new Uint8Array(0), byteOffset }) =>
            writerOf(after, lba - byteOffset / 512, lba),
        );
    return durableWrites.length === 0 ? [0, ...allowed] : allowed;
}

/** What may happen to a drive between two commands. */
function disturb(bench: DriveBench, event: number, { slot, lba }: AtaCommand): void {
    if (event === 0) {
        bench.drive.losePower();
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
    /** A drive that says that queued writes are done when they arrive, and fetches them later. */
    class HastyDrive implements SataDrive {
        readonly name = "hasty";
        readonly #bench: DriveBench;
        #port: HostPort | undefined;

        constructor(bench: DriveBench) {
            this.#bench = bench;
            this.#port = bench.host;
        }

        accept(command: AtaCommand): void {
            this.#bench.drive.accept(command);
            if (command.command === 0x61) {
                const doneTags = (1 << (command.count >>> 3)) >>> 0;
                const bits = { doneTags, status: 0x50, error: 0, interrupt: true };
                this.#port?.sendSetDeviceBits(bits);
            }
        }

        attach(port: HostPort): void {
            this.#port = port;
        }
        forget(): void {}
        resetLink(): void {}
        losePower(): void {}
        reset(): void {}
        save() {
            return {};
        }
        load(): void {}
    }

    it("a drive that completes a write before it has fetched the data", () => {
        const bench = makeBench(seed);
        const step = { lba: 0, sectorCount: 1, isQueued: true, isFua: false, tag: 0, ns: 5000 };
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
});
