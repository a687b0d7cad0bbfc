/** Faults on demand: what each effect does, when a rule applies, and rules as text. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RecordedChoices } from "../../src/base/choices.ts";
import { type DestagePolicy, lazyDestage } from "../../src/disk/cache/destage-policy.ts";
import { formatFaultRule, parseFaultRule } from "../../src/machine/sata/fault-rule-text.ts";
import type { FaultRule } from "../../src/machine/sata/fault-rules.ts";
import { DriveBench, sectorsOf } from "../support/drive-host.ts";

const read = { command: 0x25, lba: 8, count: 8 };
const write = { command: 0x35, lba: 8, count: 8 };
const room = () => new Uint8Array(8 * 512);

/** A drive with rules, on a disk of sevens. */
function faultyBench(
    rules: readonly string[],
    choices: readonly number[] = [],
    destage: DestagePolicy = lazyDestage,
): DriveBench {
    return new DriveBench({
        destage,
        faults: rules.map(parseFaultRule),
        choices: new RecordedChoices(choices),
        diskBytes: new Uint8Array(2 ** 20).fill(7),
    });
}

describe("effects", () => {
    it("a media error of a read names the first bad sector and sends nothing", () => {
        const bench = faultyBench(["read media-error lba=10-99"]);
        const buffer = room();
        expect(bench.command(read, buffer)).toMatchObject({ status: 0x51, error: 0x40, lba: 10 });
        expect(buffer).toEqual(room());
        expect(bench.command({ ...read, count: 2 }, buffer)).toMatchObject({ status: 0x50 });
        expect(bench.command({ command: 0x42, lba: 99, count: 1 })).toMatchObject({ error: 0x40 });
    });

    /** How many leading sectors of the write are on the disk, and which one the error names. */
    function failedWrite(bench: DriveBench) {
        const last = bench.command(write, sectorsOf(8, 9));
        expect(last).toMatchObject({ status: 0x51, error: 0x10 });
        bench.command({ command: 0xea });
        const written = bench.medium.bytes.subarray(8 * 512, 16 * 512);
        const landed = written.filter((byte) => byte === 9).length / 512;
        expect(written).toEqual(
            room()
                .fill(7)
                .fill(9, 0, landed * 512),
        );
        const [traced] = bench.recorder.trace().commands;
        expect([traced.status, traced.after]).toEqual(["failed", sectorsOf(8, 9)]);
        return { landed, errorLba: last?.frame === "register" ? last.lba : undefined };
    }

    it("a media error of a write leaves some leading sectors written, and names the next", () => {
        for (const [landed, errorLba] of [
            [0, 8],
            [3, 11],
            // All of it was accepted and it failed all the same.
            [8, 15],
        ]) {
            const bench = faultyBench(["write media-error"], [landed]);
            expect(failedWrite(bench)).toEqual({ landed, errorLba });
        }
    });

    it("a media error of a write leaves nothing written from the bad sector on", () => {
        // Five options: none to all of the four sectors before it.
        for (const [choice, landed] of [
            [0, 0],
            [4, 4],
            [5, 0],
        ]) {
            const bench = faultyBench(["write media-error lba=12-13"], [choice]);
            expect(failedWrite(bench)).toEqual({ landed, errorLba: 12 });
        }
    });

    it("a media error of a write leaves all or nothing where requests are whole", () => {
        for (const [rule, choice, landed, errorLba] of [
            ["write media-error", 0, 0, 8],
            ["write media-error", 1, 8, 15],
            ["write media-error", 2, 0, 8],
            ["write media-error lba=12", 1, 0, 12],
        ] as const) {
            const bench = faultyBench([rule], [choice], { ...lazyDestage, powerLoss: "requests" });
            expect(failedWrite(bench)).toEqual({ landed, errorLba });
        }
    });

    it("a failed flush flushes nothing", () => {
        const bench = faultyBench(["flush media-error once"]);
        bench.command(write, sectorsOf(8, 9));
        expect(bench.command({ command: 0xea })).toMatchObject({ status: 0x51, error: 0x04 });
        expect(bench.medium.bytes[8 * 512]).toBe(7);
        expect(bench.command({ command: 0xea })).toMatchObject({ status: 0x50 });
        expect(bench.medium.bytes[8 * 512]).toBe(9);
    });

    it("a flush rule looks at turning the cache off, too", () => {
        const bench = faultyBench(["flush abort"]);
        expect(bench.command({ command: 0xef, features: 0x82 })).toMatchObject({ error: 0x04 });
        expect(bench.command({ command: 0xef, features: 0x02 })).toMatchObject({ status: 0x50 });
    });

    it("a timeout never ends; after a reset the drive works", () => {
        for (const fetched of [0, 1]) {
            const bench = faultyBench(["write timeout once"], [fetched]);
            bench.host.buffers[0] = sectorsOf(8, 9);
            bench.issue(write);
            bench.run();
            expect(bench.host.frames).toEqual([]);
            bench.drive.resetLink();
            const buffer = room();
            expect(bench.command(read, buffer)).toMatchObject({ status: 0x50 });
            expect(buffer[0]).toBe(fetched === 1 ? 9 : 7);
        }
    });

    it("an aborted command does nothing", () => {
        const bench = faultyBench(["any abort once"]);
        expect(bench.command(write, sectorsOf(8, 9))).toMatchObject({ status: 0x51, error: 0x04 });
        const buffer = room();
        bench.command(read, buffer);
        expect(buffer[0]).toBe(7);
    });

    it("a corrupt read turns one bit, and only once on its way", () => {
        const bench = faultyBench(["any corrupt-read once"], [8 * 1000 + 5]);
        const buffer = room();
        expect(bench.command(read, buffer)).toMatchObject({ status: 0x50, error: 0 });
        const expected = room().fill(7);
        expected[1000] = 7 ^ 32;
        expect(buffer).toEqual(expected);
        bench.command(read, buffer);
        expect(buffer).toEqual(room().fill(7));
    });

    it("a queued command that fails halts the queue", () => {
        const bench = faultyBench(["read media-error lba=9"]);
        const queued = { command: 0x60, slot: 4, count: 4 << 3, features: 8, lba: 8 };
        expect(bench.command(queued)).toEqual({
            frame: "bits",
            doneTags: 0,
            status: 0x51,
            error: 0x40,
            interrupt: true,
        });
        const page = new Uint8Array(512);
        bench.command({ command: 0x2f, lba: 0x10, count: 1 }, page);
        expect([...page.subarray(0, 5)]).toEqual([4, 0, 0x51, 0x40, 9]);
    });
});

