/**
 * Pipes under many interleavings, against a queue: several threads write, several read, on one to
 * four CPUs. A byte says who wrote it (its two high bits) and at which place of his (the others).
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FaultName } from "../../src/kernel/faults.ts";
import { Pipe } from "../../src/kernel/files/pipe.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import { KernelDeadlock } from "../../src/kernel/panic.ts";
import type { Steps } from "../../src/kernel/steps.ts";
import { startThread } from "../../src/programs/library/threads.ts";
import type { User } from "../../src/programs/library/user.ts";
import { hardSchedules, runFiles } from "../support/kernel-files-rig.ts";

interface Scenario {
    /** By writer: the lengths of its writes. */
    readonly writers: readonly (readonly number[])[];
    /** By reader: how much it asks for, again and again. */
    readonly readers: readonly number[];
    readonly seed: number;
}

/** What threads noted. */
interface Notes {
    /** By reader: all bytes that it got, in its order. */
    readonly read: number[][];
    /** By writer: what its writes returned. */
    readonly written: number[][];
}

const scenarios = (maxReaders: number): fc.Arbitrary<Scenario> =>
    fc.record({
        writers: fc.array(
            fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 900 })), {
                minLength: 1,
                maxLength: 5,
            }),
            { minLength: 1, maxLength: 3 },
        ),
        readers: fc.array(fc.constantFrom(1, 7, 64, 511, 512, 513, 2000), {
            minLength: 1,
            maxLength: maxReaders,
        }),
        seed: fc.integer({ min: 1, max: 1_000_000 }),
    });

/** The bytes that a writer writes, all of them. */
function bytesOf(writer: number, lengths: readonly number[]): number[] {
    const count = lengths.reduce((sum, length) => sum + length, 0);
    return Array.from({ length: count }, (_, at) => writer * 64 + (at % 64));
}

interface Setting {
    readonly cpuCount: number;
    readonly schedule: string;
    readonly prepare?: (kernel: Kernel) => void;
}

/** Runs a scenario. The last writer closes the end that is written; readers read up to the end. */
function transfer({ writers, readers, seed }: Scenario, setting: Setting): Notes {
    const notes: Notes = { read: readers.map(() => []), written: writers.map(() => []) };
    // At the beginning of the program's data: how many writers are done.
    const doneCount = 0x10_1000;
    const [readEnd, writeEnd] = [3, 4];
    function* write(user: User, writer: number): Steps {
        const text = String.fromCharCode(...bytesOf(writer, writers[writer]));
        let at = 0;
        for (const length of writers[writer]) {
            const result = yield* user.writeText(writeEnd, text.slice(at, at + length));
            notes.written[writer].push(result);
            at += length;
        }
        if ((yield user.context.fetchAdd(doneCount, 4, 1)) === writers.length - 1) {
            yield* user.close(writeEnd);
        }
    }
    function* read(user: User, reader: number): Steps {
        for (;;) {
            const text = yield* user.readText(readEnd, readers[reader]);
            if (typeof text === "number" || text === "") {
                expect(text).toBe("");
                return;
            }
            notes.read[reader].push(...[...text].map((character) => character.charCodeAt(0)));
        }
    }
    const run = runFiles(
        function* (user) {
            expect(yield* user.pipe()).toEqual([readEnd, writeEnd]);
            for (const reader of readers.keys()) {
                yield* startThread(user, read, reader, reader);
            }
            for (const writer of writers.keys()) {
                yield* startThread(user, write, writer, readers.length + writer);
            }
            yield* user.texit(0);
        },
        { threads: [read, write], seed, ...setting },
    );
    expect(run.statuses).toEqual([0]);
    return notes;
}

/** Of all readers' bytes those of one writer, in the order of the places that they say. */
function sorted(bytes: readonly number[]): number[] {
    return [...bytes].sort((one, other) => one - other);
}

function checkOneReader(scenario: Scenario, setting: Setting): void {
    const { read, written } = transfer(scenario, setting);
    expect(written).toEqual(scenario.writers);
    for (const [writer, lengths] of scenario.writers.entries()) {
        expect(read[0].filter((byte) => byte >>> 6 === writer)).toEqual(bytesOf(writer, lengths));
    }
    const total = scenario.writers.flat().reduce((sum, length) => sum + length, 0);
    expect(read[0]).toHaveLength(total);
}

describe("a pipe", () => {
    it.each(hardSchedules)(
        "gives one reader each writer's bytes in their order (%i CPUs, %s)",
        (cpuCount, schedule) => {
            fc.assert(
                fc.property(scenarios(1), (scenario) =>
                    checkOneReader(scenario, { cpuCount, schedule }),
                ),
                { seed: 4302, numRuns: 10 },
            );
        },
    );

    it.each(hardSchedules)(
        "gives several readers each byte once (%i CPUs, %s)",
        (cpuCount, schedule) => {
            fc.assert(
                fc.property(scenarios(3), (scenario) => {
                    const { read } = transfer(scenario, { cpuCount, schedule });
                    const expected = scenario.writers.flatMap((lengths, writer) =>
                        bytesOf(writer, lengths),
                    );
                    expect(sorted(read.flat())).toEqual(sorted(expected));
                }),
                { seed: 4303, numRuns: 10 },
            );
        },
    );

    it("is told from one that gives a byte twice (canary)", () => {
        const prepare = (kernel: Kernel) => {
            kernel.pipes.make = function* (context) {
                const page = yield* kernel.pages.allocate(context);
                const pipe = new Pipe(kernel, 1, page);
                let calls = 0;
                pipe.write = function* (task, address, byteLength) {
                    calls++;
                    if (calls === 2) {
                        yield* Pipe.prototype.write.call(pipe, task, address, 1);
                    }
                    return yield* Pipe.prototype.write.call(pipe, task, address, byteLength);
                };
                return pipe;
            };
        };
        const scenario: Scenario = { writers: [[5, 5]], readers: [64], seed: 1 };
        checkOneReader(scenario, { cpuCount: 2, schedule: "random" });
        expect(() =>
            checkOneReader(scenario, { cpuCount: 2, schedule: "random", prepare }),
        ).toThrow("to deeply equal");
    });

    it("loses no wakeup when two threads answer each other, whichever comes first", () => {
        expect(deadlockedSeeds([])).toEqual([]);
    });

    it("is told from one whose waits look before they enqueue (canary)", () => {
        expect(deadlockedSeeds(["wait-check-before-enqueue"])).not.toEqual([]);
    });
});

/** Has two threads answer each other, which one lost wakeup ends. Returns the seeds that did. */
function deadlockedSeeds(faults: readonly FaultName[]): number[] {
    const rounds = 20;
    function* answer(user: User): Steps {
        for (let round = 0; round < rounds; round++) {
            yield* user.writeText(6, `${yield* user.readText(3, 1)}`);
        }
    }
    function* ask(user: User): Steps {
        yield* user.pipe();
        yield* user.pipe();
        yield* startThread(user, answer, 0, 0);
        for (let round = 0; round < rounds; round++) {
            yield* user.writeText(4, "?");
            expect(yield* user.readText(5, 1)).toBe("?");
        }
        yield* user.texit(0);
    }
    return Array.from({ length: 40 }, (_, seed) => seed + 1).filter((seed) => {
        try {
            runFiles(ask, { threads: [answer], schedule: "random:40", seed, faults });
            return false;
        } catch (error) {
            expect(error).toBeInstanceOf(KernelDeadlock);
            return true;
        }
    });
}
