/**
 * The rule of durability against a disk that may do anything it was not told not to do: for every
 * small history, and a crash after each event, the media that the disk can have are the states
 * that the rule allows, no more and no fewer.
 *
 * Here each history stands for all that are the same but for the order of events that do not see
 * each other. `npm run oracle` walks larger families, and these ones with every repetition.
 */
import { describe, expect, it } from "vitest";
import { CrashSweep } from "../../src/disk/crash/crash-sweep.ts";
import { type DiskTrace, notYet } from "../../src/disk/trace/disk-trace.ts";
import { durableFrom } from "../../src/disk/trace/durability.ts";
import { everything, flush, fua, plain, smallFamilies } from "../support/disk-families.ts";
import { type Rule, randomWalks, Walk } from "../support/disk-oracle.ts";

const theRule: Rule = (trace) => new CrashSweep(trace);

/** The rule but for the instants from which on writes are durable. */
function ruleWith(durable: (trace: DiskTrace) => readonly number[]): Rule {
    return (trace) => new CrashSweep(trace, { durableFrom: durable(trace) });
}

describe("the rule of durability", () => {
    for (const family of smallFamilies) {
        it(`allows just what a disk can do with ${family.name}`, () => {
            const walk = new Walk(family.startsWithCache, theRule);
            expect(walk.all(family)).toBeUndefined();
            // A walk that skips some would say nothing.
            expect(walk.checkedCount).toBe(family.checkedCount);
        });
    }

    it("allows just what a disk can do with four writes and two flushes or cache switches", () => {
        expect(randomWalks(everything, 300, theRule)).toBeUndefined();
    });
});

describe("canaries: the disk exposes a rule", () => {
    const alphabet = {
        writes: [plain(0)],
        barriers: flush,
        maxWriteCount: 1,
        maxBarrierCount: 1,
        canFail: false,
    };

    it("by which a flush covers a write that completes while it runs", () => {
        const early = ruleWith(({ commands }) =>
            commands.map((write) => {
                const covering = commands.filter(
                    ({ kind, completedAt }) =>
                        kind === "flush" &&
                        completedAt !== notYet &&
                        write.completedAt < completedAt,
                );
                return Math.min(notYet, ...covering.map(({ completedAt }) => completedAt));
            }),
        );
        expect(new Walk(true, early).all(alphabet)).toBe(
            '[{"event":"issue write","sectors":[0],"fua":false},{"event":"issue flush"},' +
                '{"event":"complete","command":0},{"event":"complete","command":1}]: ' +
                "L2: the disk can have -1,-1,-1 0,-1,-1; the rule says 0,-1,-1",
        );
    });

    it("by which a FUA write covers what was done before it", () => {
        const contagious = ruleWith((trace) => {
            const forced = trace.commands.map((command) =>
                command.fua ? ({ ...command, kind: "flush" } as const) : command,
            );
            const byFua = durableFrom({ ...trace, commands: forced });
            return durableFrom(trace).map((at, id) => Math.min(at, byFua[id]));
        });
        const found = new Walk(true, contagious).all({
            ...alphabet,
            writes: [plain(0), fua(1)],
            maxWriteCount: 2,
            maxBarrierCount: 0,
        });
        expect(found).toBe(
            '[{"event":"issue write","sectors":[0],"fua":false},' +
                '{"event":"complete","command":0},' +
                '{"event":"issue write","sectors":[1],"fua":true},' +
                '{"event":"complete","command":1}]: ' +
                "L2: the disk can have -1,1,-1 0,1,-1; the rule says 0,1,-1",
        );
    });

    it("by which a failed write has no place in the order, repetitions or not", () => {
        const orderless: Rule = (trace) => {
            const commands = trace.commands.map((command) =>
                command.status === "failed"
                    ? ({ ...command, status: "outstanding", completedAt: notYet } as const)
                    : command,
            );
            return new CrashSweep({ ...trace, commands });
        };
        const failing = {
            ...alphabet,
            writes: [plain(0)],
            maxWriteCount: 2,
            maxBarrierCount: 1,
            canFail: true,
        };
        for (const withRepetitions of [false, true]) {
            expect(new Walk(true, orderless).all(failing, withRepetitions)).toMatch(
                /"fail".* L2: the disk can have 1,-1,-1; the rule says 0,-1,-1 1,-1,-1$/,
            );
        }
    });
});