describe("conditions", () => {
    /** Which of ten reads of one sector each fail. */
    const failing = (rules: readonly string[], choices: readonly number[] = []) => {
        const bench = faultyBench(rules, choices);
        return Array.from({ length: 10 }, (_, lba) => lba).filter((lba) => {
            const last = bench.command({ command: 0x25, lba, count: 1 }, new Uint8Array(512));
            return last?.frame === "register" && last.error !== 0;
        });
    };

    it("a rule applies to its sectors alone", () => {
        expect(failing(["read abort lba=3-5"])).toEqual([3, 4, 5]);
        expect(failing(["read abort lba=7"])).toEqual([7]);
        expect(failing(["write abort"])).toEqual([]);
    });

    it("a rule applies after so many commands that it looks at", () => {
        expect(failing(["read abort after=6"])).toEqual([6, 7, 8, 9]);
        expect(failing(["read abort after=2 lba=3-9"])).toEqual([5, 6, 7, 8, 9]);
    });

    it("a rule that applies once is spent when it has", () => {
        expect(failing(["read abort after=6 once"])).toEqual([6]);
        expect(failing(["read abort once", "read abort once"])).toEqual([0, 1]);
    });

    it("a chance is drawn with 0 for no fault", () => {
        expect(failing(["read abort chance=1/4"], [0, 1, 2, 3, 3])).toEqual([3, 4]);
        expect(failing(["read abort chance=3/4"], [0, 1, 2, 3, 0])).toEqual([1, 2, 3]);
    });
});

describe("rules as text", () => {
    it("are read as they were written", () => {
        expect(parseFaultRule("read media-error lba=100-107 once")).toEqual({
            on: "read",
            effect: "media error",
            where: { firstLba: 100, lastLba: 107 },
            times: "once",
        });
        expect(parseFaultRule("  any\ttimeout chance=1/1000 after=5 ")).toEqual({
            on: "any",
            effect: "timeout",
            chance: [1, 1000],
            afterCommands: 5,
            times: "always",
        });
    });

    it("come back from their own text", () => {
        const count = fc.nat(2 ** 31);
        const rule = fc
            .record({
                on: fc.constantFrom("read", "any"),
                effect: fc.constantFrom("media error", "timeout", "abort", "corrupt read"),
                first: count,
                length: count,
                afterCommands: count,
                numerator: fc.integer({ min: 1, max: 50 }),
                times: fc.constantFrom("once", "always"),
                parts: fc.nat(7),
            })
            .map(({ on, effect, first, length, afterCommands, numerator, times, parts }) => {
                const where = { firstLba: first, lastLba: first + length };
                return {
                    on,
                    effect,
                    ...(parts & 1 ? { where } : {}),
                    ...(parts & 2 ? { afterCommands } : {}),
                    ...(parts & 4 ? { chance: [numerator, 50] } : {}),
                    times,
                } as FaultRule;
            });
        fc.assert(
            fc.property(rule, (one) => {
                expect(parseFaultRule(formatFaultRule(one))).toEqual(one);
            }),
            { seed: 31, numRuns: 200 },
        );
    });

    const problems = [
        ["", "the first word must be one of read, write, flush, any"],
        ["erase abort", "the first word must be one of read, write, flush, any"],
        ["read", "the second word must be one of media-error, timeout, abort, corrupt-read"],
        [
            "read media error",
            "the second word must be one of media-error, timeout, abort, corrupt-read",
        ],
        [
            "read abort lba=x",
            "'lba=x' is none of lba=FIRST-LAST, after=COUNT, chance=N/D, once, always",
        ],
        ["read abort once always", "'always' says again what was said before"],
        ["write corrupt-read", "a write is not read: corrupt-read goes with read or any"],
        ["flush abort lba=1", "a flush has no sectors: lba goes with read, write or any"],
        ["read abort lba=9-8", "lba=9-8 ends before it begins"],
        ["read abort lba=0-99999999999999999999", "lba=0-100000000000000000000 is too large"],
        [
            "read abort chance=0/4",
            "chance=0/4 must be above 0 and at most 1, with D up to 4294967296",
        ],
        [
            "read abort chance=5/4",
            "chance=5/4 must be above 0 and at most 1, with D up to 4294967296",
        ],
        ["read abort after=99999999999999999999", "after=100000000000000000000 is too large"],
    ];
    for (const [text, problem] of problems) {
        it(`'${text}' is refused`, () => {
            expect(() => parseFaultRule(text)).toThrow(`fault rule '${text}': ${problem}`);
        });
    }

    it("rules that no text says are refused by the drive", () => {
        const rule: FaultRule = { on: "flush", effect: "corrupt read", times: "once" };
        expect(() => new DriveBench({ faults: [rule] })).toThrow(
            "fault rule 'flush corrupt-read once': " +
                "a flush is not read: corrupt-read goes with read or any",
        );
    });
});
